#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/rabbitmq/amqp.hpp"

/// A server of AMQP 0-9-1 without a broker: tests say byte by byte what it sends, and see what the
/// client sends. It needs no thread: what a call of the client waits for is written before the
/// call.
namespace waybill_test {

/// What the server allows. A heartbeat of 0: no heartbeats.
struct server_limits {
  std::uint16_t channel_max = 2'047;
  std::uint32_t frame_bytes_max = 131'072;
  std::uint16_t heartbeat = 0;
};

/// Frames as bytes.
/// @{
std::string frame_bytes(std::uint8_t type, amqp_channel_t channel, std::string_view payload);
std::string method_bytes(amqp_channel_t channel, amqp_method_number_t id, void* decoded);
template <class Method>
std::string method_bytes(amqp_channel_t channel, amqp_method_number_t id, Method fields) {
  return method_bytes(channel, id, static_cast<void*>(&fields));
}
std::string header_bytes(amqp_channel_t channel, std::uint64_t body_bytes,
                         const amqp_basic_properties_t& properties = {});
/// Of encoded properties, flags included, which may be no good ones.
std::string raw_header_bytes(amqp_channel_t channel, std::uint64_t body_bytes,
                             std::string_view properties,
                             std::uint16_t class_id = AMQP_BASIC_CLASS);
/// A header and the body, which goes into frames of `fragment_bytes`.
std::string content_bytes(amqp_channel_t channel, std::string_view body,
                          const amqp_basic_properties_t& properties = {},
                          std::size_t fragment_bytes = 100'000);
/// basic.deliver without its content.
std::string deliver_bytes(amqp_channel_t channel, std::uint64_t tag, bool redelivered = false);
/// basic.return without its content: 312 NO_ROUTE.
std::string return_bytes(amqp_channel_t channel, std::string_view exchange,
                         std::string_view routing_key);
std::string ack_bytes(amqp_channel_t channel, std::uint64_t tag, bool multiple = false);
std::string nack_bytes(amqp_channel_t channel, std::uint64_t tag, bool multiple = false);
/// connection.start: the first words of a server.
std::string start_bytes();
/// channel.close-ok, of channel 0 connection.close-ok.
std::string close_ok_bytes(amqp_channel_t channel);
/// channel.close, of channel 0 connection.close.
std::string close_bytes(amqp_channel_t channel, std::uint16_t code, std::string_view text);
std::string blocked_bytes(std::string_view reason);
std::string unblocked_bytes();
/// @}

/// A numeral in the order of bytes of the wire.
std::string big_endian(std::uint64_t number, std::size_t bytes);

/// A frame that the client has sent.
struct client_frame {
  std::uint8_t type = 0;
  amqp_channel_t channel = 0;
  std::string payload{};
  amqp_method_t method{};  ///< Of a method frame. Lives as long as the server.

  template <class Method>
  [[nodiscard]] const Method& as() const {
    return *static_cast<const Method*>(method.decoded);
  }
};

/// The server's end of one connection.
class scripted_server {
 public:
  static constexpr std::chrono::milliseconds patience{10'000};

  /// Owns the descriptor.
  explicit scripted_server(int descriptor);
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;
  ~scripted_server();

  /// What the socket has no room for goes out with the next call.
  void send(std::string_view bytes);
  /// Sends what is left. True: nothing is.
  bool flush();
  /// connection.start, tune and open-ok: all that a login waits for.
  void send_login(const server_limits& limits = {});
  /// channel.open-ok, then confirm.select-ok if it is a publisher's with confirms.
  void send_channel(amqp_channel_t channel, bool confirms = false);
  /// basic.qos-ok and consume-ok.
  void send_consuming(amqp_channel_t channel, std::string_view tag = "consumer");
  /// The client reads all that was sent, then an end of file. What it sends fails.
  void hang_up();

  /// All that the client has sent since the last call, which reads it from the socket.
  [[nodiscard]] std::vector<client_frame> frames();
  /// Only the methods of these.
  [[nodiscard]] std::vector<amqp_method_number_t> methods();
  /// Waits for this method of a client on another thread, past all others.
  client_frame wait_for(amqp_method_number_t id);
  /// Waits until a client on another thread has hung up. Returns the methods that it sent last.
  [[nodiscard]] std::vector<amqp_method_number_t> wait_for_end();

 private:
  bool read_more();
  void parse();

  int descriptor_;
  std::string outbox_;
  std::string inbox_;
  std::vector<client_frame> parsed_;
  amqp_pool_t pool_{};
};

/// A client of rabbitmq-c's that is logged in on a server, over a socket pair.
class scripted_connection {
 public:
  explicit scripted_connection(const server_limits& limits = {});
  scripted_connection(const scripted_connection&) = delete;
  scripted_connection& operator=(const scripted_connection&) = delete;
  ~scripted_connection();

  [[nodiscard]] scripted_server& server() noexcept { return server_; }
  [[nodiscard]] amqp_connection_state_t raw() const noexcept { return raw_; }

 private:
  struct both_ends {
    int client;
    int server;
  };
  static both_ends make_pair();
  scripted_connection(both_ends ends, const server_limits& limits);

  scripted_server server_;
  amqp_connection_state_t raw_;
};

}  // namespace waybill_test
