#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/incoming.hpp"
#include "waybill/kafka/carrier.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::kafka {

namespace detail {
struct message_destroyer {
  void operator()(rd_kafka_message_t* raw) const noexcept {
    if (!is_borrowed) rd_kafka_message_destroy(raw);
  }
  bool is_borrowed = false;
};
}  // namespace detail

/// A consumed message without context in its headers, and the context it came with.
/// @par Threads    a value; move-only.
/// @par Lifetime   owns the rd_kafka_message_t, unless consumer::receive was given it; its client
///                 outlives it.
class WAYBILL_API message {
 public:
  /// No message, as after a time-out.
  message() noexcept = default;
  /// Leaves none behind.
  /// @{
  message(message&&) noexcept = default;
  message& operator=(message&&) noexcept = default;
  /// @}

  /// False when the poll timed out.
  [[nodiscard]] explicit operator bool() const noexcept { return raw_ != nullptr; }
  /// True of a message, false after a time-out and of an error report.
  [[nodiscard]] bool is_message() const noexcept {
    return raw_ != nullptr && raw_->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  /// What librdkafka reports instead of a message (such as _PARTITION_EOF), or no error.
  [[nodiscard]] rd_kafka_resp_err_t error() const noexcept {
    return raw_ != nullptr ? raw_->err : RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  /// Where it came from. After a time-out "", RD_KAFKA_PARTITION_UA and RD_KAFKA_OFFSET_INVALID.
  /// @{
  [[nodiscard]] std::string_view topic() const noexcept;
  [[nodiscard]] std::int32_t partition() const noexcept;
  [[nodiscard]] std::int64_t offset() const noexcept;
  /// @}
  /// No value: null (a tombstone has a null payload). Of an error report the payload is its text.
  /// `value_or(std::string_view())` makes a record's key or value of it that is null again.
  /// @{
  [[nodiscard]] std::optional<std::string_view> key() const noexcept;
  [[nodiscard]] std::optional<std::string_view> payload() const noexcept;
  /// @}

  /// The application's own headers, which the message owns; null when it came without any.
  [[nodiscard]] const rd_kafka_headers_t* headers() const noexcept;

  /// The context to work under; see extraction::context().
  [[nodiscard]] const waybill::context& context() const noexcept { return taken_.context(); }
  /// All that came with it, and what became of each field.
  [[nodiscard]] const waybill::extraction& extraction() const noexcept { return taken_; }
  /// librdkafka's own message; null after a timeout.
  [[nodiscard]] rd_kafka_message_t* raw() const noexcept { return raw_.get(); }

 private:
  friend class consumer;
  using owned_raw = std::unique_ptr<rd_kafka_message_t, detail::message_destroyer>;
  /// Takes the context off, or only reads it. An extraction is large: it is made where it stays.
  message(owned_raw raw, const propagation& with, bool strips) noexcept;

  owned_raw raw_;
  waybill::extraction taken_;
};

/// What handle() does with the offset of a message whose handler returned.
enum class settle_mode : std::uint8_t {
  none,          ///< Nothing: librdkafka's auto commit, or the application's own calls.
  store_offset,  ///< rd_kafka_offsets_store: needs enable.auto.offset.store=false.
  commit_async,  ///< rd_kafka_commit_message, without waiting for the broker's answer.
  commit_sync,   ///< rd_kafka_commit_message, with the broker's answer.
};

/// What a consumer does with every message.
struct consumer_options {
  bool strip = true;                       ///< False leaves the fields in the headers.
  settle_mode settle = settle_mode::none;  ///< What follows a handler that returned.
};

/// Receives messages, takes the context off, and runs handlers under it. Everything else is done
/// with the rd_kafka_t itself: subscribe, assign, seek, pause, close.
/// @par Lifetime   borrows the rd_kafka_t, a consumer.
/// @par Threads    any, as rd_kafka_consumer_poll; but let none poll while another closes the
///                 client: librdkafka's poll may take the answer that its close waits for.
/// @par Errors     never throws after construction, but for what handlers throw.
class WAYBILL_API consumer {
 public:
  /// @par Input   `client`: not null, subscribed or assigned whenever you like.
  consumer(rd_kafka_t* client, propagation with, consumer_options options = {});
  ~consumer();
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;

  /// The next message, an error report, or after the time-out nothing.
  [[nodiscard]] message poll(std::chrono::milliseconds timeout) noexcept;
  /// Waits for a message, then takes what is there already: at most messages_max. Error reports
  /// stand among the messages. When memory runs out it answers what it has.
  [[nodiscard]] std::vector<message> poll_batch(std::size_t messages_max,
                                                std::chrono::milliseconds timeout) noexcept;

  /// Takes the context off a message that another call than poll gave: a queue's, a fetch event's,
  /// one of librdkafka's C++ interface. `waited_since` is for the receive span; unset: now.
  /// @par Lifetime   `borrowed` stays its owner's and outlives what is returned.
  [[nodiscard]] message receive(rd_kafka_message_t& borrowed,
                                std::chrono::system_clock::time_point waited_since = {}) noexcept;

  /// Runs `handler(received)` with the message's context as the current one, within a process
  /// span where there is a tracer, then settles the message.
  /// @par Errors   what settling answers. An error report is not handled: its error is the answer.
  ///               What the handler throws goes through: the span is a failed one and the message
  ///               is not settled.
  template <class F>
  rd_kafka_resp_err_t handle(message& received, F&& handler) {
    if (!received.is_message()) return received.error();
    {
      processing running(received.extraction(),
                         describe(operation_kind::process, "process", received), propagating());
      std::forward<F>(handler)(received);
      running.succeed();
    }
    return settle(received, options().settle);
  }

  /// Commits the offset behind this message.
  rd_kafka_resp_err_t commit(const message& received, bool asynchronously = false) noexcept;
  /// Runs `how()`, a commit call of the caller's own, within a settle span where there is a tracer.
  template <class F>
  rd_kafka_resp_err_t commit_by(const message& received, F&& how) {
    settling running(received.extraction(), describe(operation_kind::settle, "commit", received),
                     propagating());
    const rd_kafka_resp_err_t answer = std::forward<F>(how)();
    const bool is_good = answer == RD_KAFKA_RESP_ERR_NO_ERROR;
    running.end({.state = is_good ? outcome_state::succeeded : outcome_state::failed,
                 .error = is_good ? "" : rd_kafka_err2name(answer)});
    return answer;
  }

  /// What it was made with.
  /// @{
  [[nodiscard]] rd_kafka_t* client() const noexcept;
  [[nodiscard]] const propagation& propagating() const noexcept;
  [[nodiscard]] const consumer_options& options() const noexcept;
  /// @}

 private:
  struct state;

  [[nodiscard]] operation describe(operation_kind kind, std::string_view name,
                                   const message& received) const noexcept;
  rd_kafka_resp_err_t settle(const message& received, settle_mode how) noexcept;
  [[nodiscard]] message take(message::owned_raw raw) const noexcept;
  void trace_receive(const message& received,
                     std::chrono::system_clock::time_point began) const noexcept;

  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::kafka
