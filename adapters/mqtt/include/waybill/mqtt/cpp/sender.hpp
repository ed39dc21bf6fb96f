#pragma once

#include <mqtt/async_client.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "waybill/messaging/callback_link.hpp"
#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt::detail {

using publishing_link = messaging::callback_link<publishing>;

/// A message on its way: what is sent, and the listener of its token, which calls the
/// application's. The token holds the message, so this lives as long as Paho may call it.
class tracked_message final : public ::mqtt::iaction_listener {
 public:
  tracked_message(::mqtt::const_message_ptr sent, ::mqtt::iaction_listener* application,
                  std::shared_ptr<publishing_link> link, std::uint64_t number)
      : sent_(std::move(sent)),
        application_(application),
        link_(std::move(link)),
        number_(number) {}
  tracked_message(const tracked_message&) = delete;
  tracked_message& operator=(const tracked_message&) = delete;
  // Whoever gives the token another listener, or drops it, leaves nobody to say what became of it.
  // Paho's lock may be held here, so nobody is called.
  ~tracked_message() override {
    if (!is_answered_) link_->call([this](publishing& by) { by.abandon(number_); });
  }

  void on_success(const ::mqtt::token& token) override {
    answer(token);
    if (application_ != nullptr) application_->on_success(token);
  }
  void on_failure(const ::mqtt::token& token) override {
    answer(token);
    if (application_ != nullptr) application_->on_failure(token);
  }

  [[nodiscard]] const ::mqtt::message& sent() const noexcept { return *sent_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// Paho refused the message.
  void forgotten() noexcept { is_answered_ = true; }

 private:
  void answer(const ::mqtt::token& token) noexcept {
    is_answered_ = true;
    delivery_report report = report_of(token.get_return_code(),
                                       static_cast<int>(token.get_reason_code()), sent_->get_qos());
    report.token = &token;
    link_->call([&](publishing& by) { by.answered(number_, report); });
  }

  ::mqtt::const_message_ptr sent_;
  ::mqtt::iaction_listener* application_;
  std::shared_ptr<publishing_link> link_;
  std::uint64_t number_;
  bool is_answered_ = false;
};

/// What a publisher, a drop-in and a client that waits have in common. Of one client.
/// @par Threads   any.
class sender {
 public:
  sender(waybill::propagation settings, publisher_options options)
      : core_(std::move(settings), std::move(options)) {
    static_cast<void>(link_->attach(core_));
  }
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;
  ~sender() { link_->detach(); }

  /// Sends by `hand_over(message, listener)`, which returns the token and whose listener may be
  /// null.
  template <class HandOver>
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message,
                                  ::mqtt::iaction_listener* application,
                                  const send_options& options, HandOver&& hand_over) {
    if (message == nullptr) return hand_over(std::move(message), application);
    outgoing ready(core_, view_of(*message), options);
    ::mqtt::const_message_ptr sent = changed(ready, message);
    const std::shared_ptr<tracked_message> tracked = track(ready, sent, application);
    // Whoever holds the message holds what waits for its outcome.
    if (tracked != nullptr) sent = {tracked, &tracked->sent()};
    try {
      ::mqtt::delivery_token_ptr token =
          hand_over(sent, tracked != nullptr ? tracked.get() : application);
      if (tracked == nullptr) core_.end_span(ready.waiting(), outcome_state::unknown);
      return token;
    } catch (...) {
      const bool is_ours = tracked == nullptr || core_.forget(tracked->number());
      if (tracked != nullptr) tracked->forgotten();
      if (is_ours) refused(ready);
      throw;
    }
  }

  /// Sends by `publish(message)`, which returns when there was an answer and throws without.
  template <class Publish>
  void send_and_wait(::mqtt::const_message_ptr message, const send_options& options,
                     Publish&& publish) {
    if (message == nullptr) return publish(std::move(message));
    outgoing ready(core_, view_of(*message), options);
    const ::mqtt::const_message_ptr sent = changed(ready, message);
    const auto answered = [&](int return_code, int reason_code) {
      core_.finish(ready.waiting(), report_of(return_code, reason_code, sent->get_qos()));
    };
    try {
      publish(sent);
    } catch (const ::mqtt::timeout_error&) {
      answered(MQTTASYNC_OPERATION_INCOMPLETE, 0);
      throw;
    } catch (const ::mqtt::exception& thrown) {
      // Paho refuses a message with other codes of its own, and without a reason.
      const int code = thrown.get_return_code();
      const int reason = static_cast<int>(thrown.get_reason_code());
      if (reason >= MQTTREASONCODE_UNSPECIFIED_ERROR || code == MQTTASYNC_FAILURE ||
          code == MQTTASYNC_OPERATION_INCOMPLETE) {
        answered(code, reason);
      } else {
        refused(ready);
      }
      throw;
    } catch (...) {
      refused(ready);
      throw;
    }
    answered(MQTTASYNC_SUCCESS, 0);
  }

  [[nodiscard]] publishing& core() noexcept { return core_; }
  [[nodiscard]] const publishing& core() const noexcept { return core_; }

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
    if (!core_.tracks()) return nullptr;
    const std::uint64_t number = core_.accepting(ready.waiting());
    try {
      return std::make_shared<tracked_message>(message, application, link_, number);
    } catch (...) {
      if (!core_.forget(number)) ready.waiting().span = {};
      core_.settings().record(direction::outbound, errc::no_memory, message->get_topic());
      return nullptr;
    }
  }

  /// Ends the span of a message that was not accepted, by the exception that is being handled.
  void refused(outgoing& ready) noexcept {
    try {
      throw;
    } catch (const ::mqtt::exception& refusal) {
      const delivery_report report = report_of(refusal.get_return_code(), 0, 1);
      core_.end_span(ready.waiting(), outcome_state::failed, as_outcome(report).error());
    } catch (...) {
      core_.end_span(ready.waiting(), outcome_state::failed, "exception");
    }
  }

  publishing core_;
  std::shared_ptr<publishing_link> link_ = std::make_shared<publishing_link>();
};

}  // namespace waybill::inline v0::mqtt::detail
