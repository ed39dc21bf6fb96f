#include "waybill/rabbitmq/publisher.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "addresses.hpp"
#include "confirm_window.hpp"
#include "connection_state.hpp"
#include "encoded_size.hpp"
#include "waybill/rabbitmq/headers.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

using detail::short_string_bytes_max;

/// error.type of a span: the broker's code, or what happened.
class error_name {
 public:
  explicit error_name(const delivery& result) noexcept {
    if (result.state == outcome_state::succeeded) return;
    if (result.reply_code != 0) {
      const auto end =
          std::to_chars(digits_.data(), digits_.data() + digits_.size(), result.reply_code);
      text_ = {digits_.data(), static_cast<std::size_t>(end.ptr - digits_.data())};
    } else {
      text_ = result.state == outcome_state::failed ? "nack" : "connection_closed";
    }
  }
  error_name(const error_name&) = delete;
  error_name& operator=(const error_name&) = delete;
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  std::array<char, 8> digits_{};
  std::string_view text_;
};

/// rabbitmq-c looks at their lengths only after it has sent the method before them.
bool has_long_short_string(const amqp_basic_properties_t& properties) noexcept {
  const auto is_long = [&](amqp_flags_t flag, const amqp_bytes_t& text) {
    return (properties._flags & flag) != 0 && text.len > short_string_bytes_max;
  };
  return is_long(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type) ||
         is_long(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.content_encoding) ||
         is_long(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id) ||
         is_long(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to) ||
         is_long(AMQP_BASIC_EXPIRATION_FLAG, properties.expiration) ||
         is_long(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id) ||
         is_long(AMQP_BASIC_TYPE_FLAG, properties.type) ||
         is_long(AMQP_BASIC_USER_ID_FLAG, properties.user_id) ||
         is_long(AMQP_BASIC_APP_ID_FLAG, properties.app_id) ||
         is_long(AMQP_BASIC_CLUSTER_ID_FLAG, properties.cluster_id);
}

/// Whether rabbitmq-c itself can write headers into so many bytes.
int encodes(const amqp_table_t& headers, std::size_t bytes) noexcept {
  const std::unique_ptr<std::byte[]> buffer(new (std::nothrow) std::byte[bytes]);
  if (buffer == nullptr) return AMQP_STATUS_NO_MEMORY;
  amqp_table_t copy = headers;
  std::size_t written = 0;
  return amqp_encode_table({bytes, buffer.get()}, &copy, &written) == AMQP_STATUS_OK
             ? AMQP_STATUS_OK
             : AMQP_STATUS_TABLE_TOO_BIG;
}

/// Whether the header frame of a message has room for its properties.
int fits(const amqp_basic_properties_t& properties, std::size_t frame_bytes_max) noexcept {
  if (has_long_short_string(properties)) return AMQP_STATUS_BAD_AMQP_DATA;
  const std::size_t limit = frame_bytes_max != 0 ? frame_bytes_max : detail::encoded_bytes_ceiling;
  const std::size_t bytes = detail::frame_bytes(properties);
  if (bytes <= limit) return AMQP_STATUS_OK;
  const std::size_t others = detail::frame_bytes_without_headers(properties);
  if (bytes != detail::too_deep || frame_bytes_max == 0 || others > limit) {
    return AMQP_STATUS_TABLE_TOO_BIG;
  }
  return encodes(properties.headers, limit - others);
}

/// What a returned message is known by among those in flight; never 0.
std::uint64_t fingerprint_of(std::string_view exchange, std::string_view routing_key,
                             std::string_view body, const span_context& sent) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
  const std::hash<std::string_view> hash;
  const auto& span = sent.span_id().bytes;
  std::uint64_t all = hash(exchange);
  all = all * odd + hash(routing_key);
  all = all * odd + hash(body);
  all = all * odd + hash({reinterpret_cast<const char*>(span.data()), span.size()});
  return all | 1U;
}

}  // namespace

struct publisher::state final : detail::channel_owner {
  std::shared_ptr<detail::connection_state> on;
  waybill::propagation settings;
  publisher_options options;
  detail::confirm_window in_flight;
  amqp_channel_t channel = 0;
  std::uint64_t last_tag = 0;
  bool is_open = false;
  close_reason reason;

