// Batches: each message has an answer of its own, and the context that its headers had or that is
// given to all.

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
      headers.push_back(make_headers(on_wire(headers_of_record(i), contexts.back())));
    }
    for (std::size_t i = 0; i < count; ++i) {
      waybill::kafka::record record;
      record.topic = topic.c_str();
      record.payload = values[i];
      record.headers = headers[i].get();
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

TEST_F(batch, keeps_the_context_that_each_message_has_in_its_headers) {
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

TEST_F(batch, that_is_kept_gives_the_current_context_to_messages_that_have_none_of_their_own) {
  const std::string topic = new_topic();
  batch_storage sent(topic, 4);
  for (const std::size_t i : {1U, 3U}) {
    sent.headers[i] = make_headers(batch_storage::headers_of_record(i));
    sent.records[i].headers = sent.headers[i].get();
  }
  std::vector<rd_kafka_resp_err_t> results(4);
  waybill_producer producer(bootstrap());
  {
    const waybill::scope active(make_context(99));
    EXPECT_EQ(producer.producer().produce_batch(sent.records, results,
                                                {.mode = waybill::inject_mode::keep}),
              4U);
  }
  release_accepted(sent, results);
  producer.flush();

  waybill_consumer consumer(bootstrap(), topic);
  EXPECT_EQ(consumer.next().context(), sent.contexts[0]);
  EXPECT_EQ(consumer.next().context(), make_context(99));
  EXPECT_EQ(consumer.next().context(), sent.contexts[2]);
  EXPECT_EQ(consumer.next().context(), make_context(99));
}

TEST_F(batch, gives_the_context_of_the_call_to_each_message) {
  constexpr std::size_t count = 20;
  const std::string topic = new_topic();
  batch_storage sent(topic, count);
  std::vector<rd_kafka_resp_err_t> results(count);
  int user_data = 0;
  const waybill::context context = make_context(99, "t=1", "b=1");
  waybill_producer producer(bootstrap());
  EXPECT_EQ(producer.producer().produce_batch(sent.records, results,
                                              {.context = &context, .user_data = &user_data}),
            count);
  release_accepted(sent, results);
  producer.flush();

  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(wire[i].headers, on_wire(batch_storage::headers_of_record(i), context));
  }
  const std::vector<reported_outcome> reported = producer.log().outcomes();
  ASSERT_EQ(reported.size(), count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, waybill::outcome_state::succeeded) << outcome;
    EXPECT_EQ(outcome.sent, context.span_context()) << outcome;
    EXPECT_EQ(outcome.user_data, &user_data) << outcome;
  }
}

TEST_F(batch, answers_for_each_message_and_goes_on_after_a_refused_one) {
  constexpr std::size_t count = 10;
  const std::set<std::size_t> refused = {0, 4, 9};
  const std::string topic = new_topic();
  const std::string too_long(2'000'000, 'v');
  batch_storage sent(topic, count);
  for (const std::size_t i : refused) sent.records[i].payload = too_long;
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
