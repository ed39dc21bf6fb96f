#pragma once

#include <mqtt/async_client.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "waybill/mqtt/consuming.hpp"
#include "waybill/mqtt/cpp/message.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {
/// Keeps with a message what it came with: the shared pointer's deleter.
struct with_received {
  ::mqtt::const_message_ptr message;
  received_message received;
  void operator()(const ::mqtt::message* /*message*/) noexcept { message.reset(); }
};

[[nodiscard]] inline received_message* received_of(
    const ::mqtt::const_message_ptr& message) noexcept {
  auto* kept = std::get_deleter<with_received>(message);
  return kept != nullptr ? &kept->received : nullptr;
}
}  // namespace detail

/// What a message came with. Null for a message that did not come from a consumer or a drop-in.
/// @par Lifetime   that of the message.
[[nodiscard]] inline const extraction* extraction_of(
    const ::mqtt::const_message_ptr& message) noexcept {
  const received_message* kept = detail::received_of(message);
  return kept != nullptr ? &kept->extraction() : nullptr;
}

/// The context to work under; see extraction::context(). Empty when nothing came, and where
/// extraction_of() is null.
[[nodiscard]] inline context context_of(const ::mqtt::const_message_ptr& message) noexcept {
  const extraction* taken = extraction_of(message);
  return taken != nullptr ? taken->context() : context();
}

/// Takes the context off the messages that one client received, and runs handlers under it. For
/// one client: topic aliases are its connection's.
/// @par Threads    any.
/// @par Errors     never throws after construction; exceptions from your handlers pass through.
///                 Without memory a message goes on as it came.
class consumer : public consuming {
 public:
  using consuming::consuming;

  /// Takes the context off a message that the application fetched (consume_message), makes a
  /// receive span where there is a tracer, and fills the received slot where it should. A message
  /// that was adopted already, or null, is returned as it is.
  /// @par Input   `waited_since` is for the receive span; unset: now.
  [[nodiscard]] ::mqtt::const_message_ptr adopt(
      ::mqtt::const_message_ptr came, messaging::receiving::time_point waited_since = {}) noexcept {
    // First: the call that gave it to Paho 1.5's own, which is built on it, has filled the slot.
    if (detail::received_of(came) != nullptr) return came;
    if (waited_since == messaging::receiving::time_point{}) waited_since = begin_receive();
    ::mqtt::const_message_ptr received = take(std::move(came));
    received_message* kept = detail::received_of(received);
    if (kept != nullptr) give(*kept, view_of(*received), waited_since);
    return received;
  }
  /// Takes the context off a message that a callback was given, for handle() or process().
  [[nodiscard]] ::mqtt::const_message_ptr take(::mqtt::const_message_ptr came) noexcept {
    if (came == nullptr || detail::received_of(came) != nullptr) return came;
    try {
      incoming shown(*this, view_of(*came));
      ::mqtt::const_message_ptr left = detail::changed_by(shown, came);
      const ::mqtt::message* message = left.get();
      return {message, detail::with_received{std::move(left), shown.take()}};
    } catch (...) {
      propagation().record(direction::inbound, errc::no_memory, came->get_topic());
      return came;
    }
  }

  /// Runs `handler(message)` with the message's context as the current one, within a process span
  /// where there is a tracer. From a message that take() has not seen the context is taken first.
  /// Exceptions of the handler pass through: the span is a failed one. Null (a connection that was
  /// lost) runs the handler alone.
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) {
    const ::mqtt::const_message_ptr received = take(message);
    if (received == nullptr) return static_cast<void>(std::forward<F>(handler)(received));
    messaging::processing work = process(received);
    messaging::run(work, propagation(), [&] { std::forward<F>(handler)(received); });
  }
  /// Begins what handle() does, for a handler that finishes later or elsewhere: make its context()
  /// current there, then call succeed() on it.
  /// @par Input   `received`: not null, of adopt() or take().
  [[nodiscard]] messaging::processing process(
      const ::mqtt::const_message_ptr& received) const noexcept {
    return consuming::process(detail::received_of(received), view_of(*received));
  }
  /// For set_message_callback: takes the context off and handles each message.
  /// @par Lifetime   borrows the consumer.
  [[nodiscard]] ::mqtt::async_client::message_handler handling(
      ::mqtt::async_client::message_handler handler) {
    return [this, handler = std::move(handler)](const ::mqtt::const_message_ptr& came) {
      handle(came, handler);
    };
  }
};

/// Hands an application's callback messages without context in their properties, each under its
/// own context and within a process span where there is a tracer. Everything else is forwarded.
/// @par Lifetime   borrows the consumer and the application's callback.
class receiving_callback : public ::mqtt::callback {
 public:
  /// `application` may be null: then nobody is called. `on_lost` is called before it.
  explicit receiving_callback(consumer& receiving, ::mqtt::callback* application = nullptr,
                              std::function<void()> on_lost = {})
      : receiving_(receiving), application_(application), on_lost_(std::move(on_lost)) {}

  /// Who is called from now on.
  void set(::mqtt::callback* application) noexcept { application_ = application; }

  /// As the application's.
  /// @{
  void connected(const std::string& cause) override {
    call([&](::mqtt::callback& application) { application.connected(cause); });
  }
  void connection_lost(const std::string& cause) override {
    if (on_lost_) on_lost_();
    call([&](::mqtt::callback& application) { application.connection_lost(cause); });
  }
  void message_arrived(::mqtt::const_message_ptr came) override {
    call([&](::mqtt::callback& application) {
      receiving_.handle(came, [&](const auto& message) { application.message_arrived(message); });
    });
  }
  void delivery_complete(::mqtt::delivery_token_ptr token) override {
    call([&](::mqtt::callback& application) { application.delivery_complete(std::move(token)); });
  }
  /// @}

 private:
  template <class F>
  void call(F&& f) {
    if (::mqtt::callback* application = application_) f(*application);
  }

  consumer& receiving_;
  std::atomic<::mqtt::callback*> application_;
  std::function<void()> on_lost_;
};

}  // namespace waybill::inline v0::mqtt
