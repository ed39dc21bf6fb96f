#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "waybill/messaging/receiving.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/message.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill::inline v0::rabbitmq {

/// What handle() does with a message whose handler returned.
enum class settle_mode : std::uint8_t {
  none,  ///< Nothing: the application acknowledges or rejects.
  ack,   ///< basic.ack, unless the handler has settled the message.
};

/// What handle() does with a message whose handler threw.
enum class failure_mode : std::uint8_t {
  none,     ///< Nothing: the queue has the message back when the channel is closed.
  reject,   ///< basic.reject: it is dead-lettered where the queue says so, or dropped.
  requeue,  ///< basic.reject with requeue: it comes again, at once.
};

/// What a consumer does with every message.
struct consumer_options {
  bool strip = true;                             ///< False leaves the fields in the headers.
  settle_mode settle = settle_mode::ack;         ///< What follows a handler that returned.
  failure_mode on_failure = failure_mode::none;  ///< What follows a handler that threw.
  /// The broker forgets a message when it has sent it, and sends all there are: `prefetch` is no
  /// limit.
  bool no_ack = false;
  bool exclusive = false;  ///< basic.consume's: nobody else may consume.
  /// basic.consume's, such as x-priority or x-stream-offset. What it points to outlives start().
  amqp_table_t arguments = amqp_empty_table;
  /// Messages without an answer that are sent; 0: any number. They are kept in memory from the pump
  /// that reads them to receive().
  std::uint16_t prefetch = 128;
  /// Messages beyond the prefetch that are kept all the same: of a stream RabbitMQ sends the whole
  /// chunk that the prefetch ends in. A broker that sends more loses the connection with
  /// AMQP_STATUS_BAD_AMQP_DATA, and the queue has them back.
  std::size_t beyond_prefetch_max = 65'536;
  std::string consumer_tag{};  ///< Empty: the broker makes one. At most 255 bytes.
  /// Whether receive() and get() make the context of their message the thread's received one: see
  /// received_slot. Leave it off for threads that receive and then send something else.
  bool fills_received_slot = false;
};

/// Takes messages from one queue, the context off them, and runs handlers under it.
/// @par Lifetime   may outlive the connection: it is closed then. Messages that were not settled go
///                 back to the queue when the channel or the connection goes.
/// @par Threads    the connection's one; messages may be read on others.
/// @par Errors     never throws after construction, but for what handlers throw. Settling returns
///                 AMQP_STATUS_OK, AMQP_STATUS_INVALID_PARAMETER (no message of this consumer's, or
///                 one that is settled), AMQP_STATUS_CONNECTION_CLOSED, or why the connection was
///                 lost. Only what went out is settled.
class WAYBILL_API consumer {
 public:
  /// The queue is declared already.
  /// @par Errors   the consumer is not open, and reason() says why. AMQP_STATUS_INVALID_PARAMETER:
  ///               the queue's name has more than 255 bytes.
  /// @{
  /// Opens a channel, and waits for that. It closes with the consumer.
  consumer(connection& on, std::string queue, waybill::propagation settings,
           consumer_options options = {});
  /// Shares the publisher's channel, as direct reply-to wants it: start() on the queue
  /// `amq.rabbitmq.reply-to` with no_ack, then publish requests that name it in `reply_to`. A
  /// channel has one consumer. It closes with the last of the two, so messages that the consumer
  /// leaves without an answer go back only then.
  /// @par Errors   AMQP_STATUS_INVALID_PARAMETER also where the channel has a consumer.
  consumer(publisher& shared, std::string queue, waybill::propagation settings,
           consumer_options options = {});
  /// @}
  ~consumer();
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;

