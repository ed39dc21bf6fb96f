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
#include "waybill/mqtt/topic_filter.hpp"

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
      } catch (const ::mqtt::exception& refusal) {
        end(ready.span, refusal_of(refusal));
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
    } catch (const ::mqtt::exception& refusal) {
      if (book_->forget(message_on_its_way)) end(ready.span, refusal_of(refusal));
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
    } catch (const ::mqtt::exception& refusal) {
      answered(judge(refusal.get_return_code(), static_cast<int>(refusal.get_reason_code()), qos));
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

  [[nodiscard]] operation describe(const ::mqtt::message& message) const noexcept {
    operation what{.kind = operation_kind::send, .system = "mqtt", .name = "publish"};
    what.where = destination(message.get_topic());
    what.destination_template = template_of(options_.destination_templates, message.get_topic());
    what.client_id = client_id_;
    what.body_bytes = message.get_payload().size();
    what.injects = session_.has_properties();
    return what;
  }

  [[nodiscard]] prepared prepare(::mqtt::const_message_ptr message,
                                 const publish_options& options) noexcept {
    const inject_mode mode = options.mode == inject_mode::automatic ? options_.mode : options.mode;
    const property_reader existing(message->get_properties().c_struct());
    outgoing decided =
        with_.tracer == nullptr
            ? outgoing(existing, options.context, mode, with_, destination(message->get_topic()))
            : outgoing(existing, options.context, mode, with_, describe(*message));
    prepared ready{std::move(message), decided.take_span(), decided.sent_trace()};
    if (!decided.changes_headers() || !session_.has_properties()) return ready;
    try {
      write(decided, ready);
    } catch (...) {
      // Without memory for the copy the message goes out as it is.
      count(errc::no_memory);
    }
    return ready;
  }

  void write(const outgoing& decided, prepared& ready) const {
    const ::mqtt::message& message = *ready.message;
    const MQTTProperties& own = message.get_properties().c_struct();
    edited_properties edited(own);
    mqtt::write(decided, edited,
                {room_in_packet(packet_of(message), own, with_, session_.packet_bytes_max()),
                 options_.stamps_time});
    if (edited.is_changed()) ready.message = with_properties(message, edited.c_struct());
  }

  [[nodiscard]] std::shared_ptr<tracked_message> track(
      const prepared& ready, ::mqtt::iaction_listener* application) noexcept {
    if (!book_->is_wanted()) return nullptr;
    try {
      auto tracked = std::make_shared<tracked_message>(ready.message, book_, application,
                                                       ready.span, ready.trace);
      if (book_->add(tracked)) return tracked;
    } catch (...) {
      count(errc::no_memory);
    }
    return nullptr;
  }

  static outcome refusal_of(const ::mqtt::exception& refusal) noexcept {
    return {.state = outcome_state::failed, .error = error_of(refusal.get_return_code(), 0)};
  }

  void end(span_handle span, const outcome& how) const noexcept {
    if (span) with_.tracer->end(span, how);
  }

  void count(errc code) const noexcept {
    if (with_.diagnostics == nullptr) return;
    with_.diagnostics->record({.way = direction::outbound, .code = code});
  }

  propagation with_;
  publisher_options options_;
  std::string client_id_;
  session session_;
  std::shared_ptr<delivery_book> book_;
};

}  // namespace detail

}  // namespace waybill::inline v0::mqtt
