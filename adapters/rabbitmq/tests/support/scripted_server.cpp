#include "scripted_server.hpp"

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace waybill_test {

using waybill::rabbitmq::bytes_of;

namespace {

constexpr std::string_view protocol_header{"AMQP\0\0\x09\x01", 8};
constexpr std::size_t frame_header_bytes = 7;
constexpr std::size_t method_id_bytes = 4;

std::uint64_t number_in(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (const char each : text.substr(at, bytes)) {
    number = number << 8U | static_cast<std::uint8_t>(each);
  }
  return number;
}

}  // namespace

std::string big_endian(std::uint64_t number, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[bytes - 1 - i] = static_cast<char>(number >> (8 * i));
  }
  return text;
}

std::string frame_bytes(std::uint8_t type, amqp_channel_t channel, std::string_view payload) {
  std::string frame = big_endian(type, 1) + big_endian(channel, 2) + big_endian(payload.size(), 4);
  frame += payload;
  frame += static_cast<char>(AMQP_FRAME_END);
  return frame;
}

std::string method_bytes(amqp_channel_t channel, amqp_method_number_t id, void* decoded) {
  static std::array<char, 131'072> buffer;
  const int bytes = amqp_encode_method(id, decoded, {buffer.size(), buffer.data()});
  if (bytes < 0) throw std::runtime_error("rabbitmq-c does not encode this method");
  const std::string fields(buffer.data(), static_cast<std::size_t>(bytes));
  return frame_bytes(AMQP_FRAME_METHOD, channel, big_endian(id, method_id_bytes) + fields);
}

std::string raw_header_bytes(amqp_channel_t channel, std::uint64_t body_bytes,
                             std::string_view properties, std::uint16_t class_id) {
  std::string payload = big_endian(class_id, 2) + big_endian(0, 2) + big_endian(body_bytes, 8);
  payload += properties;
  return frame_bytes(AMQP_FRAME_HEADER, channel, payload);
}

std::string header_bytes(amqp_channel_t channel, std::uint64_t body_bytes,
                         const amqp_basic_properties_t& properties) {
  static std::array<char, 131'072> buffer;
  amqp_basic_properties_t copy = properties;
  const int bytes = amqp_encode_properties(AMQP_BASIC_CLASS, &copy, {buffer.size(), buffer.data()});
  if (bytes < 0) throw std::runtime_error("rabbitmq-c does not encode these properties");
  return raw_header_bytes(channel, body_bytes, {buffer.data(), static_cast<std::size_t>(bytes)});
}

std::string content_bytes(amqp_channel_t channel, std::string_view body,
                          const amqp_basic_properties_t& properties, std::size_t fragment_bytes) {
  std::string frames = header_bytes(channel, body.size(), properties);
  while (!body.empty()) {
    const std::string_view fragment = body.substr(0, fragment_bytes);
    frames += frame_bytes(AMQP_FRAME_BODY, channel, fragment);
    body.remove_prefix(fragment.size());
  }
  return frames;
}

std::string deliver_bytes(amqp_channel_t channel, std::uint64_t tag, bool redelivered) {
  amqp_basic_deliver_t sent{};
  sent.consumer_tag = bytes_of("consumer");
  sent.delivery_tag = tag;
  sent.redelivered = redelivered ? 1 : 0;
  sent.exchange = bytes_of("exchange");
  sent.routing_key = bytes_of("key");
  return method_bytes(channel, AMQP_BASIC_DELIVER_METHOD, sent);
}

std::string return_bytes(amqp_channel_t channel, std::string_view exchange,
                         std::string_view routing_key) {
  amqp_basic_return_t sent{};
  sent.reply_code = AMQP_NO_ROUTE;
  sent.reply_text = bytes_of("NO_ROUTE");
  sent.exchange = bytes_of(exchange);
  sent.routing_key = bytes_of(routing_key);
  return method_bytes(channel, AMQP_BASIC_RETURN_METHOD, sent);
}

std::string ack_bytes(amqp_channel_t channel, std::uint64_t tag, bool multiple) {
  amqp_basic_ack_t sent{};
  sent.delivery_tag = tag;
  sent.multiple = multiple ? 1 : 0;
  return method_bytes(channel, AMQP_BASIC_ACK_METHOD, sent);
}