  /// Asks the broker to send messages (basic.consume), and waits for its answer.
  /// @par Errors   AMQP_STATUS_INVALID_PARAMETER: it was started already, or the queue's name or
  ///               the consumer tag has more than 255 bytes. AMQP_STATUS_TABLE_TOO_BIG: rabbitmq-c
  ///               cannot encode the arguments. AMQP_STATUS_CONNECTION_CLOSED, or why the
  ///               connection was lost.
  [[nodiscard]] int start() noexcept;
  /// Asks it to send no more (basic.cancel). What has come already can still be received.
  /// @par Output   AMQP_STATUS_OK, also where there is nothing to cancel.
  ///               AMQP_STATUS_CONNECTION_CLOSED, or why the connection was lost.
  int cancel() noexcept;
  /// The next message that was sent; none after the time-out or connection::wake(). None at once
  /// when the consumer is not open, or was cancelled, and nothing is left.
  [[nodiscard]] message receive(std::chrono::milliseconds timeout) noexcept;
  /// Asks for one message (basic.get), if none has come already. None: the queue is empty, or there
  /// was no answer in time; then the answer is what the next call gives.
  [[nodiscard]] message get(std::chrono::milliseconds timeout) noexcept;

  /// Runs `handler(received)` with the message's context as the current one, within a process span
  /// where there is a tracer, then settles the message as the options say.
  /// @par Errors   what settling returns; AMQP_STATUS_TIMEOUT where there is no message. What the
  ///               handler throws passes through: the span is a failed one.
  template <class F>
  int handle(message& received, F&& handler) {
    if (!received) return AMQP_STATUS_TIMEOUT;
    const auto fail = [this](message* thrown) { settle_failed(*thrown); };
    std::unique_ptr<message, decltype(fail)> unless_returned(&received, fail);
    {
      messaging::processing work = process(received);
      messaging::run(work, propagation(), [&] { std::forward<F>(handler)(received); });
    }
    static_cast<void>(unless_returned.release());
    return settle(received);
  }
  /// The same for a message that nobody keeps, such as what receive() gives.
  template <class F>
  int handle(message&& received, F&& handler) {
    return handle(received, std::forward<F>(handler));
  }

  /// Begins what handle() does, for a handler that finishes later or on another thread: make its
  /// context() current there, call succeed() on it, and settle() the message on the connection's
  /// thread, which connection::wake() fetches out of receive().
  [[nodiscard]] messaging::processing process(const message& received) const noexcept;
  /// Does what options().settle says with a message that was processed, unless it is settled.
  int settle(message& received) noexcept;

  /// basic.ack; with `multiple` for every message that came before it, too: those are settled then,
  /// although they do not know it themselves.
  int ack(message& received, bool multiple = false) noexcept;
  /// basic.nack, RabbitMQ's own: as reject, also for every message that came before it.
  int nack(message& received, bool requeue, bool multiple = false) noexcept;
  /// basic.reject: back to the queue, or dead-lettered where the queue says so, or dropped.
  int reject(message& received, bool requeue) noexcept;

  /// False once the channel is closed: by the broker, or with its connection.
  [[nodiscard]] bool is_open() const noexcept;
  /// Why it is not open.
  [[nodiscard]] const close_reason& reason() const noexcept;
  /// Whether the broker sends messages.
  [[nodiscard]] bool is_consuming() const noexcept;
  /// Whether the broker cancelled it: the queue was deleted, or its node is gone. It tells only
  /// clients that said that they take consumer_cancel_notify, as connection::open does.
  [[nodiscard]] bool was_cancelled() const noexcept;
  /// The channel's number; 0 when it could not be opened. For calls of your own open another one:
  /// what the broker refuses on this one closes it unnoticed.
  [[nodiscard]] amqp_channel_t channel() const noexcept;
  /// What it was made with.
  /// @{
  [[nodiscard]] std::string_view queue() const noexcept;
  [[nodiscard]] const waybill::propagation& propagation() const noexcept;
  [[nodiscard]] const consumer_options& options() const noexcept;
  /// @}

 private:
  struct state;

  void settle_failed(message& received) noexcept;

  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::rabbitmq
