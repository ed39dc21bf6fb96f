#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>

#include "bare_headers.hpp"
#include "cpp_clients.hpp"
#include "support/contexts.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace waybill_test {

/// Tests of a drop-in consumer that reads partition 0 of the mock cluster's topic.
struct cpp_reader_test : testing::Test {
  const mock_cluster cluster;
  cpp_config conf = cpp_config_of(cluster);
  const waybill::context sent = make_context(traceparent_a, "x=1", "k=v");
  const bare_headers fields{
      {"traceparent", std::string(traceparent_a)}, {"tracestate", "x=1"}, {"baggage", "k=v"}};
  std::string text;  // of errors
  std::unique_ptr<waybill::kafka::cpp_consumer> consumer;

  cpp_reader_test() {
    conf.set("group.id", std::string("readers"));
    conf.set("fetch.wait.max.ms", std::string("5"));
    conf.set("enable.auto.commit", std::string("false"));
  }
  ~cpp_reader_test() override {
    if (consumer != nullptr) consumer->close();
  }
  static void assign(RdKafka::KafkaConsumer& which) {
    const std::unique_ptr<RdKafka::TopicPartition> from(
        RdKafka::TopicPartition::create(mock_cluster::topic, 0, 0));
    EXPECT_EQ(which.assign({from.get()}), RdKafka::ERR_NO_ERROR);
  }
};

}  // namespace waybill_test
