#include "waybill/rabbitmq/publisher.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <utility>

#include "channel.hpp"
#include "encoded_size.hpp"
#include "waybill/messaging/deliveries.hpp"
#include "waybill/messaging/returnable.hpp"
#include "waybill/rabbitmq/headers.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

/// What a returned message is known by among those in flight.
std::uint64_t fingerprint_of(std::string_view exchange, std::string_view routing_key,
                             std::string_view payload, const span_context& sent) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
  const std::hash<std::string_view> hash;
  const auto& span = sent.span_id().bytes;
  const std::string_view span_id(reinterpret_cast<const char*>(span.data()), span.size());
  std::uint64_t all = 0;
  for (const auto part : {exchange, routing_key, payload, span_id}) all = all * odd + hash(part);
  return all;
}

}  // namespace

/// What a send span ends with. error.type is the broker's code, else what happened.
outcome as_outcome(const delivery_report& report) noexcept {
  const outcome_state state = report.outcome;
  if (state == outcome_state::succeeded || state == outcome_state::unknown) return outcome(state);
  if (report.reply_code == 0) {
    return outcome(state, state == outcome_state::failed ? "nack" : "connection_closed");
  }
  // The span copies it, on this thread.
  static thread_local std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), report.reply_code);
  return outcome(state, {digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
}

struct publisher::state final : detail::channel_user {
  publisher_options options;
  messaging::deliveries<delivery_report> sent;
  messaging::returnable returned;
  std::shared_ptr<detail::channel> on;
  std::uint64_t last_tag = 0;
  std::uint64_t confirmed_to = 0;

  state(std::shared_ptr<detail::connection_state> connection, waybill::propagation settings,
        delivery_listener on_delivery_report, publisher_options how)
      : options(how),
        sent(std::move(settings), std::move(on_delivery_report), options.in_flight_max),
        returned(options.in_flight_max),
        on(std::make_shared<detail::channel>(std::move(connection))) {
    on->publisher = this;
    if (!options.confirms || !on->is_open()) return;
    amqp_confirm_select(on->raw(), on->number());
    on->finish_call();
  }
  ~state() override {
    on->publisher = nullptr;
    // Where the channel was closed before, on_closed() has reported all.
    if (on->is_open()) on->on().without_pump([this] { leave_unanswered({}); });
  }

  /// False when the channel is closed, or the publisher goes.
  [[nodiscard]] bool is_open() const noexcept { return on->publisher == this && on->is_open(); }

  void on_method(const amqp_method_t& method) noexcept override {
    if (method.id == AMQP_BASIC_ACK_METHOD) {
      confirm(*static_cast<const amqp_basic_ack_t*>(method.decoded), outcome_state::succeeded);
    } else if (method.id == AMQP_BASIC_NACK_METHOD) {
      confirm(*static_cast<const amqp_basic_nack_t*>(method.decoded), outcome_state::failed);
    }
  }

  void on_content(detail::incoming& content) noexcept override {
    if (!content.is_whole()) return;
    const amqp_envelope_t& came = content.envelope();
    delivery_report report{.outcome = outcome_state::failed,
                           .reply_code = content.reply_code(),
                           .reply_text = content.reply_text(),
                           .returned = &came.message};
    const span_context carried = span_context_in(&came.message.properties);
    if (!options.confirms) {
      sent.finish({.sent = carried, .span = {}}, report);
      return;
    }
    const std::uint64_t fingerprint = fingerprint_of(
        text_of(came.exchange), text_of(came.routing_key), text_of(came.message.body), carried);
    // What has its outcome already cannot be the returned one.
    auto tag = returned.take(fingerprint);
    while (tag.has_value() && !sent.is_in_flight(*tag)) tag = returned.take(fingerprint);
    // The broker confirms it too, behind this: then it is no longer in flight.
    if (tag.has_value()) sent.answered(*tag, report);
  }

  void on_closed(const close_reason& reason) noexcept override { leave_unanswered(reason); }

  /// One message, or all up to it; tag 0 then means every one.
  template <class Answer>
  void confirm(const Answer& answer, outcome_state how) noexcept {
    const std::uint64_t tag = answer.delivery_tag;
    if (answer.multiple == 0) {
      sent.answered(tag, {.outcome = how});
    } else {
      const std::uint64_t last = tag == 0 ? last_tag : std::min(tag, last_tag);
      while (confirmed_to < last) sent.answered(++confirmed_to, {.outcome = how});
    }
    // Confirms come in any order.
    while (confirmed_to < last_tag && !sent.is_in_flight(confirmed_to + 1)) ++confirmed_to;
    returned.confirmed_to(confirmed_to);
  }

  void leave_unanswered(const close_reason& reason) noexcept {
    sent.close({.outcome = outcome_state::unanswered,
                .reply_code = reason.reply_code,
                .reply_text = reason.reply_text});
  }

  [[nodiscard]] span_context span_context_in(
      const amqp_basic_properties_t* properties) const noexcept {
    const header_reader reader(properties);
    const waybill::propagation& settings = sent.settings();
    return settings.propagator()
        .extract(reader, settings.rules_for(reader), settings.limits(), nullptr)
        .span_context();
  }

  /// Sends what rabbitmq-c can send whole. Nothing has gone out where it cannot.
  int send(const publication& message, const amqp_basic_properties_t* properties) noexcept {
    if (properties != nullptr) {
      const int status = detail::fits(*properties, on->on().frame_bytes_max());
      if (status != AMQP_STATUS_OK) return status;
    }
    return on->on().finish_send(amqp_basic_publish(
        on->raw(), on->number(), bytes_of(message.exchange), bytes_of(message.routing_key),
        message.mandatory ? 1 : 0, 0, properties, bytes_of(message.payload)));
  }

  void accepted(const publication& message, const amqp_basic_properties_t* properties,
                messaging::in_flight_message waiting) noexcept {
    ++last_tag;
    if (!options.confirms) {
      sent.end_span(waiting, outcome_state::unknown);
      return;
    }
    if (message.mandatory) {
      // A returned message is recognised by what its headers say, so they are read here too.
      waiting.sent = span_context_in(properties);
      returned.add(
          fingerprint_of(message.exchange, message.routing_key, message.payload, waiting.sent),
          last_tag);
    }
    sent.accepted(last_tag, waiting);
  }

  int publish(const publication& message, const send_options& how) noexcept {
    if (!is_open()) return AMQP_STATUS_CONNECTION_CLOSED;
    if (message.exchange.size() > detail::short_string_bytes_max ||
        message.routing_key.size() > detail::short_string_bytes_max) {
      return AMQP_STATUS_INVALID_PARAMETER;
    }
    const waybill::propagation& settings = sent.settings();
    const header_reader existing(message.properties);
    messaging::sending decided(
        existing, how, options.mode, settings,
        detail::destination_of(message.exchange, message.routing_key),
        [&] { return detail::describe("publish", message.properties, message.payload); });
    messaging::in_flight_message waiting = decided.take_in_flight(how.user_data);
    outgoing_properties properties(message.properties);
    if (decided.changes_headers() &&
        !properties.write(decided, settings, on->on().frame_bytes_max()).trace) {
      waiting.sent = {};
    }
    const int status = send(message, properties.get());
    if (status == AMQP_STATUS_OK) {
      on->on().without_pump([&] { accepted(message, properties.get(), waiting); });
    } else {
      sent.end_span(waiting, outcome_state::failed, amqp_error_string2(status));
    }
    return status;
  }
};

publisher::publisher(connection& on, waybill::propagation settings,
                     delivery_listener on_delivery_report, publisher_options options)
    : state_(std::make_unique<state>(on.state_, std::move(settings), std::move(on_delivery_report),
                                     options)) {}

publisher::~publisher() = default;

int publisher::publish(const publication& message, const send_options& options) noexcept {
  return state_->publish(message, options);
}

std::uint64_t publisher::delivery_tag() const noexcept { return state_->last_tag; }

int publisher::wait_for_confirms(std::chrono::milliseconds timeout) noexcept {
  if (!is_open()) return reason().status;
  const int status = state_->on->on().pump_until(timeout, false,
                                                 [this] { return in_flight() == 0 || !is_open(); });
  return is_open() ? status : reason().status;
}

std::size_t publisher::in_flight() const noexcept { return state_->sent.in_flight(); }

bool publisher::is_open() const noexcept { return state_->is_open(); }

const close_reason& publisher::reason() const noexcept { return state_->on->reason(); }

amqp_channel_t publisher::channel() const noexcept { return state_->on->number(); }

const propagation& publisher::propagation() const noexcept { return state_->sent.settings(); }

std::shared_ptr<detail::channel> publisher::shared_channel() const noexcept { return state_->on; }

}  // namespace waybill::inline v0::rabbitmq
