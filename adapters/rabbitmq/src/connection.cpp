#include "waybill/rabbitmq/connection.hpp"

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include <sys/time.h>

#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "connection_state.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

constexpr int frames_per_pump_max = 10'000;
// Channels are numbers of 16 bits; a broker that asks for no limit says 0.
constexpr int channels_max = UINT16_MAX;

timeval as_timeval(std::chrono::milliseconds timeout) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const auto rest = std::chrono::microseconds(timeout - seconds);
  return {static_cast<time_t>(seconds.count()), static_cast<suseconds_t>(rest.count())};
}

close_reason reason_of(std::uint16_t code, const amqp_bytes_t& text) noexcept {
  close_reason why{.status = AMQP_STATUS_CONNECTION_CLOSED, .reply_code = code};
  WAYBILL_TRY { why.reply_text = text_of(text); }
  WAYBILL_CATCH_ALL {}
  return why;
}

close_reason reason_of(const amqp_connection_close_t& close) noexcept {
  return reason_of(close.reply_code, close.reply_text);
}

close_reason reason_of(const amqp_rpc_reply_t& reply) noexcept {
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) return {.status = reply.library_error};
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION ||
      reply.reply.id != AMQP_CONNECTION_CLOSE_METHOD) {
    return {.status = AMQP_STATUS_UNEXPECTED_STATE};
  }
  return reason_of(*static_cast<const amqp_connection_close_t*>(reply.reply.decoded));
}

/// Connects and logs in; what it answers says whether that went well.
close_reason log_in(amqp_connection_state_t raw, const connection_parameters& where) {
  timeval patience = as_timeval(where.connect_timeout);
  amqp_socket_t* socket = amqp_tcp_socket_new(raw);
  if (socket == nullptr) return {.status = AMQP_STATUS_NO_MEMORY};
  const int status = amqp_socket_open_noblock(socket, where.host.c_str(), where.port, &patience);
  if (status != AMQP_STATUS_OK) return {.status = status};
  amqp_set_handshake_timeout(raw, &patience);
  const timeval answer_patience = as_timeval(where.answer_timeout);
  if (where.answer_timeout.count() > 0) amqp_set_rpc_timeout(raw, &answer_patience);

  amqp_table_entry_t cancel_notify{};
  cancel_notify.key = amqp_cstring_bytes("consumer_cancel_notify");
  cancel_notify.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  cancel_notify.value.value.boolean = 1;
  amqp_table_entry_t capabilities{};
  capabilities.key = amqp_cstring_bytes("capabilities");
  capabilities.value.kind = AMQP_FIELD_KIND_TABLE;
  capabilities.value.value.table = {1, &cancel_notify};
  const amqp_table_t properties{1, &capabilities};
  const amqp_rpc_reply_t reply = amqp_login_with_properties(
      raw, where.virtual_host.c_str(), 0, where.frame_bytes_max,
      static_cast<int>(where.heartbeat.count()), &properties, AMQP_SASL_METHOD_PLAIN,
      where.user.c_str(), where.password.c_str());
  return reply.reply_type == AMQP_RESPONSE_NORMAL ? close_reason{} : reason_of(reply);
}

}  // namespace

