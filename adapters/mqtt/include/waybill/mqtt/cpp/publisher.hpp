#pragma once

#include <mqtt/async_client.h>

#include <cstddef>
#include <utility>

#include "waybill/mqtt/cpp/sender.hpp"

namespace waybill::inline v0::mqtt {

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
    sender_.know(client.get_client_id(), [&client] { return client.is_connected(); });
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
    const int version = response.get_mqtt_version();
    sender_.connection().answered(sender_.connection().asked(version), version,
                                  packet_bytes_max_of(response.get_properties().c_struct()));
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
