#include "waybill/rabbitmq/consumer.hpp"

#include <algorithm>
#include <atomic>
#include <deque>

#include "channel.hpp"
#include "encoded_size.hpp"
#include "waybill/rabbitmq/carrier.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

/// Channels and delivery tags begin anew with each connection; this does not.
std::uint64_t next_consumer() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

destination destination_of(const message& received) noexcept {
  return detail::destination_of(received.exchange(), received.routing_key());
}

}  // namespace

struct consumer::state final : detail::channel_user {
  std::string queue;
  messaging::receiving receiving;
  consumer_options options;
  const std::uint64_t number = next_consumer();
  std::shared_ptr<detail::channel> on;
  std::uint64_t settled_to = 0;  // all up to this delivery tag, by `multiple`
  std::string tag;               // the broker's name for what start() began
  bool is_consuming = false;
  bool was_cancelled = false;
  bool waits_for_get = false;
  std::deque<detail::owned_envelope> inbox;
  std::size_t inbox_max = 1;  // the answer to a get; see start()
  close_reason refused;       // why it has no channel

  state(std::shared_ptr<detail::channel> channel, std::string from, waybill::propagation p,
        consumer_options o)
      : queue(std::move(from)),
        receiving(std::move(p), o.fills_received_slot),
        options(std::move(o)),
        on(std::move(channel)) {
    if (queue.size() > detail::short_string_bytes_max) {
      refused = detail::because(AMQP_STATUS_INVALID_PARAMETER,
                                "the queue's name has more than 255 bytes");
    } else if (on->consumer != nullptr) {
      refused =
          detail::because(AMQP_STATUS_INVALID_PARAMETER, "the channel has a consumer already");
    } else {
      on->consumer = this;
    }
  }
  ~state() override {
    // The channel may have a publisher still. Whatever is sent meanwhile is given to nobody.
    if (is_consuming && is_open() && on->publisher != nullptr) {
      amqp_basic_cancel_t cancel{bytes_of(tag), 1};
      finish_send(AMQP_BASIC_CANCEL_METHOD, cancel);
    }
    if (is_mine()) {
      on->consumer = nullptr;
      if (waits_for_get) ++on->abandoned_gets;
    }
    receiving.closed();
  }

  /// False when it has no channel.
  [[nodiscard]] bool is_mine() const noexcept { return on->consumer == this; }
  [[nodiscard]] bool is_open() const noexcept { return is_mine() && on->is_open(); }

  /// Sends a method that nobody waits for an answer to.
  template <class Method>
  int finish_send(amqp_method_number_t id, Method& method) noexcept {
    return on->on().finish_send(amqp_send_method(on->raw(), on->number(), id, &method));
  }

  void on_method(const amqp_method_t& method) noexcept override {
    if (method.id == AMQP_BASIC_GET_EMPTY_METHOD) {
      waits_for_get = false;
    } else if (method.id == AMQP_BASIC_CANCEL_METHOD) {
      const auto& cancel = *static_cast<const amqp_basic_cancel_t*>(method.decoded);
      // An earlier consumer of this channel may be meant.
      if (text_of(cancel.consumer_tag) != tag) return;
      is_consuming = false;
      was_cancelled = true;
    }
  }

  void on_content(detail::incoming& content) noexcept override {
    const bool is_got = content.method() == AMQP_BASIC_GET_OK_METHOD;
    if (content.is_whole()) {
      // It was for an earlier consumer of the channel, or for a call of its that gave up.
      if (is_got ? !waits_for_get : text_of(content.envelope().consumer_tag) != tag) return;
      if (inbox.size() >= inbox_max) {
        return on->on().lose(
            detail::because(AMQP_STATUS_BAD_AMQP_DATA, "more messages than may wait"));
      }
      WAYBILL_TRY {
        // The content keeps its delivery tag where there is no place for it.
        inbox.emplace_back(content.release());
        if (is_got) waits_for_get = false;
        return;
      }
      WAYBILL_CATCH_ALL {}
    }
    // Without memory the queue may keep it.
    if (is_got) waits_for_get = false;
    if (options.no_ack) return;
    amqp_basic_reject_t reject{content.envelope().delivery_tag, 1};
    finish_send(AMQP_BASIC_REJECT_METHOD, reject);
  }

  void on_closed(const close_reason& /*reason*/) noexcept override {
    is_consuming = false;
    waits_for_get = false;
    // The queue has them back, and gives them out again. What it has forgotten stays here.
    if (!options.no_ack) inbox.clear();
  }

