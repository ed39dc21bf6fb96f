#include "bare_amqp.hpp"

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <stdexcept>
#include <vector>

#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

constexpr amqp_channel_t channel = 1;
constexpr timeval patience{10, 0};

amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

std::string text_of(const amqp_bytes_t& bytes) {
  return bytes.bytes == nullptr ? std::string()
                                : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
}

/// The socket of `state`, connected; -1 when nobody listens.
int connect_socket(amqp_connection_state_t state, const amqp_address& address) {
  amqp_socket_t* socket = amqp_tcp_socket_new(state);
  if (socket == nullptr) return AMQP_STATUS_NO_MEMORY;
  timeval wait = patience;
  return amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &wait);
}

amqp_rpc_reply_t log_in(amqp_connection_state_t state, const amqp_tuning& tuning) {
  timeval wait = patience;
  amqp_set_handshake_timeout(state, &wait);
  return amqp_login(state, "/", 0, tuning.frame_max, tuning.heartbeat_seconds,
                    AMQP_SASL_METHOD_PLAIN, "guest", "guest");
}

/// A table that borrows names and texts.
class argument_table {
 public:
  explicit argument_table(const amqp_arguments& arguments) {
    for (const auto& [name, value] : arguments) {
      amqp_table_entry_t entry{};
      entry.key = bytes_of(name);
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        entry.value.kind = AMQP_FIELD_KIND_I64;
        entry.value.value.i64 = *number;
      } else {
        entry.value.kind = AMQP_FIELD_KIND_UTF8;
        entry.value.value.bytes = bytes_of(std::get<std::string>(value));
      }
      entries_.push_back(entry);
    }
  }
  [[nodiscard]] amqp_table_t table() {
    return {static_cast<int>(entries_.size()), entries_.data()};
  }

 private:
  std::vector<amqp_table_entry_t> entries_;
};

std::string describe(const amqp_rpc_reply_t& reply) {
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
    return amqp_error_string2(reply.library_error);
  }
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) return "no reply";
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    return text_of(static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_text);
  }
  return text_of(static_cast<const amqp_connection_close_t*>(reply.reply.decoded)->reply_text);
}

}  // namespace

bool accepts_connections(std::uint16_t port) {
  const unique_descriptor descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return ::connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
         0;
}

bool answers_amqp(const amqp_address& address, std::string_view cluster_name) {
  const unique_amqp state(amqp_new_connection());
  if (connect_socket(state.get(), address) != AMQP_STATUS_OK) return false;
  if (log_in(state.get(), {}).reply_type != AMQP_RESPONSE_NORMAL) return false;
  const amqp_table_t* known = amqp_get_server_properties(state.get());
  bool is_that_one = false;
  for (int i = 0; i < known->num_entries; ++i) {
    const amqp_table_entry_t& entry = known->entries[i];
    is_that_one = is_that_one || (text_of(entry.key) == "cluster_name" &&
                                  text_of(entry.value.value.bytes) == cluster_name);
  }
  amqp_connection_close(state.get(), AMQP_REPLY_SUCCESS);
  return is_that_one;
}

void require(const amqp_rpc_reply_t& reply, const std::string& what) {
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    throw std::runtime_error(what + ": " + describe(reply));
  }
}

unique_amqp open_amqp(const amqp_address& address, const amqp_tuning& tuning) {
  unique_amqp state(amqp_new_connection());
  const int status = connect_socket(state.get(), address);
  if (status != AMQP_STATUS_OK) {
    throw std::runtime_error(std::string("connecting: ") + amqp_error_string2(status));
  }
  require(log_in(state.get(), tuning), "logging in");
  return state;
}

bare_amqp_message::~bare_amqp_message() { amqp_destroy_message(&message_); }

std::string bare_amqp_message::body() const { return text_of(message_.body); }

std::map<std::string, std::string> bare_amqp_message::text_headers() const {
  std::map<std::string, std::string> found;
  const amqp_table_t& headers = message_.properties.headers;
  for (int i = 0; i < headers.num_entries; ++i) {
    const amqp_table_entry_t& entry = headers.entries[i];
    if (entry.value.kind != AMQP_FIELD_KIND_UTF8) continue;
    found[text_of(entry.key)] = text_of(entry.value.value.bytes);
  }
  return found;
}

std::size_t bare_amqp_message::count(std::string_view name) const {
  const auto is_same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  std::size_t found = 0;
  const amqp_table_t& headers = message_.properties.headers;
  for (int i = 0; i < headers.num_entries; ++i) {
    const std::string key = text_of(headers.entries[i].key);
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), is_same)) ++found;
  }
  return found;
}

