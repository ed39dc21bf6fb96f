#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "waybill/messaging/sending.hpp"
#include "waybill/mqtt/cpp/delivery.hpp"
#include "waybill/mqtt/envelope_rule.hpp"

namespace waybill::inline v0::mqtt {

/// What a publisher does with every message.
struct publisher_options {
  inject_mode mode = inject_mode::automatic;  ///< For messages that say automatic.
  delivery_listener on_delivery{};            ///< May be empty.
  /// Messages whose outcome is waited for. Beyond it messages are sent all the same; their spans
  /// end at once as unknown and the listener is not called.
  std::size_t in_flight_max = 1'000'000;
  /// Adds the time of sending to the user properties, for receivers that look at a context's age.
  bool stamps_time = false;
  /// Where context travels within the payload: for MQTT 3.1.1, and for who has to be read by it.
  std::vector<envelope_rule> envelopes{};
  /// Topic filters: the first one that matches a topic names its spans, as
  /// messaging.destination.template. Topics often have ids in them, which make bad names.
  std::vector<std::string> destination_templates{};
};

/// What one message wants that is not the publisher's default.
struct publish_options {
  const waybill::context* context = nullptr;  ///< The context to send; null: the current one.
  inject_mode mode = inject_mode::automatic;  ///< automatic: the publisher's own.
};

}  // namespace waybill::inline v0::mqtt
