#pragma once

#include <mqtt/async_client.h>
#if __has_include(<mqtt/event.h>)
#include <mqtt/event.h>
#define WAYBILL_MQTT_HAS_EVENTS
#endif

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/drop_in.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {
using async_client_base = drop_in_client<::mqtt::async_client>;
}  // namespace detail

/// Paho's client, which publishes every message with the current context in its user properties
/// and takes the context off every message it receives: context_of() has it, it is the current one
/// while a message callback runs, and of a message that was fetched it is the thread's received one
/// until the next receive call. Constructors are Paho's, with client_options in front of their
/// arguments or without.
///
/// What is virtual in Paho works through pointers and references to Paho's classes, too: connect,
/// reconnect, disconnect, publish, set_callback; consume_message from 1.5 on. set_message_callback
/// and the rest of the functions that fetch messages are waybill's through this type alone:
/// otherwise they are Paho's, which leave the fields in the user properties.
/// @par Threads    any, as Paho's.
/// @par Lifetime   messages that are in flight when it goes are reported as unanswered.
class async_client : public detail::async_client_base {
  using paho = ::mqtt::async_client;

 public:
  using drop_in_client::drop_in_client;
  ~async_client() override = default;

  // Paho's other overloads come to those below.
  using ::mqtt::async_client::connect;
  using ::mqtt::async_client::disconnect;
  using ::mqtt::async_client::publish;

  /// For explicit contexts.
  /// @{
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message,
                                     const send_options& options) {
    return send(std::move(message), nullptr, nullptr, options);
  }
  ::mqtt::delivery_token_ptr publish(::mqtt::const_message_ptr message, void* user_context,
                                     ::mqtt::iaction_listener& listener,
                                     const send_options& options) {
    return send(std::move(message), user_context, &listener, options);
  }
  /// @}
  /// How many messages wait for their outcome.
  [[nodiscard]] std::size_t in_flight() const noexcept { return sending.core().in_flight(); }

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
    return ask({std::move(options), nullptr, nullptr});
  }
  ::mqtt::token_ptr connect(::mqtt::connect_options options, void* user_context,
                            ::mqtt::iaction_listener& listener) override {
    return ask({std::move(options), user_context, &listener});
  }
  /// Where automatic reconnect is off it connects with the options of the last connect(), so that
  /// the server's limits are known.
  ::mqtt::token_ptr reconnect() override {
    if (!last_asked_ || last_asked_->options.get_automatic_reconnect()) return paho::reconnect();
    return ask(connection(*last_asked_));
  }
  // Paho calls no handler for the application's own disconnection.
  ::mqtt::token_ptr disconnect(::mqtt::disconnect_options options) override {
    lost();
    return paho::disconnect(std::move(options));
  }
  ::mqtt::token_ptr disconnect(int timeout_ms, void* user_context,
                               ::mqtt::iaction_listener& listener) override {
    lost();
    return paho::disconnect(timeout_ms, user_context, listener);
  }
  /// @}

  /// As Paho's, by this type.
  /// @{
  void set_message_callback(message_handler handler) {
    paho::set_message_callback(handler ? receiving.handling(std::move(handler))
                                       : std::move(handler));
  }
  void set_connection_lost_handler(connection_handler handler) {
    paho::set_connection_lost_handler(
        [this, handler = std::move(handler)](const std::string& cause) {
          // The application's callback may have asked for the next connection already.
          if (!calling.is_set()) lost();
          if (handler) handler(cause);
        });
  }
  void set_disconnected_handler(disconnected_handler handler) {
    has_disconnected_handler_ = true;
    paho::set_disconnected_handler([this, handler = std::move(handler)](
                                       const ::mqtt::properties& list, ::mqtt::ReasonCode reason) {
      refused(static_cast<int>(reason));
      // Of a disconnection by the server Paho tells the handler of a lost connection nothing.
      lost();
      if (handler) handler(list, reason);
    });
  }
  /// @}

