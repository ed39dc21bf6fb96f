#pragma once

#include <mqtt/async_client.h>
#if __has_include(<mqtt/event.h>)
#include <mqtt/event.h>
#define WAYBILL_MQTT_HAS_EVENTS
#endif

#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/client_parts.hpp"

namespace waybill::inline v0::mqtt {

/// Paho's client, which publishes every message with the current context in its user properties
/// and takes the context off every message it receives: context_of() has it, and it is the current
/// one while a message callback runs. Constructors are Paho's, with client_options in front of
/// their arguments or without.
///
/// What is virtual in Paho works through pointers and references to Paho's classes, too: connect,
/// publish, set_callback; consume_message from 1.5 on. set_message_callback and the rest of the
/// functions that fetch messages are waybill's through this type alone: otherwise they are Paho's,
/// which leave the fields in the user properties.
/// @par Threads    any, as Paho's.
/// @par Lifetime   messages that are in flight when it goes are reported as unanswered.
class async_client : private detail::client_parts, public ::mqtt::async_client {
 public:
  /// As Paho's, whatever its version takes: the server's URI, a client id, options, persistence.
  /// @{
  template <class... Arguments>
  requires std::constructible_from<::mqtt::async_client, Arguments...>
  explicit async_client(Arguments&&... arguments)
      : async_client(client_options{}, std::forward<Arguments>(arguments)...) {}
  template <class... Arguments>
  requires std::constructible_from<::mqtt::async_client, Arguments...>
  explicit async_client(client_options options, Arguments&&... arguments)
      : client_parts(std::move(options)),
        ::mqtt::async_client(std::forward<Arguments>(arguments)...) {
    know(get_client_id());
  }
  /// @}
  ~async_client() override = default;

  // Paho's other overloads come to those below.
  using ::mqtt::async_client::connect;
  using ::mqtt::async_client::publish;

