#pragma once

#include <mqtt/client.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/consumer.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"
#include "waybill/mqtt/cpp/will.hpp"

namespace waybill::inline v0::mqtt {

/// What a drop-in client does with every message.
struct client_options {
  propagation settings{};       ///< Formats, boundary, tracer and the rest.
  publisher_options publish{};  ///< For what goes out.
  /// For what comes in; the client id is filled in. A message's context is the thread's received
  /// one: turn that off for threads that receive and then send something else.
  consumer_options receive{.fills_received_slot = true};
};

namespace detail {

/// What connect() was called with.
struct connection {
  ::mqtt::connect_options options;
  void* user_context = nullptr;
  ::mqtt::iaction_listener* listener = nullptr;
};

/// What a drop-in adds to its client, and what it hears of the connection. A base in front of
/// Paho's, so that it outlives the client's threads, which call it.
/// @par Threads   any.
class drop_in {
 public:
  explicit drop_in(client_options options = {})
      : sending(options.settings, std::move(options.publish)),
        receiving(std::move(options.settings), std::move(options.receive)) {}

  /// A connection is about to be asked for. Takes context off a will that may not have any; see
  /// fit_will(). Returns the number of the attempt.
  std::uint64_t asking(connection& asked, const std::string& client_id) {
    look_at_response();
    // In Paho 1.2 a copy of options shows the properties of its original, which may be gone.
    ::mqtt::properties own = asked.options.get_properties();
    if (asked.options.get_mqtt_version() >= MQTTVERSION_5 || !own.empty()) {
      asked.options.set_properties(std::move(own));
    }
    {
      const std::lock_guard lock(mutex_);
      last_asked_ = asked;
    }
    fit_will(asked.options, client_id);
    receiving.aliases().clear();
    return state().asked(asked.options.get_mqtt_version());
  }
  /// `token` will have the CONNACK of this attempt.
  void await(std::uint64_t attempt, ::mqtt::token_ptr token) {
    const std::lock_guard lock(mutex_);
    if (attempt < awaited_attempt_) return;
    awaited_attempt_ = attempt;
    awaited_ = std::move(token);
    is_waiting_ = true;
  }
  /// Looks whether the CONNACK is there; before each message, which costs nothing once it is known.
  void look_at_response() noexcept {
    if (is_deaf_) return state().doubt();
    if (!is_waiting_) return;
    const std::lock_guard lock(mutex_);
    try {
      if (awaited_ == nullptr || !awaited_->try_wait()) return;
      connected(state(), awaited_attempt_, awaited_->get_connect_response());
    } catch (const ::mqtt::exception& refusal) {
      static_cast<void>(refused(refusal));
    } catch (...) {
      // Without memory the limit stays in doubt.
    }
    is_waiting_ = false;
    awaited_.reset();
  }
  /// What reconnect() connects with. Nothing where that is up to Paho, as it is while it connects:
  /// of a connect() meanwhile it would free the options that it goes by.
  [[nodiscard]] std::optional<connection> last_asked() {
    look_at_response();
    const std::lock_guard lock(mutex_);
    const bool is_pahos =
        is_waiting_ || (last_asked_ && last_asked_->options.get_automatic_reconnect());
    return is_pahos ? std::nullopt : last_asked_;
  }
  /// Whether Paho reports no lost connection. Then the limit stays in doubt.
  void set_deaf(bool is_deaf) noexcept { is_deaf_ = is_deaf; }
  /// The connection ends by connection_state::lost or replaced. A CONNACK that is there already was
  /// that of this connection.
  void end(void (connection_state::*how)() noexcept) noexcept {
    look_at_response();
    receiving.aliases().clear();
    (state().*how)();
  }
  void lost() noexcept { end(&connection_state::lost); }
  /// The application ends the connection, or Paho makes another one by itself.
  void replaced() noexcept { end(&connection_state::replaced); }
  /// Whether the server refused a packet as too large. Paho C has the reason of a CONNACK in the
  /// return code, that of other packets in the reason code.
  [[nodiscard]] bool refused(const ::mqtt::exception& refusal) noexcept {
    return state().refused(static_cast<int>(refusal.get_reason_code())) ||
           state().refused(refusal.get_return_code());
  }

