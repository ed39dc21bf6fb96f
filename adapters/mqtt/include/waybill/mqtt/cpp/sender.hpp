#pragma once

#include <mqtt/async_client.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/mqtt/cpp/delivery_book.hpp"
#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/cpp/publish_options.hpp"
#include "waybill/mqtt/cpp/session.hpp"
#include "waybill/mqtt/cpp/wrapping.hpp"
#include "waybill/mqtt/envelope_rule.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {

/// What a publisher, a drop-in and a client that waits have in common. Of one client.
/// @par Threads   any.
class sender {
 public:
  sender(waybill::propagation settings, publisher_options options)
      : settings_(std::move(settings)),
        options_(std::move(options)),
        book_(std::make_shared<delivery_book>(settings_, options_.on_delivery,
                                              options_.in_flight_max)) {}
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;
  ~sender() { book_->close(); }

  /// For messaging.client.id. Before the first message.
  void know(std::string client_id) { client_id_ = std::move(client_id); }

  /// Sends by `hand_over(message, listener)`, which answers the token and whose listener may be
  /// null.
  template <class HandOver>
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr message,
                                  ::mqtt::iaction_listener* application,
                                  const publish_options& options, HandOver&& hand_over) {
    if (message == nullptr) return hand_over(std::move(message), application);
    prepared ready = prepare(std::move(message), options);
    std::shared_ptr<tracked_message> tracked = track(ready, application);
    if (tracked == nullptr) {
      try {
        ::mqtt::delivery_token_ptr token = hand_over(std::move(ready.message), application);
        end(ready.span, outcome(outcome_state::unknown));
        return token;
      } catch (...) {
        end(ready.span, current_refusal());
        throw;
      }
    }
    tracked_message& message_on_its_way = *tracked;
    // An alias: whoever holds the message holds what waits for its outcome.
    ::mqtt::const_message_ptr shown(std::move(tracked), &message_on_its_way.sent());
    try {
      ::mqtt::delivery_token_ptr token = hand_over(shown, &message_on_its_way);
      book_->accepted(message_on_its_way, token);
      return token;
    } catch (...) {
      if (book_->forget(message_on_its_way)) end(ready.span, current_refusal());
      throw;
    }
  }

  /// Sends by `publish(message)`, which returns when there was an answer and throws without.
  template <class Publish>
  void send_and_wait(::mqtt::const_message_ptr message, const publish_options& options,
                     Publish&& publish) {
    if (message == nullptr) {
      publish(std::move(message));
      return;
    }
    prepared ready = prepare(std::move(message), options);
    const int qos = ready.message->get_qos();
    const auto answered = [&](delivery result) {
      result.trace = ready.trace;
      book_->report(ready.span, result);
    };
    try {
      publish(ready.message);
    } catch (const ::mqtt::timeout_error&) {
      answered({.state = outcome_state::unanswered, .return_code = MQTTASYNC_OPERATION_INCOMPLETE});
      throw;
    } catch (const ::mqtt::exception& thrown) {
      if (is_answer(thrown)) {
        answered(judge(thrown.get_return_code(), static_cast<int>(thrown.get_reason_code()), qos));
      } else {
        end(ready.span, current_refusal());
      }
      throw;
    } catch (...) {
      end(ready.span, current_refusal());
      throw;
    }
    answered(judge(MQTTASYNC_SUCCESS, 0, qos));
  }

  [[nodiscard]] session& connection() noexcept { return session_; }
  [[nodiscard]] const waybill::propagation& propagation() const noexcept { return settings_; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return book_->size(); }

 private:
  struct prepared {
    ::mqtt::const_message_ptr message;
    span_handle span;
    span_context trace;
  };

  [[nodiscard]] operation_details describe(const ::mqtt::message& message) const noexcept {
    return {
        .system = "mqtt",
        .name = "publish",
        .destination_template = template_of(options_.destination_templates, message.get_topic()),
        .client_id = client_id_,
        .body_bytes = message.get_payload().size()};
  }

  [[nodiscard]] prepared prepare(::mqtt::const_message_ptr message,
                                 const publish_options& options) noexcept {
    const envelope_form form = envelope_form_of(options_.envelopes, message->get_topic());
    if (form != envelope_form::none) return wrap(form, std::move(message), options);
    const property_reader existing(message->get_properties().c_struct());
    messaging::sending decided(existing, {.context = options.context, .mode = options.mode},
                               options_.mode, settings_, message->get_topic(),
                               [&] { return describe(*message); });
    prepared ready{std::move(message), decided.take_span(), decided.sent()};
    if (!session_.has_properties()) ready.trace = {};
    if (!decided.changes_headers() || !session_.has_properties()) return ready;
    try {
      write(decided, ready);
    } catch (...) {
      // Without memory for the copy the message goes out as it is.
      ready.trace = {};
      settings_.record(direction::outbound, errc::no_memory, ready.message->get_topic());
    }
    return ready;
  }

  [[nodiscard]] prepared wrap(envelope_form form, ::mqtt::const_message_ptr message,
                              const publish_options& options) noexcept {
    const ::mqtt::const_message_ptr original = message;  // what the rest borrows from
    const destination to(original->get_topic());
    const ::mqtt::binary& payload = original->get_payload();
    envelope_writer envelope(form, payload_to_wrap(payload, original->is_retained()), settings_,
                             to);
    messaging::sending decided(envelope,
                               {.context = options.context, .mode = envelope.mode(options.mode)},
                               options_.mode, settings_, to, [&] { return describe(*original); });
    prepared ready{std::move(message), decided.take_span(), decided.sent()};
    try {
      const auto fits = [&](std::size_t bytes) {
        return encoded_bytes({to.name.size(), bytes, original->get_qos()},
                             original->get_properties().c_struct()) <= session_.packet_bytes_max();
      };
      wrapped_payload made = wrap_payload(decided, envelope, settings_, to, room_for(ready), fits);
      ready.trace = made.sent;
      if (!made.text.has_value()) return ready;
      auto wrapped = std::make_shared<::mqtt::message>(*ready.message);
      wrapped->set_payload(::mqtt::binary_ref(*std::move(made.text)));
      ready.message = std::move(wrapped);
    } catch (...) {
      ready.trace = {};
      settings_.record(direction::outbound, errc::no_memory, to);
    }
    return ready;
  }

  /// What an envelope may add to the payload.
  [[nodiscard]] inject_budget room_for(const prepared& ready) const noexcept {
    // Of a frame, and of a Remaining Length that grows from one byte to four.
    constexpr std::size_t overhead_bytes = 11 + 3;
    const ::mqtt::message& message = *ready.message;
    const std::size_t used =
        encoded_bytes(packet_of(message), message.get_properties().c_struct()) + overhead_bytes;
    const std::size_t all = session_.packet_bytes_max();
    return {.bytes_max = all > used ? all - used : 0};
  }

  void write(const messaging::sending& decided, prepared& ready) const {
    const ::mqtt::message& message = *ready.message;
    const MQTTProperties& own = message.get_properties().c_struct();
    edited_properties edited(own);
    const inject_report report = mqtt::write(
        decided, edited,
        {room_in_packet(packet_of(message), own, settings_, session_.packet_bytes_max()),
         options_.stamps_time});
    if (edited.is_changed()) ready.message = with_properties(message, edited.c_struct());
    if (edited.keeps_position()) {
      const property_reader kept(own);
      ready.trace = settings_.propagator()
                        .extract(kept, settings_.rules_for(kept), settings_.limits(), nullptr)
                        .span_context();
    } else if (!report.trace) {
      ready.trace = {};
    }
  }

  [[nodiscard]] std::shared_ptr<tracked_message> track(
      const prepared& ready, ::mqtt::iaction_listener* application) noexcept {
    if (!book_->is_wanted()) return nullptr;
    try {
      auto tracked = std::make_shared<tracked_message>(ready.message, book_, application,
                                                       ready.span, ready.trace);
      if (book_->add(tracked)) return tracked;
    } catch (...) {
      settings_.record(direction::outbound, errc::no_memory, ready.message->get_topic());
    }
    return nullptr;
  }

  /// Of a message that was not accepted, by the exception that is being handled.
  static outcome current_refusal() noexcept {
    try {
      throw;
    } catch (const ::mqtt::exception& refusal) {
      return outcome(outcome_state::failed, error_of(refusal.get_return_code(), 0));
    } catch (...) {
      return outcome(outcome_state::failed, "exception");
    }
  }

  void end(span_handle span, const outcome& how) const noexcept {
    if (span) settings_.tracer()->end(span, how);
  }

  waybill::propagation settings_;
  publisher_options options_;
  std::string client_id_;
  session session_;
  std::shared_ptr<delivery_book> book_;
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
