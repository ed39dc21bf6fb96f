#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "incoming.hpp"
#include "waybill/rabbitmq/connection.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// Whoever uses a channel: what the pump calls.
class channel_user {
 public:
  channel_user() = default;
  channel_user(const channel_user&) = delete;
  channel_user& operator=(const channel_user&) = delete;
  virtual ~channel_user() = default;

  /// A method without content. What it points to is valid during the call.
  virtual void on_method(const amqp_method_t& method) noexcept = 0;
  /// A message, or one for which memory ran out.
  virtual void on_content(incoming& content) noexcept = 0;
  /// The channel or its connection is closed. Called once; nothing else is called afterwards.
  virtual void on_closed(const close_reason& reason) noexcept = 0;
};

/// What is to be done about a frame.
struct frame_action {
  /// The kinds.
  enum class kind : std::uint8_t {
    none,               ///< Nothing, but for the reply.
    method,             ///< The user hears of the frame's method.
    content,            ///< The user gets `content`.
    channel_closed,     ///< The broker closed the channel: the user hears of it.
    channel_gone,       ///< So does it when the channel is closed without a word.
    connection_closed,  ///< The broker closes the connection.
    protocol_broken,    ///< The frame has no place here: the connection is of no use any more.
    other,              ///< The frame is the application's.
  };

  kind what = kind::none;
  channel_user* user = nullptr;  ///< Whom it concerns.
  amqp_method_number_t reply{};  ///< The method to send in return on the frame's channel; 0: none.
  std::optional<incoming> content{};
};

/// Where the frames of a connection go, without a socket: frames in, actions out. Keeps the users
/// of the channels, and what has arrived of each channel's message.
class frame_router {
 public:
  /// The adapter opens a channel. Throws bad_alloc.
  void add(amqp_channel_t channel, channel_user& user) { channels_.emplace(channel, entry{&user}); }
  /// Our close of a channel goes out: its user hears no more. Its number is free when close-ok has
  /// come. False when the channel was closed before.
  [[nodiscard]] bool close(amqp_channel_t channel) noexcept;
  /// The highest free number up to this one; 0: all are taken. From the top, because
  /// applications count their own channels from 1.
  [[nodiscard]] amqp_channel_t free_channel(int last) const noexcept;
  /// Whether a number will be free when close-ok has come.
  [[nodiscard]] bool has_closing() const noexcept;
  /// What to do about the frame. It has been done before the next frame comes.
  [[nodiscard]] frame_action take(const amqp_frame_t& frame) noexcept;
  /// Forgets a channel, and returns its user, which may be null; nullopt when no channel is left.
  [[nodiscard]] std::optional<channel_user*> forget_any() noexcept;

 private:
  struct entry {
    channel_user* user = nullptr;  // null: closed by us, close-ok has not come
    std::optional<incoming> content{};
  };
  using entries = std::unordered_map<amqp_channel_t, entry>;

  [[nodiscard]] frame_action take_method(entries::iterator at,
                                         const amqp_method_t& method) noexcept;
  [[nodiscard]] static frame_action take_content(entry& at, const amqp_frame_t& frame) noexcept;

  entries channels_;
};

}  // namespace waybill::inline v0::rabbitmq::detail
