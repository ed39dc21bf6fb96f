#pragma once

#include <mqtt/async_client.h>
#if __has_include(<mqtt/event.h>)
#include <mqtt/event.h>
#define WAYBILL_MQTT_HAS_EVENTS
#endif

#include <cstddef>
#include <cstdint>
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
  [[nodiscard]] std::size_t in_flight() const noexcept { return sending.in_flight(); }

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
    return ask({std::move(options)});
  }
  ::mqtt::token_ptr connect(::mqtt::connect_options options, void* user_context,
                            ::mqtt::iaction_listener& listener) override {
    return ask({std::move(options), user_context, &listener});
  }
  /// Where automatic reconnect is off it connects with the options of the last connect(), so that
  /// the server's limits are known.
  ::mqtt::token_ptr reconnect() override {
    if (auto last = last_asked()) return ask(*std::move(last));
    replaced();
    return paho::reconnect();
  }
  void disable_callbacks() override {
    paho::disable_callbacks();
    set_deaf(true);
  }
  // Paho calls no handler for the application's own disconnection.
  ::mqtt::token_ptr disconnect(::mqtt::disconnect_options options) override {
    replaced();
    return paho::disconnect(std::move(options));
  }
  ::mqtt::token_ptr disconnect(int timeout_ms, void* user_context,
                               ::mqtt::iaction_listener& listener) override {
    replaced();
    return paho::disconnect(timeout_ms, user_context, listener);
  }
  /// @}

  /// As Paho's, by this type.
  /// @{
  void start_consuming() {
    paho::start_consuming();
    set_deaf(false);
  }
  void set_message_callback(message_handler handler) {
    paho::set_message_callback(handler ? receiving.handling(std::move(handler))
                                       : std::move(handler));
  }
  /// @}

#ifdef WAYBILL_MQTT_HAS_EVENTS
  /// As Paho's, where it has events.
  /// @{
  // NOLINTBEGIN(*-override)
  ::mqtt::event consume_event() {
    return fetch([&] { return paho::consume_event(); });
  }
  bool try_consume_event(::mqtt::event* next) {
    return fetch(next, [&] { return paho::try_consume_event(next); });
  }
  // NOLINTEND(*-override)
  bool try_consume_event_for(::mqtt::event* next, const auto& patience) {
    return fetch(next, [&] { return paho::try_consume_event_for(next, patience); });
  }
  ::mqtt::event try_consume_event_for(const auto& patience) {
    return fetch([&] { return paho::try_consume_event_for(patience); });
  }
  bool try_consume_event_until(::mqtt::event* next, const auto& deadline) {
    return fetch(next, [&] { return paho::try_consume_event_until(next, deadline); });
  }
  ::mqtt::event try_consume_event_until(const auto& deadline) {
    return fetch([&] { return paho::try_consume_event_until(deadline); });
  }
  /// @}
#endif

 private:
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message, void* user_context,
                                  ::mqtt::iaction_listener* listener, const send_options& options) {
    look_at_response();
    return sending.send(
        std::move(message), user_context, listener, options,
        [this](auto&&... sent) { return paho::publish(std::forward<decltype(sent)>(sent)...); });
  }
  ::mqtt::token_ptr ask(detail::connection asked) {
    const std::uint64_t attempt = asking(asked, get_client_id());
    // Paho gets a copy, which shows the properties of this one: see asking().
    ::mqtt::token_ptr answer =
        asked.listener == nullptr
            ? paho::connect(asked.options)
            : paho::connect(asked.options, asked.user_context, *asked.listener);
    await(attempt, answer);
    return answer;
  }
};

}  // namespace waybill::inline v0::mqtt
