#pragma once

#include <mqtt/message.h>

#include <memory>
#include <new>
#include <utility>

#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/packet.hpp"

/// Context in the messages of Paho MQTT C++ 1.2 and newer. A message that was received, or that is
/// published, may be shared: it is never changed, what is changed is a copy. The payload and the
/// topic are shared by both.
/// @par Errors    none of these throws but with_properties: without memory a message goes on as it
///                is, and that is counted.
/// @par Threads   any, also several on one message at once.
namespace waybill::inline v0::mqtt {

/// A copy of a message with other properties. QoS, RETAIN and DUP, which has no public setter, are
/// the message's.
/// @par Input    `list` is copied; it may show text of the message's own properties.
/// @par Errors   std::bad_alloc; so too for more than ten properties before the process has made
/// its
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

/// What is known of a message that came.
[[nodiscard]] inline arrival arrival_of(const ::mqtt::message& message,
                                        const receive_rules& rules = {}) noexcept {
  return {message.get_topic(), message.is_retained(), rules};
}

/// Reads what a message holds; the topic is the destination.
[[nodiscard]] inline extraction extract(const ::mqtt::message& message, const propagation& settings,
                                        const receive_rules& rules = {}) noexcept {
  return extract(message.get_properties().c_struct(), settings, arrival_of(message, rules));
}

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   that of the message.
[[nodiscard]] inline result<context_view> peek(const ::mqtt::message& message,
                                               const propagation& settings,
                                               const receive_rules& rules = {}) noexcept {
  return peek(message.get_properties().c_struct(), settings, arrival_of(message, rules));
}

namespace detail {

/// Keeps with a message what it came with: the shared pointer's deleter.
struct with_extraction {
  ::mqtt::const_message_ptr message;
  extraction taken;
  void operator()(const ::mqtt::message* /*message*/) noexcept { message.reset(); }
};

}  // namespace detail

/// Reads and strips: a message without context in its properties, and the context with it, as
/// extraction_of() says. Null for null, such as a client's word that it was disconnected.
/// @par Cost       without fields no copy of the message.
/// @par Lifetime   the extraction lives as long as what is returned.
[[nodiscard]] inline ::mqtt::const_message_ptr take(const ::mqtt::const_message_ptr& message,
                                                    const propagation& settings,
                                                    const receive_rules& rules = {}) noexcept {
  if (message == nullptr) return message;
  try {
    extraction taken = extract(*message, settings, rules);
    edited_properties stripped(message->get_properties().c_struct());
    stripped.strip(settings.propagator());
    ::mqtt::const_message_ptr left =
        stripped.is_changed() ? with_properties(*message, stripped.c_struct()) : message;
    const ::mqtt::message* shown = left.get();
    return {shown, detail::with_extraction{std::move(left), std::move(taken)}};
  } catch (...) {
    settings.record(direction::inbound, errc::no_memory, message->get_topic());
    return message;
  }
}

/// What a message came with. Null for a message that did not come from take().
/// @par Lifetime   that of the message.
[[nodiscard]] inline const extraction* extraction_of(
    const ::mqtt::const_message_ptr& message) noexcept {
  const auto* kept = std::get_deleter<detail::with_extraction>(message);
  return kept != nullptr ? &kept->taken : nullptr;
}

/// The context to work under; see extraction::context(). Empty when nothing came, and where
/// extraction_of() is null.
[[nodiscard]] inline context context_of(const ::mqtt::const_message_ptr& message) noexcept {
  const extraction* taken = extraction_of(message);
  return taken != nullptr ? taken->context() : context();
}

/// A copy of the message with a context in place of every field that is in it; the message itself
/// when there is nothing to write. `report` may be null. The topic is the destination.
/// @{
[[nodiscard]] inline ::mqtt::const_message_ptr inject(const context_view& context,
                                                      const ::mqtt::const_message_ptr& message,
                                                      const propagation& settings,
                                                      const send_rules& rules = {},
                                                      inject_report* report = nullptr) noexcept {
  inject_report unused;
  inject_report& told = report != nullptr ? *report : unused;
  told = {};
  if (message == nullptr) return message;
  try {
    edited_properties edited(message->get_properties().c_struct());
    told = inject(context, edited, settings, message->get_topic(), rules);
    return edited.is_changed() ? with_properties(*message, edited.c_struct()) : message;
  } catch (...) {
    told = {.code = errc::no_memory};
    settings.record(direction::outbound, errc::no_memory, message->get_topic());
    return message;
  }
}
[[nodiscard]] inline ::mqtt::const_message_ptr inject(const context& context,
                                                      const ::mqtt::const_message_ptr& message,
                                                      const propagation& settings,
                                                      const send_rules& rules = {},
                                                      inject_report* report = nullptr) noexcept {
  return inject(context_view(context), message, settings, rules, report);
}
/// @}

/// The same for properties that are the caller's own, such as those of a will, in place.
inline inject_report inject(const context& context, ::mqtt::properties& list,
                            const propagation& settings, const destination& destination,
                            const send_rules& rules = {}) noexcept {
  // c_struct() is const for want of another; the list that is changed is not.
  return inject(context_view(context), const_cast<MQTTProperties&>(list.c_struct()), settings,
                destination, rules);
}

/// The packet that a message goes in, for room_in_packet().
[[nodiscard]] inline publish_packet packet_of(const ::mqtt::message& message) noexcept {
  return {message.get_topic().size(), message.get_payload().size(), message.get_qos()};
}

}  // namespace waybill::inline v0::mqtt
