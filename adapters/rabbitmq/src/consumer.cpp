#include "waybill/rabbitmq/consumer.hpp"

#include <algorithm>
#include <atomic>
#include <deque>

#include "addresses.hpp"
#include "connection_state.hpp"
#include "encoded_size.hpp"
#include "waybill/rabbitmq/attempts.hpp"
#include "waybill/rabbitmq/carrier.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

using system_time = std::chrono::system_clock::time_point;

/// Channels and delivery tags begin anew with each connection; this does not.
std::uint64_t next_consumer() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool is_copied(const amqp_bytes_t& copy, const amqp_bytes_t& original) noexcept {
  return original.len == 0 || copy.bytes != nullptr;
}

/// What came, as amqp_consume_message gives it; basic.get's answer has no consumer tag.
struct came {
  amqp_bytes_t consumer_tag;
  std::uint64_t delivery_tag;
  amqp_boolean_t redelivered;
  amqp_bytes_t exchange;
  amqp_bytes_t routing_key;
};

came what_came(const amqp_method_t& method) noexcept {
  if (method.id == AMQP_BASIC_GET_OK_METHOD) {
    const auto& got = *static_cast<const amqp_basic_get_ok_t*>(method.decoded);
    return {amqp_empty_bytes, got.delivery_tag, got.redelivered, got.exchange, got.routing_key};
  }
  const auto& sent = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
  return {sent.consumer_tag, sent.delivery_tag, sent.redelivered, sent.exchange, sent.routing_key};
}

}  // namespace

struct consumer::state final : detail::channel_owner {
  std::shared_ptr<detail::connection_state> on;
  std::string queue;
  messaging::receiving receiving;
  consumer_options options;
  const std::uint64_t id = next_consumer();
  amqp_channel_t channel = 0;
  std::uint64_t settled_to = 0;  // all up to this delivery tag, by `multiple`
  std::string tag;               // the broker's name for what start() began
  bool is_open = false;
  bool is_consuming = false;
  bool was_cancelled = false;
  bool waits_for_get = false;
  close_reason reason;
  std::deque<amqp_envelope_t> inbox;

