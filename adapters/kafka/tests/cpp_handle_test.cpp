// Each virtual function of RdKafka::Handle reaches the wrapped producer or consumer, with its
// arguments, and the answer comes back.
#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/clients.hpp"
#include "support/recording_clients.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill_test::code_answer;
using waybill_test::number_answer;
using waybill_test::recording_consumer;
using waybill_test::recording_producer;
using waybill_test::text_answer;
using waybill_test::token;

template <class Recorder>
struct kafka_cpp_handle : testing::Test {
  waybill_test::call_log log;
  Recorder* recorder = nullptr;
  std::unique_ptr<RdKafka::Handle> handle = make();
  std::vector<RdKafka::TopicPartition*> partitions;

  std::unique_ptr<RdKafka::Handle> make() {
    auto wrapped = std::make_unique<Recorder>(log);
    recorder = wrapped.get();
    std::unique_ptr<RdKafka::Handle> made;
    if constexpr (std::is_same_v<Recorder, recording_producer>) {
      made = waybill::kafka::producer_of(std::move(wrapped));
    } else {
      made = waybill::kafka::consumer_of(std::move(wrapped));
    }
    log.clear();  // making it asks for the C handle
    return made;
  }
};

using wrapped_types = testing::Types<recording_producer, recording_consumer>;
TYPED_TEST_SUITE(kafka_cpp_handle, wrapped_types);

