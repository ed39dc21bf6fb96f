#include "frame_router.hpp"

#include <algorithm>

namespace waybill::inline v0::rabbitmq::detail {

bool frame_router::close(amqp_channel_t channel) noexcept {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || found->second.user == nullptr) return false;
  found->second.user = nullptr;
  found->second.content.reset();
  return true;
}

bool frame_router::has_closing() const noexcept {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const auto& each) { return each.second.user == nullptr; });
}

amqp_channel_t frame_router::free_channel(int last) const noexcept {
  for (int number = last; number > 0; --number) {
    const auto channel = static_cast<amqp_channel_t>(number);
    if (!channels_.contains(channel)) return channel;
  }
  return 0;
}

frame_action frame_router::take(const amqp_frame_t& frame) noexcept {
  using kind = frame_action::kind;
  const bool is_method = frame.frame_type == AMQP_FRAME_METHOD;
  if (frame.channel == 0) {
    if (is_method && frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
      return {.what = kind::connection_closed, .reply = AMQP_CONNECTION_CLOSE_OK_METHOD};
    }
    return {.what = kind::other};
  }
  const auto found = channels_.find(frame.channel);
  if (found == channels_.end()) return {.what = kind::other};
  if (is_method) return take_method(found, frame.payload.method);
  // After our own close, what was on its way already is of no interest any more.
  if (found->second.user == nullptr) return {};
  return take_content(found->second, frame);
}

frame_action frame_router::take_method(entries::iterator at, const amqp_method_t& method) noexcept {
  using kind = frame_action::kind;
  channel_user* const user = at->second.user;
  if (method.id == AMQP_CHANNEL_CLOSE_OK_METHOD) {
    channels_.erase(at);
    // Nobody asked for it where there is a user still: the channel is gone all the same.
    if (user == nullptr) return {};
    return {.what = kind::channel_gone, .user = user};
  }
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    // Where our own close has crossed the broker's, its close-ok is still to come.
    if (user == nullptr) return {.reply = AMQP_CHANNEL_CLOSE_OK_METHOD};
    channels_.erase(at);
    return {.what = kind::channel_closed, .user = user, .reply = AMQP_CHANNEL_CLOSE_OK_METHOD};
  }
  if (user == nullptr) return {};
  if (at->second.content.has_value()) return {.what = kind::protocol_broken};
  if (!incoming::is_begun_by(method)) return {.what = kind::method, .user = user};
  at->second.content.emplace(at->first, method);
  return {};
}

frame_action frame_router::take_content(entry& at, const amqp_frame_t& frame) noexcept {
  using kind = frame_action::kind;
  if (!at.content.has_value()) return {.what = kind::protocol_broken};
  const incoming::progress progress = at.content->take(frame);
  if (progress == incoming::progress::unfinished) return {};
  if (progress == incoming::progress::broken) return {.what = kind::protocol_broken};
  frame_action action{.what = kind::content, .user = at.user};
  action.content.emplace(std::move(*at.content));
  at.content.reset();
  return action;
}

std::optional<channel_user*> frame_router::forget_any() noexcept {
  const auto first = channels_.begin();
  if (first == channels_.end()) return std::nullopt;
  channel_user* const user = first->second.user;
  channels_.erase(first);
  return user;
}

}  // namespace waybill::inline v0::rabbitmq::detail
