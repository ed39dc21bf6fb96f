// The invariants that hold for every adapter, on MQTT 5. Nothing is connected: what is handed to
// Paho is what would have gone out, and tokens are completed as Paho's threads complete them.
#include "conformance/conformance.hpp"

#include <mqtt/async_client.h>

#include <optional>
#include <utility>
#include <vector>

#include "support/property_lists.hpp"
#include "waybill/mqtt/cpp/consumer.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

namespace waybill_test {

namespace {

wire_message to_wire(const ::mqtt::message& message) {
  wire_message wire{{}, message.get_payload_str()};
  const waybill::mqtt::property_reader reader(message.get_properties().c_struct());
  reader.for_each([&](std::string_view name, std::string_view value) {
    wire.headers.push_back({std::string(name), std::string(value)});
  });
  return wire;
}

::mqtt::const_message_ptr to_message(const wire_message& wire, const char* topic) {
  owned_properties list;
  for (const wire_header& each : wire.headers) list.add(each.name, each.value.value());
  const auto bare = ::mqtt::message::create(topic, wire.payload.value(), 1, false);
  return waybill::mqtt::with_properties(*bare, list.list());
}

}  // namespace

class mqtt_driver {
 public:
  static constexpr const char* destination = "topic";
  static constexpr bool has_null_values = false;
  static constexpr bool has_null_payloads = false;
  static constexpr bool has_empty_names = true;
  static constexpr bool has_duplicates = true;

  explicit mqtt_driver(const waybill::propagation& settings)
      : settings_(settings),
        sender_(std::make_unique<waybill::mqtt::detail::sender>(settings, options())) {}

  std::optional<wire_message> send(const wire_message& message,
                                   const waybill::send_options& options = {}) {
    sender_->send(to_message(message, destination), nullptr, nullptr, options, [&](auto&&... with) {
      tokens_.push_back(
          ::mqtt::delivery_token::create(client_, std::forward<decltype(with)>(with)...));
      return tokens_.back();
    });
    return to_wire(*tokens_.back()->get_message());
  }
  received_message receive(const wire_message& message, bool strips = true) {
    waybill::mqtt::consumer consumer(settings_, {.strip = strips});
    const auto got = consumer.adopt(to_message(message, destination));
    return {to_wire(*got), *waybill::mqtt::extraction_of(got)};
  }
  std::vector<told_outcome> outcomes() {
    for (const auto& each : tokens_) {
      if (!each->is_complete()) each->get_action_callback()->on_success(*each);
    }
    tokens_.clear();
    return std::exchange(told_, {});
  }

 private:
  waybill::mqtt::publisher_options options() {
    waybill::mqtt::publisher_options made;
    made.on_delivery_report = [this](const waybill::mqtt::delivery_report& report) {
      told_.push_back({report.outcome, report.user_data});
    };
    return made;
  }

  waybill::propagation settings_;
  std::vector<told_outcome> told_;
  ::mqtt::async_client client_{"tcp://127.0.0.1:1", "idle"};
  std::unique_ptr<waybill::mqtt::detail::sender> sender_;
  std::vector<::mqtt::delivery_token_ptr> tokens_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(mqtt, conformance, mqtt_driver);

}  // namespace waybill_test
