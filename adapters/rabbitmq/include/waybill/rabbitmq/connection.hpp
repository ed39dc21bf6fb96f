#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/diagnostics.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

namespace detail {
class channel;
class connection_state;
}  // namespace detail

/// Why a connection or a channel is not open, or no longer.
struct close_reason {
  /// rabbitmq-c's error; AMQP_STATUS_CONNECTION_CLOSED where the broker closed it.
  int status = AMQP_STATUS_OK;
  std::uint16_t reply_code = 0;  ///< The broker's: 404, 406, 320, ...; 0: it did not say.
  std::string reply_text{};      ///< The broker's words, else rabbitmq-c's words for `status`.
};

/// How to trust the broker, and to be trusted, over TLS. Files are in PEM format.
struct tls_parameters {
  bool verifies_server = true;  ///< Its certificate, and that it is for the host.
  /// Who may have signed the broker's certificate. Debian's bundle of authorities.
  std::string ca_file = "/etc/ssl/certs/ca-certificates.crt";
  std::string certificate_file{};  ///< The client's own; empty: none.
  std::string key_file{};          ///< The key of that certificate.
};

/// Where open() connects to, and how.
struct connection_parameters {
  std::string host = "127.0.0.1";                 ///< A name or an address.
  int port = AMQP_PROTOCOL_PORT;                  ///< With TLS usually 5671.
  std::string virtual_host = "/";                 ///< RabbitMQ's vhost.
  std::string user = "guest";                     ///< SASL PLAIN.
  std::string password = "guest";                 ///< SASL PLAIN.
  int frame_bytes_max = AMQP_DEFAULT_FRAME_SIZE;  ///< The broker may ask for less.
  std::chrono::seconds heartbeat{60};             ///< 0: none.
  /// For the socket with TLS's handshake, and once more for logging in.
  std::chrono::milliseconds connect_timeout{10'000};
  /// For calls that wait for the broker's answer: to open a channel, to start and cancel a
  /// consumer, to close the connection. Without an answer in time the connection is lost, with
  /// AMQP_STATUS_TIMEOUT. 0: as long as the heartbeats last.
  std::chrono::milliseconds answer_timeout{60'000};
  /// Connects over TLS. AMQP_STATUS_SSL_ERROR where rabbitmq-c was built without OpenSSL.
  std::optional<tls_parameters> tls{};

  /// Of a URL `amqp://user:password@host:port/vhost`, or amqps:// for TLS, whose parts but the host
  /// may be left out. Reserved characters in them are percent-encoded.
  /// @par Errors   nullopt: it is no such URL.
  [[nodiscard]] static WAYBILL_API std::optional<connection_parameters> from_url(
      std::string_view url);
};

/// What a connection does with the frames that are not for its publishers and consumers. The
/// functions are called within the pump, and in calls that wait for an answer, and may be empty.
/// They may publish, but not pump, nor destroy what is made on the connection, or itself. An
/// exception of theirs is dropped and counted as errc::listener_failed.
struct connection_options {
  /// Called with every frame of a channel that no publisher or consumer uses, such as one that the
  /// application opened itself, and of channel 0, except for connection.close. The header and the
  /// body of a content come as frames too.
  std::function<void(const amqp_frame_t&)> on_other_frame{};
  /// The broker accepts no more messages for want of memory or disk, and says why. Valid during the
  /// call. It tells clients with the capability connection.blocked: what open() makes, and borrowed
  /// connections whose login announced it.
  std::function<void(std::string_view)> on_blocked{};
  /// It accepts messages again.
  std::function<void()> on_unblocked{};
  /// Who counts that; null: nobody.
  std::shared_ptr<waybill::diagnostics> diagnostics = std::make_shared<waybill::diagnostics>();
};

/// One AMQP connection and the pump of its frames: what the broker sends (deliveries, returns,
/// confirms, closed channels) is read in one place and goes to the publishers and consumers that
/// were made on this connection. Each of them has a channel of its own, unless it is made to share
/// another one's.
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
  /// Connects and logs in. Announces consumer_cancel_notify, without which the broker does not tell
  /// a consumer that its queue is gone, and connection.blocked.
  /// @par Errors   the connection is not open, and reason() says why.
  /// @{
  [[nodiscard]] static connection open(const connection_parameters& where,
                                       connection_options options = {});
  [[nodiscard]] static connection open_url(std::string_view url, connection_options options = {});
  /// @}
  /// Leaves a connection that is not open behind.
  /// @{
  connection(connection&&) noexcept = default;
  connection& operator=(connection&&) noexcept;
  /// @}
  /// Closes what open() opened.
  ~connection();

  /// Waits for the first frame, then takes what is there. Call it often enough for heartbeats, and
  /// for the outcomes of published messages.
  /// @par Output   AMQP_STATUS_OK: something came. AMQP_STATUS_TIMEOUT: nothing did, or wake() was
  ///               called. Else the connection is lost: everything in flight is unanswered by then.
  int pump(std::chrono::milliseconds timeout) noexcept;
  /// Makes the pump() or consumer::receive() that waits return early, or else the next one that
  /// would wait: for a thread that has finished a message, which has to be acknowledged on the
  /// connection's thread.
  /// @par Threads   any, while the connection lives and is not moved.
  void wake() const noexcept;

  /// Whether the broker accepts no messages at the moment: see connection_options::on_blocked.
  [[nodiscard]] bool is_blocked() const noexcept;
  /// False once the connection failed, or was closed by the broker.
  [[nodiscard]] bool is_open() const noexcept;
  /// Why it is not open.
  [[nodiscard]] const close_reason& reason() const noexcept;
  /// rabbitmq-c's own; null after open_url() with an invalid URL, and without memory for one.
  [[nodiscard]] amqp_connection_state_t raw() const noexcept;

 private:
  friend class publisher;
  friend class consumer;
  explicit connection(std::shared_ptr<detail::connection_state> state) noexcept;

  std::shared_ptr<detail::connection_state> state_;
};

}  // namespace waybill::inline v0::rabbitmq