  int start() noexcept {
    // What rabbitmq-c cannot send fails in the middle of a call, and the connection is lost.
    const std::size_t longest = std::max(queue.size(), options.consumer_tag.size());
    if (is_consuming || longest > detail::short_string_bytes_max) {
      return AMQP_STATUS_INVALID_PARAMETER;
    }
    if (!is_open()) return AMQP_STATUS_CONNECTION_CLOSED;
    int status = detail::fits(options.arguments, on->on().frame_bytes_max());
    if (status != AMQP_STATUS_OK) return status;
    // What is set aside still has the tag of an earlier start().
    on->on().pump_enqueued();
    amqp_basic_qos(on->raw(), on->number(), 0, options.prefetch, 0);
    status = on->finish_call();
    if (status != AMQP_STATUS_OK) return status;
    // A broker that ignores the prefetch does not fill the memory. The answer to a get, and those
    // of an earlier start(), may come on top.
    const bool is_limited = !options.no_ack && options.prefetch != 0;
    const std::size_t beyond = inbox.size() + options.prefetch + 1;
    inbox_max = is_limited ? beyond + options.beyond_prefetch_max : SIZE_MAX;
    const auto* answer =
        amqp_basic_consume(on->raw(), on->number(), bytes_of(queue), bytes_of(options.consumer_tag),
                           0, options.no_ack ? 1 : 0, options.exclusive ? 1 : 0, options.arguments);
    status = on->finish_call();
    if (status != AMQP_STATUS_OK || answer == nullptr) return status;
    WAYBILL_TRY { tag = text_of(answer->consumer_tag); }
    WAYBILL_CATCH_ALL {
      on->on().lose(detail::because(AMQP_STATUS_NO_MEMORY));
      return AMQP_STATUS_NO_MEMORY;
    }
    is_consuming = true;
    was_cancelled = false;
    return status;
  }

  int cancel() noexcept {
    if (!is_open()) return AMQP_STATUS_CONNECTION_CLOSED;
    if (!is_consuming) return AMQP_STATUS_OK;
    is_consuming = false;
    amqp_basic_cancel(on->raw(), on->number(), bytes_of(tag));
    const int status = on->finish_call();
    // Nothing may come behind what was sent before the answer: no wait for more would end.
    on->on().pump_enqueued();
    return status;
  }

  /// Pumps until something is there, or nothing is to be waited for.
  template <class F>
  void wait(std::chrono::milliseconds timeout, bool hears_wake, F&& is_worth_waiting) noexcept {
    if (!is_open()) return;
    on->on().pump_until(timeout, hears_wake,
                        [&] { return !inbox.empty() || !is_open() || !is_worth_waiting(); });
  }

  [[nodiscard]] operation_details describe(std::string_view name,
                                           const message& received) const noexcept {
    operation_details what = detail::describe(name, &received.properties(), received.payload());
    what.queue = queue;
    what.delivery_tag = received.delivery_tag();
    return what;
  }

  /// The oldest message of the inbox: only now, when it is handed over, is its context taken off.
  message next(std::string_view how, messaging::receiving::time_point began) noexcept {
    if (inbox.empty()) return {};
    detail::owned_envelope& oldest = inbox.front();
    const waybill::propagation& settings = receiving.settings();
    message received(std::move(oldest), number, [&]() noexcept {
      return options.strip ? take(oldest.raw, settings, destination(queue))
                           : extract(oldest.raw, settings, destination(queue));
    });
    inbox.pop_front();
    received.counts_ = count_deliveries(received.raw(), queue);
    received.is_settled_ = options.no_ack;
    receiving.give(
        received, destination_of(received), [&] { return describe(how, received); }, began);
    return received;
  }

  /// Whether there is nothing to settle: neither it, nor a later one with it, has to be any more.
  [[nodiscard]] bool has_settled(const message& received) const noexcept {
    return !received || received.is_settled() ||
           (received.consumer_ == number && received.delivery_tag() <= settled_to);
  }

