#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "waybill/kafka/headers.hpp"
#include "waybill/kafka/instrument.hpp"
#include "waybill/messaging/sending.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::kafka {

/// One message to send: what rd_kafka_producev takes, borrowed for the call.
struct record {
  const char* topic = nullptr;                     ///< NUL-terminated; or use topic_handle.
  rd_kafka_topic_t* topic_handle = nullptr;        ///< Goes before `topic`.
  std::int32_t partition = RD_KAFKA_PARTITION_UA;  ///< Unassigned: the partitioner chooses.
  std::optional<std::string_view> payload{};       ///< Without a value null: a tombstone.
  std::optional<std::string_view> key{};           ///< Without a value null.
  std::int64_t timestamp_ms = 0;                   ///< Since 1970; 0: now.
  /// Belongs to librdkafka when producing succeeds; otherwise to the caller still, as it was
  /// before.
  rd_kafka_headers_t* headers = nullptr;
  int flags = RD_KAFKA_MSG_F_COPY;  ///< RD_KAFKA_MSG_F_COPY, _FREE or _BLOCK, or 0.
};

/// What became of a message that librdkafka had accepted.
struct delivery_report {
  outcome_state outcome = outcome_state::unknown;          ///< How it ended.
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  ///< Why it failed.
  span_context sent{};                                     ///< What the message carried.
  void* user_data = nullptr;                               ///< send_options::user_data.
  /// Null when the outcome came without the message (unanswered, given up). Valid during the call.
  const rd_kafka_message_t* message = nullptr;
};

/// Called once for each accepted message, on a thread of librdkafka's, in the call that closes the
/// client or the producer, or, for a message that was given up, in produce(). It may throw: the
/// exception is dropped and counted as listener_failed. It must not produce to the same client:
/// while rd_kafka_purge runs, librdkafka would wait for itself.
using delivery_listener = std::function<void(const delivery_report&)>;

/// What a producer does with every message.
struct producer_options {
  inject_mode mode = inject_mode::automatic;  ///< For messages that say automatic.
  /// Messages in flight whose outcome is awaited; unset: the client's own
  /// queue.buffering.max.messages. Beyond it the oldest one is given up: it is reported as unknown
  /// and counted as given_up.
  std::optional<std::size_t> in_flight_max{};
};

/// Sends messages with the current context in their headers, and learns what became of them.
/// Everything else is done with the rd_kafka_t itself: flush, purge, transactions, poll.
/// @par Lifetime   borrows the rd_kafka_t. Messages that are in flight when the producer or the
///                 rd_kafka_t goes, whichever is first, are reported as unanswered.
/// @par Threads    any, as rd_kafka_producev. Do not destroy it in a delivery listener.
/// @par Errors     never throws after construction; produce returns what librdkafka does.
class WAYBILL_API producer {
 public:
  /// Sends without learning outcomes: spans end when the message is handed over, as unknown.
  /// @par Input   `client`: not null.
  producer(rd_kafka_t* client, waybill::propagation settings, producer_options options = {});
  /// Learns the outcome of every message: it ends the span, then calls on_delivery_report, which
  /// may be empty.
  /// @par Input    `observed`: what instrument() returned for the client's configuration.
  /// @par Errors   throws std::invalid_argument when the client was not made from that
  ///               configuration, or another producer listens to it already.
  producer(rd_kafka_t* client, waybill::propagation settings, const instrumentation& observed,
           delivery_listener on_delivery_report, producer_options options = {});
  ~producer();
  producer(const producer&) = delete;
  producer& operator=(const producer&) = delete;

  /// Sends one message, as rd_kafka_producev does: when it returns an error nothing was taken,
  /// and the header list is as it was. A message that is too large only with the fields goes
  /// without some: baggage is left out first, then tracestate, then traceparent.
  [[nodiscard]] rd_kafka_resp_err_t produce(const record& message,
                                            const send_options& options = {}) noexcept;
  /// The same with headers of a kafka::headers, which is empty after success. Goes before
  /// record::headers.
  [[nodiscard]] rd_kafka_resp_err_t produce(record message, headers& list,
                                            const send_options& options = {}) noexcept;

  /// Sends each message with the same options; results[i] is the answer for messages[i]. `results`
  /// may be shorter or empty. Returns how many were accepted.
  [[nodiscard]] std::size_t produce_batch(std::span<const record> messages,
                                          std::span<rd_kafka_resp_err_t> results = {},
                                          const send_options& options = {}) noexcept;

  /// Whether outcomes are observed.
  [[nodiscard]] bool knows_outcomes() const noexcept;
  /// Accepted messages that have no outcome yet, as far as somebody waits for it (a listener or a
  /// tracer); otherwise 0.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// What it was made with.
  /// @{
  [[nodiscard]] rd_kafka_t* client() const noexcept;
  [[nodiscard]] const waybill::propagation& propagation() const noexcept;
  /// @}

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::kafka
