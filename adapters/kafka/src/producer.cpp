#include "waybill/kafka/producer.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "configuration.hpp"
#include "delivery_channel.hpp"
#include "header_fields.hpp"
#include "header_names.hpp"
#include "waybill/messaging/in_flight.hpp"

namespace waybill::inline v0::kafka {

namespace {

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

  inject_report write(const messaging::sending& decided, inject_parts parts) noexcept {
    if (!is_written_) {
      prepare(decided);
      is_written_ = true;
      if (is_free_of_fields_) {
        detail::header_appender appender(*used_);
        return decided.write(appender, parts);
      }
    }
    header_writer writer(*used_);
    return decided.write(writer, parts);
  }

  /// Producing succeeded: librdkafka has the list that was used.
  void handed_over() noexcept {
    if (is_ours() && given_ != nullptr) rd_kafka_headers_destroy(given_);
    given_ = used_ = nullptr;
    was_added_to_ = false;
  }

 private:
  [[nodiscard]] bool is_ours() const noexcept { return used_ != given_; }
  void prepare(const messaging::sending& decided) noexcept {
    constexpr std::size_t fields_usual = 4;
    const detail::removal_cost cost = detail::cost_of_removal(given_, formats_);
    is_free_of_fields_ = cost.fields == 0;
    if (given_ == nullptr) {
      used_ = rd_kafka_headers_new(fields_usual);
    } else if (is_free_of_fields_) {
      was_added_to_ = true;
    } else if (!cost.is_bearable() && decided.replaces_all()) {
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

rd_kafka_resp_err_t hand_over(rd_kafka_t* client, const record& message, rd_kafka_headers_t* list,
                              void* user_data) noexcept {
  // Absent is null, empty is not. librdkafka takes the payload as void* because RD_KAFKA_MSG_F_FREE
  // frees it.
  const auto data_of = [](const std::optional<std::string_view>& bytes) {
    return const_cast<char*>(bytes.has_value() ? detail::never_null(*bytes) : nullptr);
  };
  void* payload = data_of(message.payload);
  const void* key = data_of(message.key);
  const std::size_t payload_bytes = message.payload.value_or(std::string_view()).size();
  const std::size_t key_bytes = message.key.value_or(std::string_view()).size();
  const bool has_defaults = message.partition == RD_KAFKA_PARTITION_UA &&
                            message.timestamp_ms == 0 && user_data == nullptr;
  const auto send = [&](auto topic_tag, auto topic) {
    // librdkafka looks at each argument in turn, so what says nothing is left out.
    if (has_defaults) {
      return rd_kafka_producev(client, topic_tag, topic, RD_KAFKA_V_MSGFLAGS(message.flags),
                               RD_KAFKA_V_VALUE(payload, payload_bytes),
                               RD_KAFKA_V_KEY(key, key_bytes), RD_KAFKA_V_HEADERS(list),
                               RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        client, topic_tag, topic, RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(message.flags), RD_KAFKA_V_VALUE(payload, payload_bytes),
        RD_KAFKA_V_KEY(key, key_bytes), RD_KAFKA_V_TIMESTAMP(message.timestamp_ms),
        RD_KAFKA_V_OPAQUE(user_data), RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
  };
  return message.topic_handle != nullptr ? send(RD_KAFKA_VTYPE_RKT, message.topic_handle)
                                         : send(RD_KAFKA_VTYPE_TOPIC, message.topic);
}

/// librdkafka takes no more messages than this at once.
std::size_t queue_max(rd_kafka_t* client) {
  constexpr std::size_t unlimited = 2'147'483'647;
  const std::string configured = detail::configured(client, "queue.buffering.max.messages");
  const std::size_t messages = std::strtoul(configured.c_str(), nullptr, 10);
  return messages == 0 ? unlimited : messages;
}

std::uint64_t key_of(const rd_kafka_message_t* identity) noexcept {
  return std::uint64_t{reinterpret_cast<std::uintptr_t>(identity)};
}

}  // namespace

struct producer::state final : detail::delivery_sink {
  rd_kafka_t* client;
  waybill::propagation settings;
  producer_options options;
  delivery_listener on_delivery_report;
  std::shared_ptr<detail::delivery_channel> channel;
  std::string client_id;
  messaging::in_flight_table in_flight;

  state(rd_kafka_t* rk, waybill::propagation p, delivery_listener listener, producer_options o)
      : client(rk),
        settings(std::move(p)),
        options(o),
        on_delivery_report(std::move(listener)),
        client_id(detail::configured(rk, "client.id")),
        in_flight(options.in_flight_max.value_or(queue_max(rk))) {}

  [[nodiscard]] bool tracks() const noexcept {
    return channel != nullptr && (on_delivery_report || settings.tracer() != nullptr);
  }

  /// The message that the running call hands over; set while it runs.
  struct handing_over : detail::produce_call {
    messaging::in_flight_message message;
  };

  void sent(const rd_kafka_message_t& message) noexcept override {
    auto& call = static_cast<handing_over&>(*detail::producing);
    call.identity = &message;
    const auto given_up = in_flight.add(key_of(&message), call.message);
    if (!given_up.has_value()) return;
    settings.record({.way = direction::outbound, .code = errc::given_up});
    finish(*given_up, {});
  }

  void acknowledge(const rd_kafka_message_t& message) noexcept override {
    // When the partitioner fails librdkafka acknowledges the message from within the call that then
    // returns the error: one outcome is enough.
    detail::produce_call* call = detail::producing;
    if (call != nullptr && call->sink == this && call->identity == &message) {
      // Now, while nobody else's message can have this address.
      static_cast<void>(in_flight.take(key_of(&message)));
      call->is_answered = true;
      return;
    }
    // What another call than ours produced is not known here.
    const auto found = in_flight.take(key_of(&message));
    if (!found.has_value()) return;
    delivery_report report;
    report.outcome = state_of(message);
    report.error = message.err;
    report.message = &message;
    finish(*found, report);
  }

  void close() noexcept override {
    delivery_report report;
    report.outcome = outcome_state::unanswered;
    report.error = RD_KAFKA_RESP_ERR__DESTROY;
    while (const auto left = in_flight.take_any()) finish(*left, report);
  }

  void finish(const messaging::in_flight_message& message, delivery_report report) noexcept {
    if (message.span) {
      const bool succeeded = report.outcome == outcome_state::succeeded;
      const bool has_error = !succeeded && report.error != RD_KAFKA_RESP_ERR_NO_ERROR;
      outcome ended(report.outcome, has_error ? rd_kafka_err2name(report.error) : "");
      if (report.message != nullptr && succeeded) {
        ended = ended.at(report.message->partition, report.message->offset);
      }
      settings.tracer()->end(message.span, ended);
    }
    if (!on_delivery_report) return;
    report.sent = message.sent;
    report.user_data = message.user_data;
    WAYBILL_TRY { on_delivery_report(report); }
    WAYBILL_CATCH_ALL {
      settings.record({.way = direction::outbound, .code = errc::listener_failed});
    }
  }

  [[nodiscard]] span_context span_context_in(const rd_kafka_headers_t* list) const noexcept {
    if (list == nullptr) return {};
    const header_reader reader(list);
    const carrier_rules rules = settings.rules_for(reader);
    return settings.propagator().extract(reader, rules, settings.limits(), nullptr).span_context();
  }

  [[nodiscard]] operation_details describe(const record& message) const noexcept {
    operation_details details{.system = "kafka", .name = "send", .client_id = client_id};
    details.message_key = message.key.value_or(std::string_view());
    details.body_bytes = message.payload.value_or(std::string_view()).size();
    details.tombstone = !message.payload.has_value();
    if (message.partition != RD_KAFKA_PARTITION_UA) details.partition = message.partition;
    return details;
  }

  rd_kafka_resp_err_t produce(const record& message, rd_kafka_headers_t* list,
                              const send_options& how) noexcept;
  rd_kafka_resp_err_t send(const record& message, rd_kafka_headers_t* list,
                           const messaging::in_flight_message& waiting) noexcept;
};

/// Hands a message over. librdkafka names it to sent() before it can be answered.
rd_kafka_resp_err_t producer::state::send(const record& message, rd_kafka_headers_t* list,
                                          const messaging::in_flight_message& waiting) noexcept {
  if (!tracks()) {
    const rd_kafka_resp_err_t error = hand_over(client, message, list, waiting.user_data);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && waiting.span) {
      settings.tracer()->end(waiting.span, outcome(outcome_state::unknown));
    }
    return error;
  }
  handing_over call{{this}, waiting};
  detail::produce_call* outer = std::exchange(detail::producing, &call);
  const rd_kafka_resp_err_t error = hand_over(client, message, list, waiting.user_data);
  detail::producing = outer;
  // Accepted and answered at once: reported as every other.
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && call.is_answered) {
    delivery_report report;
    report.outcome = outcome_state::failed;
    report.error = RD_KAFKA_RESP_ERR__FAIL;
    finish(waiting, report);
  }
  return error;
}

rd_kafka_resp_err_t producer::state::produce(const record& message, rd_kafka_headers_t* list,
                                             const send_options& how) noexcept {
  if (message.topic_handle == nullptr && message.topic == nullptr) {
    return RD_KAFKA_RESP_ERR__INVALID_ARG;
  }
  const destination topic(
      message.topic_handle != nullptr ? rd_kafka_topic_name(message.topic_handle) : message.topic);
  messaging::sending decided(header_reader(list), how, options.mode, settings, topic,
                             [&]() noexcept { return describe(message); });
  outgoing_headers headers_sent(list, settings.propagator());
  messaging::in_flight_message waiting{decided.sent(), decided.take_span(), how.user_data};
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  decided.send_what_fits([&](inject_parts parts) {
    if (decided.changes_headers()) {
      const inject_report written = headers_sent.write(decided, parts);
      if (!written.trace) waiting.sent = {};
    }
    // Headers that keep a span context beside baggage of ours, or that were kept.
    if (!waiting.sent.is_valid() && tracks()) waiting.sent = span_context_in(headers_sent.list());
    error = send(message, headers_sent.list(), waiting);
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  });
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    headers_sent.handed_over();
  } else if (waiting.span) {
    settings.tracer()->end(waiting.span, outcome(outcome_state::failed, rd_kafka_err2name(error)));
  }
  return error;
}

producer::producer(rd_kafka_t* client, waybill::propagation settings, producer_options options)
    : state_(std::make_unique<state>(client, std::move(settings), delivery_listener(), options)) {}

producer::producer(rd_kafka_t* client, waybill::propagation settings,
                   const instrumentation& observed, delivery_listener on_delivery_report,
                   producer_options options)
    : state_(std::make_unique<state>(client, std::move(settings), std::move(on_delivery_report),
                                     options)) {
  auto channel = observed.registry_ != nullptr ? observed.registry_->find(client) : nullptr;
  if (channel == nullptr) {
    throw std::invalid_argument(
        "waybill: the client was not made from the configuration that was given to instrument()");
  }
  if (!channel->attach(*state_)) {
    throw std::invalid_argument("waybill: another producer listens to this client already");
  }
  state_->channel = std::move(channel);
}

producer::~producer() {
  if (state_->channel == nullptr) return;
  state_->channel->detach();
  state_->close();
}

rd_kafka_resp_err_t producer::produce(const record& message, const send_options& options) noexcept {
  return state_->produce(message, message.headers, options);
}

rd_kafka_resp_err_t producer::produce(record message, headers& list,
                                      const send_options& options) noexcept {
  const rd_kafka_resp_err_t error = state_->produce(message, list.get(), options);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<void>(list.release());
  return error;
}

std::size_t producer::produce_batch(std::span<const record> messages,
                                    std::span<rd_kafka_resp_err_t> results,
                                    const send_options& options) noexcept {
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const rd_kafka_resp_err_t error = produce(messages[i], options);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) ++accepted;
    if (i < results.size()) results[i] = error;
  }
  return accepted;
}

bool producer::knows_outcomes() const noexcept { return state_->channel != nullptr; }

std::size_t producer::in_flight() const noexcept { return state_->in_flight.size(); }

rd_kafka_t* producer::client() const noexcept { return state_->client; }

const waybill::propagation& producer::propagation() const noexcept { return state_->settings; }

}  // namespace waybill::inline v0::kafka