std::string nack_bytes(amqp_channel_t channel, std::uint64_t tag, bool multiple) {
  amqp_basic_nack_t sent{};
  sent.delivery_tag = tag;
  sent.multiple = multiple ? 1 : 0;
  return method_bytes(channel, AMQP_BASIC_NACK_METHOD, sent);
}

std::string start_bytes() {
  amqp_connection_start_t start{};
  start.version_major = AMQP_PROTOCOL_VERSION_MAJOR;
  start.version_minor = AMQP_PROTOCOL_VERSION_MINOR;
  start.mechanisms = bytes_of("PLAIN");
  start.locales = bytes_of("en_US");
  return method_bytes(0, AMQP_CONNECTION_START_METHOD, start);
}

std::string close_ok_bytes(amqp_channel_t channel) {
  return channel == 0
             ? method_bytes(0, AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t{})
             : method_bytes(channel, AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t{});
}

std::string close_bytes(amqp_channel_t channel, std::uint16_t code, std::string_view text) {
  if (channel == 0) {
    amqp_connection_close_t close{};
    close.reply_code = code;
    close.reply_text = bytes_of(text);
    return method_bytes(0, AMQP_CONNECTION_CLOSE_METHOD, close);
  }
  amqp_channel_close_t close{};
  close.reply_code = code;
  close.reply_text = bytes_of(text);
  return method_bytes(channel, AMQP_CHANNEL_CLOSE_METHOD, close);
}

std::string blocked_bytes(std::string_view reason) {
  amqp_connection_blocked_t blocked{};
  blocked.reason = bytes_of(reason);
  return method_bytes(0, AMQP_CONNECTION_BLOCKED_METHOD, blocked);
}

std::string unblocked_bytes() {
  return method_bytes(0, AMQP_CONNECTION_UNBLOCKED_METHOD, amqp_connection_unblocked_t{});
}

