#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "waybill/messaging/sending.hpp"
#include "waybill/propagation.hpp"
#include "waybill/rabbitmq/amqp.hpp"
#include "waybill/rabbitmq/connection.hpp"

namespace waybill::inline v0::rabbitmq {

/// One message to publish: what amqp_basic_publish takes, borrowed for the call.
struct publication {
  std::string_view exchange{};     ///< Empty: the default exchange, which takes a queue's name.
  std::string_view routing_key{};  ///< At most 255 bytes, as the exchange's name.
  std::string_view payload{};      ///< Any bytes.
  /// Null: none. Neither they nor their tables are changed. Those of a received message may be
  /// passed on: its context is taken off, and counts of the broker's that are copied do not make a
  /// first delivery look like a later one.
  const amqp_basic_properties_t* properties = nullptr;
  bool mandatory = false;  ///< Comes back when no queue takes it: its outcome is failed.
};

/// What became of a message that was published.
struct delivery_report {
  /// succeeded: basic.ack. failed: basic.nack, or it was returned. unanswered: the channel or the
  /// connection was closed first. unknown: too many were in flight.
  outcome_state outcome = outcome_state::unknown;
  std::uint16_t reply_code = 0;   ///< Of a return (312 NO_ROUTE) or of a close; 0: none.
  std::string_view reply_text{};  ///< The broker's words for it. Valid during the call.
  span_context sent{};            ///< What the message carried.
  /// Counts the channel's publications from 1; 0 of a message returned without confirms.
  std::uint64_t delivery_tag = 0;
  void* user_data = nullptr;  ///< send_options::user_data.
  /// What was returned, context included; otherwise null. Valid during the call.
  const amqp_message_t* returned = nullptr;
};

/// Called once for each message that publish() accepted: within the pump, in the call that closes
/// the channel, or, for a message that was given up, in publish(). It may publish, but not pump,
/// nor destroy the publisher or the connection. It may throw: the exception is dropped and counted
/// as listener_failed.
using delivery_listener = std::function<void(const delivery_report&)>;

/// What a publisher does with every message.
struct publisher_options {
  inject_mode mode = inject_mode::automatic;  ///< For messages that say automatic.
  /// Asks for confirms (confirm.select). Without them no outcome is known: spans end when the
  /// message is handed over, as unknown, and the listener is called for returned messages alone.
  bool confirms = true;
  /// Messages whose outcome is awaited. Beyond it the oldest one is given up: it is reported as
  /// unknown and counted as given_up.
  std::size_t in_flight_max = 1'000'000;
};

/// Publishes messages with the current context in their headers, and learns what became of them.
/// Owns a channel of the connection.
/// @par Lifetime   messages in flight when the publisher or its connection goes, whichever is
///                 first, are reported as unanswered. To have their outcomes: wait_for_confirms().
/// @par Threads    the connection's one.
/// @par Errors     never throws after construction.
class WAYBILL_API publisher {
 public:
  /// Opens its channel, and waits for that.
  /// @par Errors   the publisher is not open, and reason() says why.
  /// `on_delivery_report` may be empty.
  publisher(connection& on, waybill::propagation settings,
            delivery_listener on_delivery_report = {}, publisher_options options = {});
  ~publisher();
  publisher(const publisher&) = delete;
  publisher& operator=(const publisher&) = delete;

  /// Sends one message, and does not wait for its outcome. Fields that do not fit into the
  /// connection's frame_max are left out: baggage first, then tracestate, then traceparent.
  /// @par Output   AMQP_STATUS_OK: accepted; delivery_tag() is its number. An error: there will be
  ///               no outcome. AMQP_STATUS_TABLE_TOO_BIG (the headers are too large without our
  ///               fields, or rabbitmq-c cannot encode them, such as a name of more than 255
  ///               bytes), AMQP_STATUS_BAD_AMQP_DATA (a property of more than 255 bytes),
  ///               AMQP_STATUS_INVALID_PARAMETER (so for exchange and routing key) and
  ///               AMQP_STATUS_NO_MEMORY (to measure tables nested deeper than 64): nothing was
  ///               sent. AMQP_STATUS_CONNECTION_CLOSED: the publisher is not open. Else the
  ///               connection is lost.
  [[nodiscard]] int publish(const publication& message, const send_options& options = {}) noexcept;
  /// The number of the message that was accepted last.
  [[nodiscard]] std::uint64_t delivery_tag() const noexcept;

  /// Pumps until every message has its outcome.
  /// @par Output   AMQP_STATUS_OK: they have, whatever it is. AMQP_STATUS_TIMEOUT: not all of
  ///               them. Else the channel or the connection was closed: unanswered is an outcome.
  int wait_for_confirms(std::chrono::milliseconds timeout) noexcept;
  /// Messages that have no outcome yet; 0 without confirms.
  [[nodiscard]] std::size_t in_flight() const noexcept;

  /// False once the channel is closed: by the broker, or with its connection.
  [[nodiscard]] bool is_open() const noexcept;
  /// Why it is not open.
  [[nodiscard]] const close_reason& reason() const noexcept;
  /// The channel's number; 0 when it could not be opened. For calls of your own open another one:
  /// what the broker refuses on this one closes it unnoticed.
  [[nodiscard]] amqp_channel_t channel() const noexcept;
  /// What it was made with.
  [[nodiscard]] const waybill::propagation& propagation() const noexcept;

 private:
  friend class consumer;
  struct state;
  [[nodiscard]] std::shared_ptr<detail::channel> shared_channel() const noexcept;

  std::unique_ptr<state> state_;
};

}  // namespace waybill::inline v0::rabbitmq
