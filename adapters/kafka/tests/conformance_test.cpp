// The invariants that hold for every adapter, on Kafka.
#include "conformance/conformance.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/bare_headers.hpp"
#include "support/clients.hpp"
#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_test {

namespace {

bare_headers to_bare(const std::vector<wire_header>& headers) {
  bare_headers list;
  for (const wire_header& each : headers) list.push_back({each.name, each.value});
  return list;
}

wire_message to_wire(const rd_kafka_message_t& raw) {
  wire_message message;
  for (const bare_header& each : headers_of(raw)) {
    message.headers.push_back({each.name, each.value});
  }
  message.payload = to_record(raw).value;
  return message;
}

}  // namespace

/// Messages stay in the queue of a producer whose broker cannot be reached, until they are purged:
/// their reports show what would have gone out. What is received comes from librdkafka's own
/// cluster.
class kafka_driver {
 public:
  static constexpr const char* destination = mock_cluster::topic;
  static constexpr bool has_null_values = true;
  static constexpr bool has_null_payloads = true;
  static constexpr bool has_empty_names = true;
  static constexpr bool has_duplicates = true;

  explicit kafka_driver(waybill::propagation settings) : settings_(std::move(settings)) {
    config how = unreachable();
    const waybill::kafka::instrumentation observed = waybill::kafka::instrument(how.get());
    sending_client_ = make_client(RD_KAFKA_PRODUCER, std::move(how));
    producer_.emplace(sending_client_.get(), settings_, observed,
                      [this](const waybill::kafka::delivery_report& report) {
                        const std::lock_guard lock(mutex_);
                        told_.push_back({report.outcome, report.user_data});
                        if (report.message != nullptr) last_sent_ = to_wire(*report.message);
                      });
  }

  std::optional<wire_message> send(const wire_message& message,
                                   const waybill::send_options& options = {}) {
    owned_list list = message.headers.empty() ? nullptr : make_list(to_bare(message.headers));
    last_sent_.reset();
    const waybill::kafka::record record{
        .topic = destination, .payload = message.payload, .headers = list.get()};
    if (producer_->produce(record, options) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
    static_cast<void>(list.release());
    purge(sending_client_.get());
    return last_sent_;
  }

  received_message receive(const wire_message& message, bool strips = true) {
    cluster().send(to_bare(message.headers), message.payload);
    const std::int64_t offset = sent()++;
    if (reading_client_ == nullptr) {
      reading_client_ = make_client(RD_KAFKA_CONSUMER, cluster().consumer_config());
      assign(reading_client_.get(), destination, 0, offset);
    }
    waybill::kafka::consumer consumer(reading_client_.get(), settings_, {.strip = strips});
    const waybill::kafka::message got = consumer.poll(std::chrono::milliseconds(patience));
    if (!got.is_message()) throw std::runtime_error("a message did not arrive");
    return {to_wire(*got.raw()), got.extraction()};
  }

  std::vector<told_outcome> outcomes() {
    purge(sending_client_.get());
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
  }

 private:
  static mock_cluster& cluster() {
    static mock_cluster shared;
    return shared;
  }
  static std::int64_t& sent() {
    static std::int64_t messages = 0;
    return messages;
  }

  waybill::propagation settings_;
  std::mutex mutex_;
  std::vector<told_outcome> told_;
  std::optional<wire_message> last_sent_;
  owned_client sending_client_;
  std::optional<waybill::kafka::producer> producer_;
  owned_client reading_client_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(kafka, conformance, kafka_driver);

}  // namespace waybill_test
