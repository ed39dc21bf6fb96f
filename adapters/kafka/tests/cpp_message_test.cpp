// Each virtual function of RdKafka::Message reaches the wrapped message, with its arguments, and
// the answer comes back.
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "support/recording_clients.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill_test::code_answer;
using waybill_test::number_answer;
using waybill_test::recording_message;
using waybill_test::text_answer;
using waybill_test::token;

struct kafka_cpp_message_forwarding : testing::Test {
  waybill_test::call_log log;
  recording_message* recorder = nullptr;
  waybill::kafka::cpp_message made{make(), waybill::kafka::message()};
  RdKafka::Message& message = made;

  std::unique_ptr<recording_message> make() {
    auto wrapped = std::make_unique<recording_message>(log);
    recorder = wrapped.get();
    return wrapped;
  }
};

TEST_F(kafka_cpp_message_forwarding, forwards_errstr) {
  EXPECT_EQ(message.errstr(), text_answer);
  log.expect_only("errstr");
}
TEST_F(kafka_cpp_message_forwarding, forwards_err) {
  EXPECT_EQ(message.err(), code_answer);
  log.expect_only("err");
}
TEST_F(kafka_cpp_message_forwarding, forwards_topic) {
  EXPECT_EQ(message.topic(), token<RdKafka::Topic>());
  log.expect_only("topic");
}
TEST_F(kafka_cpp_message_forwarding, forwards_topic_name) {
  EXPECT_EQ(message.topic_name(), text_answer);
  log.expect_only("topic_name");
}
TEST_F(kafka_cpp_message_forwarding, forwards_partition) {
  EXPECT_EQ(message.partition(), number_answer);
  log.expect_only("partition");
}
TEST_F(kafka_cpp_message_forwarding, forwards_payload) {
  EXPECT_EQ(message.payload(), token<void>());
  log.expect_only("payload");
}
TEST_F(kafka_cpp_message_forwarding, forwards_len) {
  EXPECT_EQ(message.len(), std::size_t{number_answer});
  log.expect_only("len");
}
TEST_F(kafka_cpp_message_forwarding, forwards_key) {
  EXPECT_EQ(message.key(), &recorder->key_answer);
  log.expect_only("key");
}
TEST_F(kafka_cpp_message_forwarding, forwards_key_pointer) {
  EXPECT_EQ(message.key_pointer(), token<void>(1));
  log.expect_only("key_pointer");
}
TEST_F(kafka_cpp_message_forwarding, forwards_key_len) {
  EXPECT_EQ(message.key_len(), std::size_t{number_answer});
  log.expect_only("key_len");
}
TEST_F(kafka_cpp_message_forwarding, forwards_offset) {
  EXPECT_EQ(message.offset(), number_answer);
  log.expect_only("offset");
}
TEST_F(kafka_cpp_message_forwarding, forwards_timestamp) {
  const RdKafka::MessageTimestamp answer = message.timestamp();
  EXPECT_EQ(answer.type, RdKafka::MessageTimestamp::MSG_TIMESTAMP_LOG_APPEND_TIME);
  EXPECT_EQ(answer.timestamp, number_answer);
  log.expect_only("timestamp");
}
TEST_F(kafka_cpp_message_forwarding, forwards_msg_opaque) {
  EXPECT_EQ(message.msg_opaque(), token<void>(2));
  log.expect_only("msg_opaque");
}
TEST_F(kafka_cpp_message_forwarding, forwards_latency) {
  EXPECT_EQ(message.latency(), number_answer);
  log.expect_only("latency");
}
TEST_F(kafka_cpp_message_forwarding, forwards_c_ptr) {
  recorder->raw = token<rd_kafka_message_t>();
  EXPECT_EQ(message.c_ptr(), token<rd_kafka_message_t>());
  log.expect_only("c_ptr");
}
TEST_F(kafka_cpp_message_forwarding, forwards_status) {
  EXPECT_EQ(message.status(), RdKafka::Message::MSG_STATUS_POSSIBLY_PERSISTED);
  log.expect_only("status");
}
TEST_F(kafka_cpp_message_forwarding, forwards_headers) {
  EXPECT_EQ(message.headers(), token<RdKafka::Headers>());
  log.expect_only("headers");
}
TEST_F(kafka_cpp_message_forwarding, forwards_headers_with_an_error) {
  RdKafka::ErrorCode error = RdKafka::ERR_NO_ERROR;
  EXPECT_EQ(message.headers(&error), token<RdKafka::Headers>(1));
  EXPECT_EQ(error, code_answer);
  log.expect_only("headers err", &error);
}
TEST_F(kafka_cpp_message_forwarding, forwards_broker_id) {
  EXPECT_EQ(message.broker_id(), number_answer);
  log.expect_only("broker_id");
}
#if RD_KAFKA_VERSION >= 0x020100ff
TEST_F(kafka_cpp_message_forwarding, forwards_leader_epoch) {
  EXPECT_EQ(message.leader_epoch(), number_answer);
  log.expect_only("leader_epoch");
}
TEST_F(kafka_cpp_message_forwarding, forwards_offset_store) {
  EXPECT_EQ(message.offset_store(), token<RdKafka::Error>());
  log.expect_only("offset_store");
}
#endif

TEST_F(kafka_cpp_message_forwarding, is_seen_through_by_bare_message) {
  EXPECT_EQ(waybill::kafka::bare_message(&message), recorder);
  RdKafka::Message* other = recorder;
  EXPECT_EQ(waybill::kafka::bare_message(other), other);
  EXPECT_EQ(waybill::kafka::bare_message(nullptr), nullptr);
}

TEST_F(kafka_cpp_message_forwarding, context_of_says_which_messages_are_ours) {
  EXPECT_NE(waybill::kafka::extraction_of(message), nullptr);
  EXPECT_EQ(waybill::kafka::extraction_of(*recorder), nullptr);
  EXPECT_TRUE(waybill::kafka::context_of(*recorder).is_empty());
}

}  // namespace
