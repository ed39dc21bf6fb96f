#pragma once

#include <librdkafka/rdkafka.h>

#include "waybill/kafka/headers.hpp"
#include "waybill/propagation.hpp"

/// Context in librdkafka's own header lists and messages: free functions, each useful by itself,
/// for code that keeps its own produce and poll calls (and for other C++ clients by their C
/// handles). The destination of a list is its topic, or any_destination.
/// @par Errors    none of these throws; what is invalid is counted in the propagation's
/// diagnostics.
/// @par Threads   any, as far as librdkafka allows for the list or message itself.
/// @par Broker    librdkafka 2.0.2 and newer. Kafka needs message format 2 (0.11) for headers.
namespace waybill::inline v0::kafka {

/// Reads a list. A null list holds nothing.
[[nodiscard]] WAYBILL_API extraction extract(const rd_kafka_headers_t* list,
                                             const propagation& settings,
                                             const destination& destination) noexcept;
/// Reads a message; its topic is the destination. Works on messages of polls, consume queues and
/// fetch events. A message that reports an error holds nothing.
[[nodiscard]] WAYBILL_API extraction extract(const rd_kafka_message_t& message,
                                             const propagation& settings) noexcept;

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   until the headers are changed or the message is destroyed.
/// @{
[[nodiscard]] WAYBILL_API result<context_view> peek(const rd_kafka_headers_t* list,
                                                    const propagation& settings,
                                                    const destination& destination) noexcept;
[[nodiscard]] WAYBILL_API result<context_view> peek(const rd_kafka_message_t& message,
                                                    const propagation& settings) noexcept;
/// @}

/// Removes every field that the propagator can read, except for read-only ones; other headers keep
/// their order and bytes. The list stays where it is, and so does a pointer to it that somebody
/// else holds. A message that had only our headers keeps an empty list, where a bare client would
/// find none. After rd_kafka_message_detach_headers, or rd_kafka_message_set_headers with null,
/// librdkafka parses the message again and the fields are back.
/// @par Errors   too_many_fields, counted: librdkafka moves headers one by one, and a hostile list
///               (more than a thousand fields, or many spellings in many headers) would take too
///               long. It is left as it is; the consumer wrapper strips it all the same.
/// @par Cost     bounded: some milliseconds at the worst.
/// @{
WAYBILL_API errc strip(rd_kafka_headers_t* list, const propagation& settings,
                       const destination& destination) noexcept;
WAYBILL_API errc strip(rd_kafka_message_t& message, const propagation& settings) noexcept;
/// @}

/// Reads and strips: what a consumer usually wants.
/// @par Errors   as of strip(): the fields are read and stay.
/// @{
[[nodiscard]] WAYBILL_API extraction take(rd_kafka_headers_t* list, const propagation& settings,
                                          const destination& destination) noexcept;
[[nodiscard]] WAYBILL_API extraction take(rd_kafka_message_t& message,
                                          const propagation& settings) noexcept;
/// @}

/// Puts a context into a list in place of the fields that are there, as propagator::inject does;
/// the fields go to the end.
/// @par Lifetime   a context_view that borrows from the list itself (peek) must not be given.
/// @par Cost   without older fields one look at each header; else as librdkafka removes them.
/// @{
WAYBILL_API inject_report inject(const context& context, rd_kafka_headers_t& list,
                                 const propagation& settings, const destination& destination,
                                 const inject_budget& budget = {}) noexcept;
WAYBILL_API inject_report inject(const context_view& context, rd_kafka_headers_t& list,
                                 const propagation& settings, const destination& destination,
                                 const inject_budget& budget = {}) noexcept;
/// @}

namespace detail {
/// Reads and strips any message, for a wrapper that keeps `replaced` (null, or the list that a
/// hostile message had) until the message dies.
[[nodiscard]] extraction take_whole(rd_kafka_message_t& message, const propagation& settings,
                                    rd_kafka_headers_t*& replaced) noexcept;
}  // namespace detail

}  // namespace waybill::inline v0::kafka
