// Many messages, each with a context of its own, and every one of them checked: 200,000, or as many
// as WAYBILL_VOLUME_MESSAGES says.

#include "volume.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/clients.hpp"
#include "support/kafka_test.hpp"
#include "support/numbered.hpp"

namespace waybill_test {
namespace {

constexpr std::uint64_t producer_threads = 2;
constexpr int partitions = 4;
// Not more for more messages: what is kept for each would be seen the sooner.
constexpr std::size_t growth_kibibytes_max = 16'384;

class volume : public kafka_test {
 protected:
  using clock = std::chrono::steady_clock;

  // Sends every message whose number leaves `first` over.
  void send(waybill::kafka::producer& producer, const std::string& topic, std::uint64_t first) {
    for (std::uint64_t number = first; number < message_count_; number += producer_threads) {
      const auto partition = static_cast<std::int32_t>(mixed(number) % partitions);
      if (send_numbered(producer, topic, number, partition, deadline_) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++refused_;
        return;
      }
    }
  }

  const std::uint64_t message_count_ = volume_message_count();
  clock::time_point deadline_ = clock::now() + volume_patience(message_count_);
  std::atomic<std::uint64_t> refused_ = 0;
  tally outcomes_{message_count_};
  tally seen_{message_count_};
};

TEST_F(volume, of_many_messages_swaps_no_context_loses_no_outcome_and_keeps_no_memory) {
  const std::string topic = new_topic(partitions);
  // Queues of a few MB, so that what is waiting in them does not pass for what is kept.
  instrumented_handle client = make_instrumented_handle(bootstrap(),
                                                        {{"queue.buffering.max.messages", "5000"},
                                                         {"linger.ms", "5"},
                                                         {"message.timeout.ms", "120000"}},
                                                        nullptr);
  waybill::kafka::producer producer(client.handle.get(), with_counters(), client.observed,
                                    counting(outcomes_));
  waybill_consumer consumer(bootstrap(), topic, {}, with_counters(),
                            {{"queued.max.messages.kbytes", "1024"},
                             {"fetch.message.max.bytes", "262144"},
                             {"check.crcs", "true"}});

  std::vector<std::jthread> senders;
  for (std::uint64_t first = 0; first < producer_threads; ++first) {
    senders.emplace_back([this, &producer, &topic, first] { send(producer, topic, first); });
  }
  std::size_t resident_after_warm_up = 0;
  std::uint64_t received_count = 0;
  while (received_count < message_count_ && clock::now() < deadline_) {
    waybill::kafka::message received = consumer.consumer().poll(std::chrono::milliseconds(100));
    if (!received || received.error() != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    consumer.consumer().handle(received,
                               [this](const auto& message) { check_received(message, seen_); });
    if (++received_count == volume_warm_up_count) resident_after_warm_up = resident_kibibytes();
  }
  const std::size_t resident_at_end = resident_kibibytes();
  senders.clear();
  EXPECT_EQ(rd_kafka_flush(client.handle.get(), patience_milliseconds), RD_KAFKA_RESP_ERR_NO_ERROR);

  EXPECT_EQ(received_count, message_count_);
  EXPECT_EQ(refused_, 0U);
  EXPECT_EQ(seen_.wrong().count(), 0U) << seen_.wrong().first();
  EXPECT_EQ(seen_.counted(1), message_count_);
  EXPECT_EQ(outcomes_.wrong().count(), 0U) << outcomes_.wrong().first();
  EXPECT_EQ(outcomes_.counted(1), message_count_);
  EXPECT_EQ(producer.in_flight(), 0U);
  EXPECT_EQ(producer.propagation().diagnostics()->total(), 0U);
  EXPECT_EQ(consumer.consumer().propagation().diagnostics()->total(), 0U);
  expect_no_memory_kept(resident_after_warm_up, resident_at_end, growth_kibibytes_max);
}

}  // namespace
}  // namespace waybill_test
