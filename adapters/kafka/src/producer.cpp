#include "waybill/kafka/producer.hpp"

#include <array>
#include <utility>

#include "configuration.hpp"
#include "delivery_channel.hpp"
#include "header_fields.hpp"
#include "header_names.hpp"
#include "in_flight.hpp"

namespace waybill::inline v0::kafka {

namespace {

/// The produce call that runs on this thread. When the partitioner fails librdkafka acknowledges
/// the message from within the call that then answers the error: one outcome is enough.
constinit thread_local const detail::delivery_sink* producing = nullptr;

class producing_mark {
 public:
  explicit producing_mark(const detail::delivery_sink* sink) noexcept
      : outer_(std::exchange(producing, sink)) {}
  producing_mark(const producing_mark&) = delete;
  producing_mark& operator=(const producing_mark&) = delete;
  ~producing_mark() { producing = outer_; }

 private:
  const detail::delivery_sink* outer_;
};

outcome_state state_of(const rd_kafka_message_t& message) noexcept {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      // Without acknowledgements asked for (acks=0) librdkafka reports no error either.
      return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_PERSISTED
                 ? outcome_state::succeeded
                 : outcome_state::unknown;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return outcome_state::purged;
    case RD_KAFKA_RESP_ERR__DESTROY:
      return outcome_state::unanswered;
    default:
      return outcome_state::failed;
  }
}

/// The headers that go with one message: the caller's own list, a copy of it where it has fields
/// of ours (the caller's must be as it was if producing fails), or a new one.
class outgoing_headers {
 public:
  outgoing_headers(rd_kafka_headers_t* list, const propagator& formats) noexcept
      : formats_(formats), given_(list), used_(list) {}
  outgoing_headers(const outgoing_headers&) = delete;
  outgoing_headers& operator=(const outgoing_headers&) = delete;
  ~outgoing_headers() {
    if (is_ours()) {
      rd_kafka_headers_destroy(used_);
    } else if (was_added_to_) {
      detail::remove_fields(*used_, formats_);
    }
  }

  [[nodiscard]] rd_kafka_headers_t* list() const noexcept { return used_; }

  void write(const outgoing& decided, inject_parts parts) noexcept {
    if (!is_written_) {
      prepare(decided);
      is_written_ = true;
      if (is_free_of_fields_) {
        detail::header_appender appender(*used_);
        decided.write(appender, parts);
        return;
      }
    }
    header_writer writer(*used_);
    decided.write(writer, parts);
  }

  /// Producing succeeded: librdkafka has the list that was used.
  void handed_over() noexcept {
    if (is_ours() && given_ != nullptr) rd_kafka_headers_destroy(given_);
    given_ = used_ = nullptr;
    was_added_to_ = false;
  }

 private:
  [[nodiscard]] bool is_ours() const noexcept { return used_ != given_; }
  void prepare(const outgoing& decided) noexcept {
    constexpr std::size_t fields_usual = 4;
    const std::size_t found = detail::count_fields(given_, formats_, detail::removals_max + 1);
    is_free_of_fields_ = found == 0;
    if (given_ == nullptr) {
      used_ = rd_kafka_headers_new(fields_usual);
    } else if (is_free_of_fields_) {
      was_added_to_ = true;
    } else if (found > detail::removals_max && decided.replaces_all()) {
      used_ = detail::copy_without_fields(*given_, formats_);
    } else {
      used_ = rd_kafka_headers_copy(given_);
    }
  }

