#pragma once

#include <mqtt/will_options.h>

#include <new>
#include <string>
#include <utility>

#include "waybill/mqtt/connecting.hpp"
#include "waybill/mqtt/cpp/message.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {
/// Lets a will have what `changed` has. May throw std::bad_alloc.
inline void change_will(::mqtt::will_options& will, message_change& changed) {
  if (!can_be_copied(changed.properties())) throw std::bad_alloc();
  will.set_properties(::mqtt::properties(changed.properties()));
  if (changed.payload()) will.set_payload(::mqtt::binary_ref(*std::move(changed.payload())));
}
}  // namespace detail

/// A last will with the current or an explicit context in its user properties, for
/// connect_options::set_will. MQTT 5 alone has properties in a will. Where the boundary says so for
/// its topic the context is in its payload, for either version of MQTT.
///
/// The server publishes a will when the client is gone, maybe months after this call: its context
/// is that of the connection, and no more. A receiver sees no difference between a will and another
/// message: give its topic an entry of the boundary with inbound_mode::link, or use
/// receive_rules::age_max, which goes by the stamp. An envelope has no stamp.
///
/// The drop-in clients take the context off again where their CONNECT packet would be too large,
/// and where Paho reconnects by itself.
/// @par Errors   without memory the will is returned as it was.
[[nodiscard]] inline ::mqtt::will_options will_with_context(::mqtt::will_options will,
                                                            const propagation& settings,
                                                            const send_options& options = {},
                                                            const will_rules& rules = {}) {
  const std::string topic = will.get_topic();
  const std::string payload = will.get_payload_str();
  const ::mqtt::properties list = will.get_properties();
  outgoing ready(settings, {topic, payload, will.get_qos(), will.is_retained(), list.c_struct()},
                 options, rules.stamps_time,
                 {.fields_bytes_max = rules.packet_bytes_max,
                  .payload_bytes_max = will_payload_bytes_max,
                  .has_properties = rules.has_properties});
  if (!ready.is_changed()) return will;
  ::mqtt::will_options changed = will;
  try {
    detail::change_will(changed, ready);
  } catch (...) {
    ready.give_up();
    return will;
  }
  return changed;
}

}  // namespace waybill::inline v0::mqtt
