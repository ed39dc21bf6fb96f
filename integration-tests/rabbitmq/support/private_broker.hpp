#pragma once

#include <filesystem>
#include <string>

#include "loopback_port.hpp"
#include "rabbitmq_broker.hpp"
#include "temporary_folder.hpp"

namespace waybill_test {

/// A certificate of "localhost" and the authority that signed it, made by the command openssl.
class certificates {
 public:
  /// @par Errors Throws std::runtime_error when openssl is not there or fails.
  certificates();

  [[nodiscard]] std::string authority() const { return file("ca.pem"); }
  [[nodiscard]] std::string certificate() const { return file("localhost.pem"); }
  [[nodiscard]] std::string key() const { return file("localhost.key"); }

 private:
  [[nodiscard]] std::string file(const char* name) const {
    return (folder_.path() / name).string();
  }

  temporary_folder folder_;
};

/// A RabbitMQ of the test's own, which listens for TLS too.
class private_broker {
 public:
  private_broker();

  [[nodiscard]] rabbitmq_broker& broker() noexcept { return broker_; }
  [[nodiscard]] const certificates& tls() const noexcept { return certificates_; }
  [[nodiscard]] std::string tls_port() const { return std::to_string(tls_port_.number()); }

 private:
  certificates certificates_;
  loopback_port tls_port_;
  rabbitmq_broker broker_;
};

/// The one that all tests of this executable share.
private_broker& own_broker();

}  // namespace waybill_test
