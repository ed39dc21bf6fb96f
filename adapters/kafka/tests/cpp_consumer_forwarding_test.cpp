// Each virtual function of RdKafka::KafkaConsumer reaches the wrapped consumer, with its arguments,
// and the answer comes back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/recording_clients.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill_test::code_answer;
using waybill_test::recording_message;
using waybill_test::text_answer;
using waybill_test::token;

struct kafka_cpp_consumer_forwarding : testing::Test {
  waybill_test::call_log log;
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer =
      waybill::kafka::consumer_of(std::make_unique<waybill_test::recording_consumer>(log));
  std::vector<RdKafka::TopicPartition*> partitions;
  RdKafka::OffsetCommitCb* const callback = token<RdKafka::OffsetCommitCb>(1);

  kafka_cpp_consumer_forwarding() { log.clear(); }  // making it asks for the C handle
};

TEST_F(kafka_cpp_consumer_forwarding, has_no_receiver_without_a_c_handle) {
  waybill::kafka::cpp_consumer other(std::make_unique<waybill_test::recording_consumer>(log), {},
                                     {});
  EXPECT_EQ(other.receiver(), nullptr);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_assignment) {
  EXPECT_EQ(consumer->assignment(partitions), code_answer);
  log.expect_only("assignment", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_subscription) {
  std::vector<std::string> topics;
  EXPECT_EQ(consumer->subscription(topics), code_answer);
  log.expect_only("subscription", &topics);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_subscribe) {
  const std::vector<std::string> topics;
  EXPECT_EQ(consumer->subscribe(topics), code_answer);
  log.expect_only("subscribe", &topics);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_unsubscribe) {
  EXPECT_EQ(consumer->unsubscribe(), code_answer);
  log.expect_only("unsubscribe");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_assign) {
  EXPECT_EQ(consumer->assign(partitions), code_answer);
  log.expect_only("assign", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_unassign) {
  EXPECT_EQ(consumer->unassign(), code_answer);
  log.expect_only("unassign");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_consume) {
  EXPECT_EQ(consumer->consume(7), token<RdKafka::Message>());
  log.expect_only("consume", 7);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_sync) {
  EXPECT_EQ(consumer->commitSync(), code_answer);
  log.expect_only("commitSync");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_async) {
  EXPECT_EQ(consumer->commitAsync(), code_answer);
  log.expect_only("commitAsync");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_sync_of_a_message) {
  recording_message message(log);
  EXPECT_EQ(consumer->commitSync(&message), code_answer);
  log.expect_only("commitSync message", &message);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_async_of_a_message) {
  recording_message message(log);
  EXPECT_EQ(consumer->commitAsync(&message), code_answer);
  log.expect_only("commitAsync message", &message);
}
TEST_F(kafka_cpp_consumer_forwarding, commits_what_is_behind_a_message_of_ours) {
  auto wrapped = std::make_unique<recording_message>(log);
  const RdKafka::Message* behind = wrapped.get();
  waybill::kafka::cpp_message message(std::move(wrapped), {});
  EXPECT_EQ(consumer->commitSync(&message), code_answer);
  log.expect_only("commitSync message", behind);
  EXPECT_EQ(consumer->commitAsync(&message), code_answer);
  log.expect_only("commitAsync message", behind);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_sync_of_offsets) {
  EXPECT_EQ(consumer->commitSync(partitions), code_answer);
  log.expect_only("commitSync offsets", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_async_of_offsets) {
  EXPECT_EQ(consumer->commitAsync(partitions), code_answer);
  log.expect_only("commitAsync offsets", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_sync_with_a_callback) {
  EXPECT_EQ(consumer->commitSync(callback), code_answer);
  log.expect_only("commitSync callback", callback);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_commit_sync_of_offsets_with_a_callback) {
  EXPECT_EQ(consumer->commitSync(partitions, callback), code_answer);
  log.expect_only("commitSync offsets callback", &partitions, callback);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_committed) {
  EXPECT_EQ(consumer->committed(partitions, 7), code_answer);
  log.expect_only("committed", &partitions, 7);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_position) {
  EXPECT_EQ(consumer->position(partitions), code_answer);
  log.expect_only("position", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_close) {
  EXPECT_EQ(consumer->close(), code_answer);
  log.expect_only("close");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_seek) {
  const std::unique_ptr<RdKafka::TopicPartition> where(
      RdKafka::TopicPartition::create("orders", 0));
  EXPECT_EQ(consumer->seek(*where, 7), code_answer);
  log.expect_only("seek", where.get(), 7);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_offsets_store) {
  EXPECT_EQ(consumer->offsets_store(partitions), code_answer);
  log.expect_only("offsets_store", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_group_metadata) {
  EXPECT_EQ(consumer->groupMetadata(), token<RdKafka::ConsumerGroupMetadata>());
  log.expect_only("groupMetadata");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_assignment_lost) {
  EXPECT_TRUE(consumer->assignment_lost());
  log.expect_only("assignment_lost");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_rebalance_protocol) {
  EXPECT_EQ(consumer->rebalance_protocol(), text_answer);
  log.expect_only("rebalance_protocol");
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_incremental_assign) {
  EXPECT_EQ(consumer->incremental_assign(partitions), token<RdKafka::Error>());
  log.expect_only("incremental_assign", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_incremental_unassign) {
  EXPECT_EQ(consumer->incremental_unassign(partitions), token<RdKafka::Error>());
  log.expect_only("incremental_unassign", &partitions);
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_close_to_a_queue) {
  EXPECT_EQ(consumer->close(token<RdKafka::Queue>(3)), token<RdKafka::Error>());
  log.expect_only("close queue", token<RdKafka::Queue>(3));
}
TEST_F(kafka_cpp_consumer_forwarding, forwards_closed) {
  EXPECT_TRUE(consumer->closed());
  log.expect_only("closed");
}

}  // namespace
