#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bare_kafka.hpp"
#include "clients.hpp"
#include "numbered.hpp"

namespace waybill_test {

/// librdkafka gave up the client (a fatal error), as its idempotent producer does now and then when
/// a broker is killed on a busy machine. Nothing is to be learned of waybill from such a run.
class client_given_up : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Messages that two threads send through one producer until they are told to stop, from number 0
/// on without a gap. Each partition has its messages from one thread alone, by rising numbers.
/// @par Threads  One at a time.
class numbered_flow {
 public:
  static constexpr std::uint64_t numbers_max = 400'000;
  static constexpr std::int32_t partitions = 4;

  /// @par Input `may_send`: asked before each number, which waits as long as the answer is no.
  numbered_flow(const std::string& bootstrap, std::string topic, const kafka_properties& properties,
                std::function<bool(std::uint64_t number)> may_send = {});
  numbered_flow(const numbered_flow&) = delete;
  numbered_flow& operator=(const numbered_flow&) = delete;
  ~numbered_flow();

  /// Waits until so many messages more than now have their outcome.
  /// @par Errors Throws client_given_up, and std::runtime_error if they have not in time.
  void wait_for_outcomes(std::uint64_t more);
  /// Waits until so many messages wait for theirs; throws likewise.
  void wait_for_in_flight(std::size_t messages);
  /// Ends the flow and waits for every outcome.
  /// @par Output How many messages were sent.
  /// @par Errors Throws client_given_up, and std::runtime_error if one was refused or has no
  /// outcome
  ///             in time.
  std::uint64_t stop();

  [[nodiscard]] const tally& outcomes() const { return outcomes_; }
  [[nodiscard]] waybill::kafka::producer& producer() { return *producer_; }

 private:
  void send_every_other(std::uint64_t number);
  template <class Condition>
  void wait_until(Condition condition, const char* what);
  /// Throws with what is wrong.
  [[noreturn]] void fail(const std::string& what) const;

  std::string topic_;
  std::function<bool(std::uint64_t)> may_send_;
  tally outcomes_{numbers_max};
  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<std::uint64_t> limit_ = numbers_max;
  std::atomic<std::uint64_t> highest_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<bool> gives_up_ = false;
  instrumented_handle client_;
  std::unique_ptr<waybill::kafka::producer> producer_;
  std::vector<std::jthread> senders_;
};

}  // namespace waybill_test
