#pragma once

#include <mqtt/async_client.h>

#include <memory>
#include <utility>

#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt::detail {

/// A message on its way: what is sent, and the listener of its token, which calls the
/// application's. The token holds the message, so this lives as long as Paho may call it.
class tracked_message final : public ::mqtt::iaction_listener {
 public:
  tracked_message(publishing& by, const messaging::in_flight_message& waiting,
                  ::mqtt::const_message_ptr sent, ::mqtt::iaction_listener* application) noexcept
      : sent_(std::move(sent)), application_(application), outcome_(by, waiting) {}

  void on_success(const ::mqtt::token& token) override {
    answer(token);
    if (application_ != nullptr) application_->on_success(token);
  }
  void on_failure(const ::mqtt::token& token) override {
    answer(token);
    if (application_ != nullptr) application_->on_failure(token);
  }

  [[nodiscard]] const ::mqtt::message& sent() const noexcept { return *sent_; }
  [[nodiscard]] tracked_outcome& outcome() noexcept { return outcome_; }

 private:
  void answer(const ::mqtt::token& token) noexcept {
    outcome_.answered({token.get_return_code(), static_cast<int>(token.get_reason_code())},
                      sent_->get_qos(), &token);
  }

  ::mqtt::const_message_ptr sent_;
  ::mqtt::iaction_listener* application_;
  tracked_outcome outcome_;
};

/// The exception that is being handled, as a result; empty for one that is not Paho's.
[[nodiscard]] inline paho_result thrown_result() noexcept {
  try {
    throw;
  } catch (const ::mqtt::timeout_error&) {
    return {.return_code = MQTTASYNC_OPERATION_INCOMPLETE};
  } catch (const ::mqtt::exception& thrown) {
    return {thrown.get_return_code(), static_cast<int>(thrown.get_reason_code())};
  } catch (...) {
    return {};
  }
}

/// What a publisher, a drop-in and a client that waits have in common. For one client.
/// @par Threads   any.
class sender : public publishing {
 public:
  using publishing::publishing;

  /// Sends by `publish(message)` or `publish(message, user_context, listener)`, which return the
  /// token. `application` may be null.
  template <class Publish>
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message, void* user_context,
                                  ::mqtt::iaction_listener* application,
                                  const send_options& options, Publish&& publish) {
    const auto hand_over = [&](::mqtt::const_message_ptr sent, ::mqtt::iaction_listener* listener) {
      return listener == nullptr ? publish(std::move(sent))
                                 : publish(std::move(sent), user_context, *listener);
    };
    if (message == nullptr) return hand_over(std::move(message), application);
    outgoing ready(*this, view_of(*message), options);
    ::mqtt::const_message_ptr sent = changed(ready, message);
    const std::shared_ptr<tracked_message> tracked = track(ready, sent, application);
    // Whoever holds the message holds what waits for its outcome.
    if (tracked != nullptr) sent = {tracked, &tracked->sent()};
    try {
      auto token = hand_over(std::move(sent), tracked != nullptr ? tracked.get() : application);
      if (tracked == nullptr) end_unseen(ready.waiting());
      return token;
    } catch (...) {
      if (tracked == nullptr || tracked->outcome().forget()) {
        refused(ready.waiting(), thrown_result());
      }
      throw;
    }
  }

  /// Sends by `publish(message)`, which returns after the acknowledgement and otherwise throws.
  template <class Publish>
  void send_and_wait(::mqtt::const_message_ptr message, const send_options& options,
                     Publish&& publish) {
    if (message == nullptr) return publish(std::move(message));
    outgoing ready(*this, view_of(*message), options);
    const ::mqtt::const_message_ptr sent = changed(ready, message);
    try {
      publish(sent);
    } catch (...) {
      wait_ended(ready.waiting(), thrown_result(), sent->get_qos());
      throw;
    }
    finish(ready.waiting(), {}, sent->get_qos());
  }

 private:
  [[nodiscard]] static ::mqtt::const_message_ptr changed(
      outgoing& ready, const ::mqtt::const_message_ptr& message) noexcept {
    try {
      return changed_by(ready, message);
    } catch (...) {
      ready.give_up();
      return message;
    }
  }

  [[nodiscard]] std::shared_ptr<tracked_message> track(
      outgoing& ready, const ::mqtt::const_message_ptr& message,
      ::mqtt::iaction_listener* application) noexcept {
    try {
      if (!tracks()) return nullptr;
      return std::make_shared<tracked_message>(*this, ready.waiting(), message, application);
    } catch (...) {
      settings().record(direction::outbound, errc::no_memory, message->get_topic());
      return nullptr;
    }
  }
};

}  // namespace waybill::inline v0::mqtt::detail
