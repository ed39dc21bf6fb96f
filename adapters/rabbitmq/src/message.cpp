#include "waybill/rabbitmq/message.hpp"

#include <utility>

namespace waybill::inline v0::rabbitmq {

message::message(message&& other) noexcept
    : received(std::move(other)),
      envelope_(std::exchange(other.envelope_, {})),
      counts_(std::exchange(other.counts_, {.attempt = 0})),
      consumer_(std::exchange(other.consumer_, 0)),
      is_settled_(std::exchange(other.is_settled_, false)) {}

message& message::operator=(message&& other) noexcept {
  if (this == &other) return *this;
  received::operator=(std::move(other));
  amqp_destroy_message(&envelope_.message);
  envelope_ = std::exchange(other.envelope_, {});
  counts_ = std::exchange(other.counts_, {.attempt = 0});
  consumer_ = std::exchange(other.consumer_, 0);
  is_settled_ = std::exchange(other.is_settled_, false);
  return *this;
}

// The texts of the envelope are in the message's pool.
message::~message() { amqp_destroy_message(&envelope_.message); }

}  // namespace waybill::inline v0::rabbitmq
