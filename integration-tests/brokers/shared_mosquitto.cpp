#include "shared_mosquitto.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "environment.hpp"

namespace waybill_test {

namespace {

std::unique_ptr<mosquitto_broker>& broker() {
  static std::unique_ptr<mosquitto_broker> instance;
  return instance;
}

// Ends the broker before main returns; where tests are ended by exit, the static object does.
class shared_mosquitto_environment : public testing::Environment {
 public:
  void TearDown() override { broker().reset(); }
};

[[maybe_unused]] const testing::Environment* const registered =
    testing::AddGlobalTestEnvironment(new shared_mosquitto_environment);

mqtt_address parse(std::string_view text) {
  mqtt_address address;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && colon != 0) {
    address.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error == std::errc{} && parsed == end && address.port != 0) return address;
  }
  throw std::runtime_error("WAYBILL_TEST_MQTT is not host:port: " + std::string(text));
}

}  // namespace

mqtt_address shared_mosquitto() {
  const std::string named = environment_variable("WAYBILL_TEST_MQTT").value_or("");
  if (!named.empty()) return parse(named);
  if (!broker()) broker() = std::make_unique<mosquitto_broker>();
  return broker()->address();
}

}  // namespace waybill_test
