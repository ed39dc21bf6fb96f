#include "waybill/kafka/producer.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "configuration.hpp"
#include "header_fields.hpp"
#include "header_names.hpp"
#include "observed_client.hpp"

namespace waybill::inline v0::kafka {

namespace {

/// The headers that go with one message: the caller's own list, a copy of it where it has fields
/// already (the caller's must be as it was if producing fails), or a new one.
class outgoing_headers {
 public:
  outgoing_headers(rd_kafka_headers_t* given, const propagator& formats) noexcept
      : formats_(formats), given_(given) {}
  outgoing_headers(const outgoing_headers&) = delete;
  outgoing_headers& operator=(const outgoing_headers&) = delete;
  ~outgoing_headers() {
    if (was_added_to_) detail::remove_fields(*given_, formats_);
  }

  [[nodiscard]] rd_kafka_headers_t* list() const noexcept {
    return made_.get() != nullptr ? made_.get() : given_;
  }

  inject_report write(const messaging::sending& decided, inject_parts parts) noexcept {
    const bool appends = !is_written_ && prepare(decided);
    is_written_ = true;
    header_writer writer = appends ? header_writer::appending_to(*list()) : header_writer(*list());
    return decided.write(writer, parts);
  }

  /// Producing succeeded: librdkafka has the list that was used.
  void handed_over() noexcept {
    was_added_to_ = false;
    if (made_.release() != nullptr && given_ != nullptr) rd_kafka_headers_destroy(given_);
  }

 private:
  /// Whether the fields can be appended.
  bool prepare(const messaging::sending& decided) noexcept {
    constexpr std::size_t fields_usual = 4;
    if (given_ == nullptr) {
      made_.reset(rd_kafka_headers_new(fields_usual));
      return !formats_.has_shared_fields();
    }
    const detail::stripping_reader reader(*given_, formats_);
    reader.look();
    if (reader.cost().fields == 0) {
      was_added_to_ = true;
    } else if (decided.replaces_all() && !reader.cost().is_bearable()) {
      made_.reset(detail::copy_without_fields(*given_, formats_));
    } else {
      made_.reset(rd_kafka_headers_copy(given_));
      if (!decided.replaces_all()) return false;
      reader.strip(*made_.get());
    }
    return !formats_.has_shared_fields();
  }

