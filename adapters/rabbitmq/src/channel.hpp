#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "connection_state.hpp"
#include "waybill/boundary.hpp"
#include "waybill/config.hpp"
#include "waybill/messaging/operation.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// The default exchange takes the name of a queue.
[[nodiscard]] inline destination destination_of(std::string_view exchange,
                                                std::string_view routing_key) noexcept {
  return exchange.empty() ? destination(routing_key) : destination(exchange, routing_key);
}

/// What a span says of a message; null properties are none.
[[nodiscard]] inline operation_details describe(std::string_view name,
                                                const amqp_basic_properties_t* properties,
                                                std::string_view payload) noexcept {
  operation_details what{.system = "rabbitmq", .name = name};
  what.body_bytes = payload.size();
  if (properties == nullptr) return what;
  if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) {
    what.message_id = text_of(properties->message_id);
  }
  if ((properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0) {
    what.conversation_id = text_of(properties->correlation_id);
  }
  return what;
}

/// One channel, which a publisher and a consumer may share: goes to each what is for it.
/// @par Lifetime   closed when the last one of them goes.
class channel final : public channel_user {
 public:
  /// Opens it, and waits for that. A null connection is a closed one.
  explicit channel(std::shared_ptr<connection_state> on) : on_(std::move(on)) {
    if (on_ == nullptr) reason_ = because(AMQP_STATUS_CONNECTION_CLOSED);
    if (on_ != nullptr) number_ = on_->open_channel(*this);
    is_open_ = number_ != 0;
  }
  ~channel() override {
    if (is_open_) on_->close_channel(number_);
  }

  void on_method(const amqp_method_t& method) noexcept override {
    const bool is_outcome =
        method.id == AMQP_BASIC_ACK_METHOD || method.id == AMQP_BASIC_NACK_METHOD;
    if (method.id == AMQP_BASIC_GET_EMPTY_METHOD && is_abandoned()) return;
    channel_user* const user = is_outcome ? publisher : consumer;
    if (user != nullptr) user->on_method(method);
  }
  void on_content(incoming& content) noexcept override {
    if (content.method() == AMQP_BASIC_GET_OK_METHOD && is_abandoned()) return;
    channel_user* const user = content.method() == AMQP_BASIC_RETURN_METHOD ? publisher : consumer;
    if (user != nullptr) user->on_content(content);
  }
  void on_closed(const close_reason& reason) noexcept override {
    is_open_ = false;
    WAYBILL_TRY { reason_ = reason; }
    WAYBILL_CATCH_ALL { reason_.status = reason.status; }
    if (consumer != nullptr) consumer->on_closed(reason_);
    if (publisher != nullptr) publisher->on_closed(reason_);
  }

  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  [[nodiscard]] const close_reason& reason() const noexcept { return reason_; }
  [[nodiscard]] amqp_channel_t number() const noexcept { return number_; }
  [[nodiscard]] connection_state& on() const noexcept { return *on_; }
  [[nodiscard]] amqp_connection_state_t raw() const noexcept { return on_->raw(); }
  /// See connection_state.
  int finish_call() noexcept { return on_->finish_call(number_); }

  /// Who hears of outcomes and returned messages; null: nobody.
  channel_user* publisher = nullptr;
  /// Who gets messages; null: nobody.
  channel_user* consumer = nullptr;
  /// Calls of basic.get whose consumer went before their answer.
  std::size_t abandoned_gets = 0;

 private:
  /// Whether the answer to a basic.get is one of those: they come first.
  [[nodiscard]] bool is_abandoned() noexcept {
    if (abandoned_gets == 0) return false;
    --abandoned_gets;
    return true;
  }

  std::shared_ptr<connection_state> on_;
  amqp_channel_t number_ = 0;
  bool is_open_ = false;
  close_reason reason_;
};

}  // namespace waybill::inline v0::rabbitmq::detail
