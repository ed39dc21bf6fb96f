#include "channel.hpp"

#include <utility>

#include "waybill/config.hpp"

namespace waybill::inline v0::rabbitmq::detail {

channel::channel(std::shared_ptr<connection_state> on) : on_(std::move(on)) {
  if (on_ == nullptr) {
    reason_ = because(AMQP_STATUS_CONNECTION_CLOSED);
    return;
  }
  close_reason why;
  is_open_ = true;
  number_ = on_->open_channel(*this, why);
  if (number_ != 0) return;
  // on_closed() has heard the broker's words, if it had any.
  if (reason_.status == AMQP_STATUS_OK) reason_ = std::move(why);
  is_open_ = false;
}

channel::~channel() {
  if (is_open_) on_->close_channel(number_);
}

void channel::on_method(const amqp_method_t& method) noexcept {
  const bool is_outcome = method.id == AMQP_BASIC_ACK_METHOD || method.id == AMQP_BASIC_NACK_METHOD;
  channel_user* const user = is_outcome ? publisher : consumer;
  if (user != nullptr) user->on_method(method);
}

void channel::on_content(incoming& content) noexcept {
  channel_user* const user = content.method() == AMQP_BASIC_RETURN_METHOD ? publisher : consumer;
  if (user != nullptr) user->on_content(content);
}

void channel::on_closed(const close_reason& reason) noexcept {
  is_open_ = false;
  WAYBILL_TRY { reason_ = reason; }
  WAYBILL_CATCH_ALL { reason_.status = reason.status; }
  if (consumer != nullptr) consumer->on_closed(reason_);
  if (publisher != nullptr) publisher->on_closed(reason_);
}

}  // namespace waybill::inline v0::rabbitmq::detail