  state(std::shared_ptr<detail::connection_state> connection, std::string from,
        waybill::propagation p, consumer_options o)
      : on(std::move(connection)),
        queue(std::move(from)),
        receiving(std::move(p), false),
        options(std::move(o)) {
    if (on == nullptr) {
      reason.status = AMQP_STATUS_CONNECTION_CLOSED;
      return;
    }
    close_reason why;
    is_open = true;
    channel = on->open_channel(*this, why);
    if (channel != 0) return;
    if (reason.status == AMQP_STATUS_OK) reason = std::move(why);
    is_open = false;
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() override {
    if (is_open) on->close_channel(channel);
    empty_inbox();
  }

  void on_method(const amqp_method_t& method) noexcept override {
    if (method.id == AMQP_BASIC_GET_EMPTY_METHOD) {
      waits_for_get = false;
    } else if (method.id == AMQP_BASIC_CANCEL_METHOD) {
      is_consuming = false;
      was_cancelled = true;
    }
  }

  void on_content(const amqp_method_t& method, const amqp_message_t& owned) noexcept override {
    if (method.id == AMQP_BASIC_GET_OK_METHOD) {
      waits_for_get = false;
    } else if (method.id != AMQP_BASIC_DELIVER_METHOD) {
      // What the application published on this channel by itself comes back here.
      amqp_message_t other = owned;
      amqp_destroy_message(&other);
      return;
    }
    const came what = what_came(method);
    amqp_envelope_t envelope{};
    envelope.channel = channel;
    envelope.consumer_tag = amqp_bytes_malloc_dup(what.consumer_tag);
    envelope.delivery_tag = what.delivery_tag;
    envelope.redelivered = what.redelivered;
    envelope.exchange = amqp_bytes_malloc_dup(what.exchange);
    envelope.routing_key = amqp_bytes_malloc_dup(what.routing_key);
    envelope.message = owned;
    const bool is_whole = is_copied(envelope.consumer_tag, what.consumer_tag) &&
                          is_copied(envelope.exchange, what.exchange) &&
                          is_copied(envelope.routing_key, what.routing_key);
    if (is_whole && put(envelope)) return;
    amqp_destroy_envelope(&envelope);
    // Without memory the queue may keep it.
    if (!options.no_ack) amqp_basic_reject(on->raw(), channel, what.delivery_tag, 1);
  }

  bool put(const amqp_envelope_t& envelope) noexcept {
    WAYBILL_TRY {
      inbox.push_back(envelope);
      return true;
    }
    WAYBILL_CATCH_ALL { return false; }
  }

  void on_closed(const close_reason& why) noexcept override {
    is_open = false;
    is_consuming = false;
    waits_for_get = false;
    WAYBILL_TRY { reason = why; }
    WAYBILL_CATCH_ALL { reason.status = why.status; }
    // The queue has them back, and gives them out again. What it has forgotten stays here.
    if (!options.no_ack) empty_inbox();
  }

  void empty_inbox() noexcept {
    for (amqp_envelope_t& each : inbox) amqp_destroy_envelope(&each);
    inbox.clear();
  }

  /// rabbitmq-c fails at longer ones in the middle of a call, and the connection is lost.
  [[nodiscard]] bool has_short_names() const noexcept {
    return queue.size() <= detail::short_string_bytes_max &&
           options.consumer_tag.size() <= detail::short_string_bytes_max;
  }

  int start() noexcept {
    if (!is_open) return AMQP_STATUS_CONNECTION_CLOSED;
    if (is_consuming || !has_short_names()) return AMQP_STATUS_INVALID_PARAMETER;
    amqp_basic_qos(on->raw(), channel, 0, options.prefetch, 0);
    int status = on->finish_call(channel, amqp_get_rpc_reply(on->raw()));
    if (status != AMQP_STATUS_OK) return status;
    const auto* answer =
        amqp_basic_consume(on->raw(), channel, bytes_of(queue), bytes_of(options.consumer_tag), 0,
                           options.no_ack ? 1 : 0, options.exclusive ? 1 : 0, amqp_empty_table);
    status = on->finish_call(channel, amqp_get_rpc_reply(on->raw()));
    if (status != AMQP_STATUS_OK || answer == nullptr) return status;
    WAYBILL_TRY { tag = text_of(answer->consumer_tag); }
    WAYBILL_CATCH_ALL {}
    is_consuming = true;
    was_cancelled = false;
    return status;
  }

  int cancel() noexcept {
    if (!is_open) return AMQP_STATUS_CONNECTION_CLOSED;
    if (!is_consuming) return AMQP_STATUS_OK;
    is_consuming = false;
    amqp_basic_cancel(on->raw(), channel, bytes_of(tag));
    const int status = on->finish_call(channel, amqp_get_rpc_reply(on->raw()));
    take_what_came_before_calls();
    return status;
  }

  /// While rabbitmq-c waits for the answer to a call it keeps what came before it, and the socket
  /// may have nothing behind that: no pump that waits for more would be worth it.
  void take_what_came_before_calls() noexcept {
    while (is_open && amqp_frames_enqueued(on->raw()) != 0) {
      if (on->pump_frame(std::chrono::milliseconds::zero()) != AMQP_STATUS_OK) return;
    }
  }

  int ask_for_one() noexcept {
    if (waits_for_get) return AMQP_STATUS_OK;
    if (!has_short_names()) return AMQP_STATUS_INVALID_PARAMETER;
    amqp_basic_get_t request{};
    request.queue = bytes_of(queue);
    request.no_ack = options.no_ack ? 1 : 0;
    const int status = amqp_send_method(on->raw(), channel, AMQP_BASIC_GET_METHOD, &request);
    if (status != AMQP_STATUS_OK) {
      on->lose({.status = status});
    } else {
      waits_for_get = true;
    }
    return status;
  }

  /// Pumps until something is there, or nothing is to be waited for.
  template <class F>
  void wait(std::chrono::milliseconds timeout, F&& is_worth_waiting) noexcept {
    const auto deadline = detail::after(timeout);
    while (inbox.empty() && is_open && is_worth_waiting()) {
      const auto left = detail::left_until(deadline);
      const int status = on->pump_frame(left);
      if (status == AMQP_STATUS_TIMEOUT || status == AMQP_STATUS_UNEXPECTED_STATE) return;
      if (left == std::chrono::milliseconds::zero() && timeout.count() > 0) return;
    }
  }

  [[nodiscard]] bool is_mine(const message& received) const noexcept {
    return received && !received.is_settled() && received.consumer_ == id &&
           received.delivery_tag() > settled_to;
  }
  /// Whether it, or a later one with it, was acknowledged or rejected.
  [[nodiscard]] bool has_settled(const message& received) const noexcept {
    return received.is_settled() ||
           (received.consumer_ == id && received.delivery_tag() <= settled_to);
  }
  void mark_settled(message& received, bool multiple) noexcept {
    received.is_settled_ = true;
    if (multiple) settled_to = std::max(settled_to, received.delivery_tag());
  }

  int finish_settling(int status) noexcept {
    if (status != AMQP_STATUS_OK) on->lose({.status = status});
    return status;
  }
};

consumer::consumer(connection& on, std::string queue, waybill::propagation settings,
                   consumer_options options)
    : state_(std::make_unique<state>(on.state_, std::move(queue), std::move(settings),
                                     std::move(options))) {}

consumer::~consumer() = default;

int consumer::start() noexcept { return state_->start(); }

int consumer::cancel() noexcept { return state_->cancel(); }

destination consumer::destination_of(const message& received) noexcept {
  return detail::destination_of(received.exchange(), received.routing_key());
}

operation_details consumer::describe(std::string_view name,
                                     const message& received) const noexcept {
  operation_details what{.system = "rabbitmq", .name = name};
  what.queue = state_->queue;
  what.delivery_tag = received.delivery_tag();
  detail::describe_message(received.properties(), what);
  what.body_bytes = received.body().size();
  return what;
}

/// The oldest message of the inbox: only now, when it is handed over, is its context taken off.
message consumer::next(std::string_view how, system_time began) noexcept {
  message received;
  if (state_->inbox.empty()) return received;
  const waybill::propagation& settings = propagation();
  received.envelope_ = state_->inbox.front();
  state_->inbox.pop_front();
  received.is_there_ = true;
  received.consumer_ = state_->id;
  received.is_settled_ = state_->options.no_ack;
  const destination from(state_->queue);
  received.attempt_ = delivery_attempt(received.envelope_, state_->queue);
  received.taken_ = state_->options.strip ? rabbitmq::take(received.envelope_, settings, from)
                                          : rabbitmq::extract(received.envelope_, settings, from);
  messaging::trace_receive(
      destination_of(received), [&] { return describe(how, received); }, began,
      received.taken_.creation(), settings);
  return received;
}

message consumer::receive(std::chrono::milliseconds timeout) noexcept {
  const system_time began = state_->receiving.begin();
  // For a cancel() within a listener, which may not pump.
  if (!state_->is_consuming) state_->take_what_came_before_calls();
  state_->wait(timeout, [this] { return state_->is_consuming; });
  return next("consume", began);
}

message consumer::get(std::chrono::milliseconds timeout) noexcept {
  const system_time began = state_->receiving.begin();
  if (state_->is_open && state_->inbox.empty()) state_->ask_for_one();
  state_->wait(timeout, [this] { return state_->waits_for_get; });
  return next("get", began);
}

namespace {

outcome outcome_of(int status) noexcept {
  if (status == AMQP_STATUS_OK) return outcome(outcome_state::succeeded);
  return outcome(outcome_state::failed, amqp_error_string2(status));
}

}  // namespace

int consumer::ack(message& received, bool multiple) noexcept {
  if (!state_->is_mine(received)) return AMQP_STATUS_INVALID_PARAMETER;
  if (!state_->is_open) return AMQP_STATUS_CONNECTION_CLOSED;
  messaging::settling running(
      received.extraction(), destination_of(received), [&] { return describe("ack", received); },
      propagation());
  state_->mark_settled(received, multiple);
  const int status = state_->finish_settling(amqp_basic_ack(
      state_->on->raw(), state_->channel, received.delivery_tag(), multiple ? 1 : 0));
  running.end(outcome_of(status));
  return status;
}

int consumer::nack(message& received, bool requeue, bool multiple) noexcept {
  if (!state_->is_mine(received)) return AMQP_STATUS_INVALID_PARAMETER;
  if (!state_->is_open) return AMQP_STATUS_CONNECTION_CLOSED;
  messaging::settling running(
      received.extraction(), destination_of(received), [&] { return describe("nack", received); },
      propagation());
  state_->mark_settled(received, multiple);
  const int status = state_->finish_settling(amqp_basic_nack(state_->on->raw(), state_->channel,
                                                             received.delivery_tag(),
                                                             multiple ? 1 : 0, requeue ? 1 : 0));
  running.end(outcome_of(status));
  return status;
}

int consumer::reject(message& received, bool requeue) noexcept {
  if (!state_->is_mine(received)) return AMQP_STATUS_INVALID_PARAMETER;
  if (!state_->is_open) return AMQP_STATUS_CONNECTION_CLOSED;
  messaging::settling running(
      received.extraction(), destination_of(received), [&] { return describe("reject", received); },
      propagation());
  state_->mark_settled(received, false);
  const int status = state_->finish_settling(amqp_basic_reject(
      state_->on->raw(), state_->channel, received.delivery_tag(), requeue ? 1 : 0));
  running.end(outcome_of(status));
  return status;
}

int consumer::settle_handled(message& received) noexcept {
  // The handler may have settled the message, or moved it away to settle it later.
  if (state_->options.settle == settle_mode::none || !received || state_->has_settled(received)) {
    return AMQP_STATUS_OK;
  }
  return ack(received);
}

void consumer::settle_failed(message& received) noexcept {
  if (state_->options.on_failure == failure_mode::none || !received ||
      state_->has_settled(received)) {
    return;
  }
  reject(received, state_->options.on_failure == failure_mode::requeue);
}

bool consumer::is_open() const noexcept { return state_->is_open; }

const close_reason& consumer::reason() const noexcept { return state_->reason; }

bool consumer::is_consuming() const noexcept { return state_->is_consuming; }

bool consumer::was_cancelled() const noexcept { return state_->was_cancelled; }

amqp_channel_t consumer::channel() const noexcept { return state_->channel; }

std::string_view consumer::queue() const noexcept { return state_->queue; }

const propagation& consumer::propagation() const noexcept { return state_->receiving.settings(); }

const consumer_options& consumer::options() const noexcept { return state_->options; }

}  // namespace waybill::inline v0::rabbitmq
