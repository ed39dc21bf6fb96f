#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "waybill/rabbitmq/connection.hpp"

namespace waybill::inline v0::rabbitmq::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// Whoever owns a channel: what the pump calls.
class channel_owner {
 public:
  channel_owner() = default;
  channel_owner(const channel_owner&) = delete;
  channel_owner& operator=(const channel_owner&) = delete;
  virtual ~channel_owner() = default;

  /// A method without content. What it points to is valid during the call.
  virtual void on_method(const amqp_method_t& method) noexcept = 0;
  /// A method with content, which is the owner's from now on: amqp_destroy_message.
  virtual void on_content(const amqp_method_t& method, const amqp_message_t& owned) noexcept = 0;
  /// The channel or its connection is closed. Called once; nothing else is called afterwards.
  virtual void on_closed(const close_reason& reason) noexcept = 0;
};

/// What a connection and all that was made on it share.
class connection_state {
 public:
  connection_state(amqp_connection_state_t raw, bool is_owned, connection_options options);
  connection_state(const connection_state&) = delete;
  connection_state& operator=(const connection_state&) = delete;
  ~connection_state();

  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] const close_reason& reason() const noexcept { return reason_; }
  [[nodiscard]] amqp_connection_state_t raw() const noexcept { return raw_; }
  [[nodiscard]] std::size_t frame_bytes_max() const noexcept { return frame_bytes_max_; }

  /// Opens a channel that nobody uses; 0 where there is none, with `why` saying why.
  [[nodiscard]] amqp_channel_t open_channel(channel_owner& owner, close_reason& why);
  /// Closes it without waiting for the answer: its number is free again when that has come.
  void close_channel(amqp_channel_t channel) noexcept;
  /// What became of a call that waits for its answer on this channel. Where the broker closed the
  /// channel or the connection instead, on_closed() has been called.
  int finish_call(amqp_channel_t channel, const amqp_rpc_reply_t& reply) noexcept;

  /// One frame, with the content that follows it: AMQP_STATUS_OK or _TIMEOUT, or it is lost.
  int pump_frame(std::chrono::milliseconds timeout) noexcept;
  /// The connection is of no use any more: tells every owner, once.
  void lose(close_reason reason) noexcept;
  /// Lets go of rabbitmq-c's connection, which its owner may destroy next.
  void detach() noexcept;

 private:
  void route(const amqp_frame_t& frame) noexcept;
  void route_content(channel_owner& owner, amqp_channel_t channel,
                     const amqp_method_t& method) noexcept;
  void take_method_of_connection(const amqp_method_t& method) noexcept;
  void take_channel_close(amqp_channel_t channel, const amqp_method_t& method) noexcept;
  [[nodiscard]] amqp_channel_t unused_channel() const noexcept;

  amqp_connection_state_t raw_;
  bool is_owned_;
  bool is_open_;
  bool is_routing_ = false;
  std::size_t frame_bytes_max_ = 0;
  connection_options options_;
  close_reason reason_;
  /// A null owner is a channel whose close-ok has not come yet.
  std::unordered_map<amqp_channel_t, channel_owner*> channels_;
};

/// What is left until `deadline`, never below zero.
[[nodiscard]] inline std::chrono::milliseconds left_until(steady_time deadline) noexcept {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left.count() < 0 ? std::chrono::milliseconds::zero() : left;
}

/// Now and so long; a time so long that it would not fit is a year.
[[nodiscard]] inline steady_time after(std::chrono::milliseconds timeout) noexcept {
  constexpr std::chrono::milliseconds year = std::chrono::hours(24) * 365;
  return std::chrono::steady_clock::now() +
         (timeout < std::chrono::milliseconds::zero() || timeout > year ? year : timeout);
}

}  // namespace waybill::inline v0::rabbitmq::detail