  state(std::shared_ptr<detail::connection_state> connection, waybill::propagation p,
        publisher_options o)
      : on(std::move(connection)),
        settings(std::move(p)),
        options(std::move(o)),
        in_flight(options.in_flight_max) {
    if (on == nullptr) {
      reason.status = AMQP_STATUS_CONNECTION_CLOSED;
      return;
    }
    close_reason why;
    is_open = true;
    channel = on->open_channel(*this, why);
    if (channel == 0) {
      if (reason.status == AMQP_STATUS_OK) reason = std::move(why);
      is_open = false;
      return;
    }
    if (!options.confirms) return;
    amqp_confirm_select(on->raw(), channel);
    on->finish_call(channel, amqp_get_rpc_reply(on->raw()));
  }

  void on_method(const amqp_method_t& method) noexcept override {
    if (method.id == AMQP_BASIC_ACK_METHOD) {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
      settle(ack.delivery_tag, ack.multiple != 0, outcome_state::succeeded);
    } else if (method.id == AMQP_BASIC_NACK_METHOD) {
      const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
      settle(nack.delivery_tag, nack.multiple != 0, outcome_state::failed);
    }
  }

  void on_content(const amqp_method_t& method, const amqp_message_t& owned) noexcept override {
    amqp_message_t message = owned;
    if (method.id == AMQP_BASIC_RETURN_METHOD) {
      take_returned(*static_cast<const amqp_basic_return_t*>(method.decoded), message);
    }
    amqp_destroy_message(&message);
  }

  void on_closed(const close_reason& why) noexcept override {
    is_open = false;
    WAYBILL_TRY { reason = why; }
    WAYBILL_CATCH_ALL { reason.status = why.status; }
    leave_unanswered();
  }

  void settle(std::uint64_t tag, bool multiple, outcome_state how) noexcept {
    in_flight.settle(tag, multiple,
                     [&](const detail::unconfirmed& message) { finish(message, {.state = how}); });
  }

  void leave_unanswered() noexcept {
    while (const auto left = in_flight.take_any()) {
      finish(*left, {.state = outcome_state::unanswered,
                     .reply_code = reason.reply_code,
                     .reply_text = reason.reply_text});
    }
  }

  void take_returned(const amqp_basic_return_t& came, const amqp_message_t& message) noexcept {
    delivery result{.state = outcome_state::failed,
                    .reply_code = came.reply_code,
                    .reply_text = text_of(came.reply_text),
                    .trace = trace_in(&message.properties),
                    .returned = &message};
    if (!options.confirms) {
      tell(result);
      return;
    }
    // The broker confirms it too, behind this: then it is no longer there.
    const auto found = in_flight.take_returned(fingerprint_of(
        text_of(came.exchange), text_of(came.routing_key), text_of(message.body), result.trace));
    if (found.has_value()) finish(*found, result);
  }

  void finish(const detail::unconfirmed& message, delivery result) noexcept {
    result.trace = message.trace;
    result.delivery_tag = message.tag;
    result.token = message.token;
    if (message.span) {
      const error_name error(result);
      settings.tracer()->end(message.span, outcome(result.state, error.text()));
    }
    tell(result);
  }

  void tell(const delivery& result) const noexcept {
    if (!options.on_delivery) return;
    WAYBILL_TRY { options.on_delivery(result); }
    WAYBILL_CATCH_ALL {
      settings.record({.way = direction::outbound, .code = errc::listener_failed});
    }
  }

  [[nodiscard]] span_context trace_in(const amqp_basic_properties_t* properties) const noexcept {
    const header_reader reader(properties);
    const carrier_rules rules = settings.rules_for(reader);
    const auto seen = settings.propagator().peek_at(reader, rules, settings.limits(), nullptr);
    return seen.has_value() ? seen->span_context()
                            : settings.propagator()
                                  .extract(reader, rules, settings.limits(), nullptr)
                                  .span_context();
  }

  [[nodiscard]] static operation_details describe(const publication& message) noexcept {
    operation_details what{.system = "rabbitmq", .name = "publish"};
    if (message.properties != nullptr) detail::describe_message(*message.properties, what);
    what.body_bytes = message.body.size();
    return what;
  }

  int publish(const publication& message) noexcept;
  int send(const publication& message, const amqp_basic_properties_t* properties) noexcept;
  void accept(const publication& message, const amqp_basic_properties_t* properties,
              const span_context& sent, span_handle span) noexcept;
};

