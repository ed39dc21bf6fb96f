#pragma once

#include <mqtt/async_client.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {

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

/// Enters the response to a connection attempt into what is known of the connection.
inline void connected(connection_state& state, std::uint64_t attempt,
                      const ::mqtt::connect_response& response) {
  state.answered(attempt, response.get_mqtt_version(),
                 packet_bytes_max_of(response.get_properties().c_struct()));
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
    std::shared_ptr<tracked_message> tracked;
    ::mqtt::const_message_ptr sent =
        finished(ready, message, [&](::mqtt::const_message_ptr changed) {
          if (!tracks()) return changed;
          tracked = std::make_shared<tracked_message>(*this, ready.waiting(), changed, application);
          // Whoever holds the message holds what waits for its outcome.
          return ::mqtt::const_message_ptr(tracked, &tracked->sent());
        });
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
    const ::mqtt::const_message_ptr sent = finished(ready, message, std::identity());
    try {
      publish(sent);
    } catch (...) {
      wait_ended(ready.waiting(), thrown_result(), sent->get_qos());
      throw;
    }
    finish(ready.waiting(), {}, sent->get_qos());
  }

 private:
  /// What `finish(message)` makes of the message that goes out; without memory the message as it
  /// is.
  template <class Finish>
  [[nodiscard]] static ::mqtt::const_message_ptr finished(outgoing& ready,
                                                          const ::mqtt::const_message_ptr& message,
                                                          Finish&& finish) noexcept {
    try {
      return finish(changed_by(ready, message));
    } catch (...) {
      ready.give_up();
      return message;
    }
  }
};

}  // namespace detail

/// Publishes messages with the current context in their user properties, and learns what becomes of
/// them. The application's message is never touched: a copy goes out, with its payload shared, and
/// the token's get_message() is that copy. Everything else is done with the client itself.
///
/// With MQTT 3.1.1 there is no place for context and nothing is added; spans and outcomes are as
/// with MQTT 5.
/// @par Lifetime   borrows the client. Messages that are in flight when the publisher goes are
///                 reported as unanswered; their tokens and the application's listeners work on.
/// @par Threads    any, as Paho's publish. Not to be destroyed in a delivery listener.
/// @par Errors     publish throws what the client's throws, and nothing else.
class publisher {
 public:
  /// Publishes by a client that outlives its calls.
  publisher(::mqtt::iasync_client& client, waybill::propagation settings,
            publisher_options options = {})
      : client_(&client), sender_(std::move(settings), std::move(options)) {
    sender_.know(client.get_client_id());
  }

  /// As the client's. Where outcomes are waited for, the token's get_action_callback() is
  /// waybill's, which calls the application's.
  /// @{
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message,
                                     const send_options& options = {}) {
    return send(std::move(message), nullptr, nullptr, options);
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message, void* user_context,
                                     ::mqtt::iaction_listener& listener,
                                     const send_options& options = {}) {
    return send(std::move(message), user_context, &listener, options);
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::string_ref topic, const void* payload,
                                     std::size_t bytes) {
    return publish(::mqtt::message::create(std::move(topic), payload, bytes));
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::string_ref topic, const void* payload,
                                     std::size_t bytes, int qos, bool retained,
                                     const send_options& options = {}) {
    return publish(::mqtt::message::create(std::move(topic), payload, bytes, qos, retained),
                   options);
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::string_ref topic, ::mqtt::binary_ref payload) {
    return publish(::mqtt::message::create(std::move(topic), std::move(payload)));
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::string_ref topic, ::mqtt::binary_ref payload, int qos,
                                     bool retained, const send_options& options = {}) {
    return publish(::mqtt::message::create(std::move(topic), std::move(payload), qos, retained),
                   options);
  }
  /// @}

  /// To be called with the response to each connect(): it has the MQTT version, and the Maximum
  /// Packet Size for which fields are left out (baggage first, then tracestate, then traceparent).
  /// Until then the limit is in doubt; see connection_state.
  void connected(const ::mqtt::connect_response& response) {
    connection_state& state = sender_.connection();
    detail::connected(state, state.asked(response.get_mqtt_version()), response);
  }
  /// To be called when the connection is lost or ended: the limit is then in doubt.
  void connection_lost() noexcept { sender_.connection().lost(); }

  /// Accepted messages that have no outcome yet, as far as somebody waits for it (a listener or a
  /// tracer); otherwise 0.
  [[nodiscard]] std::size_t in_flight() const noexcept { return sender_.in_flight(); }
  /// What it was made with.
  [[nodiscard]] const waybill::propagation& propagation() const noexcept {
    return sender_.settings();
  }

 private:
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message, void* user_context,
                                  ::mqtt::iaction_listener* listener, const send_options& options) {
    return sender_.send(
        std::move(message), user_context, listener, options,
        [this](auto&&... sent) { return client_->publish(std::forward<decltype(sent)>(sent)...); });
  }

  ::mqtt::iasync_client* client_;
  detail::sender sender_;
};

}  // namespace waybill::inline v0::mqtt
