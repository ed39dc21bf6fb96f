#pragma once

#include <mqtt/client.h>

#include <cstddef>
#include <memory>
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
/// @par Threads    any, as Paho's.
class client : public detail::client_base {
  using paho = ::mqtt::client;

 public:
  using drop_in_client::drop_in_client;
  ~client() override = default;

  /// For explicit contexts.
  void publish(::mqtt::const_message_ptr message, const send_options& options) {
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
    // As Paho does: until the acknowledgement, without a timeout. The copy shares the payload.
    sending.send_and_wait(
        std::make_shared<::mqtt::message>(message), {},
        [this](const ::mqtt::const_message_ptr& ready) { paho::publish(*ready); });
  }
  ::mqtt::connect_response connect() override { return connect(::mqtt::connect_options()); }
  /// A server that refuses the packet as too large is asked once more, without context in the will.
  ::mqtt::connect_response connect(::mqtt::connect_options options) override {
    return ask({std::move(options)}, [this](const auto& how) { return paho::connect(how); });
  }
  /// Where automatic reconnect is off it connects with the options of the last connect(), so that
  /// the server's limits are known.
  ::mqtt::connect_response reconnect() override {
    if (auto last = last_asked()) {
      // Paho's connect() begins to consume anew: what was received before would be lost.
      return ask(*std::move(last), [this](const ::mqtt::connect_options& how) {
        const ::mqtt::token_ptr token = detail::worker_of(*this).connect(how);
        if (!token->wait_for(get_timeout())) throw ::mqtt::timeout_error();
        return token->get_connect_response();
      });
    }
    replaced();
    return paho::reconnect();
  }
  using ::mqtt::client::disconnect;
  void disconnect() override {
    replaced();
    paho::disconnect();
  }
  void disconnect(int timeout_ms) override {
    replaced();
    paho::disconnect(timeout_ms);
  }
  /// @}

 private:
  template <class Connect>
  ::mqtt::connect_response ask(detail::connection asked, Connect&& connect) {
    const std::uint64_t attempt = asking(asked, get_client_id());
    const auto try_it = [&] {
      ::mqtt::connect_response response = connect(asked.options);
      detail::connected(state(), attempt, response);
      return response;
    };
    try {
      return try_it();
    } catch (const ::mqtt::exception& refusal) {
      if (!refused(refusal) || !fit_will(asked.options, get_client_id(), true)) throw;
    }
    return try_it();
  }
};

}  // namespace waybill::inline v0::mqtt
