#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "support/scripted_server.hpp"

namespace waybill_test {

/// A port of this machine on which nobody accepts: connections to it open, and nothing is said.
class silent_port {
 public:
  silent_port();
  silent_port(const silent_port&) = delete;
  silent_port& operator=(const silent_port&) = delete;
  ~silent_port();

  [[nodiscard]] int port() const noexcept { return port_; }
  /// The first connection; -1 when none comes in time.
  [[nodiscard]] int accept_one() const;

 private:
  int descriptor_;
  int port_ = 0;
};

/// A server on a port of its own, which plays a script with the first client, on its own thread.
class listening_server {
 public:
  /// wait() returns what the script throws.
  explicit listening_server(std::function<void(scripted_server&)> script);
  listening_server(const listening_server&) = delete;
  listening_server& operator=(const listening_server&) = delete;
  ~listening_server() { static_cast<void>(wait()); }

  [[nodiscard]] int port() const noexcept { return listening_.port(); }
  /// Waits for the end of the script. Empty, or what went wrong.
  std::string wait();

 private:
  silent_port listening_;
  std::string failure_;
  std::thread thread_;
};

}  // namespace waybill_test