bare_amqp::bare_amqp(const amqp_address& address, const amqp_tuning& tuning)
    : state_(open_amqp(address, tuning)) {
  amqp_channel_open(state_.get(), channel);
  require(amqp_get_rpc_reply(state_.get()), "opening a channel");
  amqp_confirm_select(state_.get(), channel);
  require(amqp_get_rpc_reply(state_.get()), "asking for confirms");
}

void bare_amqp::declare_queue(const std::string& name, const amqp_arguments& arguments,
                              bool is_durable) {
  amqp_queue_declare(state_.get(), channel, bytes_of(name), 0, is_durable ? 1 : 0, 0, 0,
                     argument_table(arguments).table());
  require(amqp_get_rpc_reply(state_.get()), "declaring queue " + name);
}

void bare_amqp::declare_queue_to_last(const std::string& name) {
  declare_queue(name);
  declare_queue(unique_queue("after"));
}

void bare_amqp::delete_queue(const std::string& name) {
  amqp_queue_delete(state_.get(), channel, bytes_of(name), 0, 0);
  require(amqp_get_rpc_reply(state_.get()), "deleting queue " + name);
}

std::uint64_t bare_amqp::messages_in(const std::string& name) {
  const auto* answer =
      amqp_queue_declare(state_.get(), channel, bytes_of(name), 1, 0, 0, 0, amqp_empty_table);
  require(amqp_get_rpc_reply(state_.get()), "looking at queue " + name);
  return answer->message_count;
}

void bare_amqp::declare_exchange(const std::string& name, const std::string& type) {
  amqp_exchange_declare(state_.get(), channel, bytes_of(name), bytes_of(type), 0, 0, 0, 0,
                        amqp_empty_table);
  require(amqp_get_rpc_reply(state_.get()), "declaring exchange " + name);
}

void bare_amqp::bind(const std::string& queue, const std::string& exchange,
                     const std::string& routing_key, const amqp_arguments& arguments) {
  amqp_queue_bind(state_.get(), channel, bytes_of(queue), bytes_of(exchange), bytes_of(routing_key),
                  argument_table(arguments).table());
  require(amqp_get_rpc_reply(state_.get()), "binding " + queue);
}

void bare_amqp::unbind(const std::string& queue, const std::string& exchange,
                       const std::string& routing_key) {
  amqp_queue_unbind(state_.get(), channel, bytes_of(queue), bytes_of(exchange),
                    bytes_of(routing_key), amqp_empty_table);
  require(amqp_get_rpc_reply(state_.get()), "unbinding " + queue);
}

void bare_amqp::publish(const std::string& exchange, const std::string& routing_key,
                        std::string_view body, const amqp_basic_properties_t* properties) {
  const int status = amqp_basic_publish(state_.get(), channel, bytes_of(exchange),
                                        bytes_of(routing_key), 0, 0, properties, bytes_of(body));
  if (status != AMQP_STATUS_OK) throw std::runtime_error(amqp_error_string2(status));
  // Nothing else is on its way to this channel.
  amqp_frame_t frame{};
  timeval wait = patience;
  const int answer = amqp_simple_wait_frame_noblock(state_.get(), &frame, &wait);
  const bool is_confirmed = answer == AMQP_STATUS_OK && frame.frame_type == AMQP_FRAME_METHOD &&
                            frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
  if (!is_confirmed) throw std::runtime_error("publishing to " + routing_key + ": no confirm");
}

std::optional<bare_amqp_message> bare_amqp::get(const std::string& queue, bool acknowledges) {
  const amqp_rpc_reply_t reply =
      amqp_basic_get(state_.get(), channel, bytes_of(queue), acknowledges ? 1 : 0);
  require(reply, "getting from " + queue);
  if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD) return std::nullopt;
  const auto& taken = *static_cast<const amqp_basic_get_ok_t*>(reply.reply.decoded);
  const std::string exchange = text_of(taken.exchange);
  const std::string routing_key = text_of(taken.routing_key);
  const std::uint64_t tag = taken.delivery_tag;
  const bool redelivered = taken.redelivered != 0;
  amqp_message_t message{};
  require(amqp_read_message(state_.get(), channel, &message, 0), "reading from " + queue);
  bare_amqp_message got(message);
  got.redelivered = redelivered;
  got.delivery_tag = tag;
  got.exchange = exchange;
  got.routing_key = routing_key;
  return got;
}

void bare_amqp::reject(const bare_amqp_message& message, bool requeue) {
  amqp_basic_reject(state_.get(), channel, message.delivery_tag, requeue ? 1 : 0);
}

std::string unique_queue(const std::string& prefix) {
  static constexpr std::string_view digits = "0123456789abcdef";
  constexpr int digit_count = 16;
  std::random_device source;
  std::uniform_int_distribution<std::size_t> any(0, digits.size() - 1);
  std::string name = prefix + "-";
  for (int i = 0; i < digit_count; ++i) name += digits[any(source)];
  return name;
}

}  // namespace waybill_test
