#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "waybill/messaging/receiving.hpp"
#include "waybill/rabbitmq/amqp.hpp"
#include "waybill/rabbitmq/attempts.hpp"

namespace waybill::inline v0::rabbitmq {

/// A received message without context in its headers, and the context it came with.
/// @par Lifetime   owns everything; outlives its consumer and its connection. What accessors return
///                 belongs to the message.
/// @par Threads    a value; move-only.
class WAYBILL_API message : public messaging::received {
 public:
  /// No message, as after a time-out.
  message() noexcept = default;
  /// Leaves none behind.
  /// @{
  message(message&&) noexcept = default;
  message& operator=(message&&) noexcept = default;
  /// @}

  /// Whether there is one.
  [[nodiscard]] explicit operator bool() const noexcept { return raw().channel != 0; }

  /// Where it was published to; of the default exchange an empty name.
  /// @{
  [[nodiscard]] std::string_view exchange() const& noexcept { return text_of(raw().exchange); }
  std::string_view exchange() const&& = delete;
  [[nodiscard]] std::string_view routing_key() const& noexcept {
    return text_of(raw().routing_key);
  }
  std::string_view routing_key() const&& = delete;
  /// @}
  /// As it was sent.
  [[nodiscard]] std::string_view payload() const& noexcept { return text_of(raw().message.body); }
  std::string_view payload() const&& = delete;
  /// The application's own, headers included. They may be published again as they are.
  [[nodiscard]] const amqp_basic_properties_t& properties() const& noexcept {
    return raw().message.properties;
  }
  const amqp_basic_properties_t& properties() const&& = delete;
  /// Its number on the consumer's channel.
  [[nodiscard]] std::uint64_t delivery_tag() const noexcept { return raw().delivery_tag; }
  /// Whether the queue has given it out before.
  [[nodiscard]] bool redelivered() const noexcept { return raw().redelivered != 0; }
  /// Which attempt this is: see delivery_counts. 0 without a message.
  [[nodiscard]] std::uint64_t attempt() const noexcept { return counts().attempt; }
  /// What that number is made from.
  [[nodiscard]] const delivery_counts& counts() const& noexcept {
    static constexpr delivery_counts none{.attempt = 0};
    return *this ? counts_ : none;
  }
  const delivery_counts& counts() const&& = delete;

  /// Whether it was acknowledged or rejected, or never has to be.
  [[nodiscard]] bool is_settled() const noexcept { return is_settled_; }
  /// rabbitmq-c's own. Not to be destroyed.
  [[nodiscard]] const amqp_envelope_t& raw() const& noexcept { return envelope_.raw; }
  const amqp_envelope_t& raw() const&& = delete;

 private:
  friend class consumer;
  template <class Take>
  message(detail::owned_envelope&& envelope, std::uint64_t consumer, const Take& take) noexcept
      : received(take), envelope_(std::move(envelope)), consumer_(consumer) {}

  detail::owned_envelope envelope_;
  delivery_counts counts_{};
  std::uint64_t consumer_ = 0;  // whose it is: no two of a process have the same number
  bool is_settled_ = false;
};

}  // namespace waybill::inline v0::rabbitmq