  /// Takes context off the will of options whose CONNECT may be too large with it. With
  /// `is_refused`, and where Paho reconnects by itself, no will has context: Paho would send it
  /// again and again to a server whose limit has become too small. Whether anything was taken.
  bool fit_will(::mqtt::connect_options& options, const std::string& client_id,
                bool is_refused = false) noexcept {
    try {
      // Of a copy: assigned options may have the will of those before them still.
      ::mqtt::will_options will = ::mqtt::connect_options(options).get_will_options();
      const std::string topic = will.get_topic();
      const std::string payload = will.get_payload_str();
      const bool may_have_none = is_refused || options.get_automatic_reconnect();
      bare_will bare({.version = options.get_mqtt_version(),
                      .client_id_bytes = client_id.size(),
                      .user_name_bytes = options.get_user_name().size(),
                      .password_bytes = options.get_password_str().size(),
                      .properties = options.get_properties().c_struct(),
                      .will = {.topic = topic,
                               .payload = payload,
                               .properties = will.get_properties().c_struct()}},
                     sending.settings(), may_have_none ? 0 : state().bytes_in_doubt());
      if (!bare.is_changed()) return false;
      change_will(will, bare);
      options.set_will(std::move(will));
      return true;
    } catch (...) {
      sending.settings().record(direction::outbound, errc::no_memory, any_destination);
      return false;
    }
  }
  [[nodiscard]] connection_state& state() noexcept { return sending.connection(); }

  sender sending;
  consumer receiving;
  receiving_callback calling{receiving, nullptr, [this]() noexcept { lost(); }};

 private:
  std::mutex mutex_;
  std::optional<connection> last_asked_;
  std::uint64_t awaited_attempt_ = 0;
  ::mqtt::token_ptr awaited_;
  std::atomic<bool> is_waiting_{false};
  std::atomic<bool> is_deaf_{false};
};

/// Lets `event(arguments...)` go before a handler, which may be empty.
template <class R, class... Arguments, class Event>
[[nodiscard]] std::function<R(Arguments...)> before(std::function<R(Arguments...)> handler,
                                                    Event event) {
  return [event, handler = std::move(handler)](Arguments... arguments) {
    event(arguments...);
    return handler ? handler(arguments...) : R();
  };
}

/// The asynchronous client that does a client's work.
/// @{
inline ::mqtt::async_client& worker_of(::mqtt::async_client& client) { return client; }
inline ::mqtt::async_client& worker_of(::mqtt::client& client) {
  return dynamic_cast<::mqtt::async_client&>(client.::mqtt::client::get_topic("t").get_client());
}
/// @}

/// What both of Paho's clients have in common, with context.
template <class Paho>
class drop_in_client : protected drop_in, public Paho {
 public:
  /// As Paho's, whatever its version takes: the server's URI, a client id, options, persistence.
  /// @{
  using Paho::Paho;
  template <class... Arguments>
  requires std::constructible_from<Paho, Arguments...>
  // NOLINTNEXTLINE(*-explicit-*): as Paho's
  drop_in_client(client_options options, Arguments&&... arguments)
      : drop_in(std::move(options)), Paho(std::forward<Arguments>(arguments)...) {}
  /// @}

  /// Runs `handler(message)` under the context of a message that was fetched; see consumer::handle.
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) {
    receiving.handle(message, std::forward<F>(handler));
  }
  /// What receives.
  [[nodiscard]] mqtt::consumer& consumer() noexcept { return receiving; }

