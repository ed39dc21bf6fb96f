// Batches: each message has a context and an answer of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

using batch = kafka_test;

// What a batch of records borrows.
struct batch_storage {
  std::vector<std::string> values;
  std::vector<waybill::context> contexts;
  std::vector<waybill::kafka::headers> headers;
  std::vector<waybill::kafka::record> records;

  batch_storage(const std::string& topic, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      values.push_back("value " + number);
      contexts.push_back(make_context(i + 1, "n=" + number, "number=" + number));
      headers.push_back(make_headers(headers_of_record(i)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      waybill::kafka::record record;
      record.topic = topic.c_str();
      record.value = values[i];
      record.headers = headers[i].get();
      record.context = &contexts[i];
      records.push_back(record);
    }
  }

  static std::vector<bare_header> headers_of_record(std::size_t i) {
    return {{"app", std::to_string(i)}, {"null", std::nullopt}, {"app", "again"}};
  }
};

// What librdkafka accepted it owns.
void release_accepted(batch_storage& sent, const std::vector<rd_kafka_resp_err_t>& results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i] == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<void>(sent.headers[i].release());
  }
}

TEST_F(batch, gives_each_message_its_own_context) {
  constexpr std::size_t count = 500;
  const std::string topic = new_topic();
  batch_storage sent(topic, count);
  std::vector<rd_kafka_resp_err_t> results(count, RD_KAFKA_RESP_ERR__FAIL);
  waybill_producer producer(bootstrap());
  EXPECT_EQ(producer.producer().produce_batch(sent.records, results), count);
  release_accepted(sent, results);
  EXPECT_EQ(results, std::vector(count, RD_KAFKA_RESP_ERR_NO_ERROR));
  producer.flush();

  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(wire[i].value, sent.values[i]);
    EXPECT_EQ(wire[i].headers, on_wire(batch_storage::headers_of_record(i),
                                       make_context(i + 1, "n=" + std::to_string(i),
                                                    "number=" + std::to_string(i))));
  }
  EXPECT_EQ(producer.log().outcomes().size(), count);
}

TEST_F(batch, gives_the_current_context_to_messages_that_have_none_of_their_own) {
  const std::string topic = new_topic();
  batch_storage sent(topic, 4);
  sent.records[1].context = nullptr;
  sent.records[3].context = nullptr;
  std::vector<rd_kafka_resp_err_t> results(4);
  waybill_producer producer(bootstrap());
  {
    const waybill::scope active(make_context(99));
    producer.producer().produce_batch(sent.records, results);
  }
  release_accepted(sent, results);
  producer.flush();

  waybill_consumer consumer(bootstrap(), topic);
  EXPECT_EQ(consumer.next().context(), sent.contexts[0]);
  EXPECT_EQ(consumer.next().context(), make_context(99));
  EXPECT_EQ(consumer.next().context(), sent.contexts[2]);
  EXPECT_EQ(consumer.next().context(), make_context(99));
}

TEST_F(batch, answers_for_each_message_and_goes_on_after_a_refused_one) {
  constexpr std::size_t count = 10;
  const std::set<std::size_t> refused = {0, 4, 9};
  const std::string topic = new_topic();
  const std::string too_long(2'000'000, 'v');
  batch_storage sent(topic, count);
  for (const std::size_t i : refused) sent.records[i].value = too_long;
  std::vector<rd_kafka_resp_err_t> results(count);
  waybill_producer producer(bootstrap());
  EXPECT_EQ(producer.producer().produce_batch(sent.records, results), count - refused.size());
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(results[i], refused.contains(i) ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                                              : RD_KAFKA_RESP_ERR_NO_ERROR)
        << i;
  }
  release_accepted(sent, results);
  producer.flush();

  std::vector<std::string> arrived;
  for (const bare_record& record : records_of(topic)) arrived.push_back(record.value.value());
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < count; ++i) {
    if (!refused.contains(i)) expected.push_back(sent.values[i]);
  }
  EXPECT_EQ(arrived, expected);
  EXPECT_EQ(producer.log().outcomes().size(), expected.size());
}

TEST_F(batch, that_is_polled_has_a_context_for_each_message_and_no_more_than_asked_for) {
  constexpr std::size_t count = 300;
  constexpr std::size_t messages_max = 64;
  constexpr int partitions = 3;
  const std::string topic = new_topic(partitions);
  batch_storage sent(topic, count);
  for (std::size_t i = 0; i < count; ++i) {
    sent.records[i].partition = static_cast<std::int32_t>(i % partitions);
  }
  std::vector<rd_kafka_resp_err_t> results(count);
  waybill_producer producer(bootstrap());
  EXPECT_EQ(producer.producer().produce_batch(sent.records, results), count);
  release_accepted(sent, results);
  producer.flush();

  waybill_consumer consumer(bootstrap(), topic);
  std::vector<std::size_t> last_number(partitions, 0);
  std::set<std::size_t> numbers;
  std::size_t largest = 0;
  while (numbers.size() < count) {
    const std::vector<waybill::kafka::message> polled =
        consumer.consumer().poll_batch(messages_max, patience);
    ASSERT_FALSE(polled.empty()) << "after " << numbers.size();
    ASSERT_LE(polled.size(), messages_max);
    largest = std::max(largest, polled.size());
    for (const waybill::kafka::message& received : polled) {
      ASSERT_EQ(received.error(), RD_KAFKA_RESP_ERR_NO_ERROR);
      const std::vector<bare_header> headers = seen_headers(received);
      ASSERT_EQ(headers.size(), 3U);
      const std::size_t number = std::stoul(headers[0].value.value());
      EXPECT_EQ(headers, batch_storage::headers_of_record(number));
      EXPECT_EQ(received.payload(), sent.values[number]);
      EXPECT_EQ(received.context(), sent.contexts[number]);
      EXPECT_TRUE(numbers.insert(number).second) << "twice: " << number;
      std::size_t& last = last_number[static_cast<std::size_t>(received.partition())];
      EXPECT_GE(number, last);
      last = number;
    }
  }
  EXPECT_GT(largest, 1U);
}

TEST_F(batch, that_is_polled_after_the_last_message_is_empty) {
  const std::string topic = new_topic();
  waybill_consumer consumer(bootstrap(), topic);
  EXPECT_TRUE(consumer.consumer().poll_batch(10, std::chrono::milliseconds(50)).empty());
}

}  // namespace
}  // namespace waybill_test