  /// For explicit contexts, and for handling messages that were fetched.
  /// @{
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message,
                                     const publish_options& options) {
    return send(std::move(message), nullptr, nullptr, options);
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message, void* user_context,
                                     ::mqtt::iaction_listener& listener,
                                     const publish_options& options) {
    return send(std::move(message), user_context, &listener, options);
  }
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) const {
    receiving.handle(message, std::forward<F>(handler));
  }
  /// @}
  /// What receives, and what is waited for.
  /// @{
  [[nodiscard]] const mqtt::receiver& receiver() const noexcept { return receiving; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return sending.in_flight(); }
  /// @}

  /// As Paho's.
  /// @{
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message) override {
    return send(std::move(message), nullptr, nullptr, {});
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message, void* user_context,
                                     ::mqtt::iaction_listener& listener) override {
    return send(std::move(message), user_context, &listener, {});
  }
  ::mqtt::token_ptr connect(::mqtt::connect_options options) override {
    const int version = options.get_mqtt_version();
    sending.connection().connecting(version, nullptr);
    ::mqtt::token_ptr answer = ::mqtt::async_client::connect(std::move(options));
    sending.connection().connecting(version, answer);
    return answer;
  }
  ::mqtt::token_ptr connect(::mqtt::connect_options options, void* user_context,
                            ::mqtt::iaction_listener& listener) override {
    const int version = options.get_mqtt_version();
    sending.connection().connecting(version, nullptr);
    ::mqtt::token_ptr answer =
        ::mqtt::async_client::connect(std::move(options), user_context, listener);
    sending.connection().connecting(version, answer);
    return answer;
  }
  void set_callback(::mqtt::callback& application) override {
    calling.set(&application);
    ::mqtt::async_client::set_callback(calling);
  }
  /// @}

  /// As Paho's, by this type.
  void set_message_callback(message_handler handler) {
    ::mqtt::async_client::set_message_callback(handler ? receiving.handling(std::move(handler))
                                                       : std::move(handler));
  }

  /// As Paho's, by this type: the next message without fields in its properties, or null for a lost
  /// connection.
  /// @{
  // NOLINTBEGIN(*-override): virtual in some versions of Paho alone
  ::mqtt::const_message_ptr consume_message() {
    const auto began = begin_receive();
    return receiving.receive(::mqtt::async_client::consume_message(), began);
  }
  bool try_consume_message(::mqtt::const_message_ptr* message) {
    return fetch(message,
                 [this](auto* to) { return ::mqtt::async_client::try_consume_message(to); });
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_message_for(::mqtt::const_message_ptr* message,
                               const std::chrono::duration<Rep, Period>& patience) {
    return fetch(message, [&](auto* to) {
      return ::mqtt::async_client::try_consume_message_for(to, patience);
    });
  }
  template <class Rep, class Period>
  ::mqtt::const_message_ptr try_consume_message_for(
      const std::chrono::duration<Rep, Period>& patience) {
    ::mqtt::const_message_ptr message;
    try_consume_message_for(&message, patience);
    return message;
  }
  template <class Clock, class Duration>
  bool try_consume_message_until(::mqtt::const_message_ptr* message,
                                 const std::chrono::time_point<Clock, Duration>& deadline) {
    return fetch(message, [&](auto* to) {
      return detail::wait_until(deadline, [&](const auto& part) {
        return ::mqtt::async_client::try_consume_message_for(to, part);
      });
    });
  }
  template <class Clock, class Duration>
  ::mqtt::const_message_ptr try_consume_message_until(
      const std::chrono::time_point<Clock, Duration>& deadline) {
    ::mqtt::const_message_ptr message;
    try_consume_message_until(&message, deadline);
    return message;
  }
  /// @}

#ifdef WAYBILL_MQTT_HAS_EVENTS
  /// As Paho's, where it has events.
  /// @{
  // NOLINTBEGIN(*-override)
  ::mqtt::event consume_event() {
    const auto began = begin_receive();
    ::mqtt::event next = ::mqtt::async_client::consume_event();
    take_off(next, began);
    return next;
  }
  bool try_consume_event(::mqtt::event* next) {
    const auto began = begin_receive();
    const bool came = ::mqtt::async_client::try_consume_event(next);
    if (came) take_off(*next, began);
    return came;
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_event_for(::mqtt::event* next,
                             const std::chrono::duration<Rep, Period>& patience) {
    const auto began = begin_receive();
    const bool came = ::mqtt::async_client::try_consume_event_for(next, patience);
    if (came) take_off(*next, began);
    return came;
  }
  template <class Rep, class Period>
  ::mqtt::event try_consume_event_for(const std::chrono::duration<Rep, Period>& patience) {
    const auto began = begin_receive();
    ::mqtt::event next = ::mqtt::async_client::try_consume_event_for(patience);
    take_off(next, began);
    return next;
  }
  template <class Clock, class Duration>
  bool try_consume_event_until(::mqtt::event* next,
                               const std::chrono::time_point<Clock, Duration>& deadline) {
    const auto began = begin_receive();
    const bool came = ::mqtt::async_client::try_consume_event_until(next, deadline);
    if (came) take_off(*next, began);
    return came;
  }
  template <class Clock, class Duration>
  ::mqtt::event try_consume_event_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    const auto began = begin_receive();
    ::mqtt::event next = ::mqtt::async_client::try_consume_event_until(deadline);
    take_off(next, began);
    return next;
  }
  /// @}
#endif

 private:
#ifdef WAYBILL_MQTT_HAS_EVENTS
  void take_off(::mqtt::event& next, std::chrono::system_clock::time_point began) const {
    if (::mqtt::const_message_ptr* message = next.get_message_if()) {
      *message = receiving.receive(std::move(*message), began);
    }
  }
#endif

  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message, void* user_context,
                                  ::mqtt::iaction_listener* listener,
                                  const publish_options& options) {
    return sending.send(std::move(message), listener, options,
                        [&](::mqtt::const_message_ptr ready, ::mqtt::iaction_listener* called) {
                          return called == nullptr ? ::mqtt::async_client::publish(std::move(ready))
                                                   : ::mqtt::async_client::publish(
                                                         std::move(ready), user_context, *called);
                        });
  }

  template <class Fetch>
  bool fetch(::mqtt::const_message_ptr* message, Fetch&& how) {
    const auto began = begin_receive();
    if (!how(message)) return false;
    *message = receiving.receive(std::move(*message), began);
    return true;
  }
};

}  // namespace waybill::inline v0::mqtt
