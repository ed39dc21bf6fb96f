#pragma once

#include <cstdint>
#include <string_view>

#include "waybill/propagation.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

/// A message that came, without context in its headers, and the context it came with.
/// @par Lifetime   owns everything; outlives its consumer and its connection. What it shows is
///                 valid until it is moved or destroyed.
/// @par Threads    a value; move-only.
class WAYBILL_API message {
 public:
  /// No message, as after a time-out.
  message() noexcept = default;
  /// Leaves none behind.
  /// @{
  message(message&& other) noexcept;
  message& operator=(message&& other) noexcept;
  /// @}
  ~message() { clear(); }

  /// Whether there is one.
  [[nodiscard]] explicit operator bool() const noexcept { return is_there_; }

  /// Where it was published to; of the default exchange an empty name.
  /// @{
  [[nodiscard]] std::string_view exchange() const noexcept { return text_of(envelope_.exchange); }
  [[nodiscard]] std::string_view routing_key() const noexcept {
    return text_of(envelope_.routing_key);
  }
  /// @}
  /// As it was sent.
  [[nodiscard]] std::string_view body() const noexcept { return text_of(envelope_.message.body); }
  /// The application's own, headers included.
  [[nodiscard]] const amqp_basic_properties_t& properties() const noexcept {
    return envelope_.message.properties;
  }
  /// Its number on the consumer's channel.
  [[nodiscard]] std::uint64_t delivery_tag() const noexcept { return envelope_.delivery_tag; }
  /// Whether the queue has given it out before.
  [[nodiscard]] bool redelivered() const noexcept { return envelope_.redelivered != 0; }
  /// Which attempt this is: see delivery_attempt.
  [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }

  /// The context to work under; see extraction::context().
  [[nodiscard]] const waybill::context& context() const noexcept { return taken_.context(); }
  /// All that came with it, and what became of each field.
  [[nodiscard]] const waybill::extraction& extraction() const noexcept { return taken_; }

  /// Whether it was acknowledged or rejected, or never has to be.
  [[nodiscard]] bool is_settled() const noexcept { return is_settled_; }
  /// rabbitmq-c's own.
  [[nodiscard]] const amqp_envelope_t& raw() const noexcept { return envelope_; }

 private:
  friend class consumer;
  void clear() noexcept;

  amqp_envelope_t envelope_{};
  bool is_there_ = false;
  bool is_settled_ = false;
  std::uint64_t attempt_ = 0;
  std::uint64_t consumer_ = 0;  // whose it is: no two of a process have the same number
  waybill::extraction taken_;
};

}  // namespace waybill::inline v0::rabbitmq