TYPED_TEST(kafka_cpp_handle, forwards_name) {
  EXPECT_EQ(this->handle->name(), text_answer);
  this->log.expect_only("name");
}
TYPED_TEST(kafka_cpp_handle, forwards_memberid) {
  EXPECT_EQ(this->handle->memberid(), text_answer);
  this->log.expect_only("memberid");
}
TYPED_TEST(kafka_cpp_handle, forwards_poll) {
  EXPECT_EQ(this->handle->poll(7), number_answer);
  this->log.expect_only("poll", 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_outq_len) {
  EXPECT_EQ(this->handle->outq_len(), number_answer);
  this->log.expect_only("outq_len");
}
TYPED_TEST(kafka_cpp_handle, forwards_metadata) {
  const auto* topic = token<RdKafka::Topic>();
  RdKafka::Metadata* made = nullptr;
  EXPECT_EQ(this->handle->metadata(true, topic, &made, 7), code_answer);
  this->log.expect_only("metadata", true, topic, &made, 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_pause) {
  EXPECT_EQ(this->handle->pause(this->partitions), code_answer);
  this->log.expect_only("pause", &this->partitions);
}
TYPED_TEST(kafka_cpp_handle, forwards_resume) {
  EXPECT_EQ(this->handle->resume(this->partitions), code_answer);
  this->log.expect_only("resume", &this->partitions);
}
TYPED_TEST(kafka_cpp_handle, forwards_query_watermark_offsets) {
  int64_t low = 0;
  int64_t high = 0;
  EXPECT_EQ(this->handle->query_watermark_offsets("orders", 3, &low, &high, 7), code_answer);
  this->log.expect_only("query_watermark_offsets", "orders", 3, &low, &high, 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_get_watermark_offsets) {
  int64_t low = 0;
  int64_t high = 0;
  EXPECT_EQ(this->handle->get_watermark_offsets("orders", 3, &low, &high), code_answer);
  this->log.expect_only("get_watermark_offsets", "orders", 3, &low, &high);
}
TYPED_TEST(kafka_cpp_handle, forwards_offsets_for_times) {
  EXPECT_EQ(this->handle->offsetsForTimes(this->partitions, 7), code_answer);
  this->log.expect_only("offsetsForTimes", &this->partitions, 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_get_partition_queue) {
  const auto* partition = token<RdKafka::TopicPartition>(3);
  EXPECT_EQ(this->handle->get_partition_queue(partition), token<RdKafka::Queue>());
  this->log.expect_only("get_partition_queue", partition);
}
TYPED_TEST(kafka_cpp_handle, forwards_set_log_queue) {
  auto* queue = token<RdKafka::Queue>(3);
  EXPECT_EQ(this->handle->set_log_queue(queue), code_answer);
  this->log.expect_only("set_log_queue", queue);
}
TYPED_TEST(kafka_cpp_handle, forwards_yield) {
  this->handle->yield();
  this->log.expect_only("yield");
}
TYPED_TEST(kafka_cpp_handle, forwards_clusterid) {
  EXPECT_EQ(this->handle->clusterid(7), text_answer);
  this->log.expect_only("clusterid", 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_c_ptr) {
  this->recorder->client = token<rd_kafka_t>();
  EXPECT_EQ(this->handle->c_ptr(), token<rd_kafka_t>());
  this->log.expect_only("c_ptr");
}
TYPED_TEST(kafka_cpp_handle, forwards_controllerid) {
  EXPECT_EQ(this->handle->controllerid(7), number_answer);
  this->log.expect_only("controllerid", 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_fatal_error) {
  std::string text;
  EXPECT_EQ(this->handle->fatal_error(text), code_answer);
  this->log.expect_only("fatal_error", &text);
}
TYPED_TEST(kafka_cpp_handle, forwards_oauthbearer_set_token) {
  const std::list<std::string> extensions;
  std::string text;
  EXPECT_EQ(this->handle->oauthbearer_set_token("t", 7, "p", extensions, text), code_answer);
  this->log.expect_only("oauthbearer_set_token", "t", 7, "p", &extensions, &text);
}
TYPED_TEST(kafka_cpp_handle, forwards_oauthbearer_set_token_failure) {
  EXPECT_EQ(this->handle->oauthbearer_set_token_failure("why"), code_answer);
  this->log.expect_only("oauthbearer_set_token_failure", "why");
}
TYPED_TEST(kafka_cpp_handle, forwards_sasl_background_callbacks_enable) {
  EXPECT_EQ(this->handle->sasl_background_callbacks_enable(), token<RdKafka::Error>());
  this->log.expect_only("sasl_background_callbacks_enable");
}
TYPED_TEST(kafka_cpp_handle, forwards_get_sasl_queue) {
  EXPECT_EQ(this->handle->get_sasl_queue(), token<RdKafka::Queue>(1));
  this->log.expect_only("get_sasl_queue");
}
TYPED_TEST(kafka_cpp_handle, forwards_get_background_queue) {
  EXPECT_EQ(this->handle->get_background_queue(), token<RdKafka::Queue>(2));
  this->log.expect_only("get_background_queue");
}
TYPED_TEST(kafka_cpp_handle, forwards_mem_malloc) {
  EXPECT_EQ(this->handle->mem_malloc(7), token<void>());
  this->log.expect_only("mem_malloc", 7);
}
TYPED_TEST(kafka_cpp_handle, forwards_mem_free) {
  this->handle->mem_free(token<void>(3));
  this->log.expect_only("mem_free", token<void>(3));
}
TYPED_TEST(kafka_cpp_handle, forwards_sasl_set_credentials) {
  EXPECT_EQ(this->handle->sasl_set_credentials("user", "word"), token<RdKafka::Error>());
  this->log.expect_only("sasl_set_credentials", "user", "word");
}

TYPED_TEST(kafka_cpp_handle, is_seen_through_by_bare_handle) {
  EXPECT_EQ(waybill::kafka::bare_handle(this->handle.get()), this->recorder);
  RdKafka::Handle* other = this->recorder;
  EXPECT_EQ(waybill::kafka::bare_handle(other), other);
  EXPECT_EQ(waybill::kafka::bare_handle(nullptr), nullptr);
}

TEST(kafka_cpp_handles, of_nothing_are_nothing) {
  EXPECT_EQ(waybill::kafka::producer_of(nullptr), nullptr);
  EXPECT_EQ(waybill::kafka::consumer_of(nullptr), nullptr);
}

TEST(kafka_cpp_handles, of_an_unusable_configuration_are_null_with_librdkafkas_reason) {
  // Of topics, where a configuration of clients is asked for.
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_TOPIC));
  std::string bare;
  std::string ours;
  EXPECT_EQ(RdKafka::Producer::create(conf.get(), bare), nullptr);
  EXPECT_EQ(waybill::kafka::create_producer(conf.get(), ours), nullptr);
  EXPECT_EQ(ours, bare);
  EXPECT_FALSE(ours.empty());
  ours.clear();
  EXPECT_EQ(RdKafka::KafkaConsumer::create(conf.get(), bare), nullptr);
  EXPECT_EQ(waybill::kafka::create_consumer(conf.get(), ours), nullptr);
  EXPECT_EQ(ours, bare);
  EXPECT_FALSE(ours.empty());
}

}  // namespace
