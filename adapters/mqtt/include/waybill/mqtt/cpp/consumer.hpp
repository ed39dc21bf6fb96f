#pragma once

#include <mqtt/async_client.h>

#include <atomic>
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

/// Takes the context off the messages that one client received, and runs handlers under it.
/// @par Threads    any.
/// @par Errors     never throws after construction; exceptions from your handlers pass through.
///                 Without memory a message goes on as it came.
class consumer {
 public:
  /// For one client: topic aliases are its connection's.
  explicit consumer(waybill::propagation settings, consumer_options options = {})
      : core_(std::move(settings), std::move(options)) {}

  /// To be called before a call that waits for a message which adopt() is given: empties the
  /// thread's received slot. Returns waited_since for adopt().
  messaging::receiving::time_point begin_receive() const noexcept { return core_.begin_receive(); }

  /// Takes the context off a message that the application fetched (consume_message), makes a
  /// receive span where there is a tracer, and fills the received slot where it should. A message
  /// that was adopted already, or null, is returned as it is.
  /// @par Input   `waited_since` is for the receive span; unset: now.
  [[nodiscard]] ::mqtt::const_message_ptr adopt(
      ::mqtt::const_message_ptr came, messaging::receiving::time_point waited_since = {}) noexcept {
    const bool is_unset = waited_since == messaging::receiving::time_point{};
    if (is_unset) waited_since = begin_receive();
    if (came == nullptr || detail::received_of(came) != nullptr) return came;
    ::mqtt::const_message_ptr received = take(std::move(came));
    if (received_message* kept = detail::received_of(received)) {
      core_.give(*kept, view_of(*received), waited_since);
    }
    return received;
  }
  /// Takes the context off a message that a callback was given, for handle() or process().
  [[nodiscard]] ::mqtt::const_message_ptr take(::mqtt::const_message_ptr came) noexcept {
    if (came == nullptr || detail::received_of(came) != nullptr) return came;
    try {
      incoming shown(core_, view_of(*came));
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
    if (received == nullptr) {
      std::forward<F>(handler)(received);
      return;
    }
    messaging::processing work = process(received);
    messaging::run(work, propagation(), [&] { std::forward<F>(handler)(received); });
  }
  /// Begins what handle() does, for a handler that finishes later or elsewhere: make its context()
  /// current there, then call succeed() on it.
  /// @par Input   `received`: not null, of adopt() or take().
  [[nodiscard]] messaging::processing process(
      const ::mqtt::const_message_ptr& received) const noexcept {
    const received_message* kept = detail::received_of(received);
    const extraction nothing;
    const message_view message = view_of(*received);
    return core_.process(kept != nullptr ? kept->extraction() : nothing,
                         kept != nullptr ? kept->topic_of(message.topic) : message.topic, message);
  }
  /// For set_message_callback: takes the context off and handles each message.
  /// @par Lifetime   borrows the consumer.
  [[nodiscard]] ::mqtt::async_client::message_handler handling(
      ::mqtt::async_client::message_handler handler) {
    return [this, handler = std::move(handler)](const ::mqtt::const_message_ptr& came) {
      handle(came, handler);
    };
  }

  /// What it was made with.
  [[nodiscard]] const waybill::propagation& propagation() const noexcept {
    return core_.settings();
  }
  /// What does it, for a drop-in.
  [[nodiscard]] consuming& core() noexcept { return core_; }

 private:
  consuming core_;
};

/// Hands an application's callback messages without context in their properties, each under its
/// own context and within a process span where there is a tracer. Everything else is forwarded.
/// @par Lifetime   borrows the consumer and the application's callback.
class receiving_callback : public ::mqtt::callback {
 public:
  /// `application` may be null: then nobody is called.
  explicit receiving_callback(consumer& receiving, ::mqtt::callback* application = nullptr) noexcept
      : receiving_(receiving), application_(application) {}

  /// Who is called from now on, and whether anybody is.
  /// @{
  void set(::mqtt::callback* application) noexcept { application_ = application; }
  [[nodiscard]] bool is_set() const noexcept { return application_ != nullptr; }
  /// @}

  /// As the application's.
  /// @{
  void connected(const std::string& cause) override {
    if (::mqtt::callback* application = application_) application->connected(cause);
  }
  void connection_lost(const std::string& cause) override {
    if (::mqtt::callback* application = application_) application->connection_lost(cause);
  }
  void message_arrived(::mqtt::const_message_ptr came) override {
    ::mqtt::callback* application = application_;
    if (application == nullptr) return;
    receiving_.handle(
        receiving_.take(std::move(came)),
        [&](const ::mqtt::const_message_ptr& message) { application->message_arrived(message); });
  }
  void delivery_complete(::mqtt::delivery_token_ptr token) override {
    if (::mqtt::callback* application = application_) {
      application->delivery_complete(std::move(token));
    }
  }
  /// @}

 private:
  consumer& receiving_;
  std::atomic<::mqtt::callback*> application_;
};

}  // namespace waybill::inline v0::mqtt
