#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "bare_kafka.hpp"
#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/producer.hpp"

/// librdkafka with waybill around it.
namespace waybill_test {

/// How long a test waits for what has to come.
inline constexpr std::chrono::seconds patience{30};
inline constexpr int patience_milliseconds = 30'000;

/// The default settings, with counters.
inline waybill::propagation with_counters() {
  return waybill::propagation(waybill::propagation_options{});
}

/// What waybill said of one message.
struct reported_outcome {
  waybill::outcome_state state = waybill::outcome_state::unknown;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  waybill::span_context sent;
  void* user_data = nullptr;
  bool has_message = false;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  std::int64_t offset = RD_KAFKA_OFFSET_INVALID;
};
std::ostream& operator<<(std::ostream& stream, const reported_outcome& outcome);

/// The application's own delivery callback, which waybill must leave alone.
struct own_report {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  void* opaque = nullptr;
};

/// Everything that the two callbacks of one producer have said, in order.
/// @par Threads Any.
class delivery_log {
 public:
  void add(const waybill::kafka::delivery_report& report);
  void add(const rd_kafka_message_t& message);
  [[nodiscard]] std::vector<reported_outcome> outcomes() const;
  [[nodiscard]] std::vector<own_report> own_reports() const;

 private:
  mutable std::mutex mutex_;
  std::vector<reported_outcome> outcomes_;
  std::vector<own_report> own_reports_;
};

/// A producer's handle that was instrumented when it was made.
struct instrumented_handle {
  kafka_handle handle;
  waybill::kafka::instrumentation observed;
};
/// @par Input `log`: gets what the application's own delivery callback and opaque show; null for
///            an application without a callback. It outlives the handle.
instrumented_handle make_instrumented_handle(const std::string& bootstrap,
                                             const kafka_properties& properties, delivery_log* log);

/// A producer of an application that has a delivery callback and an opaque of its own.
/// @par Threads send from any; the rest from one at a time.
class waybill_producer {
 public:
  explicit waybill_producer(const std::string& bootstrap, const kafka_properties& properties = {},
                            waybill::propagation settings = with_counters(),
                            waybill::kafka::producer_options options = {});

  /// Hands a message over. `record` is for what bare_message has not (the timestamp).
  rd_kafka_resp_err_t try_send(const std::string& topic, const bare_message& message,
                               const waybill::send_options& options = {},
                               waybill::kafka::record record = {});
  /// The same; throws std::runtime_error if librdkafka refuses.
  void send(const std::string& topic, const bare_message& message,
            const waybill::send_options& options = {}, waybill::kafka::record record = {});
  /// Waits until the broker has answered for every message.
  /// @par Errors Throws std::runtime_error if it does not in time.
  void flush();

  [[nodiscard]] waybill::kafka::producer& producer() { return *producer_; }
  [[nodiscard]] rd_kafka_t* handle() const { return handle_.get(); }
  [[nodiscard]] const delivery_log& log() const { return *log_; }

  /// Ends one of the two before the other. The log stays.
  void close_producer() { producer_.reset(); }
  void close_handle() { handle_.reset(); }

 private:
  // Both callbacks may come until the handle is gone.
  std::unique_ptr<delivery_log> log_ = std::make_unique<delivery_log>();
  kafka_handle handle_;
  std::unique_ptr<waybill::kafka::producer> producer_;
};

/// Reads all partitions of one existing topic from the beginning.
/// @par Threads One at a time.
class waybill_consumer {
 public:
  waybill_consumer(const std::string& bootstrap, const std::string& topic,
                   waybill::kafka::consumer_options options = {},
                   waybill::propagation settings = with_counters(),
                   const kafka_properties& properties = {});

  /// The next message. Not from a temporary: librdkafka's client waits for its messages to go.
  /// @par Errors Throws std::runtime_error if none comes in time, or an error report.
  waybill::kafka::message next() &;
  std::vector<waybill::kafka::message> take(std::size_t count) &;

  [[nodiscard]] waybill::kafka::consumer& consumer() { return *consumer_; }
  [[nodiscard]] rd_kafka_t* handle() const { return handle_.get(); }

 private:
  kafka_handle handle_;
  std::unique_ptr<waybill::kafka::consumer> consumer_;
};

/// The next message of a consumer that the test has set up itself; throws as above.
waybill::kafka::message next_message(waybill::kafka::consumer& consumer,
                                     std::chrono::milliseconds deadline = patience);

/// The headers as the application sees them now.
std::vector<bare_header> seen_headers(const waybill::kafka::message& message);

waybill::kafka::headers make_headers(const std::vector<bare_header>& headers);

/// A view of the text, if there is one.
std::optional<std::string_view> view_of(const std::optional<std::string>& text);

}  // namespace waybill_test
