// Each virtual function of RdKafka::Producer reaches the wrapped producer, with its arguments, and
// the answer comes back. The produce functions do so where there is no C handle to inject by.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/recording_clients.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill_test::code_answer;
using waybill_test::token;

struct kafka_cpp_producer_forwarding : testing::Test {
  waybill_test::call_log log;
  const std::unique_ptr<RdKafka::Producer> producer =
      waybill::kafka::producer_of(std::make_unique<waybill_test::recording_producer>(log));
  RdKafka::Topic* const topic = token<RdKafka::Topic>();
  void* const payload = token<void>(1);
  const void* const key = token<void>(2);
  void* const opaque = token<void>(3);

  kafka_cpp_producer_forwarding() { log.clear(); }  // making it asks for the C handle
};

TEST_F(kafka_cpp_producer_forwarding, has_no_sender_without_a_c_handle) {
  waybill::kafka::cpp_producer one(std::make_unique<waybill_test::recording_producer>(log), {}, {});
  EXPECT_EQ(one.sender(), nullptr);
  waybill::kafka::cpp_producer other(std::make_unique<waybill_test::recording_producer>(log), {},
                                     waybill::kafka::instrumentation(), {}, {});
  EXPECT_EQ(other.sender(), nullptr);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_produce_to_a_topic_with_a_string_key) {
  const std::string text = "key";
  EXPECT_EQ(producer->produce(topic, 1, 2, payload, 3, &text, opaque), code_answer);
  log.expect_only("produce 1", topic, 1, 2, payload, 3, &text, opaque);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_produce_to_a_topic_with_a_key) {
  EXPECT_EQ(producer->produce(topic, 1, 2, payload, 3, key, 4, opaque), code_answer);
  log.expect_only("produce 2", topic, 1, 2, payload, 3, key, 4, opaque);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_produce_by_name) {
  EXPECT_EQ(producer->produce("orders", 1, 2, payload, 3, key, 4, 5, opaque), code_answer);
  log.expect_only("produce 3", "orders", 1, 2, payload, 3, key, 4, 5, opaque);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_produce_by_name_with_headers) {
  auto* headers = token<RdKafka::Headers>(4);
  EXPECT_EQ(producer->produce("orders", 1, 2, payload, 3, key, 4, 5, headers, opaque), code_answer);
  log.expect_only("produce 4", "orders", 1, 2, payload, 3, key, 4, 5, headers, opaque);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_produce_of_vectors) {
  const std::vector<char> value;
  const std::vector<char> name;
  EXPECT_EQ(producer->produce(topic, 1, &value, &name, opaque), code_answer);
  log.expect_only("produce 5", topic, 1, &value, &name, opaque);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_flush) {
  EXPECT_EQ(producer->flush(7), code_answer);
  log.expect_only("flush", 7);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_purge) {
  EXPECT_EQ(producer->purge(3), code_answer);
  log.expect_only("purge", 3);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_init_transactions) {
  EXPECT_EQ(producer->init_transactions(7), token<RdKafka::Error>());
  log.expect_only("init_transactions", 7);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_begin_transaction) {
  EXPECT_EQ(producer->begin_transaction(), token<RdKafka::Error>());
  log.expect_only("begin_transaction");
}
TEST_F(kafka_cpp_producer_forwarding, forwards_send_offsets_to_transaction) {
  const std::vector<RdKafka::TopicPartition*> offsets;
  const auto* group = token<RdKafka::ConsumerGroupMetadata>(1);
  EXPECT_EQ(producer->send_offsets_to_transaction(offsets, group, 7), token<RdKafka::Error>());
  log.expect_only("send_offsets_to_transaction", &offsets, group, 7);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_commit_transaction) {
  EXPECT_EQ(producer->commit_transaction(7), token<RdKafka::Error>());
  log.expect_only("commit_transaction", 7);
}
TEST_F(kafka_cpp_producer_forwarding, forwards_abort_transaction) {
  EXPECT_EQ(producer->abort_transaction(7), token<RdKafka::Error>());
  log.expect_only("abort_transaction", 7);
}

}  // namespace
