#pragma once

#include <mqtt/async_client.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <mutex>
#include <string>
#include <utility>

#include "waybill/mqtt/cpp/consumer.hpp"
#include "waybill/mqtt/cpp/sender.hpp"
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

/// Waits until a deadline by a call that waits for a while: `wait_for(part)` is true when what is
/// waited for came. Paho's own calls with a deadline will not do: in 1.5 they end with nothing when
/// the connection comes up, and go on when it is lost.
///
/// Paho 1.5 begins a wait anew when the connection comes up meanwhile. So half of what is left is
/// asked for each time, and a wait that lasts twice as long still ends in time.
template <class Clock, class Duration, class WaitFor>
bool wait_until(const std::chrono::time_point<Clock, Duration>& deadline, WaitFor&& wait_for) {
  using std::chrono::nanoseconds;
  constexpr nanoseconds too_short_to_halve = std::chrono::milliseconds(1);
  constexpr std::chrono::hours longest{1};
  while (true) {
    const auto began = Clock::now();
    const auto left = deadline - began;
    nanoseconds part = left > longest ? longest : std::chrono::duration_cast<nanoseconds>(left);
    const bool is_last = part <= too_short_to_halve;
    if (!is_last) part /= 2;
    if (wait_for(part)) return true;
    if (is_last) return false;
    // A wait that gives up early waits for nothing any more: Paho's queue is closed. Half of it,
    // and not less than nothing, because a system's clock may be set meanwhile.
    const auto waited = Clock::now() - began;
    if (waited >= waited.zero() && waited < part / 2) return false;
  }
}

/// What a drop-in adds to its client. A base in front of Paho's, so that it outlives the client's
/// threads, which call it.
class drop_in {
 public:
  explicit drop_in(client_options options = {})
      : sending(options.settings, std::move(options.publish)),
        receiving(std::move(options.settings), std::move(options.receive)) {}

  /// The client has got its id.
  void know(const std::string& client_id) {
    sending.core().know(client_id);
    receiving.core().know(client_id);
  }

  /// A connection was asked for; `answer` will have the CONNACK.
  void connecting(int version, ::mqtt::token_ptr answer) {
    const std::lock_guard lock(mutex_);
    forget_connection();
    sending.core().budget().connecting(version);
    answer_ = std::move(answer);
    is_waiting_ = answer_ != nullptr;
  }
  void learn(const ::mqtt::connect_response& answer) {
    sending.core().budget().connected(answer.get_mqtt_version(),
                                      packet_bytes_max_of(answer.get_properties().c_struct()));
  }
  void lost() noexcept {
    const std::lock_guard lock(mutex_);
    forget_connection();
  }
  /// Looks whether the CONNACK came; before each message, which costs nothing once it is known.
  void look_at_answer() noexcept {
    if (!is_waiting_) return;
    const std::lock_guard lock(mutex_);
    try {
      if (answer_ == nullptr || !answer_->try_wait()) return;
      learn(answer_->get_connect_response());
    } catch (const ::mqtt::exception& refusal) {
      static_cast<void>(refused(refusal));
    } catch (...) {
      // Without memory the limit stays in doubt.
    }
    is_waiting_ = false;
    answer_.reset();
  }
  /// The server gave this reason for its refusal.
  void refused(int reason_code) noexcept {
    if (reason_code == MQTTREASONCODE_PACKET_TOO_LARGE) sending.core().budget().refused();
  }
  /// Whether the server refused a packet as too large. Paho C has the reason of a CONNACK in the
  /// return code, that of other answers in the reason code.
  [[nodiscard]] bool refused(const ::mqtt::exception& refusal) noexcept {
    constexpr int too_large = MQTTREASONCODE_PACKET_TOO_LARGE;
    const bool is_too_large = static_cast<int>(refusal.get_reason_code()) == too_large ||
                              refusal.get_return_code() == too_large;
    if (is_too_large) sending.core().budget().refused();
    return is_too_large;
  }

  /// Takes context off the will of options whose CONNECT may be too large with it; off any will
  /// when `is_tried_again`. Whether anything was taken.
  bool fit_will(::mqtt::connect_options& options, const std::string& client_id,
                bool is_tried_again = false) noexcept {
    const waybill::propagation& settings = receiving.propagation();
    try {
      ::mqtt::will_options will = options.get_will_options();
      if (will.get_topic().empty()) return false;
      const std::string topic = will.get_topic();
      const std::string payload = will.get_payload_str();
      const std::string user_name = options.get_user_name();
      const std::string password = options.get_password_str();
      const connect_packet packet{
          options.get_mqtt_version(),
          client_id,
          user_name,
          password,
          options.get_properties().c_struct(),
          {.topic = topic, .payload = payload, .properties = will.get_properties().c_struct()}};
      if (!is_tried_again && encoded_bytes(packet) <= sending.core().budget().for_connect()) {
        return false;
      }
      bare_will bare(packet.will, settings);
      if (!bare.is_changed()) return false;
      detail::change_will(will, bare.properties(), bare.payload());
      settings.record(direction::outbound, errc::dropped_for_size, topic);
      options.set_will(std::move(will));
      return true;
    } catch (...) {
      settings.record(direction::outbound, errc::no_memory, any_destination);
      return false;
    }
  }

  /// Calls the application's callback, and hears of a lost connection before it does.
  class watching_callback final : public receiving_callback {
   public:
    explicit watching_callback(drop_in& parts)
        : receiving_callback(parts.receiving), parts_(parts) {}
    void connection_lost(const std::string& cause) override {
      parts_.lost();
      receiving_callback::connection_lost(cause);
    }

   private:
    drop_in& parts_;
  };

  sender sending;
  consumer receiving;
  watching_callback calling{*this};

 private:
  void forget_connection() noexcept {
    sending.core().budget().in_doubt();
    sending.core().aliases().clear();
    receiving.core().aliases().clear();
    is_waiting_ = false;
    answer_.reset();
  }

  std::mutex mutex_;
  ::mqtt::token_ptr answer_;
  std::atomic<bool> is_waiting_{false};
};

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
  void set_callback(::mqtt::callback& application) override {
    calling.set(&application);
    try {
      Paho::set_callback(calling);
    } catch (...) {
      // While a connection is being made. Paho then calls nobody, not an earlier callback either.
      calling.set(nullptr);
      throw;
    }
  }

  /// As Paho's, by this type: the next message without fields in its properties, or null for a lost
  /// connection.
  /// @{
  // NOLINTBEGIN(*-override): virtual in some versions of Paho alone
  ::mqtt::const_message_ptr consume_message() {
    const auto began = receiving.begin_receive();
    return receiving.adopt(Paho::consume_message(), began);
  }
  bool try_consume_message(::mqtt::const_message_ptr* message) {
    return fetch(message, [&] { return Paho::try_consume_message(message); });
  }
  // NOLINTEND(*-override)
  template <class Rep, class Period>
  bool try_consume_message_for(::mqtt::const_message_ptr* message,
                               const std::chrono::duration<Rep, Period>& patience) {
    return fetch(message, [&] { return Paho::try_consume_message_for(message, patience); });
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
    return fetch(message, [&] {
      return detail::wait_until(deadline, [&](std::chrono::nanoseconds part) {
        return Paho::try_consume_message_for(message, part);
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

 private:
  template <class Fetch>
  bool fetch(::mqtt::const_message_ptr* message, Fetch&& how) {
    const auto began = receiving.begin_receive();
    if (!how()) return false;
    *message = receiving.adopt(std::move(*message), began);
    return true;
  }
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