/// Sends what rabbitmq-c can send whole. Nothing has gone out where it cannot.
int publisher::state::send(const publication& message,
                           const amqp_basic_properties_t* properties) noexcept {
  const std::size_t frame_bytes_max = on->frame_bytes_max();
  if (properties != nullptr) {
    const int status = fits(*properties, frame_bytes_max);
    if (status != AMQP_STATUS_OK) return status;
  }
  const int status = amqp_basic_publish(on->raw(), channel, bytes_of(message.exchange),
                                        bytes_of(message.routing_key), message.mandatory ? 1 : 0, 0,
                                        properties, bytes_of(message.body));
  if (status != AMQP_STATUS_OK) on->lose({.status = status});
  return status;
}

void publisher::state::accept(const publication& message, const amqp_basic_properties_t* properties,
                              const span_context& sent, span_handle span) noexcept {
  ++last_tag;
  detail::unconfirmed waiting{last_tag, 0, sent, span, message.token};
  if (options.confirms && message.mandatory) {
    // A return will be looked up by what the headers say, so that is asked here too.
    waiting.trace = trace_in(properties);
    waiting.fingerprint =
        fingerprint_of(message.exchange, message.routing_key, message.body, waiting.trace);
  }
  const bool is_tracked = options.confirms && in_flight.add(waiting);
  if (!is_tracked && span) settings.tracer()->end(span, outcome(outcome_state::unknown));
}

int publisher::state::publish(const publication& message) noexcept {
  if (!is_open) return AMQP_STATUS_CONNECTION_CLOSED;
  if (message.exchange.size() > short_string_bytes_max ||
      message.routing_key.size() > short_string_bytes_max) {
    return AMQP_STATUS_INVALID_PARAMETER;
  }
  const header_reader existing(message.properties);
  messaging::sending decided(existing, {.context = message.context, .mode = message.mode},
                             options.mode, settings,
                             detail::destination_of(message.exchange, message.routing_key),
                             [&] { return describe(message); });
  const span_handle span = decided.take_span();
  outgoing_properties properties(message.properties);
  span_context sent = decided.sent();
  if (decided.changes_headers() &&
      !properties.write(decided, settings, on->frame_bytes_max()).trace) {
    sent = {};
  }
  const int status = send(message, properties.get());
  if (status == AMQP_STATUS_OK) {
    accept(message, properties.get(), sent, span);
  } else if (span) {
    settings.tracer()->end(span, outcome(outcome_state::failed, amqp_error_string2(status)));
  }
  return status;
}

publisher::publisher(connection& on, waybill::propagation settings, publisher_options options)
    : state_(std::make_unique<state>(on.state_, std::move(settings), std::move(options))) {}

publisher::~publisher() {
  if (state_->is_open) state_->on->close_channel(state_->channel);
  state_->is_open = false;
  state_->leave_unanswered();
}

int publisher::publish(const publication& message) noexcept { return state_->publish(message); }

std::uint64_t publisher::delivery_tag() const noexcept { return state_->last_tag; }

int publisher::wait_for_confirms(std::chrono::milliseconds timeout) noexcept {
  const auto deadline = detail::after(timeout);
  while (state_->is_open && state_->in_flight.size() != 0) {
    const auto left = detail::left_until(deadline);
    const int status = state_->on->pump_frame(left);
    if (status == AMQP_STATUS_TIMEOUT || status == AMQP_STATUS_UNEXPECTED_STATE) return status;
    // What others are sent may never end; without a time-out what is here is all that is looked at.
    if (left == std::chrono::milliseconds::zero() && timeout.count() > 0) break;
  }
  if (state_->is_open && state_->in_flight.size() != 0) return AMQP_STATUS_TIMEOUT;
  return state_->is_open ? AMQP_STATUS_OK : state_->reason.status;
}

std::size_t publisher::in_flight() const noexcept { return state_->in_flight.size(); }

bool publisher::is_open() const noexcept { return state_->is_open; }

const close_reason& publisher::reason() const noexcept { return state_->reason; }

amqp_channel_t publisher::channel() const noexcept { return state_->channel; }

const propagation& publisher::propagation() const noexcept { return state_->settings; }

}  // namespace waybill::inline v0::rabbitmq
