#include "bare_kafka.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "run.hpp"
#include "shared_kafka.hpp"

namespace waybill_test {
namespace {

class bare_kafka : public testing::Test {
 protected:
  std::string new_topic(int partitions = 1) {
    std::string topic = unique_topic("bare-kafka");
    broker_.create_topic(topic, partitions);
    return topic;
  }

  const kafka_address broker_ = shared_kafka();
};

// Every kind of value that Kafka tells apart, in an order that sorting would change.
std::vector<bare_header> all_kinds_of_headers() {
  return {{"zulu", "last name first"},
          {"repeated", "one"},
          {"null", std::nullopt},
          {"empty", ""},
          {"repeated", "two"},
          {"", "an empty name"},
          {"bytes", std::string("\0\xff\r\n\t=,", 7)},
          {"gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac"},
          {"repeated", "one"}};
}

TEST_F(bare_kafka, returns_keys_values_and_headers_byte_for_byte) {
  const std::string topic = new_topic();
  const std::vector<bare_message> sent = {
      {"key", "value", all_kinds_of_headers()},
      {std::nullopt, std::nullopt, {}},
      {"", "", {{"n", std::nullopt}}},
      {std::string("k\0\xfe", 3), std::string("v\0\xfd", 3), {{"n", ""}}},
  };
  bare_producer producer(broker_.bootstrap());
  const std::vector<bare_delivery> deliveries = producer.produce(topic, sent);

  const std::vector<bare_record> read = bare_consumer(broker_.bootstrap(), topic).take(sent.size());
  ASSERT_EQ(read.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(read[i].topic, topic);
    EXPECT_EQ(read[i].partition, deliveries[i].partition);
    EXPECT_EQ(read[i].offset, deliveries[i].offset);
    EXPECT_EQ(read[i].key, sent[i].key) << read[i];
    EXPECT_EQ(read[i].value, sent[i].value) << read[i];
    EXPECT_EQ(read[i].headers, sent[i].headers) << read[i];
    EXPECT_GT(read[i].timestamp_milliseconds, 0);
  }
}

TEST_F(bare_kafka, sends_headers_that_kcat_sees) {
  const std::string topic = new_topic();
  bare_producer producer(broker_.bootstrap());
  producer.produce(topic,
                   {"the key",
                    "the value",
                    {{"b", "2"}, {"a", "1"}, {"null", std::nullopt}, {"empty", ""}, {"b", "3"}}});

  const run_result seen = run({"kcat", "-b", broker_.bootstrap(), "-C", "-t", topic, "-o",
                               "beginning", "-c", "1", "-q", "-f", "%k|%s|%h|%o\\n"});
  ASSERT_TRUE(seen.succeeded()) << seen;
  EXPECT_EQ(seen.standard_output, "the key|the value|b=2,a=1,null=NULL,empty=,b=3|0\n");
}

TEST_F(bare_kafka, sees_headers_that_kcat_sends) {
  const std::string topic = new_topic();
  const run_result sent = run({"kcat", "-b", broker_.bootstrap(), "-P", "-t", topic, "-k", "key",
                               "-H", "b=2", "-H", "a=1", "-H", "b=3=4", "-H", "empty="},
                              "the value");
  ASSERT_TRUE(sent.succeeded()) << sent;

  const bare_record read = bare_consumer(broker_.bootstrap(), topic).take(1).at(0);
  EXPECT_EQ(read.key, "key");
  EXPECT_EQ(read.value, "the value");
  EXPECT_EQ(read.headers,
            (std::vector<bare_header>{{"b", "2"}, {"a", "1"}, {"b", "3=4"}, {"empty", ""}}))
      << read;
}

TEST_F(bare_kafka, sees_a_tombstone_that_kcat_sends) {
  const std::string topic = new_topic();
  const run_result sent =
      run({"kcat", "-b", broker_.bootstrap(), "-P", "-t", topic, "-K", ":", "-Z", "-H", "n=v"},
          "gone:\n");
  ASSERT_TRUE(sent.succeeded()) << sent;

  const bare_record read = bare_consumer(broker_.bootstrap(), topic).take(1).at(0);
  EXPECT_EQ(read.key, "gone");
  EXPECT_EQ(read.value, std::nullopt);
  EXPECT_EQ(read.headers, (std::vector<bare_header>{{"n", "v"}}));
}

TEST_F(bare_kafka, take_all_reads_every_partition_to_its_end_and_no_further) {
  constexpr std::int32_t partitions = 3;
  const std::string topic = new_topic(partitions);
  bare_consumer consumer(broker_.bootstrap(), topic);
  EXPECT_TRUE(consumer.take_all().empty());

  bare_producer producer(broker_.bootstrap());
  constexpr int count = 300;
  std::vector<bare_message> messages;
  messages.reserve(count);
  for (int i = 0; i < count; ++i) {
    messages.push_back({std::nullopt, std::to_string(i), {}, i % partitions});
  }
  producer.produce(topic, messages);
  std::set<int> values;
  for (const bare_record& record : consumer.take_all()) {
    const int value = std::stoi(record.value.value());
    EXPECT_EQ(record.partition, value % partitions);
    EXPECT_TRUE(values.insert(value).second) << "twice: " << record;
  }
  EXPECT_EQ(values.size(), messages.size());

  producer.produce(topic, {"late", "one", {}, 1});
  EXPECT_EQ(consumer.take_all().size(), 1U);
  EXPECT_TRUE(consumer.take_all().empty());
}

TEST_F(bare_kafka, take_all_passes_over_what_a_transaction_took_back) {
  const std::string topic = new_topic();
  bare_producer producer(broker_.bootstrap(), {{"transactional.id", topic}});
  constexpr int patience_milliseconds = 20'000;
  ASSERT_EQ(rd_kafka_init_transactions(producer.handle(), patience_milliseconds), nullptr);
  ASSERT_EQ(rd_kafka_begin_transaction(producer.handle()), nullptr);
  producer.produce(topic, {"k", "kept", {}});
  ASSERT_EQ(rd_kafka_commit_transaction(producer.handle(), patience_milliseconds), nullptr);
  ASSERT_EQ(rd_kafka_begin_transaction(producer.handle()), nullptr);
  producer.produce(topic, {"k", "taken back", {}});
  ASSERT_EQ(rd_kafka_abort_transaction(producer.handle(), patience_milliseconds), nullptr);

  const std::vector<bare_record> committed = bare_consumer(broker_.bootstrap(), topic).take_all();
  ASSERT_EQ(committed.size(), 1U);
  EXPECT_EQ(committed[0].value, "kept");
  EXPECT_EQ(bare_consumer(broker_.bootstrap(), topic, {{"isolation.level", "read_uncommitted"}})
                .take_all()
                .size(),
            2U);
}

TEST_F(bare_kafka, take_says_how_many_records_were_missing) {
  const std::string topic = new_topic();
  bare_producer(broker_.bootstrap()).produce(topic, {"key", "value", {}});
  bare_consumer consumer(broker_.bootstrap(), topic);
  EXPECT_EQ(consumer.take(1).size(), 1U);
  try {
    consumer.take(2, std::chrono::milliseconds(200));
    FAIL() << "there was one record only";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("only 0 of 2"), std::string::npos) << error.what();
  }
}

TEST_F(bare_kafka, a_consumer_of_a_topic_that_is_not_there_throws) {
  EXPECT_THROW(bare_consumer(broker_.bootstrap(), unique_topic("never-made")), std::runtime_error);
}

TEST_F(bare_kafka, a_refused_message_throws) {
  const std::string topic = unique_topic("bare-kafka");
  broker_.create_topic(topic, 1, 1, {{"max.message.bytes", "1000"}});
  bare_producer producer(broker_.bootstrap());
  EXPECT_NO_THROW(producer.produce(topic, {"key", std::string(100, 'v'), {}}));
  EXPECT_THROW(producer.produce(topic, {"key", std::string(10'000, 'v'), {}}), std::runtime_error);
}

TEST(unique_topic, is_another_one_each_time) {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(names.insert(unique_topic("t")).second);
}

TEST(make_kafka_handle, throws_for_a_property_that_librdkafka_does_not_know) {
  EXPECT_THROW(make_kafka_handle(RD_KAFKA_PRODUCER, "127.0.0.1:1", {{"no.such.property", "1"}}),
               std::runtime_error);
}

}  // namespace
}  // namespace waybill_test
