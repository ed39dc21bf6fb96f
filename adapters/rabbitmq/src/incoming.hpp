#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// A message while its frames arrive: a method, a header, body frames. It copies them, so that
/// rabbitmq-c's buffers may be released between two of them.
/// @par Cost      memory grows with the bytes that arrive, whatever size the header announces.
class incoming {
 public:
  /// What a frame means for the message.
  enum class progress : std::uint8_t {
    unfinished,  ///< More frames are to follow.
    complete,    ///< It is whole.
    broken,      ///< The frame does not belong here: the server breaks the protocol.
  };

  /// Whether content follows this method.
  [[nodiscard]] static bool is_begun_by(const amqp_method_t& method) noexcept;
  /// Of such a method on a channel.
  incoming(amqp_channel_t channel, const amqp_method_t& method) noexcept;

  /// A header or body frame.
  [[nodiscard]] progress take(const amqp_frame_t& frame) noexcept;

  /// AMQP_BASIC_DELIVER_METHOD, _RETURN_ or _GET_OK_.
  [[nodiscard]] amqp_method_number_t method() const noexcept { return method_; }
  /// False when memory ran out: the message cannot be given to anybody.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  /// All texts but the body are in the message's pool.
  [[nodiscard]] const amqp_envelope_t& envelope() const noexcept { return envelope_.raw; }
  /// Of a returned message.
  /// @{
  [[nodiscard]] std::uint16_t reply_code() const noexcept { return reply_code_; }
  [[nodiscard]] std::string_view reply_text() const noexcept { return text_of(reply_text_); }
  /// @}
  /// Takes the envelope out.
  [[nodiscard]] owned_envelope&& release() noexcept { return std::move(envelope_); }

 private:
  [[nodiscard]] amqp_bytes_t copy(const amqp_bytes_t& bytes) noexcept;
  [[nodiscard]] progress take_header(const amqp_frame_t& frame) noexcept;
  [[nodiscard]] progress take_body(const amqp_bytes_t& fragment) noexcept;
  [[nodiscard]] bool has_room_for(std::size_t bytes) noexcept;

  amqp_method_number_t method_;
  owned_envelope envelope_;
  amqp_bytes_t reply_text_{};
  std::uint16_t reply_code_ = 0;
  bool is_whole_ = true;
  bool has_header_ = false;
  std::uint64_t announced_ = 0;  // bytes of the body
  std::uint64_t arrived_ = 0;
  std::size_t room_ = 0;  // of the body's memory
};

}  // namespace waybill::inline v0::rabbitmq::detail
