#include "private_broker.hpp"

#include <sstream>
#include <stdexcept>
#include <vector>

#include "run.hpp"

namespace waybill_test {

namespace {

void openssl(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"openssl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const run_result result = run(command);
  if (result.succeeded()) return;
  std::ostringstream why;
  why << "openssl: " << result;
  throw std::runtime_error(why.str());
}

rabbitmq_broker_options options_of(const certificates& tls, const loopback_port& port) {
  return {.settings = {{"listeners.ssl.1", "127.0.0.1:" + std::to_string(port.number())},
                       {"ssl_options.cacertfile", tls.authority()},
                       {"ssl_options.certfile", tls.certificate()},
                       {"ssl_options.keyfile", tls.key()},
                       {"ssl_options.verify", "verify_peer"},
                       {"ssl_options.fail_if_no_peer_cert", "true"},
                       // With 1.3 a client hears only after its handshake that it is refused.
                       {"ssl_options.versions.1", "tlsv1.2"}},
          .plugins = {},
          .start_patience = std::chrono::seconds(120),
          .on_port_chosen = {}};
}

}  // namespace

certificates::certificates() : folder_("waybill-certificates") {
  openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=waybill",
           "-keyout", file("ca.key"), "-out", authority()});
  openssl({"req",
           "-x509",
           "-newkey",
           "rsa:2048",
           "-nodes",
           "-days",
           "2",
           "-subj",
           "/CN=localhost",
           "-addext",
           "subjectAltName=DNS:localhost",
           "-addext",
           "basicConstraints=critical,CA:FALSE",
           "-CA",
           authority(),
           "-CAkey",
           file("ca.key"),
           "-keyout",
           key(),
           "-out",
           certificate()});
  // The broker may run as another user. The keys guard nothing.
  using std::filesystem::perms;
  std::filesystem::permissions(folder_.path(),
                               perms::owner_all | perms::group_exec | perms::others_exec);
  for (const std::string& each : {authority(), certificate(), key()}) {
    std::filesystem::permissions(
        each, perms::owner_read | perms::owner_write | perms::group_read | perms::others_read);
  }
}

private_broker::private_broker() : broker_(options_of(certificates_, tls_port_)) {}

private_broker& own_broker() {
  static private_broker own;
  return own;
}

}  // namespace waybill_test
