#pragma once

#include <mqtt/async_client.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/messaging/receiving.hpp"
#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/envelope_rule.hpp"

namespace waybill::inline v0::mqtt {

/// What a receiver does with every message.
struct receiver_options {
  bool strip = true;      ///< False leaves the fields in the user properties.
  receive_rules rules{};  ///< When a context is linked rather than adopted.
  /// Where context travels within the payload. A message without an envelope passes as it is, and
  /// its user properties are read.
  std::vector<envelope_rule> envelopes{};
  /// Topic filters: the first one that matches a topic names its spans, as
  /// messaging.destination.template.
  std::vector<std::string> destination_templates{};
  /// messaging.client.id.
  std::string client_id{};
};

/// Takes the context off messages that a client received, and runs handlers under it. See
/// take() for the message that is left.
/// @par Threads    any.
/// @par Errors     nothing throws but what handlers throw. Without memory a message goes on as it
///                 came.
class receiver {
 public:
  /// Of any number of clients.
  explicit receiver(waybill::propagation settings = {}, receiver_options options = {})
      : settings_(std::move(settings)), options_(std::move(options)) {}

  /// For messaging.client.id, where the options have none. Before the first message.
  void know(const std::string& client_id) {
    if (options_.client_id.empty()) options_.client_id = client_id;
  }

  /// Takes the context off a message that a callback was given. A message of ours, or null, is
  /// given back as it is.
  [[nodiscard]] ::mqtt::const_message_ptr take(::mqtt::const_message_ptr came) const noexcept {
    if (came == nullptr || extraction_of(came) != nullptr) return came;
    const envelope_form form = envelope_form_of(options_.envelopes, came->get_topic());
    if (form != envelope_form::none) {
      ::mqtt::const_message_ptr unpacked = unwrap(form, came);
      if (unpacked != nullptr) return unpacked;
    }
    return options_.strip ? mqtt::take(came, settings_, options_.rules) : read(came);
  }

  /// The same for a message that the application fetched (consume_message), with a receive span
  /// where there is a tracer. `waited_since`: when it began to wait; unset: now.
  [[nodiscard]] ::mqtt::const_message_ptr receive(
      ::mqtt::const_message_ptr came,
      std::chrono::system_clock::time_point waited_since = {}) const noexcept {
    received_slot::clear();
    if (came == nullptr || extraction_of(came) != nullptr) return came;
    ::mqtt::const_message_ptr received = take(std::move(came));
    if (settings_.tracer() == nullptr) return received;
    const extraction* taken = extraction_of(received);
    messaging::trace_receive(
        received->get_topic(), [&] { return describe("receive", *received); },
        waited_since != std::chrono::system_clock::time_point{} ? waited_since
                                                                : std::chrono::system_clock::now(),
        taken != nullptr ? taken->creation() : std::span<const span_context>(), settings_);
    return received;
  }

  /// Runs `handler(message)` with the message's context as the current one, within a process span
  /// where there is a tracer. From a message that take() has not seen the context is taken first.
  /// What the handler throws goes through: the span is a failed one. Null (a connection that was
  /// lost) runs the handler alone.
  template <class F>
  void handle(const ::mqtt::const_message_ptr& message, F&& handler) const {
    const ::mqtt::const_message_ptr received = take(message);
    if (received == nullptr) {
      std::forward<F>(handler)(received);
      return;
    }
    const extraction* taken = extraction_of(received);
    const extraction nothing;
    messaging::processing work(
        taken != nullptr ? *taken : nothing, received->get_topic(),
        [&] { return describe("process", *received); }, settings_);
    messaging::run(work, settings_, [&] { std::forward<F>(handler)(received); });
  }

  /// For set_message_callback: takes the context off and handles each message.
  /// @par Lifetime   borrows the receiver.
  [[nodiscard]] ::mqtt::async_client::message_handler handling(
      ::mqtt::async_client::message_handler handler) const {
    return [this, handler = std::move(handler)](const ::mqtt::const_message_ptr& came) {
      handle(came, handler);
    };
  }

  /// What it was made with.
  [[nodiscard]] const waybill::propagation& propagation() const noexcept { return settings_; }

 private:
  [[nodiscard]] ::mqtt::const_message_ptr read(
      const ::mqtt::const_message_ptr& came) const noexcept {
    try {
      return {came.get(), detail::with_extraction{came, extract(*came, settings_, options_.rules)}};
    } catch (...) {
      settings_.record(direction::inbound, errc::no_memory, came->get_topic());
      return came;
    }
  }

  /// Null for a message that has no envelope. An envelope comes off even where fields stay: it is
  /// no part of the payload.
  [[nodiscard]] ::mqtt::const_message_ptr unwrap(
      envelope_form form, const ::mqtt::const_message_ptr& came) const noexcept {
    try {
      const destination from(came->get_topic());
      envelope_reader envelope(form, came->get_payload(), settings_, from);
      if (envelope.code() != errc::ok) return nullptr;
      extraction taken = waybill::extract(envelope, settings_, from);
      // There is no stamp in an envelope: a message of the broker's store may be of any age.
      if (taken.parent() != nullptr && came->is_retained()) {
        taken.link_rather_than_adopt(settings_);
      }
      envelope.strip();
      edited_properties stripped(came->get_properties().c_struct());
      if (options_.strip) stripped.strip(settings_.propagator());
      const ::mqtt::message_ptr left = with_properties(*came, stripped.c_struct());
      left->set_payload(::mqtt::binary_ref(::mqtt::binary(envelope.payload())));
      const ::mqtt::message* shown = left.get();
      return {shown, detail::with_extraction{left, std::move(taken)}};
    } catch (...) {
      settings_.record(direction::inbound, errc::no_memory, came->get_topic());
      return came;
    }
  }

  [[nodiscard]] operation_details describe(std::string_view name,
                                           const ::mqtt::message& received) const noexcept {
    return {.system = "mqtt",
            .name = name,
            .destination_template =
                detail::template_of(options_.destination_templates, received.get_topic()),
            .client_id = options_.client_id,
            .body_bytes = received.get_payload().size()};
  }

  waybill::propagation settings_;
  receiver_options options_;
};

/// Hands an application's callback messages without context in their properties, each under its
/// own context and within a process span where there is a tracer. Everything else is forwarded.
/// @par Lifetime   borrows the receiver and the application's callback.
class receiving_callback final : public ::mqtt::callback {
 public:
  /// `application` may be null: then nobody is called.
  explicit receiving_callback(const receiver& receiving,
                              ::mqtt::callback* application = nullptr) noexcept
      : receiving_(receiving), application_(application) {}

  /// Who is called from now on.
  void set(::mqtt::callback* application) noexcept { application_ = application; }

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
  const receiver& receiving_;
  std::atomic<::mqtt::callback*> application_;
};

}  // namespace waybill::inline v0::mqtt
