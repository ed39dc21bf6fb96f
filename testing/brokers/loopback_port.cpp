#include "loopback_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

namespace waybill_test {

namespace {

constexpr int lowest_port = 10000;
constexpr int highest_port = 32767;
constexpr int fewest_ports = 1000;
constexpr int attempts_max = 500;

// The last port below the kernel's range for outgoing connections, if that leaves enough ports.
int last_port() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  int first_outgoing = 0;
  if (!(file >> first_outgoing)) return highest_port;
  const int last = std::min(first_outgoing - 1, highest_port);
  return last - lowest_port >= fewest_ports ? last : highest_port;
}

// The name lives in the kernel's abstract namespace: taken by one process at a time, and free again
// when its owner dies, however it dies. It belongs to the network namespace, as ports do.
unique_descriptor claim_name(int port) {
  unique_descriptor descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "waybill-test-port-" + std::to_string(port);
  std::memcpy(&address.sun_path[1], name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    descriptor.reset();
  }
  return descriptor;
}

bool can_bind(int port) {
  const unique_descriptor descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return ::bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

loopback_port::loopback_port() {
  std::random_device source;
  std::uniform_int_distribution<int> any_port(lowest_port, last_port());
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const int port = any_port(source);
    unique_descriptor claim = claim_name(port);
    if (claim.get() < 0 || !can_bind(port)) continue;
    number_ = static_cast<std::uint16_t>(port);
    claim_ = std::move(claim);
    return;
  }
  throw std::runtime_error("no free port of 127.0.0.1 was found");
}

}  // namespace waybill_test
