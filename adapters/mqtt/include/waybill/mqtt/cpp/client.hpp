#pragma once

#include <mqtt/client.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "waybill/mqtt/cpp/drop_in.hpp"

namespace waybill::inline v0::mqtt {

/// Paho's waiting client, which does what async_client does: context goes out with every message
/// and is taken off every one that comes. Its publish functions wait, so that outcomes are known
/// when they return; a message that timed out is an unanswered one.
///
/// connect, reconnect, publish and set_callback are virtual and work through Paho's type, too,
/// consume_message from 1.5 on. What a topic object (get_topic) publishes goes past waybill.
///
/// With automatic reconnect and no callback nobody hears of a lost connection: the server's Maximum
/// Packet Size is then always in doubt.
/// @par Threads    any, as Paho's.
class client : private detail::drop_in, public ::mqtt::client {
  using paho = ::mqtt::client;

 public:
  /// As Paho's, whatever its version takes: the server's URI, a client id, options, persistence.
  /// @{
  using ::mqtt::client::client;
  template <class... Arguments>
  requires std::constructible_from<::mqtt::client, Arguments...>
  // NOLINTNEXTLINE(*-explicit-*): as Paho's
  client(client_options options, Arguments&&... arguments)
      : drop_in(std::move(options)), paho(std::forward<Arguments>(arguments)...) {}
  /// @}
  ~client() override = default;

  /// For explicit contexts, and for handling messages that were fetched.
  /// @{
  void publish(::mqtt::const_message_ptr message, const send_options& options) {
    look_at_connection();
    sending.send_and_wait(std::move(message), options, [this](::mqtt::const_message_ptr ready) {
      paho::publish(std::move(ready));
    });
  }
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) {
    receiving.handle(message, std::forward<F>(handler));
  }
  [[nodiscard]] mqtt::consumer& consumer() noexcept { return receiving; }
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
    look_at_connection();
    // As Paho does: for as long as the answer takes. The copy shares the payload.
    sending.send_and_wait(
        std::make_shared<::mqtt::message>(message), {},
        [this](const ::mqtt::const_message_ptr& ready) { paho::publish(*ready); });
  }
  ::mqtt::connect_response connect() override { return connect(::mqtt::connect_options()); }
  /// A server that refuses the packet as too large is asked once more, without context in the will.
  ::mqtt::connect_response connect(::mqtt::connect_options options) override {
    last_asked_ = options;
    fit_will(options, get_client_id());
    connecting(options.get_mqtt_version(), nullptr);
    try {
      return answered(paho::connect(options));
    } catch (const ::mqtt::exception& refusal) {
      const int reason = static_cast<int>(refusal.get_reason_code());
      refused(reason);
      if (reason != MQTTREASONCODE_PACKET_TOO_LARGE || !fit_will(options, get_client_id(), true)) {
        throw;
      }
    }
    return answered(paho::connect(std::move(options)));
  }
  /// Where automatic reconnect is off it connects with the options of the last connect(), so that
  /// the server's limits are known.
  ::mqtt::connect_response reconnect() override {
    if (!last_asked_ || last_asked_->get_automatic_reconnect()) return paho::reconnect();
    return connect(*last_asked_);
  }
  void set_callback(::mqtt::callback& application) override {
    calling.set(&application);
    paho::set_callback(calling);
  }
  /// @}

  /// As Paho's, by this type: the next message without fields in its properties, or null for a lost
  /// connection.
  /// @{
  // NOLINTBEGIN(*-override): virtual in some versions of Paho alone
  ::mqtt::const_message_ptr consume_message() {
    const auto began = receiving.begin_receive();
    return receiving.adopt(paho::consume_message(), began);
  }
  bool try_consume_message(::mqtt::const_message_ptr* message) {
    return fetch(message, [this](auto* to) { return paho::try_consume_message(to); });
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_message_for(::mqtt::const_message_ptr* message,
                               const std::chrono::duration<Rep, Period>& patience) {
    return fetch(message, [&](auto* to) { return paho::try_consume_message_for(to, patience); });
  }
  template <class Clock, class Duration>
  bool try_consume_message_until(::mqtt::const_message_ptr* message,
                                 const std::chrono::time_point<Clock, Duration>& deadline) {
    return fetch(message, [&](auto* to) {
      return detail::wait_until(
          deadline, [&](const auto& part) { return paho::try_consume_message_for(to, part); });
    });
  }
  /// @}

 private:
  ::mqtt::connect_response answered(::mqtt::connect_response answer) {
    learn(answer);
    is_watched_ = calling.is_set() || !last_asked_->get_automatic_reconnect();
    return answer;
  }
  void look_at_connection() noexcept {
    if (!is_watched_ || !is_connected()) lost();
  }
  // For every constructor.
  bool know_client() noexcept {
    try {
      know(get_client_id());
    } catch (...) {
      receiving.propagation().record(direction::outbound, errc::no_memory, any_destination);
    }
    return false;
  }

  std::optional<::mqtt::connect_options> last_asked_;
  bool is_watched_ = know_client();
};

}  // namespace waybill::inline v0::mqtt
