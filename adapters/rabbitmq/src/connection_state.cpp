#include "connection_state.hpp"

#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "waybill/config.hpp"

namespace waybill::inline v0::rabbitmq::detail {

namespace {

// Channels are numbers of 16 bits; a broker that asks for no limit says 0.
constexpr int channels_max = UINT16_MAX;

/// Of channel.close or connection.close.
template <class Close>
close_reason reason_of(const amqp_method_t& method) noexcept {
  const auto& close = *static_cast<const Close*>(method.decoded);
  close_reason why = because(AMQP_STATUS_CONNECTION_CLOSED, text_of(close.reply_text));
  why.reply_code = close.reply_code;
  return why;
}

}  // namespace

close_reason because(int status, std::string_view words) noexcept {
  close_reason why{.status = status};
  WAYBILL_TRY { why.reply_text = words; }
  WAYBILL_CATCH_ALL {}
  return why;
}

close_reason because(const amqp_rpc_reply_t& reply) noexcept {
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) return because(reply.library_error);
  const bool is_closed = reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
                         reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD;
  return is_closed ? reason_of<amqp_connection_close_t>(reply.reply)
                   : because(AMQP_STATUS_UNEXPECTED_STATE);
}

connection_state::connection_state(amqp_connection_state_t borrowed, connection_options options)
    : raw_(borrowed), is_owned_(false), options_(std::move(options)) {
  logged_in(raw_ != nullptr ? close_reason() : because(AMQP_STATUS_CONNECTION_CLOSED));
}

connection_state::connection_state(connection_options options)
    : raw_(amqp_new_connection()), is_owned_(true), options_(std::move(options)) {}

void connection_state::logged_in(close_reason why) noexcept {
  is_open_ = why.status == AMQP_STATUS_OK;
  reason_ = std::move(why);
  // What both sides have agreed on.
  if (is_open_) frame_bytes_max_ = static_cast<std::size_t>(amqp_get_frame_max(raw_));
}

/// How long a call waits for its answer; negative: as long as the connection lives.
std::chrono::milliseconds connection_state::answer_timeout() const noexcept {
  const timeval* const limit = amqp_get_rpc_timeout(raw_);
  if (limit == nullptr) return std::chrono::milliseconds(-1);
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::seconds(limit->tv_sec) +
                                                      std::chrono::microseconds(limit->tv_usec));
}

/// A number, waiting for channels that were closed where all are taken.
amqp_channel_t connection_state::free_channel() noexcept {
  const int allowed = amqp_get_channel_max(raw_);
  const int last = allowed > 0 && allowed < channels_max ? allowed : channels_max;
  amqp_channel_t channel = router_.free_channel(last);
  if (channel != 0 || !router_.has_closing()) return channel;
  pump_until(answer_timeout(), false, [&] {
    channel = router_.free_channel(last);
    return channel != 0;
  });
  return channel;
}

amqp_channel_t connection_state::open_channel(channel_user& user) {
  const amqp_channel_t channel = is_open_ ? free_channel() : amqp_channel_t{0};
  if (channel == 0) {
    user.on_closed(is_open_ ? because(AMQP_STATUS_INVALID_PARAMETER, "no channel is free")
                            : reason_);
    return 0;
  }
  router_.add(channel, user);
  amqp_channel_open(raw_, channel);
  return finish_call(channel) == AMQP_STATUS_OK ? channel : amqp_channel_t{0};
}

void connection_state::close_channel(amqp_channel_t channel) noexcept {
  if (!router_.close(channel) || !is_open_) return;
  amqp_channel_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  finish_send(amqp_send_method(raw_, channel, AMQP_CHANNEL_CLOSE_METHOD, &close));
}

int connection_state::finish_send(int status) noexcept {
  if (status != AMQP_STATUS_OK) lose(because(status));
  return status;
}

int connection_state::finish_call(amqp_channel_t channel) noexcept {
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(raw_);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return AMQP_STATUS_OK;
  // Frames that were set aside are older than the end: their confirms and messages count.
  route_enqueued();
  if (!is_open_) return reason_.status;
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) {
    lose(because(reply));
    return reason_.status;
  }
  amqp_frame_t close{};
  close.frame_type = AMQP_FRAME_METHOD;
  close.channel = reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD ? amqp_channel_t{0} : channel;
  close.payload.method = reply.reply;
  route(close);
  return AMQP_STATUS_CONNECTION_CLOSED;
}

/// Buffers stay, because the reply to the call is in them.
void connection_state::route_enqueued() noexcept {
  const timeval now{};
  amqp_frame_t frame{};
  while (is_open_ && amqp_frames_enqueued(raw_) != 0 &&
         amqp_simple_wait_frame_noblock(raw_, &frame, &now) == AMQP_STATUS_OK) {
    route(frame);
  }
}

/// rabbitmq-c reads without waiting; the waiting is ours, for the sake of wake(). Heartbeats are
/// sent and missed only in rabbitmq-c's calls, so none of them is slept through.
int connection_state::wait_for_frame(amqp_frame_t& frame, const deadline& end,
                                     bool hears_wake) noexcept {
  const timeval now{};
  int status = amqp_simple_wait_frame_noblock(raw_, &frame, &now);
  const std::chrono::milliseconds heartbeat = std::chrono::seconds(amqp_get_heartbeat(raw_));
  while (status == AMQP_STATUS_TIMEOUT) {
    auto left = end.left();
    if (left.count() == 0) break;
    if (heartbeat.count() != 0) left = std::min(left, heartbeat / 2);
    if (wake_.wait(amqp_get_sockfd(raw_), left, hears_wake)) break;
    status = amqp_simple_wait_frame_noblock(raw_, &frame, &now);
  }
  return status;
}