namespace detail {

connection_state::connection_state(amqp_connection_state_t raw, bool is_owned,
                                   connection_options options)
    : raw_(raw), is_owned_(is_owned), is_open_(raw != nullptr), options_(std::move(options)) {
  if (raw_ != nullptr) frame_bytes_max_ = static_cast<std::size_t>(amqp_get_frame_max(raw_));
}

connection_state::~connection_state() {
  if (!is_owned_ || raw_ == nullptr) return;
  if (is_open_) amqp_connection_close(raw_, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(raw_);
}

// From the top, because applications count their own channels from 1.
amqp_channel_t connection_state::unused_channel() const noexcept {
  const int allowed = amqp_get_channel_max(raw_);
  const int last = allowed > 0 && allowed < channels_max ? allowed : channels_max;
  for (int number = last; number > 0; --number) {
    const auto channel = static_cast<amqp_channel_t>(number);
    if (!channels_.contains(channel)) return channel;
  }
  return 0;
}

amqp_channel_t connection_state::open_channel(channel_owner& owner, close_reason& why) {
  if (!is_open_) {
    why = reason_;
    return 0;
  }
  const amqp_channel_t channel = unused_channel();
  if (channel == 0) {
    why.status = AMQP_STATUS_INVALID_PARAMETER;
    return 0;
  }
  channels_.emplace(channel, &owner);
  amqp_channel_open(raw_, channel);
  why.status = finish_call(channel, amqp_get_rpc_reply(raw_));
  return why.status == AMQP_STATUS_OK ? channel : amqp_channel_t{0};
}

void connection_state::close_channel(amqp_channel_t channel) noexcept {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || found->second == nullptr) return;
  found->second = nullptr;
  if (!is_open_) return;
  amqp_channel_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  const int status = amqp_send_method(raw_, channel, AMQP_CHANNEL_CLOSE_METHOD, &close);
  if (status != AMQP_STATUS_OK) lose({.status = status});
}

int connection_state::finish_call(amqp_channel_t channel, const amqp_rpc_reply_t& reply) noexcept {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return AMQP_STATUS_OK;
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
    if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
      take_channel_close(channel, reply.reply);
    } else {
      take_method_of_connection(reply.reply);
    }
    return AMQP_STATUS_CONNECTION_CLOSED;
  }
  lose(reason_of(reply));
  return reason_.status;
}

int connection_state::pump_frame(std::chrono::milliseconds timeout) noexcept {
  if (!is_open_) return reason_.status;
  // A listener that pumps would be given the frames behind the one that it is called for.
  if (is_routing_) return AMQP_STATUS_UNEXPECTED_STATE;
  amqp_frame_t frame{};
  const timeval wait = as_timeval(timeout);
  const int status = amqp_simple_wait_frame_noblock(raw_, &frame, &wait);
  if (status == AMQP_STATUS_TIMEOUT) return status;
  if (status != AMQP_STATUS_OK) {
    lose({.status = status});
    return status;
  }
  is_routing_ = true;
  route(frame);
  is_routing_ = false;
  if (raw_ != nullptr) amqp_maybe_release_buffers(raw_);
  return is_open_ ? AMQP_STATUS_OK : reason_.status;
}

void connection_state::route(const amqp_frame_t& frame) noexcept {
  const bool is_method = frame.frame_type == AMQP_FRAME_METHOD;
  if (frame.channel == 0) {
    if (is_method) take_method_of_connection(frame.payload.method);
    return;
  }
  const auto found = channels_.find(frame.channel);
  if (found == channels_.end()) {
    if (!options_.on_other_frame) return;
    WAYBILL_TRY { options_.on_other_frame(frame); }
    WAYBILL_CATCH_ALL {
      if (options_.diagnostics == nullptr) return;
      options_.diagnostics->record({.way = direction::inbound, .code = errc::listener_failed});
    }
    return;
  }
  if (!is_method) return;
  const amqp_method_t& method = frame.payload.method;
  channel_owner* const owner = found->second;
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    take_channel_close(frame.channel, method);
  } else if (method.id == AMQP_CHANNEL_CLOSE_OK_METHOD) {
    channels_.erase(found);
  } else if (owner == nullptr) {
    // Closed on our side: what was on its way already is of no interest any more.
  } else if (method.id == AMQP_BASIC_DELIVER_METHOD || method.id == AMQP_BASIC_RETURN_METHOD ||
             method.id == AMQP_BASIC_GET_OK_METHOD) {
    route_content(*owner, frame.channel, method);
  } else {
    owner->on_method(method);
  }
}

void connection_state::route_content(channel_owner& owner, amqp_channel_t channel,
                                     const amqp_method_t& method) noexcept {
  amqp_message_t message{};
  const amqp_rpc_reply_t reply = amqp_read_message(raw_, channel, &message, 0);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
    owner.on_content(method, message);
  } else {
    finish_call(channel, reply);
  }
}

