#pragma once

#include <string>
#include <utility>
#include <vector>

#include "property_lists.hpp"
#include "waybill/mqtt/consuming.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill_test {

/// A message as it is on the wire.
struct wire_mqtt {
  std::string topic = "topic";
  std::string payload = "payload";
  std::vector<std::string> properties{};
};

/// What goes out in place of a message.
inline wire_mqtt sent_by(waybill::mqtt::outgoing& ready, const waybill::mqtt::message_view& from) {
  return {std::string(from.topic), ready.payload().value_or(std::string(from.payload)),
          described(ready.properties())};
}
inline wire_mqtt sent_by(waybill::mqtt::publishing& by, const waybill::mqtt::message_view& from,
                         const waybill::send_options& options = {}) {
  waybill::mqtt::outgoing ready(by, from, options);
  return sent_by(ready, from);
}

/// The bytes of the packet that carries it.
inline std::size_t packet_bytes(waybill::mqtt::outgoing& ready,
                                const waybill::mqtt::message_view& from) {
  waybill::mqtt::publish_packet packet = from.packet();
  if (ready.payload().has_value()) packet.payload_bytes = ready.payload()->size();
  return waybill::mqtt::encoded_bytes(packet, ready.properties());
}

}  // namespace waybill_test