  /// As Paho's.
  /// @{
  void set_callback(::mqtt::callback& application) override {
    calling.set(&application);
    try {
      Paho::set_callback(calling);
      set_deaf(false);
    } catch (...) {
      // While a connection is being made. Paho then calls nobody, not an earlier callback either.
      calling.set(nullptr);
      throw;
    }
  }
  void set_connection_lost_handler(::mqtt::async_client::connection_handler handler) {
    worker_of(*this).set_connection_lost_handler(
        before(std::move(handler), [this](const auto& /*cause*/) { lost(); }));
  }
  // Paho calls no other handler for a disconnection by the server.
  void set_disconnected_handler(::mqtt::async_client::disconnected_handler handler) {
    worker_of(*this).set_disconnected_handler(
        before(std::move(handler), [this](const auto& /*list*/, ::mqtt::ReasonCode reason) {
          state().refused(static_cast<int>(reason));
          lost();
        }));
  }
  // Paho calls it before each connection that it makes by itself, also where callbacks are
  // disabled.
  void set_update_connection_handler(::mqtt::async_client::update_connection_handler handler) {
    worker_of(*this).set_update_connection_handler(
        before(std::move(handler), [this](const auto& /*data*/) { replaced(); }));
  }
  /// @}

  /// As Paho's, by this type: the next message without fields in its properties, or null for a lost
  /// connection.
  /// @{
  // NOLINTBEGIN(*-override): virtual in some versions of Paho alone
  ::mqtt::const_message_ptr consume_message() {
    return fetch([&] { return Paho::consume_message(); });
  }
  bool try_consume_message(::mqtt::const_message_ptr* message) {
    return fetch(message, [&] { return Paho::try_consume_message(message); });
  }
  // NOLINTEND(*-override)
  bool try_consume_message_for(::mqtt::const_message_ptr* message, const auto& patience) {
    return fetch(message, [&] { return Paho::try_consume_message_for(message, patience); });
  }
  ::mqtt::const_message_ptr try_consume_message_for(const auto& patience) {
    return fetched([&](auto* message) { try_consume_message_for(message, patience); });
  }
  bool try_consume_message_until(::mqtt::const_message_ptr* message, const auto& deadline) {
    const auto fetch_for = [&](std::chrono::nanoseconds part) {
      return Paho::try_consume_message_for(message, part);
    };
    return fetch(message, [&] { return wait_until(deadline, fetch_for); });
  }
  ::mqtt::const_message_ptr try_consume_message_until(const auto& deadline) {
    return fetched([&](auto* message) { try_consume_message_until(message, deadline); });
  }
  /// @}

 protected:
  /// Calls Paho's function, and takes the context off a message that it gives.
  /// @{
  template <class T, class F>
  bool fetch(T* into, F&& paho) {
    const auto began = receiving.begin_receive();
    if (!paho()) return false;
    receive(*into, began);
    return true;
  }
  template <class F>
  auto fetch(F&& paho) {
    const auto began = receiving.begin_receive();
    auto got = paho();
    receive(got, began);
    return got;
  }
  /// @}

 private:
  void receive(::mqtt::const_message_ptr& message, messaging::receiving::time_point began) {
    message = receiving.adopt(std::move(message), began);
  }
  template <class Event>
  void receive(Event& event, messaging::receiving::time_point began) {
    if (auto* message = event.get_message_if()) receive(*message, began);
  }
  template <class F>
  ::mqtt::const_message_ptr fetched(F&& fetch) {
    ::mqtt::const_message_ptr message;
    fetch(&message);
    return message;
  }
  // For every constructor.
  bool watch() noexcept {
    try {
      sending.know(Paho::get_client_id());
      receiving.know(Paho::get_client_id());
      set_connection_lost_handler({});
      set_disconnected_handler({});
      set_update_connection_handler({});
    } catch (...) {
      sending.settings().record(direction::outbound, errc::no_memory, any_destination);
    }
    return true;
  }

  [[maybe_unused]] bool is_watched_ = watch();
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
