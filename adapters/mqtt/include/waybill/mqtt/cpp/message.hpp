#pragma once

#include <mqtt/message.h>

#include <memory>
#include <new>
#include <utility>

#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/message_view.hpp"

/// Context in the messages of Paho MQTT C++ 1.2 and newer. A message that was received, or that is
/// published, may be shared: it is never changed, what is changed is a copy. The payload and the
/// topic are shared by both. A message names its destination itself, by its topic; for one that has
/// a topic alias alone use the functions on its properties.
/// @par Errors    none of these throws but with_properties: without memory a message goes on as it
///                is, and that is counted.
/// @par Threads   any, also several on one message at once.
namespace waybill::inline v0::mqtt {

/// Shows a message to the functions that know nothing of Paho's classes.
/// @par Lifetime   that of the message.
[[nodiscard]] inline message_view view_of(const ::mqtt::message& message) noexcept {
  return {message.get_topic(), message.get_payload(), message.get_qos(), message.is_retained(),
          message.get_properties().c_struct()};
}

/// A copy of a message with other properties. QoS, RETAIN and DUP, which has no public setter, are
/// the message's.
/// @par Input    `list` is copied; it may show text of the message's own properties.
/// @par Errors   std::bad_alloc; also for more than ten properties before the process has made its
///               first client, which Paho would write beyond its memory.
[[nodiscard]] inline ::mqtt::message_ptr with_properties(const ::mqtt::message& message,
                                                         const MQTTProperties& list) {
  if (!can_be_copied(list)) throw std::bad_alloc();
  MQTTAsync_message described = MQTTAsync_message_initializer;
  described.qos = message.get_qos();
  described.retained = message.is_retained() ? 1 : 0;
  described.dup = message.is_duplicate() ? 1 : 0;
  described.properties = list;
  auto made = std::make_shared<::mqtt::message>(message.get_topic_ref(), described);
  if (message.get_payload_ref()) made->set_payload(message.get_payload_ref());
  return made;
}

namespace detail {
/// The message as `changed` says; itself where nothing differs. May throw std::bad_alloc.
[[nodiscard]] inline ::mqtt::const_message_ptr changed_by(
    message_change& changed, const ::mqtt::const_message_ptr& message) {
  if (!changed.is_changed()) return message;
  ::mqtt::message_ptr made = changed.changes_properties()
                                 ? with_properties(*message, changed.properties())
                                 : std::make_shared<::mqtt::message>(*message);
  if (changed.payload()) made->set_payload(::mqtt::binary_ref(*std::move(changed.payload())));
  return made;
}

/// Changes a copy of the properties by `change(edited)`, and lets the pointer point to a copy of
/// the message that has them. Null stays null. False, counted, without memory.
template <class F>
bool change(::mqtt::const_message_ptr& message, direction way, const propagation& settings,
            F&& change) noexcept {
  if (message == nullptr) return true;
  try {
    edited_properties edited(message->get_properties().c_struct());
    change(edited);
    if (edited.is_changed()) message = with_properties(*message, edited.c_struct());
    return true;
  } catch (...) {
    settings.record(way, errc::no_memory, message->get_topic());
    return false;
  }
}
}  // namespace detail

/// Reads what a message holds.
[[nodiscard]] inline extraction extract(const ::mqtt::message& message, const propagation& settings,
                                        const receive_rules& rules = {}) noexcept {
  return extract(message.get_properties().c_struct(), settings,
                 arrival(message.get_topic(), message.is_retained(), rules));
}

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   that of the message.
[[nodiscard]] inline result<context_view> peek(const ::mqtt::message& message,
                                               const propagation& settings,
                                               const receive_rules& rules = {}) noexcept {
  return peek(message.get_properties().c_struct(), settings,
              arrival(message.get_topic(), message.is_retained(), rules));
}

/// Lets `message` point to a copy without the fields. Null stays null.
/// @par Errors   no_memory, counted: then it points to the message as it was.
inline errc strip(::mqtt::const_message_ptr& message, const propagation& settings) noexcept {
  const bool is_done = detail::change(message, direction::inbound, settings,
                                      [&](auto& edited) { edited.strip(settings.propagator()); });
  return is_done ? errc::ok : errc::no_memory;
}

/// A message without context in its properties, and the context it came with.
struct taken_message {
  ::mqtt::const_message_ptr message;  ///< The message itself where it has no fields.
  waybill::extraction extraction;     ///< What it carried.
};

/// Reads and strips. Null gives null, such as a client's word that it was disconnected.
/// @par Cost   without fields no copy of the message.
[[nodiscard]] inline taken_message take(::mqtt::const_message_ptr message,
                                        const propagation& settings,
                                        const receive_rules& rules = {}) noexcept {
  if (message == nullptr) return {};
  taken_message taken{std::move(message), {}};
  taken.extraction = extract(*taken.message, settings, rules);
  strip(taken.message, settings);
  return taken;
}

/// Lets `message` point to a copy with the context in place of every field that is in it; to the
/// message itself when there is nothing to write. Null stays null.
/// @{
inline inject_report inject(const context_view& context, ::mqtt::const_message_ptr& message,
                            const propagation& settings, const send_rules& rules = {}) noexcept {
  inject_report report;
  const bool is_done = detail::change(message, direction::outbound, settings, [&](auto& edited) {
    report = inject(context, edited, settings, destination(message->get_topic()), rules);
  });
  return is_done ? report : inject_report{.code = errc::no_memory};
}
inline inject_report inject(const context& context, ::mqtt::const_message_ptr& message,
                            const propagation& settings, const send_rules& rules = {}) noexcept {
  return inject(context_view(context), message, settings, rules);
}
/// @}

/// The same for properties that are the caller's own, in place.
inline inject_report inject(const context& context, ::mqtt::properties& list,
                            const propagation& settings, const destination& destination,
                            const send_rules& rules = {}) noexcept {
  // c_struct() is const for want of another; the list that is changed is not.
  return inject(context_view(context), const_cast<MQTTProperties&>(list.c_struct()), settings,
                destination, rules);
}

}  // namespace waybill::inline v0::mqtt
