#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "frame_router.hpp"
#include "wake_event.hpp"
#include "waybill/rabbitmq/connection.hpp"

namespace waybill::inline v0::rabbitmq::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// What a call that does not wait looks at, however many there are.
inline constexpr int frames_per_call_max = 10'000;
/// After so many frames a call that waits looks at the clock, if there was always another one.
inline constexpr int frames_between_looks = 16;

/// The end of a wait, which begins with the first look at it: what is here already, such as the
/// three frames of a message, costs no look at the clock.
class deadline {
 public:
  /// Below zero, or so long that it would not fit: a year.
  // NOLINTNEXTLINE(*-explicit-*): a time-out is an argument
  deadline(std::chrono::milliseconds timeout) noexcept : timeout_(timeout) {}

  /// Never below zero.
  [[nodiscard]] std::chrono::milliseconds left() const noexcept {
    constexpr std::chrono::milliseconds year = std::chrono::hours(24) * 365;
    const steady_time now = std::chrono::steady_clock::now();
    const bool is_finite = timeout_.count() >= 0 && timeout_ < year;
    if (end_ == steady_time()) end_ = now + (is_finite ? timeout_ : year);
    return std::chrono::ceil<std::chrono::milliseconds>(std::max(end_, now) - now);
  }

 private:
  std::chrono::milliseconds timeout_;
  mutable steady_time end_{};
};

/// Of a status, with these words.
[[nodiscard]] close_reason because(int status, std::string_view words) noexcept;
/// Of rabbitmq-c's own error, with its words.
[[nodiscard]] inline close_reason because(int status) noexcept {
  return because(status, amqp_error_string2(status));
}
/// Of a call that failed.
[[nodiscard]] close_reason because(const amqp_rpc_reply_t& reply) noexcept;

/// What a connection and all that was made on it share.
class connection_state {
 public:
  /// Of a connection that is logged in, and stays its owner's. Null is one that is not open.
  connection_state(amqp_connection_state_t borrowed, connection_options options);
  /// Of one of its own, for log_in().
  explicit connection_state(connection_options options);
  connection_state(const connection_state&) = delete;
  connection_state& operator=(const connection_state&) = delete;
  ~connection_state() { detach(); }

  /// Connects and logs in.
  void log_in(const connection_parameters& where) noexcept;
  /// The login is over: it is open, unless there is a reason why not.
  void logged_in(close_reason why) noexcept;
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] bool is_blocked() const noexcept { return is_blocked_; }
  [[nodiscard]] const close_reason& reason() const noexcept { return reason_; }
  [[nodiscard]] amqp_connection_state_t raw() const noexcept { return raw_; }
  [[nodiscard]] std::size_t frame_bytes_max() const noexcept { return frame_bytes_max_; }
  void wake() const noexcept { wake_.set(); }

  /// Opens a channel that nobody uses; 0 where there is none, and the user has heard why.
  [[nodiscard]] amqp_channel_t open_channel(channel_user& user);
  /// Closes it without waiting for the answer: its number is free again when that has come.
  void close_channel(amqp_channel_t channel) noexcept;
  /// What became of a call that waited for its answer on this channel. Where the broker closed the
  /// channel or the connection instead, on_closed() has been called.
  int finish_call(amqp_channel_t channel) noexcept;
  /// What became of a method that was sent: AMQP_STATUS_OK, or the connection is lost.
  int finish_send(int status) noexcept;

  /// One frame and what is to be done about it: AMQP_STATUS_OK or _TIMEOUT, or it is lost. Where
  /// wake() ends the waiting (`hears_wake`), that is a time-out.
  int pump_frame(const deadline& end, bool hears_wake) noexcept;
  /// What has come while rabbitmq-c waited for the answer to a call.
  void pump_enqueued() noexcept;
  /// Pumps until `is_done()`. AMQP_STATUS_OK: it is, or the connection is lost.
  template <class F>
  int pump_until(std::chrono::milliseconds timeout, bool hears_wake, F&& is_done) noexcept;
  /// Calls `f`, which may call listeners: one that pumps gets AMQP_STATUS_UNEXPECTED_STATE. It
  /// would be given frames behind the one that it is called for, or release what a call still looks
  /// at.
  template <class F>
  void without_pump(F&& f) noexcept {
    const bool is_within_another = std::exchange(is_pump_held_, true);
    std::forward<F>(f)();
    is_pump_held_ = is_within_another;
  }
  /// The connection is of no use any more: tells every user of a channel, once.
  void lose(close_reason reason) noexcept;
  /// Lets go of rabbitmq-c's connection, which its owner may destroy next.
  void detach() noexcept;

 private:
  [[nodiscard]] int wait_for_frame(amqp_frame_t& frame, const deadline& end,
                                   bool hears_wake) noexcept;
  [[nodiscard]] amqp_channel_t free_channel() noexcept;
  [[nodiscard]] std::chrono::milliseconds answer_timeout() const noexcept;
  void close() noexcept;
  void forget_users() noexcept;
  void route(const amqp_frame_t& frame) noexcept;
  void carry_out(frame_action action, const amqp_frame_t& frame) noexcept;
  void route_enqueued() noexcept;
  void show_other(const amqp_frame_t& frame) noexcept;
  template <class Listener, class... Arguments>
  void tell(const Listener& listener, const Arguments&... said) noexcept;

  amqp_connection_state_t raw_;
  bool is_owned_;
  bool is_open_ = false;
  bool is_blocked_ = false;
  bool is_closing_ = false;  // close() was called
  bool is_pump_held_ = false;
  std::size_t frame_bytes_max_ = 0;
  connection_options options_;
  close_reason reason_;
  frame_router router_;
  wake_event wake_;
};

template <class F>
int connection_state::pump_until(std::chrono::milliseconds timeout, bool hears_wake,
                                 F&& is_done) noexcept {
  const deadline end(timeout);
  for (int frames = 1; is_open_ && !is_done(); ++frames) {
    const int status = pump_frame(end, hears_wake);
    if (status == AMQP_STATUS_TIMEOUT || status == AMQP_STATUS_UNEXPECTED_STATE) return status;
    // Frames of others may never end. Without a time-out what is here is all that is looked at.
    const bool may_go_on = timeout.count() == 0 && frames < frames_per_call_max;
    if (frames % frames_between_looks == 0 && !may_go_on && end.left().count() == 0) break;
  }
  return !is_open_ || is_done() ? AMQP_STATUS_OK : AMQP_STATUS_TIMEOUT;
}

}  // namespace waybill::inline v0::rabbitmq::detail
