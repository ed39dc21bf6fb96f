#include "waybill/rabbitmq/message.hpp"

#include <utility>

namespace waybill::inline v0::rabbitmq {

message::message(message&& other) noexcept
    : envelope_(std::exchange(other.envelope_, {})),
      is_there_(std::exchange(other.is_there_, false)),
      is_settled_(std::exchange(other.is_settled_, false)),
      attempt_(std::exchange(other.attempt_, 0)),
      consumer_(std::exchange(other.consumer_, 0)),
      taken_(std::exchange(other.taken_, {})) {}

message& message::operator=(message&& other) noexcept {
  if (this == &other) return *this;
  clear();
  envelope_ = std::exchange(other.envelope_, {});
  is_there_ = std::exchange(other.is_there_, false);
  is_settled_ = std::exchange(other.is_settled_, false);
  attempt_ = std::exchange(other.attempt_, 0);
  consumer_ = std::exchange(other.consumer_, 0);
  taken_ = std::exchange(other.taken_, {});
  return *this;
}

void message::clear() noexcept {
  if (is_there_) amqp_destroy_envelope(&envelope_);
  is_there_ = false;
}

}  // namespace waybill::inline v0::rabbitmq