scripted_server::scripted_server(int descriptor) : descriptor_(descriptor) {
  init_amqp_pool(&pool_, 4'096);
}

scripted_server::~scripted_server() {
  hang_up();
  empty_amqp_pool(&pool_);
}

void scripted_server::send(std::string_view bytes) {
  outbox_ += bytes;
  flush();
}

bool scripted_server::flush() {
  while (!outbox_.empty() && descriptor_ >= 0) {
    const auto sent =
        ::send(descriptor_, outbox_.data(), outbox_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    outbox_.erase(0, static_cast<std::size_t>(sent));
  }
  return outbox_.empty();
}

void scripted_server::send_login(const server_limits& limits) {
  amqp_connection_tune_t tune{};
  tune.channel_max = limits.channel_max;
  tune.frame_max = limits.frame_bytes_max;
  tune.heartbeat = limits.heartbeat;
  send(start_bytes() + method_bytes(0, AMQP_CONNECTION_TUNE_METHOD, tune) +
       method_bytes(0, AMQP_CONNECTION_OPEN_OK_METHOD, amqp_connection_open_ok_t{}));
}

void scripted_server::send_channel(amqp_channel_t channel, bool confirms) {
  send(method_bytes(channel, AMQP_CHANNEL_OPEN_OK_METHOD, amqp_channel_open_ok_t{}));
  if (!confirms) return;
  send(method_bytes(channel, AMQP_CONFIRM_SELECT_OK_METHOD, amqp_confirm_select_ok_t{}));
}

void scripted_server::send_consuming(amqp_channel_t channel, std::string_view tag) {
  amqp_basic_consume_ok_t started{};
  started.consumer_tag = bytes_of(tag);
  send(method_bytes(channel, AMQP_BASIC_QOS_OK_METHOD, amqp_basic_qos_ok_t{}) +
       method_bytes(channel, AMQP_BASIC_CONSUME_OK_METHOD, started));
}

void scripted_server::hang_up() {
  if (descriptor_ < 0) return;
  // A close with bytes that were not read would take back what was sent.
  while (read_more()) {
  }
  close(std::exchange(descriptor_, -1));
}

bool scripted_server::read_more() {
  if (descriptor_ < 0) return false;
  std::array<char, 65'536> bytes;
  const auto got = recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got <= 0) return false;
  inbox_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

void scripted_server::parse() {
  if (inbox_.starts_with("AMQP")) inbox_.erase(0, protocol_header.size());
  std::size_t at = 0;
  while (inbox_.size() - at > frame_header_bytes) {
    const std::string_view rest = std::string_view(inbox_).substr(at);
    const std::size_t size = number_in(rest, 3, 4);
    if (rest.size() <= frame_header_bytes + size) break;
    client_frame& frame = parsed_.emplace_back();
    frame.type = static_cast<std::uint8_t>(number_in(rest, 0, 1));
    frame.channel = static_cast<amqp_channel_t>(number_in(rest, 1, 2));
    frame.payload = rest.substr(frame_header_bytes, size);
    at += frame_header_bytes + size + 1;
    if (frame.type != AMQP_FRAME_METHOD) continue;
    frame.method.id = static_cast<amqp_method_number_t>(number_in(frame.payload, 0, 4));
    const std::size_t fields = size - method_id_bytes;
    void* const kept = amqp_pool_alloc(&pool_, fields + 1);
    std::copy_n(frame.payload.data() + method_id_bytes, fields, static_cast<char*>(kept));
    if (amqp_decode_method(frame.method.id, &pool_, {fields, kept}, &frame.method.decoded) < 0) {
      throw std::runtime_error("the client has sent a method that cannot be decoded");
    }
  }
  inbox_.erase(0, at);
}

std::vector<client_frame> scripted_server::frames() {
  flush();
  while (read_more()) {
  }
  parse();
  return std::exchange(parsed_, {});
}

std::vector<amqp_method_number_t> scripted_server::methods() {
  std::vector<amqp_method_number_t> ids;
  for (const client_frame& each : frames()) {
    if (each.type == AMQP_FRAME_METHOD) ids.push_back(each.method.id);
  }
  return ids;
}

client_frame scripted_server::wait_for(amqp_method_number_t id) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  do {
    parse();
    const auto found = std::find_if(parsed_.begin(), parsed_.end(), [&](const client_frame& each) {
      return each.type == AMQP_FRAME_METHOD && each.method.id == id;
    });
    if (found != parsed_.end()) {
      client_frame frame = std::move(*found);
      parsed_.erase(parsed_.begin(), std::next(found));
      return frame;
    }
    pollfd watched{descriptor_, POLLIN, 0};
    if (poll(&watched, 1, 100) > 0 && !read_more()) break;
  } while (std::chrono::steady_clock::now() < deadline);
  throw std::runtime_error("the client has not sent what the server waits for");
}

std::vector<amqp_method_number_t> scripted_server::wait_for_end() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  do {
    pollfd watched{descriptor_, POLLIN, 0};
    if (poll(&watched, 1, 100) > 0 && !read_more()) return methods();
  } while (std::chrono::steady_clock::now() < deadline);
  throw std::runtime_error("the client has not hung up");
}

scripted_connection::both_ends scripted_connection::make_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error("there is no socket pair");
  }
  // rabbitmq-c sets this on sockets that it opens itself, and polls.
  fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK);
  return {ends[0], ends[1]};
}

scripted_connection::scripted_connection(const server_limits& limits)
    : scripted_connection(make_pair(), limits) {}

scripted_connection::scripted_connection(both_ends ends, const server_limits& limits)
    : server_(ends.server), raw_(amqp_new_connection()) {
  amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(raw_), ends.client);
  const timeval patience{
      std::chrono::duration_cast<std::chrono::seconds>(scripted_server::patience).count(), 0};
  amqp_set_rpc_timeout(raw_, &patience);
  server_.send_login(limits);
  const amqp_rpc_reply_t reply =
      amqp_login(raw_, "/", 0, static_cast<int>(limits.frame_bytes_max), limits.heartbeat,
                 AMQP_SASL_METHOD_PLAIN, "guest", "guest");
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error("no login");
  static_cast<void>(server_.frames());
}

scripted_connection::~scripted_connection() { amqp_destroy_connection(raw_); }

}  // namespace waybill_test