#ifdef WAYBILL_MQTT_HAS_EVENTS
  /// As Paho's, where it has events.
  /// @{
  // NOLINTBEGIN(*-override)
  ::mqtt::event consume_event() {
    return fetch_event([this](::mqtt::event& next) { next = paho::consume_event(); });
  }
  bool try_consume_event(::mqtt::event* next) {
    return fetch_event(next, [&] { return paho::try_consume_event(next); });
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_event_for(::mqtt::event* next,
                             const std::chrono::duration<Rep, Period>& patience) {
    return fetch_event(next, [&] { return paho::try_consume_event_for(next, patience); });
  }
  template <class Rep, class Period>
  ::mqtt::event try_consume_event_for(const std::chrono::duration<Rep, Period>& patience) {
    return fetch_event([&](::mqtt::event& next) { next = paho::try_consume_event_for(patience); });
  }
  template <class Clock, class Duration>
  bool try_consume_event_until(::mqtt::event* next,
                               const std::chrono::time_point<Clock, Duration>& deadline) {
    return fetch_event(next, [&] { return paho::try_consume_event_until(next, deadline); });
  }
  template <class Clock, class Duration>
  ::mqtt::event try_consume_event_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return fetch_event(
        [&](::mqtt::event& next) { next = paho::try_consume_event_until(deadline); });
  }
  /// @}
#endif

 private:
  /// What connect() was called with.
  struct connection {
    ::mqtt::connect_options options;
    void* user_context;
    ::mqtt::iaction_listener* listener;
  };

#ifdef WAYBILL_MQTT_HAS_EVENTS
  template <class Fetch>
  bool fetch_event(::mqtt::event* next, Fetch&& how) {
    const auto began = receiving.begin_receive();
    if (!how()) return false;
    if (::mqtt::const_message_ptr* message = next->get_message_if()) {
      *message = receiving.adopt(std::move(*message), began);
    }
    return true;
  }
  template <class Fetch>
  ::mqtt::event fetch_event(Fetch&& how) {
    ::mqtt::event next;
    fetch_event(&next, [&] { return how(next), true; });
    return next;
  }
#endif

  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message, void* user_context,
                                  ::mqtt::iaction_listener* listener, const send_options& options) {
    look_at_answer();
    return sending.send(std::move(message), listener, options,
                        [&](::mqtt::const_message_ptr ready, ::mqtt::iaction_listener* called) {
                          return called == nullptr
                                     ? paho::publish(std::move(ready))
                                     : paho::publish(std::move(ready), user_context, *called);
                        });
  }

  ::mqtt::token_ptr ask(connection asked) {
    look_at_answer();
    watch_disconnects();
    ::mqtt::connect_options options = asked.options;
    fit_will(options, get_client_id());
    const int version = options.get_mqtt_version();
    ::mqtt::token_ptr answer =
        asked.listener == nullptr
            ? paho::connect(std::move(options))
            : paho::connect(std::move(options), asked.user_context, *asked.listener);
    last_asked_ = std::move(asked);
    connecting(version, answer);
    return answer;
  }

  // Paho tells a disconnection by the server, and its reason, to this handler alone. From 1.3 on it
  // also puts a sign of it into the queue of an application that consumes messages.
  void watch_disconnects() noexcept {
    if (has_disconnected_handler_) return;
    try {
      set_disconnected_handler({});
    } catch (...) {
      // While it is connected: the call that follows fails, too.
    }
  }
  // For every constructor.
  bool watch() noexcept {
    try {
      know(get_client_id());
      set_connection_lost_handler({});
    } catch (...) {
      receiving.propagation().record(direction::outbound, errc::no_memory, any_destination);
    }
    return true;
  }

  std::optional<connection> last_asked_;
  bool has_disconnected_handler_ = false;
  [[maybe_unused]] bool is_watched_ = watch();
};

}  // namespace waybill::inline v0::mqtt