  const propagator& formats_;
  rd_kafka_headers_t* given_;
  rd_kafka_headers_t* used_;
  bool is_written_ = false;
  bool is_free_of_fields_ = false;
  bool was_added_to_ = false;
};

rd_kafka_resp_err_t hand_over(rd_kafka_t* client, const record& message,
                              rd_kafka_headers_t* list) noexcept {
  // librdkafka takes the payload as void* because RD_KAFKA_MSG_F_FREE frees it.
  void* value = const_cast<char*>(message.value.data());
  const bool has_defaults = message.partition == RD_KAFKA_PARTITION_UA &&
                            message.timestamp_ms == 0 && message.opaque == nullptr;
  const auto send = [&](auto topic_tag, auto topic) {
    // librdkafka looks at each argument in turn, so what says nothing is left out.
    if (has_defaults) {
      return rd_kafka_producev(client, topic_tag, topic, RD_KAFKA_V_MSGFLAGS(message.flags),
                               RD_KAFKA_V_VALUE(value, message.value.size()),
                               RD_KAFKA_V_KEY(message.key.data(), message.key.size()),
                               RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        client, topic_tag, topic, RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(message.flags), RD_KAFKA_V_VALUE(value, message.value.size()),
        RD_KAFKA_V_KEY(message.key.data(), message.key.size()),
        RD_KAFKA_V_TIMESTAMP(message.timestamp_ms), RD_KAFKA_V_OPAQUE(message.opaque),
        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
  };
  return message.topic_handle != nullptr ? send(RD_KAFKA_VTYPE_RKT, message.topic_handle)
                                         : send(RD_KAFKA_VTYPE_TOPIC, message.topic);
}

}  // namespace

struct producer::state final : detail::delivery_sink {
  rd_kafka_t* client;
  propagation with;
  producer_options options;
  std::shared_ptr<detail::delivery_channel> channel;
  std::string client_id;
  detail::in_flight_table in_flight;

  state(rd_kafka_t* rk, propagation p, producer_options o)
      : client(rk),
        with(std::move(p)),
        options(std::move(o)),
        client_id(detail::configured(rk, "client.id")),
        in_flight(options.in_flight_max) {}

  [[nodiscard]] bool tracks() const noexcept {
    return channel != nullptr && (options.on_delivery || with.tracer != nullptr);
  }

  void acknowledge(const rd_kafka_message_t& message) noexcept override {
    if (producing == this || !tracks()) return;
    rd_kafka_headers_t* list = nullptr;
    trace_context carried;
    if (rd_kafka_message_headers(&message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      carried = trace_in(list);
    }
    // What another call than ours produced is none of our business.
    const auto found = in_flight.take(carried.span());
    if (!found.has_value()) return;
    delivery result{state_of(message), message.err, found->trace, &message};
    finish(*found, result);
  }

  void close() noexcept override {
    while (const auto left = in_flight.take_any()) {
      finish(*left, {outcome_state::unanswered, RD_KAFKA_RESP_ERR__DESTROY, left->trace, nullptr});
    }
  }

  [[nodiscard]] trace_context trace_in(const rd_kafka_headers_t* list) const noexcept {
    const header_reader reader(list);
    const carrier_rules rules = with.rules_for(reader);
    const auto seen = with.formats.peek_at(reader, rules, with.limits, nullptr);
    return seen.has_value() ? seen->trace()
                            : with.formats.extract(reader, rules, with.limits, nullptr).trace();
  }

  void finish(const detail::in_flight_message& message, const delivery& result) noexcept {
    if (message.span) {
      outcome ended{.state = result.state};
      if (result.state != outcome_state::succeeded && result.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        ended.error = rd_kafka_err2name(result.error);
      }
      if (result.message != nullptr && result.state == outcome_state::succeeded) {
        ended.partition = result.message->partition;
        ended.offset = result.message->offset;
      }
      with.tracer->end(message.span, ended);
    }
    if (!options.on_delivery) return;
    WAYBILL_TRY { options.on_delivery(result); }
    WAYBILL_CATCH_ALL { count(errc::carrier_failed); }
  }

  void count(errc code) const noexcept {
    if (with.diagnostics == nullptr) return;
    with.diagnostics->record({.way = direction::outbound, .code = code});
  }

  [[nodiscard]] static destination destination_of(const record& message) noexcept {
    return message.topic_handle != nullptr ? rd_kafka_topic_name(message.topic_handle)
                                           : message.topic;
  }

  [[nodiscard]] operation describe(const record& message) const noexcept {
    operation what{.kind = operation_kind::send, .system = "kafka", .name = "send"};
    what.where.name =
        message.topic_handle != nullptr ? rd_kafka_topic_name(message.topic_handle) : message.topic;
    if (with.tracer == nullptr) return what;
    what.client_id = client_id;
    what.message_key = message.key;
    what.body_bytes = message.value.size();
    what.tombstone = message.value.data() == nullptr;
    if (message.partition != RD_KAFKA_PARTITION_UA) what.partition = message.partition;
    return what;
  }

  rd_kafka_resp_err_t produce(const record& message, rd_kafka_headers_t* list) noexcept;
  rd_kafka_resp_err_t send(const record& message, rd_kafka_headers_t* list,
                           span_handle& span) noexcept;
};

/// Hands a message over, waiting for its outcome from before librdkafka can know it.
/// After an error `span` is the one that is to end: where several messages carry one span id an
/// acknowledgement that came meanwhile may have ended this one's own in place of another's.
rd_kafka_resp_err_t producer::state::send(const record& message, rd_kafka_headers_t* list,
                                          span_handle& span) noexcept {
  // The acknowledgement will be looked up by what the headers say, so that is asked here too.
  const trace_context carried = tracks() ? trace_in(list) : trace_context{};
  const bool is_tracked = tracks() && in_flight.add({carried, span});
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  {
    const producing_mark mark(this);
    error = hand_over(client, message, list);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (is_tracked) {
      const auto left = in_flight.take(carried.span(), span);
      span = left.has_value() ? left->span : span_handle{};
    }
  } else if (!is_tracked && span) {
    with.tracer->end(span, {.state = outcome_state::unknown});
  }
  return error;
}

rd_kafka_resp_err_t producer::state::produce(const record& message,
                                             rd_kafka_headers_t* list) noexcept {
  if (message.topic_handle == nullptr && message.topic == nullptr) {
    return RD_KAFKA_RESP_ERR__INVALID_ARG;
  }
  const header_reader existing(list);
  const inject_mode mode = message.mode == inject_mode::automatic ? options.mode : message.mode;
  outgoing decided = with.tracer == nullptr
                         ? outgoing(existing, message.context, mode, with, destination_of(message))
                         : outgoing(existing, message.context, mode, with, describe(message));
  outgoing_headers headers_sent(list, with.formats);
  span_handle span = decided.take_span();

  // All that is to be said, and what is given up when the message is too large with it.
  static constexpr std::array<inject_parts, 4> attempts{
      {{true, true, true}, {true, true, false}, {true, false, false}, {false, false, false}}};
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (const inject_parts parts : attempts) {
    const bool writes = decided.changes_headers();
    if (writes) headers_sent.write(decided, parts);
    error = send(message, headers_sent.list(), span);
    if (error != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || !writes) break;
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    headers_sent.handed_over();
  } else if (span) {
    with.tracer->end(span, {.state = outcome_state::failed, .error = rd_kafka_err2name(error)});
  }
  return error;
}

producer::producer(rd_kafka_t* client, propagation with, const instrumentation& observed,
                   producer_options options)
    : state_(std::make_unique<state>(client, std::move(with), std::move(options))) {
  if (observed.registry_ == nullptr) return;
  auto channel = observed.registry_->find(client);
  if (channel != nullptr && channel->attach(*state_)) state_->channel = std::move(channel);
}

producer::~producer() {
  if (state_->channel == nullptr) return;
  state_->channel->detach();
  state_->close();
}

rd_kafka_resp_err_t producer::produce(const record& message) noexcept {
  return state_->produce(message, message.headers);
}

rd_kafka_resp_err_t producer::produce(record message, headers& list) noexcept {
  const rd_kafka_resp_err_t error = state_->produce(message, list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<void>(list.release());
  return error;
}

std::size_t producer::produce_batch(std::span<const record> messages,
                                    std::span<rd_kafka_resp_err_t> results) noexcept {
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const rd_kafka_resp_err_t error = produce(messages[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) ++accepted;
    if (i < results.size()) results[i] = error;
  }
  return accepted;
}

bool producer::knows_outcomes() const noexcept { return state_->channel != nullptr; }

std::size_t producer::in_flight() const noexcept { return state_->in_flight.size(); }

rd_kafka_t* producer::client() const noexcept { return state_->client; }

const propagation& producer::propagating() const noexcept { return state_->with; }

}  // namespace waybill::inline v0::kafka
