#pragma once

#include <librdkafka/rdkafka.h>

#include "waybill/kafka/headers.hpp"
#include "waybill/propagation.hpp"

/// Context in librdkafka's own header lists and messages: free functions, each useful alone, for
/// code that keeps its own produce and poll calls (and for other C++ wrappers by their C handles).
/// @par Errors    none of these throws; what is bad is counted in propagation::diagnostics.
/// @par Threads   any, as far as librdkafka allows for the list or message itself.
/// @par Broker    librdkafka 2.0.2 and newer. Kafka needs message format 2 (0.11) for headers.
namespace waybill::inline v0::kafka {

/// Reads what a list holds. A null list holds nothing.
[[nodiscard]] WAYBILL_API extraction extract(const rd_kafka_headers_t* list,
                                             const propagation& with,
                                             const destination& from = {}) noexcept;
/// Reads what a message holds; the topic is the destination. Works on messages of polls, consume
/// queues and fetch events. A message that reports an error holds nothing.
[[nodiscard]] WAYBILL_API extraction extract(const rd_kafka_message_t& message,
                                             const propagation& with) noexcept;

/// Reads without a copy.
/// @par Errors     needs_copy: use extract.
/// @par Lifetime   until the headers are changed or the message is destroyed.
/// @{
[[nodiscard]] WAYBILL_API result<context_view> peek(const rd_kafka_headers_t* list,
                                                    const propagation& with,
                                                    const destination& from = {}) noexcept;
[[nodiscard]] WAYBILL_API result<context_view> peek(const rd_kafka_message_t& message,
                                                    const propagation& with) noexcept;
/// @}

/// Takes every field that the propagator can read away; other headers keep their order and bytes.
/// Of a message whose headers were all ours an empty list remains, where a bare client would find
/// none. After rd_kafka_message_detach_headers, or rd_kafka_message_set_headers with null,
/// librdkafka parses the message again and the fields are back.
/// @par Cost   linear for a message. librdkafka takes a header out of a list by moving all behind
///             it: for a list of your own it is the fields times the headers at the worst.
/// @{
WAYBILL_API void strip(rd_kafka_headers_t* list, const propagation& with) noexcept;
WAYBILL_API void strip(rd_kafka_message_t& message, const propagation& with) noexcept;
/// @}

/// Reads and strips: what a consumer usually wants.
/// @par Cost   as strip.
/// @{
[[nodiscard]] WAYBILL_API extraction take(rd_kafka_headers_t* list, const propagation& with,
                                          const destination& from = {}) noexcept;
[[nodiscard]] WAYBILL_API extraction take(rd_kafka_message_t& message,
                                          const propagation& with) noexcept;
/// @}

/// Puts a context into a list in place of every field that is there; the fields go to the end.
/// `to` is the topic.
/// @par Cost   without older fields one look at each header; else as strip of a list.
/// @{
WAYBILL_API inject_report inject(const context& context, rd_kafka_headers_t& list,
                                 const propagation& with, const destination& to = {},
                                 const inject_budget& budget = {}) noexcept;
WAYBILL_API inject_report inject(const context_view& context, rd_kafka_headers_t& list,
                                 const propagation& with, const destination& to = {},
                                 const inject_budget& budget = {}) noexcept;
/// @}

}  // namespace waybill::inline v0::kafka
