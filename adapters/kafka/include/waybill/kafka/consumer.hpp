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

#include "waybill/kafka/carrier.hpp"
#include "waybill/messaging/receiving.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::kafka {

namespace detail {
struct message_destroyer {
  void operator()(rd_kafka_message_t* raw) const noexcept {
    if (!is_borrowed) rd_kafka_message_destroy(raw);
  }
  bool is_borrowed = false;
};
/// A list that was taken out of a message, which gets it back if it is only borrowed: its owner may
/// hold the list still.
struct replaced_headers {
  void operator()(rd_kafka_headers_t* list) const noexcept {
    if (lender != nullptr) {
      rd_kafka_message_set_headers(lender, list);
    } else {
      rd_kafka_headers_destroy(list);
    }
  }
  rd_kafka_message_t* lender = nullptr;
};
}  // namespace detail

/// A consumed message without context in its headers, and the context it came with.
/// @par Threads    a value; move-only.
/// @par Lifetime   owns the rd_kafka_message_t, unless consumer::adopt was given it; its client
///                 outlives it. What accessors return belongs to the message.
class WAYBILL_API message : public messaging::received {
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
  [[nodiscard]] std::string_view topic() const& noexcept {
    return raw_ == nullptr || raw_->rkt == nullptr ? "" : rd_kafka_topic_name(raw_->rkt);
  }
  std::string_view topic() const&& = delete;
  [[nodiscard]] std::int32_t partition() const noexcept {
    return raw_ == nullptr ? RD_KAFKA_PARTITION_UA : raw_->partition;
  }
  [[nodiscard]] std::int64_t offset() const noexcept {
    return raw_ == nullptr ? RD_KAFKA_OFFSET_INVALID : raw_->offset;
  }
  /// @}
  /// No value: null (a tombstone has a null payload). Of an error report the payload is its text.
  /// @{
  [[nodiscard]] std::optional<std::string_view> key() const& noexcept {
    return raw_ == nullptr ? std::nullopt : bytes_of(raw_->key, raw_->key_len);
  }
  std::optional<std::string_view> key() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> payload() const& noexcept {
    return raw_ == nullptr ? std::nullopt : bytes_of(raw_->payload, raw_->len);
  }
  std::optional<std::string_view> payload() const&& = delete;
  /// @}

  /// The application's own headers, which the message owns; null when it came without any.
  [[nodiscard]] const rd_kafka_headers_t* headers() const& noexcept;
  const rd_kafka_headers_t* headers() const&& = delete;

  /// librdkafka's own message; null after a timeout.
  [[nodiscard]] rd_kafka_message_t* raw() const& noexcept { return raw_.get(); }
  rd_kafka_message_t* raw() const&& = delete;

 private:
  friend class consumer;
  using owned_raw = std::unique_ptr<rd_kafka_message_t, detail::message_destroyer>;
  /// Takes the context off, or only reads it. `replaced` is where take_whole() puts its list.
  message(owned_raw raw, const propagation& settings, bool strips,
          rd_kafka_headers_t* replaced = nullptr) noexcept;
  static std::optional<std::string_view> bytes_of(const void* data, std::size_t bytes) noexcept {
    if (data == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data), bytes);
  }

  std::unique_ptr<rd_kafka_headers_t, detail::replaced_headers> replaced_;
  owned_raw raw_;
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
  /// Whether poll() and adopt() make the context of their message the thread's received one: see
  /// received_slot. Leave it off for threads that receive and then send something else.
  bool fills_received_slot = false;
};

/// Receives messages, takes the context off, and runs handlers under it. Everything else is done
/// with the rd_kafka_t itself: subscribe, assign, seek, pause, close.
/// @par Lifetime   borrows the rd_kafka_t, a consumer.
/// @par Threads    any, as rd_kafka_consumer_poll. Do not poll while another thread closes the
///                 client: librdkafka's poll may take the answer that its close waits for.
/// @par Errors     never throws after construction; exceptions from your handlers pass through.
class WAYBILL_API consumer {
 public:
  /// @par Input   `client`: not null, subscribed or assigned whenever you like.
  consumer(rd_kafka_t* client, waybill::propagation settings, consumer_options options = {});
  ~consumer();
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;

  /// The next message, an error report, or after the time-out nothing.
  [[nodiscard]] message poll(std::chrono::milliseconds timeout) noexcept;
  /// Waits for a message, then takes what is there already: at most messages_max. Error reports
  /// stand among the messages. When memory runs out it returns what it has.
  [[nodiscard]] std::vector<message> poll_batch(std::size_t messages_max,
                                                std::chrono::milliseconds timeout) noexcept;

  /// Takes the context off a message that another call than poll gave: a queue's, a fetch event's,
  /// one of librdkafka's C++ interface.
  /// @par Input      `waited_since` is for the receive span; unset: now.
  /// @par Lifetime   `borrowed` stays its owner's and outlives what is returned. A header list that
  ///                 its owner got before stays where it is; a hostile one (see strip()) is put
  ///                 back, with its fields, when the returned message dies.
  [[nodiscard]] message adopt(rd_kafka_message_t& borrowed,
                              std::chrono::system_clock::time_point waited_since = {}) noexcept;
  /// To be called before a call that waits for messages which adopt() is given: empties the
  /// thread's received slot. Returns waited_since for adopt().
  std::chrono::system_clock::time_point begin_receive() noexcept;

  /// Runs `handler(received)` with the message's context as the current one, within a process
  /// span where there is a tracer, then settles the message.
  /// @par Errors   what settling returns. An error report is not handled: its error is returned.
  ///               Exceptions of the handler pass through: the span is a failed one and the message
  ///               is not settled.
  template <class F>
  rd_kafka_resp_err_t handle(message& received, F&& handler) {
    if (!received.is_message()) return received.error();
    messaging::processing work = process(received);
    messaging::run(work, propagation(), [&] { std::forward<F>(handler)(received); });
    return settle(received);
  }
  /// Begins what handle() does, for a handler that finishes later or elsewhere: make its context()
  /// current there, call succeed() on it, then settle() the message.
  [[nodiscard]] messaging::processing process(const message& received) const noexcept;
  /// Does what options().settle says with a message that was processed.
  rd_kafka_resp_err_t settle(const message& received) noexcept;

  /// Commits the offset behind this message.
  [[nodiscard]] rd_kafka_resp_err_t commit(const message& received,
                                           bool asynchronously = false) noexcept;
  /// Runs `how()`, a commit call of your own, within a settle span where there is a tracer.
  template <class F>
  rd_kafka_resp_err_t commit_by(const message& received, F&& how) {
    messaging::settling span = begin_commit(received);
    const rd_kafka_resp_err_t answer = std::forward<F>(how)();
    const bool is_good = answer == RD_KAFKA_RESP_ERR_NO_ERROR;
    span.end(outcome(is_good ? outcome_state::succeeded : outcome_state::failed,
                     is_good ? "" : rd_kafka_err2name(answer)));
    return answer;
  }

  /// What it was made with.
  /// @{
  [[nodiscard]] rd_kafka_t* client() const noexcept;
  [[nodiscard]] const waybill::propagation& propagation() const noexcept;
  [[nodiscard]] const consumer_options& options() const noexcept;
  /// @}

 private:
  struct state;
  [[nodiscard]] messaging::settling begin_commit(const message& received) const noexcept;

  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::kafka
