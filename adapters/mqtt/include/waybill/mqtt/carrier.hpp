#pragma once

#include <MQTTAsync.h>

#include <chrono>
#include <concepts>
#include <optional>

#include "waybill/messaging/sending.hpp"
#include "waybill/mqtt/properties.hpp"
#include "waybill/propagation.hpp"

/// Context in the user properties of MQTT 5: free functions on Paho's own lists and messages, each
/// useful alone, for code that keeps its own publish calls and callbacks.
/// @par Errors    none of these throws; invalid fields are ignored and counted in
///                propagation::diagnostics.
/// @par Threads   any, as far as one list is used by one of them at a time.
/// @par Broker    MQTT 5. MQTT 3.1.1 has no properties: nothing is read and nothing is counted, and
///                Paho does not send a list.
namespace waybill::inline v0::mqtt {

/// The user property with the time of sending, for senders that stamp their messages: milliseconds
/// since 1970-01-01 00:00 UTC in 1 to 15 decimal digits, "-", and the span id that it was written
/// with in 16 lower-case hexadecimal digits. Next to another span id it is ignored.
inline constexpr std::string_view sent_time_name = "waybill-sent-ms";

/// When a received context becomes a link and is not adopted, because its trace is over. So it is
/// for retained messages from the broker's store, which the flag RETAIN marks.
struct receive_rules {
  /// The subscription has the option Retain As Published: RETAIN is set on live messages too. Then
  /// those that are known to be no older than age_max are adopted, and others with RETAIN linked.
  bool retain_as_published = false;
  /// Older messages are linked, retained or not. A message without a stamp has no known age.
  std::optional<std::chrono::milliseconds> age_max{};
};

/// What is known of a received message besides its properties.
struct arrival {
  /// The topic, which is that of an alias where the message has only the alias; the flag RETAIN.
  // NOLINTNEXTLINE(*-explicit-*): most messages have nothing but a topic
  arrival(const destination& topic, bool retained = false, const receive_rules& how = {}) noexcept
      : from(topic), is_retained(retained), rules(how) {}
  /// A topic as text.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  // NOLINTNEXTLINE(*-explicit-*)
  arrival(const Text& topic)
  noexcept : arrival(destination(topic)) {}

  destination from;     ///< The topic.
  bool is_retained;     ///< Its flag RETAIN.
  receive_rules rules;  ///< What to adopt.
};

/// How a context is written.
struct send_rules {
  inject_budget budget{};  ///< As room_in_packet() says; without a limit by default.
  /// Adds the time of sending, where there is room after everything else.
  bool stamps_time = false;
};

/// How long ago a message was sent, by its sender's stamp and the clocks of both: none without a
/// valid stamp that was written with `sent`, zero for a stamp from the future.
[[nodiscard]] WAYBILL_API std::optional<std::chrono::milliseconds> age_of(
    const MQTTProperties& list, const span_context& sent,
    std::chrono::system_clock::time_point now) noexcept;

/// Reads the context in a list.
[[nodiscard]] WAYBILL_API extraction extract(const MQTTProperties& list,
                                             const propagation& settings,
                                             const arrival& how) noexcept;

/// Reads without a copy.
/// @par Errors     needs_copy: use extract; so for a context that is to be linked.
/// @par Lifetime   until the list is changed or freed.
[[nodiscard]] WAYBILL_API result<context_view> peek(const MQTTProperties& list,
                                                    const propagation& settings,
                                                    const arrival& how) noexcept;

/// Removes every field that the propagator can read, and the stamp. All other properties keep their
/// order and bytes, and a CloudEvent keeps its own span context.
/// @par Cost     linear, one allocation of Paho's for ten fields.
/// @par Errors   carrier_failed, counted: Paho had no memory.
WAYBILL_API errc strip(MQTTProperties& list, const propagation& settings,
                       const destination& destination) noexcept;

/// Reads and strips: what a receiver usually wants.
[[nodiscard]] WAYBILL_API extraction take(MQTTProperties& list, const propagation& settings,
                                          const arrival& how) noexcept;

/// Puts a context into a list in place of every field that is there; the fields go to the end. With
/// an older span context its stamp goes. A CloudEvent that keeps its span context keeps the stamp,
/// too, and gets no other.
/// @par Input      `context` may show text of this list, as peek() does: it is then copied first.
/// @par Lifetime   Paho copies what it is given: the list owns all of it, until
///                 MQTTProperties_free.
/// @{
WAYBILL_API inject_report inject(const context_view& context, MQTTProperties& list,
                                 const propagation& settings, const destination& destination,
                                 const send_rules& rules = {}) noexcept;
WAYBILL_API inject_report inject(const context_view& context, edited_properties& list,
                                 const propagation& settings, const destination& destination,
                                 const send_rules& rules = {}) noexcept;
inline inject_report inject(const context& context, MQTTProperties& list,
                            const propagation& settings, const destination& destination,
                            const send_rules& rules = {}) noexcept {
  return inject(context_view(context), list, settings, destination, rules);
}
inline inject_report inject(const context& context, edited_properties& list,
                            const propagation& settings, const destination& destination,
                            const send_rules& rules = {}) noexcept {
  return inject(context_view(context), list, settings, destination, rules);
}
/// @}

/// The same for a wrapper that has decided which context goes out.
WAYBILL_API inject_report write(const messaging::sending& decided, edited_properties& list,
                                const send_rules& rules = {}) noexcept;

/// A message of Paho's C interfaces: MQTTAsync_message or MQTTClient_message.
template <class M>
concept c_message = requires(M& message) {
  { message.properties } -> std::same_as<MQTTProperties&>;
  { message.retained } -> std::convertible_to<int>;
};

/// The same on a message that arrived: `topic` is the destination.
/// @{
template <c_message M>
[[nodiscard]] extraction extract(const M& message, const propagation& settings,
                                 const destination& topic, receive_rules rules = {}) noexcept {
  return extract(message.properties, settings, arrival{topic, message.retained != 0, rules});
}
template <c_message M>
[[nodiscard]] extraction take(M& message, const propagation& settings, const destination& topic,
                              receive_rules rules = {}) noexcept {
  return take(message.properties, settings, arrival{topic, message.retained != 0, rules});
}
/// @}

}  // namespace waybill::inline v0::mqtt
