#pragma once

#include <mqtt/will_options.h>

#include <new>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/cpp/publish_options.hpp"

namespace waybill::inline v0::mqtt {

/// A last will with the current or an explicit context in its user properties, for
/// connect_options::set_will. MQTT 5 alone has properties in a will.
///
/// The server publishes a will when the client is gone, maybe months after this call: it tells how
/// the client came to connect, and no more. A receiver cannot tell a will from another message:
/// give its topic an entry of the boundary with inbound_mode::link, or let receive_rules::age_max
/// tell by the stamp.
/// @par Errors   without memory the will is given back as it was.
[[nodiscard]] inline ::mqtt::will_options will_with_context(::mqtt::will_options will,
                                                            const propagation& with = {},
                                                            const publish_options& options = {},
                                                            bool stamps_time = true) {
  const std::string topic = will.get_topic();
  const property_reader existing(will.get_properties().c_struct());
  const outgoing decided(existing, options.context, options.mode, with, destination(topic));
  if (!decided.changes_headers()) return will;
  try {
    edited_properties edited(will.get_properties().c_struct());
    write(decided, edited, {.stamps_time = stamps_time});
    if (!can_be_copied(edited.c_struct())) throw std::bad_alloc();
    ::mqtt::properties list(edited.c_struct());
    will.set_properties(std::move(list));
  } catch (...) {
    detail::count_failure(with, direction::outbound, topic);
  }
  return will;
}

}  // namespace waybill::inline v0::mqtt
