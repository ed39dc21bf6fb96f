#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "waybill/kafka/headers.hpp"
#include "waybill/kafka/instrument.hpp"
#include "waybill/outgoing.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::kafka {

/// One message to send: what rd_kafka_producev takes, borrowed for the call.
struct record {
  const char* topic = nullptr;                     ///< NUL-terminated; or use topic_handle.
  rd_kafka_topic_t* topic_handle = nullptr;        ///< Goes before `topic`.
  std::int32_t partition = RD_KAFKA_PARTITION_UA;  ///< As it is: the partitioner chooses.
  /// Without data (the default std::string_view) null: a tombstone. "" is an empty payload.
  std::string_view value{};
  std::string_view key{};         ///< Without data null.
  std::int64_t timestamp_ms = 0;  ///< Since 1970; 0: now.
  void* opaque = nullptr;         ///< The application's own, unchanged in its callbacks.
  /// Librdkafka's when producing succeeds; otherwise the caller's still, as it was before.
  rd_kafka_headers_t* headers = nullptr;
  int flags = RD_KAFKA_MSG_F_COPY;  ///< RD_KAFKA_MSG_F_COPY, _FREE or _BLOCK, or 0.
  /// The context to send; null: the current one.
  const waybill::context* context = nullptr;
  inject_mode mode = inject_mode::automatic;  ///< automatic: the producer's own.
};

/// What became of a message that librdkafka had accepted.
struct delivery {
  outcome_state state = outcome_state::unknown;            ///< How it ended.
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  ///< Why it failed.
  trace_context trace;                                     ///< What the message carried.
  /// Null when unanswered. Valid during the call.
  const rd_kafka_message_t* message = nullptr;
};

/// Called once for each accepted message, on a thread of librdkafka's or in the call that closes
/// the client or the producer. It may throw: the exception is dropped and counted. It must not
/// produce to the same client: while rd_kafka_purge runs, librdkafka would wait for itself.
using delivery_listener = std::function<void(const delivery&)>;

/// What a producer does with every message.
struct producer_options {
  inject_mode mode = inject_mode::automatic;  ///< For records that say automatic.
  delivery_listener on_delivery{};            ///< Needs instrument(); may be empty.
  /// Messages whose outcome is waited for. Beyond it messages are sent all the same; their spans
  /// end at once as unknown and the listener is not called.
  std::size_t in_flight_max = 1'000'000;
};

/// Sends messages with the current context in their headers, and learns what became of them.
/// Everything else is done with the rd_kafka_t itself: flush, purge, transactions, poll.
/// @par Lifetime   borrows the rd_kafka_t. Messages that are in flight when the producer or the
///                 rd_kafka_t goes, whichever is first, are reported as unanswered.
/// @par Threads    any, as rd_kafka_producev. Not to be destroyed in a delivery listener.
/// @par Errors     never throws after construction; produce answers what librdkafka does.
class WAYBILL_API producer {
 public:
  /// @par Input   `client`: not null. `observed`: what instrument() answered for its configuration.
  producer(rd_kafka_t* client, propagation with, const instrumentation& observed = {},
           producer_options options = {});
  ~producer();
  producer(const producer&) = delete;
  producer& operator=(const producer&) = delete;

  /// Sends one message, as rd_kafka_producev does: when it answers an error nothing was taken,
  /// and the header list is as it was. A message that is too large only with the fields goes
  /// without some: baggage is left out first, then tracestate, then traceparent.
  rd_kafka_resp_err_t produce(const record& message) noexcept;
  /// The same with headers of a kafka::headers, which is empty after success. Goes before
  /// record::headers.
  rd_kafka_resp_err_t produce(record message, headers& list) noexcept;

  /// Sends each message; results[i] is the answer for messages[i]. `results` may be shorter or
  /// empty. Answers how many were accepted.
  std::size_t produce_batch(std::span<const record> messages,
                            std::span<rd_kafka_resp_err_t> results = {}) noexcept;

  /// Whether outcomes are observed: false without instrument(), then spans end when the message
  /// is handed over, as unknown, and the listener is never called.
  [[nodiscard]] bool knows_outcomes() const noexcept;
  /// Accepted messages that have no outcome yet, as far as somebody waits for it (a listener or a
  /// tracer); otherwise 0.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// What it was made with.
  /// @{
  [[nodiscard]] rd_kafka_t* client() const noexcept;
  [[nodiscard]] const propagation& propagating() const noexcept;
  /// @}

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::kafka
