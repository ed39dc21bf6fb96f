#pragma once

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace waybill_test {

/// Where a broker listens for AMQP 0-9-1.
struct amqp_address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
};

/// Whether something listens on a port of 127.0.0.1.
bool accepts_connections(std::uint16_t port);
/// Whether a broker answers whose cluster_name is this one.
bool answers_amqp(const amqp_address& address, std::string_view cluster_name);

struct amqp_closer {
  void operator()(amqp_connection_state_t state) const noexcept { amqp_destroy_connection(state); }
};
using unique_amqp = std::unique_ptr<amqp_connection_state_t_, amqp_closer>;

struct amqp_tuning {
  int frame_max = 131072;
  int heartbeat_seconds = 0;
};

/// A connection that is logged in as guest, without any channel.
/// @par Errors Throws std::runtime_error.
unique_amqp open_amqp(const amqp_address& address, const amqp_tuning& tuning = {});

/// Throws std::runtime_error unless a call of rabbitmq-c succeeded.
void require(const amqp_rpc_reply_t& reply, const std::string& what);

/// A queue's or a message's named values.
using amqp_arguments = std::map<std::string, std::variant<std::int64_t, std::string>>;

/// A message that basic.get took, with rabbitmq-c alone.
class bare_amqp_message {
 public:
  explicit bare_amqp_message(const amqp_message_t& owned) : message_(owned) {}
  bare_amqp_message(bare_amqp_message&& other) noexcept : message_(other.message_) {
    other.message_ = {};
  }
  bare_amqp_message& operator=(bare_amqp_message&&) = delete;
  ~bare_amqp_message();

  [[nodiscard]] std::string body() const;
  [[nodiscard]] const amqp_basic_properties_t& properties() const { return message_.properties; }
  /// The values of all headers of this name that are long strings.
  [[nodiscard]] std::map<std::string, std::string> text_headers() const;
  /// How many headers have this name in any spelling.
  [[nodiscard]] std::size_t count(std::string_view name) const;

  bool redelivered = false;
  std::uint64_t delivery_tag = 0;
  std::string exchange;
  std::string routing_key;

 private:
  amqp_message_t message_;
};

/// What rabbitmq-c does without waybill, on one channel of a connection of its own.
/// @par Errors  All throw std::runtime_error when the broker refuses, or is not there.
class bare_amqp {
 public:
  explicit bare_amqp(const amqp_address& address, const amqp_tuning& tuning = {});

  void declare_queue(const std::string& name, const amqp_arguments& arguments = {},
                     bool is_durable = true);
  /// Declares a durable queue that the broker still has when it is killed at once. RabbitMQ 3.10
  /// may not have written the last thing that it was told: of queues declared right before it had
  /// forgotten 2 of 44, and none of 180 after which another one was declared.
  void declare_queue_to_last(const std::string& name);
  void delete_queue(const std::string& name);
  std::uint64_t messages_in(const std::string& name);
  void declare_exchange(const std::string& name, const std::string& type);
  void bind(const std::string& queue, const std::string& exchange, const std::string& routing_key,
            const amqp_arguments& arguments = {});
  void unbind(const std::string& queue, const std::string& exchange,
              const std::string& routing_key);
  void publish(const std::string& exchange, const std::string& routing_key, std::string_view body,
               const amqp_basic_properties_t* properties = nullptr);
  /// Nothing when the queue is empty.
  std::optional<bare_amqp_message> get(const std::string& queue, bool acknowledges = true);
  void reject(const bare_amqp_message& message, bool requeue);

 private:
  unique_amqp state_;
};

/// A name that no other queue or exchange has.
std::string unique_queue(const std::string& prefix);

}  // namespace waybill_test
