#include "clients.hpp"

#include <stdexcept>
#include <utility>

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

struct partition_list_deleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using partition_list = std::unique_ptr<rd_kafka_topic_partition_list_t, partition_list_deleter>;

[[noreturn]] void fail(const std::string& what, rd_kafka_resp_err_t error) {
  throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

// What the next producer's configuration gets: make_kafka_handle takes a function without a state.
struct producer_setup {
  waybill::kafka::instrumentation observed;
  delivery_log* log = nullptr;
};
constinit thread_local producer_setup* setup = nullptr;

void instrument_and_call_back(rd_kafka_conf_t* configuration) {
  setup->observed = waybill::kafka::instrument(configuration);
  if (setup->log == nullptr) return;
  rd_kafka_conf_set_opaque(configuration, setup->log);
  rd_kafka_conf_set_dr_msg_cb(configuration,
                              [](rd_kafka_t*, const rd_kafka_message_t* message, void* log) {
                                static_cast<delivery_log*>(log)->add(*message);
                              });
}

void assign_from_beginning(rd_kafka_t* handle, const std::string& topic) {
  const std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> name(
      rd_kafka_topic_new(handle, topic.c_str(), nullptr), rd_kafka_topic_destroy);
  const rd_kafka_metadata_t* raw = nullptr;
  rd_kafka_resp_err_t error = rd_kafka_metadata(handle, 0, name.get(), &raw, patience_milliseconds);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("metadata of " + topic, error);
  const kafka_metadata data(raw);
  const rd_kafka_metadata_topic_t& found = data->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("topic " + topic, found.err);
  const partition_list list(rd_kafka_topic_partition_list_new(found.partition_cnt));
  for (std::int32_t partition = 0; partition < found.partition_cnt; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  error = rd_kafka_assign(handle, list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("rd_kafka_assign", error);
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const reported_outcome& outcome) {
  return stream << "state " << static_cast<int>(outcome.state) << ", "
                << rd_kafka_err2name(outcome.error) << ", partition " << outcome.partition
                << ", offset " << outcome.offset << ", span " << outcome.sent.span_id().hex();
}

void delivery_log::add(const waybill::kafka::delivery_report& report) {
  reported_outcome outcome;
  outcome.state = report.outcome;
  outcome.error = report.error;
  outcome.sent = report.sent;
  outcome.user_data = report.user_data;
  if (report.message != nullptr) {
    outcome.has_message = true;
    outcome.partition = report.message->partition;
    outcome.offset = report.message->offset;
  }
  const std::lock_guard lock(mutex_);
  outcomes_.push_back(outcome);
}

void delivery_log::add(const rd_kafka_message_t& message) {
  const std::lock_guard lock(mutex_);
  own_reports_.push_back({message.err, message._private});
}

std::vector<reported_outcome> delivery_log::outcomes() const {
  const std::lock_guard lock(mutex_);
  return outcomes_;
}

std::vector<own_report> delivery_log::own_reports() const {
  const std::lock_guard lock(mutex_);
  return own_reports_;
}

instrumented_handle make_instrumented_handle(const std::string& bootstrap,
                                             const kafka_properties& properties,
                                             delivery_log* log) {
  kafka_properties all = {{"message.timeout.ms", "30000"}, {"linger.ms", "0"}};
  for (const auto& [name, value] : properties) all[name] = value;
  producer_setup mine{{}, log};
  setup = &mine;
  kafka_handle handle =
      make_kafka_handle(RD_KAFKA_PRODUCER, bootstrap, all, &instrument_and_call_back);
  setup = nullptr;
  return {std::move(handle), mine.observed};
}

waybill_producer::waybill_producer(const std::string& bootstrap, const kafka_properties& properties,
                                   waybill::propagation settings,
                                   waybill::kafka::producer_options options) {
  instrumented_handle made = make_instrumented_handle(bootstrap, properties, log_.get());
  handle_ = std::move(made.handle);
  producer_ = std::make_unique<waybill::kafka::producer>(
      handle(), std::move(settings), made.observed,
      [log = log_.get()](const waybill::kafka::delivery_report& report) { log->add(report); },
      options);
  if (!producer_->knows_outcomes()) throw std::runtime_error("waybill does not see the outcomes");
}

rd_kafka_resp_err_t waybill_producer::try_send(const std::string& topic,
                                               const bare_message& message,
                                               const waybill::send_options& options,
                                               waybill::kafka::record record) {
  record.topic = topic.c_str();
  record.partition = message.partition;
  record.key = view_of(message.key);
  record.payload = view_of(message.value);
  waybill::kafka::headers list = make_headers(message.headers);
  return producer_->produce(record, list, options);
}

void waybill_producer::send(const std::string& topic, const bare_message& message,
                            const waybill::send_options& options, waybill::kafka::record record) {
  const rd_kafka_resp_err_t error = try_send(topic, message, options, record);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("produce to " + topic, error);
}

void waybill_producer::flush() {
  const rd_kafka_resp_err_t error = rd_kafka_flush(handle(), patience_milliseconds);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("rd_kafka_flush", error);
}

waybill_consumer::waybill_consumer(const std::string& bootstrap, const std::string& topic,
                                   waybill::kafka::consumer_options options,
                                   waybill::propagation settings,
                                   const kafka_properties& properties) {
  kafka_properties all = {{"group.id", "waybill-" + topic},
                          {"enable.auto.commit", "false"},
                          {"fetch.wait.max.ms", "50"}};
  for (const auto& [name, value] : properties) all[name] = value;
  handle_ = make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap, all);
  rd_kafka_poll_set_consumer(handle());
  assign_from_beginning(handle(), topic);
  consumer_ = std::make_unique<waybill::kafka::consumer>(handle(), std::move(settings), options);
}

waybill::kafka::message waybill_consumer::next() & { return next_message(*consumer_); }

std::vector<waybill::kafka::message> waybill_consumer::take(std::size_t count) & {
  std::vector<waybill::kafka::message> messages;
  while (messages.size() < count) messages.push_back(next());
  return messages;
}

waybill::kafka::message next_message(waybill::kafka::consumer& consumer,
                                     std::chrono::milliseconds deadline) {
  waybill::kafka::message received = consumer.poll(deadline);
  if (!received) throw std::runtime_error("no message came in time");
  if (received.error() != RD_KAFKA_RESP_ERR_NO_ERROR) fail("poll", received.error());
  return received;
}

std::vector<bare_header> seen_headers(const waybill::kafka::message& message) {
  return headers_of(*message.raw());
}

waybill::kafka::headers make_headers(const std::vector<bare_header>& headers) {
  waybill::kafka::headers list;
  for (const bare_header& header : headers) {
    if (header.value.has_value()) {
      list.add(header.name, *header.value);
    } else {
      list.add_null(header.name);
    }
  }
  return list;
}

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  return text.has_value() ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace waybill_test
