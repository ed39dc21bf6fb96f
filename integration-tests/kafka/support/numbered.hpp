#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bare_kafka.hpp"
#include "numbered_message.hpp"
#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_test {

std::vector<bare_header> headers_of_message(std::uint64_t number);

/// Sends the message of this number: every other one under its context as the current one, the
/// rest with the context given to the call. Waits while the queue is full, until the deadline.
rd_kafka_resp_err_t send_numbered(waybill::kafka::producer& producer, const std::string& topic,
                                  std::uint64_t number, std::int32_t partition,
                                  std::chrono::steady_clock::time_point deadline);

/// How often something was not as it should be, and the first time in words.
/// @par Threads Any.
class complaints {
 public:
  void expect(bool is_good, std::uint64_t number, const char* what);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::string first() const;

 private:
  std::atomic<std::uint64_t> count_ = 0;
  mutable std::mutex mutex_;
  std::string first_;
};

/// Counts for each number how often something was told of its message, and complains of what was
/// told wrongly.
/// @par Threads Any.
class tally {
 public:
  explicit tally(std::uint64_t numbers) : times_(numbers) {}

  /// Counts a number; complains of one that is beyond all.
  bool add(std::uint64_t number);
  void expect(bool is_good, std::uint64_t number, const char* what) {
    wrong_.expect(is_good, number, what);
  }
  [[nodiscard]] std::uint64_t numbers() const { return times_.size(); }
  [[nodiscard]] int times(std::uint64_t number) const { return times_.at(number); }
  /// How many of the numbers were counted exactly so often.
  [[nodiscard]] std::uint64_t counted(int times) const;
  [[nodiscard]] const complaints& wrong() const { return wrong_; }

 private:
  std::vector<std::atomic<std::uint8_t>> times_;
  complaints wrong_;
};

/// The outcomes that a producer reports: one is good when it is of that state, its span context is
/// its message's and librdkafka's message is the one of that number.
waybill::kafka::delivery_listener counting(
    tally& outcomes, waybill::outcome_state state = waybill::outcome_state::succeeded);

/// Checks a message as a handler gets it: its context, the current one, what is left of its
/// headers, its payload.
/// @par Output Its number, unless it has none.
std::optional<std::uint64_t> check_received(const waybill::kafka::message& received, tally& seen);
/// Checks a message as it is on the wire: the application's headers, then each field once.
std::optional<std::uint64_t> check_wire(const bare_record& record, tally& seen);

}  // namespace waybill_test
