#pragma once

#include <concepts>

#include "waybill/propagation.hpp"
#include "waybill/rabbitmq/headers.hpp"

/// Context in rabbitmq-c's own header tables, properties and messages: free functions, each useful
/// alone, for code that keeps its own publish and consume calls.
/// `destination` is the queue that the message was taken from: no message says it itself.
/// @par Errors    none of these throws; what is bad is counted in propagation::diagnostics.
/// @par Threads   any, as far as nobody else uses the table or message at the same time.
/// @par Broker    rabbitmq-c 0.11 and newer; any broker of AMQP 0-9-1.
namespace waybill::inline v0::rabbitmq {

/// rabbitmq-c's structs that hold a message.
template <class T>
concept message_struct = std::same_as<T, amqp_message_t> || std::same_as<T, amqp_envelope_t>;

namespace detail {
template <class Message>
[[nodiscard]] auto& properties_of(Message& message) noexcept {
  if constexpr (requires { message.message; }) {
    return message.message.properties;
  } else {
    return message.properties;
  }
}
}  // namespace detail

/// Reads what the headers hold.
/// @{
[[nodiscard]] WAYBILL_API extraction extract(const amqp_table_t& headers,
                                             const propagation& settings,
                                             const destination& destination) noexcept;
[[nodiscard]] WAYBILL_API extraction extract(const amqp_basic_properties_t& properties,
                                             const propagation& settings,
                                             const destination& destination) noexcept;
template <message_struct Message>
[[nodiscard]] extraction extract(const Message& message, const propagation& settings,
                                 const destination& destination) noexcept {
  return extract(detail::properties_of(message), settings, destination);
}
/// @}

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   until the bytes that the headers point to are gone: those of a received message
///                 with amqp_destroy_message, amqp_destroy_envelope or the release of its buffers.
/// @{
[[nodiscard]] WAYBILL_API result<context_view> peek(const amqp_table_t& headers,
                                                    const propagation& settings,
                                                    const destination& destination) noexcept;
[[nodiscard]] WAYBILL_API result<context_view> peek(const amqp_basic_properties_t& properties,
                                                    const propagation& settings,
                                                    const destination& destination) noexcept;
template <message_struct Message>
[[nodiscard]] result<context_view> peek(const Message& message, const propagation& settings,
                                        const destination& destination) noexcept {
  return peek(detail::properties_of(message), settings, destination);
}
/// @}

/// Removes every field that the propagator can read, in place, except for read-only ones; other
/// headers keep their order, and what they point to is not read. Where no header is left the flag
/// AMQP_BASIC_HEADERS_FLAG goes too, so that the message is as one that was sent without.
/// @par Output   errc::ok: nothing can fail here.
/// @par Cost     linear.
/// @{
WAYBILL_API errc strip(amqp_table_t& headers, const propagation& settings) noexcept;
WAYBILL_API errc strip(amqp_basic_properties_t& properties, const propagation& settings) noexcept;
template <message_struct Message>
errc strip(Message& message, const propagation& settings) noexcept {
  return strip(detail::properties_of(message), settings);
}
/// @}

/// Reads and strips: what a consumer usually wants.
/// @{
[[nodiscard]] WAYBILL_API extraction take(amqp_table_t& headers, const propagation& settings,
                                          const destination& destination) noexcept;
[[nodiscard]] WAYBILL_API extraction take(amqp_basic_properties_t& properties,
                                          const propagation& settings,
                                          const destination& destination) noexcept;
template <message_struct Message>
[[nodiscard]] extraction take(Message& message, const propagation& settings,
                              const destination& destination) noexcept {
  return take(detail::properties_of(message), settings, destination);
}
/// @}

}  // namespace waybill::inline v0::rabbitmq
