#pragma once

#include <mqtt/will_options.h>

#include <cstddef>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/cpp/publish_options.hpp"
#include "waybill/mqtt/cpp/wrapping.hpp"
#include "waybill/mqtt/envelope_rule.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {

/// MQTT 5, 3.1.3.4: the length of a will's payload has two bytes.
inline constexpr std::size_t will_payload_bytes_max = 65'535;

inline void wrap_will(::mqtt::will_options& will, envelope_form form, const propagation& settings,
                      const publish_options& options, const destination& destination) {
  const std::string payload = will.get_payload_str();
  envelope_writer envelope(form, payload_to_wrap(payload, will.is_retained()), settings,
                           destination);
  const messaging::sending decided(
      envelope, {.context = options.context, .mode = envelope.mode(options.mode)},
      inject_mode::automatic, settings, destination);
  const std::size_t used = payload.size() + frame_overhead_bytes;
  const inject_budget room{will_payload_bytes_max > used ? will_payload_bytes_max - used : 0};
  wrapped_payload wrapped =
      wrap_payload(decided, envelope, settings, destination, room,
                   [](std::size_t bytes) { return bytes <= will_payload_bytes_max; });
  if (wrapped.text.has_value()) will.set_payload(::mqtt::binary_ref(*std::move(wrapped.text)));
}

inline void write_to_will(::mqtt::will_options& will, const propagation& settings,
                          const publish_options& options, bool stamps_time,
                          const destination& destination) {
  const MQTTProperties& own = will.get_properties().c_struct();
  const property_reader existing(own);
  const messaging::sending decided(existing, {.context = options.context, .mode = options.mode},
                                   inject_mode::automatic, settings, destination);
  if (!decided.changes_headers()) return;
  edited_properties edited(own);
  write(decided, edited, {.stamps_time = stamps_time});
  if (!can_be_copied(edited.c_struct())) throw std::bad_alloc();
  ::mqtt::properties list(edited.c_struct());
  will.set_properties(std::move(list));
}

}  // namespace detail

/// A last will with the current or an explicit context in its user properties, for
/// connect_options::set_will. MQTT 5 alone has properties in a will. On a topic of `envelopes`, the
/// rules of publisher_options, the context is in its payload, for either version of MQTT: who
/// receives it takes an envelope off.
///
/// The server publishes a will when the client is gone, maybe months after this call: it tells how
/// the client came to connect, and no more. A receiver cannot tell a will from another message:
/// give its topic an entry of the boundary with inbound_mode::link, or let receive_rules::age_max
/// tell by the stamp, which an envelope does not have.
/// @par Errors   without memory the will is given back as it was.
[[nodiscard]] inline ::mqtt::will_options will_with_context(
    ::mqtt::will_options will, const propagation& settings = {},
    const publish_options& options = {}, bool stamps_time = true,
    const std::vector<envelope_rule>& envelopes = {}) {
  const std::string topic = will.get_topic();
  try {
    const envelope_form form = envelope_form_of(envelopes, topic);
    if (form != envelope_form::none) {
      detail::wrap_will(will, form, settings, options, topic);
    } else {
      detail::write_to_will(will, settings, options, stamps_time, topic);
    }
  } catch (...) {
    settings.record(direction::outbound, errc::no_memory, topic);
  }
  return will;
}

}  // namespace waybill::inline v0::mqtt