  /// Settles a message by this method, within a settle span.
  template <class Method>
  int settle(message& received, std::string_view name, bool multiple, amqp_method_number_t id,
             Method method) noexcept {
    if (received.consumer_ != number || has_settled(received)) return AMQP_STATUS_INVALID_PARAMETER;
    if (!is_open()) return AMQP_STATUS_CONNECTION_CLOSED;
    messaging::settling running(
        received.taken(), destination_of(received), [&] { return describe(name, received); },
        receiving.settings());
    const int status = finish_send(id, method);
    if (status == AMQP_STATUS_OK) {
      received.is_settled_ = true;
      if (multiple) settled_to = std::max(settled_to, received.delivery_tag());
    }
    running.end(status == AMQP_STATUS_OK
                    ? outcome(outcome_state::succeeded)
                    : outcome(outcome_state::failed, amqp_error_string2(status)));
    return status;
  }
};

consumer::consumer(connection& on, std::string queue, waybill::propagation settings,
                   consumer_options options)
    : state_(std::make_unique<state>(std::make_shared<detail::channel>(on.state_), std::move(queue),
                                     std::move(settings), std::move(options))) {}

consumer::consumer(publisher& shared, std::string queue, waybill::propagation settings,
                   consumer_options options)
    : state_(std::make_unique<state>(shared.shared_channel(), std::move(queue), std::move(settings),
                                     std::move(options))) {}

consumer::~consumer() = default;

int consumer::start() noexcept { return state_->start(); }

int consumer::cancel() noexcept { return state_->cancel(); }

message consumer::receive(std::chrono::milliseconds timeout) noexcept {
  const messaging::receiving::time_point began = state_->receiving.begin();
  // For a cancel() within a listener, which may not pump.
  if (!state_->is_consuming && state_->is_open()) state_->on->on().pump_enqueued();
  state_->wait(timeout, true, [this] { return state_->is_consuming; });
  return state_->next("consume", began);
}

message consumer::get(std::chrono::milliseconds timeout) noexcept {
  const messaging::receiving::time_point began = state_->receiving.begin();
  if (state_->is_open() && state_->inbox.empty() && !state_->waits_for_get) {
    amqp_basic_get_t request{0, bytes_of(queue()), options().no_ack ? 1 : 0};
    state_->waits_for_get = state_->finish_send(AMQP_BASIC_GET_METHOD, request) == AMQP_STATUS_OK;
  }
  // None says that the queue is empty, so wake() is left for receive().
  state_->wait(timeout, false, [this] { return state_->waits_for_get; });
  return state_->next("get", began);
}

messaging::processing consumer::process(const message& received) const noexcept {
  return {received.extraction(), destination_of(received),
          [&] { return state_->describe("process", received); }, propagation()};
}

int consumer::ack(message& received, bool multiple) noexcept {
  return state_->settle(received, "ack", multiple, AMQP_BASIC_ACK_METHOD,
                        amqp_basic_ack_t{received.delivery_tag(), multiple ? 1 : 0});
}

int consumer::nack(message& received, bool requeue, bool multiple) noexcept {
  return state_->settle(
      received, "nack", multiple, AMQP_BASIC_NACK_METHOD,
      amqp_basic_nack_t{received.delivery_tag(), multiple ? 1 : 0, requeue ? 1 : 0});
}

int consumer::reject(message& received, bool requeue) noexcept {
  return state_->settle(received, "reject", false, AMQP_BASIC_REJECT_METHOD,
                        amqp_basic_reject_t{received.delivery_tag(), requeue ? 1 : 0});
}

int consumer::settle(message& received) noexcept {
  // The handler may have settled the message, or moved it away to settle it later.
  const bool is_done = options().settle == settle_mode::none || state_->has_settled(received);
  return is_done ? AMQP_STATUS_OK : ack(received);
}

void consumer::settle_failed(message& received) noexcept {
  if (options().on_failure == failure_mode::none || state_->has_settled(received)) return;
  reject(received, options().on_failure == failure_mode::requeue);
}

bool consumer::is_open() const noexcept { return state_->is_open(); }

const close_reason& consumer::reason() const noexcept {
  return state_->is_mine() ? state_->on->reason() : state_->refused;
}

bool consumer::is_consuming() const noexcept { return state_->is_consuming; }

bool consumer::was_cancelled() const noexcept { return state_->was_cancelled; }

amqp_channel_t consumer::channel() const noexcept { return state_->on->number(); }

std::string_view consumer::queue() const noexcept { return state_->queue; }

const propagation& consumer::propagation() const noexcept { return state_->receiving.settings(); }

const consumer_options& consumer::options() const noexcept { return state_->options; }

}  // namespace waybill::inline v0::rabbitmq
