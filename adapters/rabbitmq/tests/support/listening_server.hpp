#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "support/scripted_server.hpp"

namespace waybill_test {

/// A port of this machine that nobody else can have, and that refuses connections.
class closed_port {
 public:
  closed_port();
  closed_port(const closed_port&) = delete;
  closed_port& operator=(const closed_port&) = delete;
  ~closed_port();

  [[nodiscard]] int port() const noexcept { return port_; }

 protected:
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
  int port_ = 0;
};

/// One on which nobody accepts: connections to it open, and nothing is said.
class silent_port : public closed_port {
 public:
  silent_port();

  /// The first connection; -1 when none comes in time.
  [[nodiscard]] int accept_one() const;
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
