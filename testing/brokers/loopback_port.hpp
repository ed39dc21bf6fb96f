#pragma once

#include <cstdint>

#include "unique_descriptor.hpp"

namespace waybill_test {

/// A TCP port of 127.0.0.1 that was free when it was chosen, and that no other loopback_port of any
/// process on this machine chooses while this object lives.
///
/// The port lies below the range from which the kernel takes the local ports of outgoing
/// connections. In that range a client that reconnects to a broker that is down may be given the
/// broker's own port as its local port; the broker could then not come back.
///
/// What is not prevented: a program that doesn't use this class may bind the port. Whoever starts a
/// server on it must be ready to choose again.
/// @par Errors The constructor throws std::runtime_error if no free port is found.
class loopback_port {
 public:
  loopback_port();

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
  std::uint16_t number_ = 0;
  unique_descriptor claim_;
};

}  // namespace waybill_test
