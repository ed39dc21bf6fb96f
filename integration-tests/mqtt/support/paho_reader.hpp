#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "mosquitto_broker.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {

/// The Python client of Eclipse Paho, which subscribes and says what it receives.
/// @par Errors The constructor throws std::runtime_error when it can't subscribe.
class paho_reader {
 public:
  paho_reader(const mqtt_address& server, const std::string& filter, int count);

  /// Its messages, as support/paho_reader.py prints them; fewer than asked for when it takes too
  /// long.
  std::vector<nlohmann::json> messages();

 private:
  /// A line without its end, or nothing at the end of the output or the patience.
  std::string read_line();

  unique_descriptor output_;
  int count_;
  std::unique_ptr<child_process> process_;
};

}  // namespace waybill_test
