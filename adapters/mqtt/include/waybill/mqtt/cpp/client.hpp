#pragma once

#include <mqtt/client.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/client_parts.hpp"

namespace waybill::inline v0::mqtt {

/// Paho's waiting client, which does what async_client does: context goes out with every message
/// and is taken off every one that comes. Its publish functions wait, so that outcomes are known
/// when they return; a message that timed out is an unanswered one.
///
/// connect, publish and set_callback are virtual and work through Paho's type, too, consume_message
/// from 1.5 on. What a topic object (get_topic) publishes goes past waybill.
/// @par Threads    any, as Paho's.
class client : private detail::client_parts, public ::mqtt::client {
 public:
  /// As Paho's, whatever its version takes: the server's URI, a client id, options, persistence.
  /// @{
  template <class... Arguments>
  requires std::constructible_from<::mqtt::client, Arguments...>
  explicit client(Arguments&&... arguments)
      : client(client_options{}, std::forward<Arguments>(arguments)...) {}
  template <class... Arguments>
  requires std::constructible_from<::mqtt::client, Arguments...>
  explicit client(client_options options, Arguments&&... arguments)
      : client_parts(std::move(options)), ::mqtt::client(std::forward<Arguments>(arguments)...) {
    know(get_client_id());
  }
  /// @}
  ~client() override = default;

  /// For explicit contexts, and for handling messages that were fetched.
  /// @{
  void publish(::mqtt::const_message_ptr message, const publish_options& options) {
    sending.send_and_wait(std::move(message), options, [this](::mqtt::const_message_ptr ready) {
      ::mqtt::client::publish(std::move(ready));
    });
  }
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) const {
    receiving.handle(message, std::forward<F>(handler));
  }
  [[nodiscard]] const mqtt::receiver& receiver() const noexcept { return receiving; }
  /// @}

  /// As Paho's.
  /// @{
  void publish(::mqtt::const_message_ptr message) override { publish(std::move(message), {}); }
  void publish(::mqtt::string_ref topic, const void* payload, std::size_t bytes, int qos,
               bool retained) override {
    publish(::mqtt::message::create(std::move(topic), payload, bytes, qos, retained), {});
  }
  void publish(::mqtt::string_ref topic, const void* payload, std::size_t bytes) override {
    publish(::mqtt::message::create(std::move(topic), payload, bytes), {});
  }
  void publish(const ::mqtt::message& message) override {
    // As Paho does: for as long as the answer takes. The copy shares the payload.
    sending.send_and_wait(
        std::make_shared<::mqtt::message>(message), {},
        [this](const ::mqtt::const_message_ptr& ready) { ::mqtt::client::publish(*ready); });
  }
  ::mqtt::connect_response connect() override { return learn(::mqtt::client::connect()); }
  ::mqtt::connect_response connect(::mqtt::connect_options options) override {
    return learn(::mqtt::client::connect(std::move(options)));
  }
  ::mqtt::connect_response reconnect() override { return learn(::mqtt::client::reconnect()); }
  void set_callback(::mqtt::callback& application) override {
    calling.set(&application);
    ::mqtt::client::set_callback(calling);
  }
  /// @}

  /// As Paho's, by this type: the next message without fields in its properties, or null for a lost
  /// connection.
  /// @{
  // NOLINTBEGIN(*-override): virtual in some versions of Paho alone
  ::mqtt::const_message_ptr consume_message() {
    const auto began = begin_receive();
    return receiving.receive(::mqtt::client::consume_message(), began);
  }
  bool try_consume_message(::mqtt::const_message_ptr* message) {
    return fetch(message, [this](auto* to) { return ::mqtt::client::try_consume_message(to); });
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_message_for(::mqtt::const_message_ptr* message,
                               const std::chrono::duration<Rep, Period>& patience) {
    return fetch(message,
                 [&](auto* to) { return ::mqtt::client::try_consume_message_for(to, patience); });
  }
  template <class Clock, class Duration>
  bool try_consume_message_until(::mqtt::const_message_ptr* message,
                                 const std::chrono::time_point<Clock, Duration>& deadline) {
    return fetch(message, [&](auto* to) {
      return detail::wait_until(deadline, [&](const auto& part) {
        return ::mqtt::client::try_consume_message_for(to, part);
      });
    });
  }
  /// @}

 private:
  ::mqtt::connect_response learn(::mqtt::connect_response answer) {
    sending.connection().connected(answer);
    return answer;
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
