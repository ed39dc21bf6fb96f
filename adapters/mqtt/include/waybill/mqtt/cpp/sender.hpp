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
  sender(propagation with, publisher_options options)
      : with_(std::move(with)),
        options_(std::move(options)),
        book_(std::make_shared<delivery_book>(with_.tracer, with_.diagnostics, options_.on_delivery,
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
        end(ready.span, {.state = outcome_state::unknown});
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
  [[nodiscard]] const propagation& propagating() const noexcept { return with_; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return book_->size(); }

 private:
  struct prepared {
    ::mqtt::const_message_ptr message;
    span_handle span;
    trace_context trace;
  };

  [[nodiscard]] operation describe(const ::mqtt::message& message, bool injects) const noexcept {
    operation what{.kind = operation_kind::send, .system = "mqtt", .name = "publish"};
    what.where = destination(message.get_topic());
    what.destination_template = template_of(options_.destination_templates, message.get_topic());
    what.client_id = client_id_;
    what.body_bytes = message.get_payload().size();
    what.injects = injects;
    return what;
  }

  [[nodiscard]] prepared prepare(::mqtt::const_message_ptr message,
                                 const publish_options& options) noexcept {
    const inject_mode mode = options.mode == inject_mode::automatic ? options_.mode : options.mode;
    const envelope_form form = envelope_form_of(options_.envelopes, message->get_topic());
    if (form != envelope_form::none) return wrap(form, std::move(message), options.context, mode);
    const property_reader existing(message->get_properties().c_struct());
    outgoing decided =
        with_.tracer == nullptr
            ? outgoing(existing, options.context, mode, with_, destination(message->get_topic()))
            : outgoing(existing, options.context, mode, with_,
                       describe(*message, session_.has_properties()));
    prepared ready{std::move(message), decided.take_span(), decided.sent_trace()};
    if (!session_.has_properties()) ready.trace = {};
    if (!decided.changes_headers() || !session_.has_properties()) return ready;
    try {
      write(decided, ready);
    } catch (...) {
      // Without memory for the copy the message goes out as it is.
      ready.trace = {};
      detail::count_failure(with_, direction::outbound, ready.message->get_topic());
    }
    return ready;
  }

  [[nodiscard]] prepared wrap(envelope_form form, ::mqtt::const_message_ptr message,
                              const context* explicit_context, inject_mode mode) noexcept {
    const ::mqtt::const_message_ptr original = message;  // what the rest borrows from
    const destination to(original->get_topic());
    const ::mqtt::binary& payload = original->get_payload();
    envelope_writer envelope(form, payload_to_wrap(payload, original->is_retained()), with_, to);
    outgoing decided = with_.tracer == nullptr
                           ? outgoing(envelope, explicit_context, envelope.mode(mode), with_, to)
                           : outgoing(envelope, explicit_context, envelope.mode(mode), with_,
                                      describe(*original, true));
    prepared ready{std::move(message), decided.take_span(), decided.sent_trace()};
    try {
      const auto fits = [&](std::size_t bytes) {
        return encoded_bytes({to.name.size(), bytes, original->get_qos()},
                             original->get_properties().c_struct()) <= session_.packet_bytes_max();
      };
      wrapped_payload made = wrap_payload(decided, envelope, with_, to, room_for(ready), fits);
      ready.trace = made.position;
      if (!made.text.has_value()) return ready;
      auto wrapped = std::make_shared<::mqtt::message>(*ready.message);
      wrapped->set_payload(::mqtt::binary_ref(*std::move(made.text)));
      ready.message = std::move(wrapped);
    } catch (...) {
      ready.trace = {};
      detail::count_failure(with_, direction::outbound, to);
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

  void write(const outgoing& decided, prepared& ready) const {
    const ::mqtt::message& message = *ready.message;
    const MQTTProperties& own = message.get_properties().c_struct();
    edited_properties edited(own);
    const inject_report report =
        mqtt::write(decided, edited,
                    {room_in_packet(packet_of(message), own, with_, session_.packet_bytes_max()),
                     options_.stamps_time});
    if (edited.is_changed()) ready.message = with_properties(message, edited.c_struct());
    if (edited.keeps_position()) {
      const property_reader kept(own);
      ready.trace =
          with_.formats.extract(kept, with_.rules_for(kept), with_.limits, nullptr).trace();
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
      detail::count_failure(with_, direction::outbound, ready.message->get_topic());
    }
    return nullptr;
  }

  /// Of a message that was not accepted, by the exception that is being handled.
  static outcome current_refusal() noexcept {
    try {
      throw;
    } catch (const ::mqtt::exception& refusal) {
      return {.state = outcome_state::failed, .error = error_of(refusal.get_return_code(), 0)};
    } catch (...) {
      return {.state = outcome_state::failed, .error = "exception"};
    }
  }

  void end(span_handle span, const outcome& how) const noexcept {
    if (span) with_.tracer->end(span, how);
  }

  propagation with_;
  publisher_options options_;
  std::string client_id_;
  session session_;
  std::shared_ptr<delivery_book> book_;
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