void connection_state::take_method_of_connection(const amqp_method_t& method) noexcept {
  if (method.id != AMQP_CONNECTION_CLOSE_METHOD) return;
  close_reason why = reason_of(*static_cast<const amqp_connection_close_t*>(method.decoded));
  amqp_connection_close_ok_t answer{};
  amqp_send_method(raw_, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
  lose(std::move(why));
}

void connection_state::take_channel_close(amqp_channel_t channel,
                                          const amqp_method_t& method) noexcept {
  const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
  const close_reason why = reason_of(close.reply_code, close.reply_text);
  amqp_channel_close_ok_t answer{};
  const int status = amqp_send_method(raw_, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer);
  const auto found = channels_.find(channel);
  if (found != channels_.end()) {
    channel_owner* const owner = found->second;
    // Where our own close has crossed the broker's, its close-ok still comes.
    if (owner != nullptr) {
      channels_.erase(found);
      owner->on_closed(why);
    }
  }
  if (status != AMQP_STATUS_OK) lose({.status = status});
}

void connection_state::lose(close_reason reason) noexcept {
  if (!is_open_) return;
  is_open_ = false;
  reason_ = std::move(reason);
  while (!channels_.empty()) {
    const auto first = channels_.begin();
    channel_owner* const owner = first->second;
    channels_.erase(first);
    if (owner != nullptr) owner->on_closed(reason_);
  }
}

void connection_state::detach() noexcept {
  if (is_open_ && is_owned_) {
    // In order: what is still on its way out gets there before the broker lets go.
    amqp_connection_close(raw_, AMQP_REPLY_SUCCESS);
  }
  if (is_open_) lose({.status = AMQP_STATUS_CONNECTION_CLOSED});
  if (is_owned_ && raw_ != nullptr) amqp_destroy_connection(raw_);
  raw_ = nullptr;
}

}  // namespace detail

connection::connection(amqp_connection_state_t borrowed, connection_options options)
    : state_(std::make_shared<detail::connection_state>(borrowed, false, std::move(options))) {}

connection::connection(std::shared_ptr<detail::connection_state> state) noexcept
    : state_(std::move(state)) {}

connection connection::open(const connection_parameters& where, connection_options options) {
  amqp_connection_state_t raw = amqp_new_connection();
  close_reason why{.status = AMQP_STATUS_NO_MEMORY};
  if (raw != nullptr) why = log_in(raw, where);
  // Made after the login: the frame size is what both have agreed on.
  auto state = std::make_shared<detail::connection_state>(raw, true, std::move(options));
  if (why.status != AMQP_STATUS_OK) state->lose(std::move(why));
  return connection(std::move(state));
}

connection::connection(connection&&) noexcept = default;

connection& connection::operator=(connection&& other) noexcept {
  if (this == &other) return *this;
  if (state_ != nullptr) state_->detach();
  state_ = std::move(other.state_);
  return *this;
}

connection::~connection() {
  if (state_ != nullptr) state_->detach();
}

int connection::pump(std::chrono::milliseconds timeout) noexcept {
  if (state_ == nullptr) return AMQP_STATUS_CONNECTION_CLOSED;
  int status = state_->pump_frame(detail::left_until(detail::after(timeout)));
  if (status != AMQP_STATUS_OK) return status;
  for (int frames = 1; frames < frames_per_pump_max && status == AMQP_STATUS_OK; ++frames) {
    status = state_->pump_frame(std::chrono::milliseconds::zero());
  }
  return status == AMQP_STATUS_TIMEOUT ? AMQP_STATUS_OK : status;
}

bool connection::is_open() const noexcept { return state_ != nullptr && state_->is_open(); }

const close_reason& connection::reason() const noexcept {
  static const close_reason none{.status = AMQP_STATUS_CONNECTION_CLOSED};
  return state_ != nullptr ? state_->reason() : none;
}

amqp_connection_state_t connection::raw() const noexcept {
  return state_ != nullptr ? state_->raw() : nullptr;
}

}  // namespace waybill::inline v0::rabbitmq
