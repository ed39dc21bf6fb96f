#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "waybill/header_list.hpp"
#include "waybill/propagation.hpp"

namespace waybill_test {

using pairs = std::vector<std::pair<std::string, std::string>>;

/// What an application sends and sees: no field of a context.
struct parcel {
  pairs headers;
  std::string body;
};

/// One broker and a destination of the test's own there, written to and read by waybill's wrappers.
/// @par Errors   throws std::exception.
/// @par Threads  one.
class leg {
 public:
  leg() = default;
  leg(const leg&) = delete;
  leg& operator=(const leg&) = delete;
  virtual ~leg() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  /// What this broker makes of an application's headers when waybill has no part in them.
  [[nodiscard]] virtual pairs bare(const pairs& headers) { return headers; }
  /// Sends under the current context.
  virtual void send(const parcel& sent) = 0;
  /// Waits for the next parcel and handles it under its context.
  virtual void receive(const std::function<void(const parcel&)>& handler) = 0;
};

/// Kafka, RabbitMQ, MQTT 5, and MQTT 3.1.1 with a frame around its payloads.
std::vector<std::unique_ptr<leg>> make_legs();

}  // namespace waybill_test