int connection_state::pump_frame(const deadline& end, bool hears_wake) noexcept {
  if (is_pump_held_) return AMQP_STATUS_UNEXPECTED_STATE;
  if (!is_open_) return reason_.status;
  amqp_frame_t frame{};
  const int status = wait_for_frame(frame, end, hears_wake);
  if (status == AMQP_STATUS_TIMEOUT) return status;
  if (finish_send(status) != AMQP_STATUS_OK) return status;
  route(frame);
  if (raw_ != nullptr) amqp_maybe_release_buffers(raw_);
  return is_open_ ? AMQP_STATUS_OK : reason_.status;
}

void connection_state::pump_enqueued() noexcept {
  while (is_open_ && amqp_frames_enqueued(raw_) != 0) {
    if (pump_frame(std::chrono::milliseconds::zero(), false) != AMQP_STATUS_OK) return;
  }
}

void connection_state::route(const amqp_frame_t& frame) noexcept {
  without_pump([&] { carry_out(router_.take(frame), frame); });
}

void connection_state::carry_out(frame_action action, const amqp_frame_t& frame) noexcept {
  using kind = frame_action::kind;
  int status = AMQP_STATUS_OK;
  if (action.reply != 0) {
    // Both replies are empty methods.
    amqp_channel_close_ok_t nothing{};
    status = amqp_send_method(raw_, frame.channel, action.reply, &nothing);
  }
  switch (action.what) {
    case kind::none:
      break;
    case kind::method:
      action.user->on_method(frame.payload.method);
      break;
    case kind::content:
      action.user->on_content(*action.content);
      break;
    case kind::channel_closed:
      action.user->on_closed(reason_of<amqp_channel_close_t>(frame.payload.method));
      break;
    case kind::channel_gone:
      action.user->on_closed(because(AMQP_STATUS_UNEXPECTED_STATE));
      break;
    case kind::connection_closed:
      lose(reason_of<amqp_connection_close_t>(frame.payload.method));
      break;
    case kind::protocol_broken:
      lose(because(AMQP_STATUS_BAD_AMQP_DATA));
      break;
    case kind::other:
      show_other(frame);
  }
  finish_send(status);
}

template <class Listener, class... Arguments>
void connection_state::tell(const Listener& listener, const Arguments&... said) noexcept {
  if (!listener) return;
  WAYBILL_TRY { listener(said...); }
  WAYBILL_CATCH_ALL {
    if (options_.diagnostics == nullptr) return;
    options_.diagnostics->record({.way = direction::inbound, .code = errc::listener_failed});
  }
}

void connection_state::show_other(const amqp_frame_t& frame) noexcept {
  const bool is_ours = frame.channel == 0 && frame.frame_type == AMQP_FRAME_METHOD;
  const amqp_method_number_t id = is_ours ? frame.payload.method.id : 0;
  if (id == AMQP_CONNECTION_BLOCKED_METHOD) {
    is_blocked_ = true;
    const void* const fields = frame.payload.method.decoded;
    tell(options_.on_blocked,
         text_of(static_cast<const amqp_connection_blocked_t*>(fields)->reason));
  } else if (id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
    is_blocked_ = false;
    tell(options_.on_unblocked);
  }
  if (!is_closing_) return tell(options_.on_other_frame, frame);
  if (id == AMQP_CONNECTION_CLOSE_OK_METHOD) lose(because(AMQP_STATUS_CONNECTION_CLOSED));
}

void connection_state::lose(close_reason reason) noexcept {
  if (!is_open_) return;
  is_open_ = false;
  is_blocked_ = false;
  reason_ = std::move(reason);
  forget_users();
}

void connection_state::forget_users() noexcept {
  without_pump([this] {
    while (const auto user = router_.forget_any()) {
      if (*user != nullptr) (*user)->on_closed(reason_);
    }
  });
}

/// In order: what is still on its way out gets there before the broker lets go. But a broker that
/// blocks the connection reads no close, and would be waited for in vain.
void connection_state::close() noexcept {
  is_closing_ = true;
  reason_ = because(AMQP_STATUS_CONNECTION_CLOSED);
  // What comes from here on is for nobody.
  forget_users();
  // It may have said so, or the contrary, already. Nor is there a way to close within a listener.
  const int read = pump_until(std::chrono::milliseconds::zero(), false, [] { return false; });
  if (read != AMQP_STATUS_TIMEOUT || is_blocked_) return;
  amqp_connection_close_t method{AMQP_REPLY_SUCCESS, amqp_empty_bytes, 0, 0};
  const int status = finish_send(amqp_send_method(raw_, 0, AMQP_CONNECTION_CLOSE_METHOD, &method));
  if (status == AMQP_STATUS_OK) pump_until(answer_timeout(), false, [this] { return is_blocked_; });
}

void connection_state::detach() noexcept {
  if (raw_ == nullptr) return;
  if (is_open_ && is_owned_) close();
  lose(because(AMQP_STATUS_CONNECTION_CLOSED));
  if (is_owned_) amqp_destroy_connection(raw_);
  raw_ = nullptr;
}

}  // namespace waybill::inline v0::rabbitmq::detail
