#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "waybill/config.hpp"
#include "waybill/diagnostics.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

namespace detail {
class connection_state;
}

/// Why a connection or a channel is not open, or no longer.
struct close_reason {
  int status = AMQP_STATUS_OK;   ///< rabbitmq-c's error where it was none of the broker's doing.
  std::uint16_t reply_code = 0;  ///< The broker's: 404, 406, 320, ...; 0 where it said nothing.
  std::string reply_text{};      ///< What the broker said.
};

/// Where open() connects to, and how.
struct connection_parameters {
  std::string host = "127.0.0.1";                     ///< A name or an address.
  int port = AMQP_PROTOCOL_PORT;                      ///< Of AMQP without TLS.
  std::string virtual_host = "/";                     ///< RabbitMQ's vhost.
  std::string user = "guest";                         ///< SASL PLAIN.
  std::string password = "guest";                     ///< SASL PLAIN.
  int frame_bytes_max = AMQP_DEFAULT_FRAME_SIZE;      ///< The broker may ask for less.
  std::chrono::seconds heartbeat{60};                 ///< 0: none.
  std::chrono::milliseconds connect_timeout{10'000};  ///< For the socket and for logging in.
  /// For calls that wait for the broker's answer: to open a channel, to start and cancel a
  /// consumer, to close the connection. Without an answer in time the connection is lost, with
  /// AMQP_STATUS_TIMEOUT. 0: as long as the heartbeats last.
  std::chrono::milliseconds answer_timeout{60'000};
};

/// What a connection does with what is none of its publishers' and consumers'.
struct connection_options {
  /// Called with every frame of a channel that no publisher or consumer owns, such as one that the
  /// application opened itself; a content's header and body come as frames too. Empty: dropped.
  /// What it throws is dropped and counted, as errc::listener_failed.
  std::function<void(const amqp_frame_t&)> on_other_frame{};
  /// Who counts that; null: nobody.
  std::shared_ptr<waybill::diagnostics> diagnostics = std::make_shared<waybill::diagnostics>();
};

/// One AMQP connection and the pump of its frames: what the broker sends (deliveries, returns,
/// confirms, closed channels) is read in one place and goes to the publishers and consumers that
/// were made on this connection. Each of them has a channel of its own.
/// Do not wait for frames of such a connection yourself (amqp_consume_message,
/// amqp_simple_wait_frame). Calls that ask and wait for their answer, such as amqp_queue_declare on
/// a channel of your own, keep what belongs to others for the pump. What rabbitmq-c answers points
/// into its buffers, which the pump releases.
/// @par Threads    one at a time for the connection and all that was made on it.
/// @par Lifetime   may go before its publishers and consumers: those are closed then.
/// @par Errors     never throws after construction, but for bad_alloc of open().
class WAYBILL_API connection {
 public:
  /// Borrows a connection that is logged in. How long calls wait for their answer is set on it by
  /// amqp_set_rpc_timeout. It outlives this; afterwards it is good for nothing
  /// but to be closed, for channels are left open on it.
  explicit connection(amqp_connection_state_t borrowed, connection_options options = {});
  /// Connects and logs in, without TLS. Says that it takes consumer_cancel_notify, without which
  /// the broker does not tell a consumer that its queue is gone.
  /// @par Errors   the connection is not open, and reason() says why.
  [[nodiscard]] static connection open(const connection_parameters& where,
                                       connection_options options = {});
  /// Leaves a connection that is not open behind.
  /// @{
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  /// @}
  /// Closes what open() opened.
  ~connection();

  /// Waits for the first frame, then takes what is there. Call it often enough for heartbeats, and
  /// for the answers to what was published. A message whose first frame is there is read to its
  /// end, however long that takes.
  /// @par Output   AMQP_STATUS_OK: something came. AMQP_STATUS_TIMEOUT: nothing did. Else the
  ///               connection is lost: everything in flight is unanswered by then.
  int pump(std::chrono::milliseconds timeout) noexcept;

  /// False once the connection failed, or was closed by the broker.
  [[nodiscard]] bool is_open() const noexcept;
  /// Why it is not open.
  [[nodiscard]] const close_reason& reason() const noexcept;
  /// rabbitmq-c's own; null when open() failed.
  [[nodiscard]] amqp_connection_state_t raw() const noexcept;

 private:
  friend class publisher;
  friend class consumer;
  explicit connection(std::shared_ptr<detail::connection_state> state) noexcept;

  std::shared_ptr<detail::connection_state> state_;
};

}  // namespace waybill::inline v0::rabbitmq