  const propagator& formats_;
  rd_kafka_headers_t* given_;
  headers made_;
  bool is_written_ = false;
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
  // An empty payload without memory of its own is not to be freed.
  const bool is_ours = message.payload.has_value() && message.payload->data() == nullptr;
  const int flags = is_ours ? message.flags & ~RD_KAFKA_MSG_F_FREE : message.flags;
  const void* key = data_of(message.key);
  const std::size_t payload_bytes = message.payload.value_or(std::string_view()).size();
  const std::size_t key_bytes = message.key.value_or(std::string_view()).size();
  const bool has_defaults = message.partition == RD_KAFKA_PARTITION_UA &&
                            message.timestamp_ms == 0 && user_data == nullptr;
  const auto send = [&](auto topic_tag, auto topic) {
    // librdkafka looks at each argument in turn, so what says nothing is left out.
    if (has_defaults) {
      return rd_kafka_producev(client, topic_tag, topic, RD_KAFKA_V_MSGFLAGS(flags),
                               RD_KAFKA_V_VALUE(payload, payload_bytes),
                               RD_KAFKA_V_KEY(key, key_bytes), RD_KAFKA_V_HEADERS(list),
                               RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        client, topic_tag, topic, RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(flags), RD_KAFKA_V_VALUE(payload, payload_bytes),
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

}  // namespace

outcome as_outcome(const delivery_report& report) noexcept {
  if (report.outcome == outcome_state::succeeded) {
    return outcome(report.outcome).at(report.message->partition, report.message->offset);
  }
  const bool has_error = report.error != RD_KAFKA_RESP_ERR_NO_ERROR;
  return outcome(report.outcome, has_error ? rd_kafka_err2name(report.error) : "");
}

struct producer::state {
  rd_kafka_t* client;
  producer_options options;
  detail::deliveries sent;
  std::shared_ptr<detail::observed_client> observed;  // null: nobody observes outcomes
  std::string client_id;

  state(rd_kafka_t* rk, waybill::propagation settings, delivery_listener listener,
        producer_options o)
      : client(rk),
        options(o),
        sent(std::move(settings), std::move(listener), o.in_flight_max.value_or(queue_max(rk))),
        client_id(detail::configured(rk, "client.id")) {}

  [[nodiscard]] bool tracks() const noexcept { return observed != nullptr && sent.are_wanted(); }

  [[nodiscard]] span_context span_context_in(const rd_kafka_headers_t* list) const noexcept {
    const header_reader reader(list);
    const waybill::propagation& settings = sent.settings();
    return settings.propagator()
        .extract(reader, settings.rules_for(reader), settings.limits(), nullptr)
        .span_context();
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
                           messaging::in_flight_message& waiting) noexcept;
};

/// Hands a message over. librdkafka names it to on_send before it can be answered.
rd_kafka_resp_err_t producer::state::send(const record& message, rd_kafka_headers_t* list,
                                          messaging::in_flight_message& waiting) noexcept {
  if (!tracks()) {
    const rd_kafka_resp_err_t error = hand_over(client, message, list, waiting.user_data);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) sent.end_span(waiting, outcome_state::unknown);
    return error;
  }
  detail::produce_call call{sent, waiting, client};
  detail::produce_call* outer = std::exchange(detail::producing, &call);
  const rd_kafka_resp_err_t error = hand_over(client, message, list, waiting.user_data);
  detail::producing = outer;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // It was given up within the call: its span has ended.
    if (call.identity != nullptr && !call.is_answered) waiting.span = {};
  } else if (call.is_answered) {  // accepted and answered at once: reported as every other
    sent.finish(waiting, {.outcome = outcome_state::failed, .error = RD_KAFKA_RESP_ERR__FAIL});
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
  messaging::sending decided(header_reader(list), how, options.mode, sent.settings(), topic,
                             [&]() noexcept { return describe(message); });
  outgoing_headers outgoing(list, sent.settings().propagator());
  messaging::in_flight_message waiting = decided.take_in_flight(how.user_data);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  decided.send_what_fits([&](inject_parts parts) {
    if (decided.changes_headers()) {
      const inject_report written = outgoing.write(decided, parts);
      if (!written.trace) waiting.sent = {};
    }
    // Headers that keep their span context next to new baggage, or that were kept whole.
    if (!waiting.sent.is_valid() && tracks()) waiting.sent = span_context_in(outgoing.list());
    error = send(message, outgoing.list(), waiting);
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  });
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    outgoing.handed_over();
  } else {
    sent.end_span(waiting, outcome_state::failed, rd_kafka_err2name(error));
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
  auto found = observed.registry_ != nullptr ? observed.registry_->find(client) : nullptr;
  if (found == nullptr) {
    throw std::invalid_argument(
        "waybill: the client was not made from the configuration that was given to instrument()");
  }
  if (!found->attach(state_->sent)) {
    throw std::invalid_argument("waybill: another producer listens to this client already");
  }
  state_->observed = std::move(found);
}

producer::~producer() {
  if (state_->observed == nullptr) return;
  state_->observed->detach();
  state_->sent.close(detail::unanswered);
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

bool producer::knows_outcomes() const noexcept { return state_->observed != nullptr; }

std::size_t producer::in_flight() const noexcept { return state_->sent.in_flight(); }

rd_kafka_t* producer::client() const noexcept { return state_->client; }

const waybill::propagation& producer::propagation() const noexcept {
  return state_->sent.settings();
}

}  // namespace waybill::inline v0::kafka
