#pragma once

#include <mqtt/client.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "waybill/mqtt/cpp/drop_in.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {
using client_base = drop_in_client<::mqtt::client>;
}  // namespace detail

/// Paho's waiting client, which does what async_client does: context goes out with every message
/// and is taken off every one that comes. Its publish functions wait, so that outcomes are known
/// when they return; a message that timed out is an unanswered one.
///
/// connect, reconnect, disconnect, publish and set_callback are virtual and work through Paho's
/// type, too, consume_message from 1.5 on. What a topic object (get_topic) publishes goes past
/// waybill.
///
/// With automatic reconnect and no callback nobody hears of a lost connection: the server's Maximum
/// Packet Size is then always in doubt.
/// @par Threads    any, as Paho's.
class client : public detail::client_base {
  using paho = ::mqtt::client;

 public:
  using drop_in_client::drop_in_client;
  ~client() override = default;

  /// For explicit contexts.
  void publish(::mqtt::const_message_ptr message, const send_options& options) {
    look_at_connection();
    sending.send_and_wait(std::move(message), options, [this](::mqtt::const_message_ptr ready) {
      paho::publish(std::move(ready));
    });
  }

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
      if (!refused(refusal) || !fit_will(options, get_client_id(), true)) throw;
    }
    return answered(paho::connect(std::move(options)));
  }
  /// Where automatic reconnect is off it connects with the options of the last connect(), so that
  /// the server's limits are known.
  ::mqtt::connect_response reconnect() override {
    if (!last_asked_ || last_asked_->get_automatic_reconnect()) return paho::reconnect();
    return connect(*last_asked_);
  }
  using ::mqtt::client::disconnect;
  void disconnect() override {
    lost();
    paho::disconnect();
  }
  void disconnect(int timeout_ms) override {
    lost();
    paho::disconnect(timeout_ms);
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
