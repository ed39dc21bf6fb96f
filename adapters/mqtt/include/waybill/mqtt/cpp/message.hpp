#pragma once

#include <mqtt/message.h>

#include <memory>

#include "waybill/mqtt/properties.hpp"

namespace waybill::inline v0::mqtt {

/// A copy of a message with other properties. The payload and the topic are shared; QoS, RETAIN and
/// DUP, which has no public setter, are the message's.
/// @par Input    `list` is copied; it may show text of the message's own properties.
/// @par Errors   std::bad_alloc.
[[nodiscard]] inline ::mqtt::message_ptr with_properties(const ::mqtt::message& message,
                                                         const MQTTProperties& list) {
  MQTTAsync_message described = MQTTAsync_message_initializer;
  described.qos = message.get_qos();
  described.retained = message.is_retained() ? 1 : 0;
  described.dup = message.is_duplicate() ? 1 : 0;
  described.properties = list;
  auto made = std::make_shared<::mqtt::message>(message.get_topic_ref(), described);
  if (message.get_payload_ref()) made->set_payload(message.get_payload_ref());
  return made;
}

}  // namespace waybill::inline v0::mqtt
