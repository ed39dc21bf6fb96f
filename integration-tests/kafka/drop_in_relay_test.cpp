// A relay that uses librdkafka's C++ interface and knows nothing of context: it keeps its trace
// once its clients are made by waybill, which is the one line that changes.

#include <gtest/gtest.h>
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "support/recording_tracer.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace waybill_test {
namespace {

constexpr std::size_t count = 20;

std::vector<bare_header> application_of(std::size_t number) {
  return {{"order", std::to_string(number)},
          {"note", std::nullopt},
          {"order", "again"},
          {"bytes", std::string("\0\xff", 2)},
          {"empty", ""}};
}

waybill::context origin_of(std::size_t number) {
  const std::string text = std::to_string(number);
  return make_context(number + 1, "vendor=" + text, "order=" + text + ",user=zo%C3%AB");
}

std::unique_ptr<RdKafka::Conf> make_conf(const kafka_properties& properties) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : properties) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  }
  return conf;
}

// The application's own code, as it was before: a message goes on with the headers it came with.
void send_on(RdKafka::Message& message, RdKafka::Producer& producer, const std::string& topic) {
  std::unique_ptr<RdKafka::Headers> headers;
  if (RdKafka::Headers* came = message.headers()) {
    headers.reset(RdKafka::Headers::create(came->get_all()));
  }
  ASSERT_EQ(producer.produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                             message.payload(), message.len(), message.key_pointer(),
                             message.key_len(), 0, headers.get(), nullptr),
            RdKafka::ERR_NO_ERROR);
  static_cast<void>(headers.release());  // librdkafka's, as it succeeded
}

class drop_in_relay : public kafka_test {
 protected:
  void SetUp() override {
    waybill_producer origin(bootstrap());
    for (std::size_t i = 0; i < count; ++i) {
      const waybill::context context = origin_of(i);
      origin.send(topic_, {"key " + std::to_string(i), "value", application_of(i)},
                  {.context = &context});
    }
    origin.flush();
    ASSERT_TRUE(waybill::current().is_empty());
  }
  [[nodiscard]] std::unique_ptr<RdKafka::Conf> consumer_conf() const {
    return make_conf({{"bootstrap.servers", bootstrap()},
                      {"group.id", topic_},
                      {"enable.auto.commit", "false"}});
  }
  [[nodiscard]] std::unique_ptr<RdKafka::Conf> producer_conf() const {
    return make_conf({{"bootstrap.servers", bootstrap()}, {"linger.ms", "0"}});
  }
  void read_from_beginning(RdKafka::KafkaConsumer& consumer) const {
    const std::unique_ptr<RdKafka::TopicPartition> all(
        RdKafka::TopicPartition::create(topic_, 0, RdKafka::Topic::OFFSET_BEGINNING));
    ASSERT_EQ(consumer.assign({all.get()}), RdKafka::ERR_NO_ERROR);
  }
  static std::unique_ptr<RdKafka::Message> next(RdKafka::KafkaConsumer& consumer) {
    std::unique_ptr<RdKafka::Message> message(consumer.consume(patience_milliseconds));
    EXPECT_EQ(message->err(), RdKafka::ERR_NO_ERROR) << message->errstr();
    return message;
  }
  // The loop of the relay, the application's own too.
  void relay_all(RdKafka::KafkaConsumer& consumer, RdKafka::Producer& producer) const {
    read_from_beginning(consumer);
    for (std::size_t i = 0; i < count; ++i) send_on(*next(consumer), producer, next_topic_);
    EXPECT_EQ(producer.flush(patience_milliseconds), RdKafka::ERR_NO_ERROR);
    EXPECT_EQ(consumer.close(), RdKafka::ERR_NO_ERROR);
  }

  const std::string topic_ = new_topic();
  const std::string next_topic_ = new_topic();
};

TEST_F(drop_in_relay, keeps_every_trace_though_the_application_only_copies_headers) {
  std::string error;
  // The one line of each client: was RdKafka::KafkaConsumer::create and RdKafka::Producer::create.
  const auto consumer = waybill::kafka::create_consumer(consumer_conf().get(), error);
  ASSERT_NE(consumer, nullptr) << error;
  const auto producer = waybill::kafka::create_producer(producer_conf().get(), error);
  ASSERT_NE(producer, nullptr) << error;
  relay_all(*consumer, *producer);
  EXPECT_TRUE(waybill::current().is_empty()) << "it ends with its consumer";

  const std::vector<bare_record> wire = records_of(next_topic_);
  ASSERT_EQ(wire.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(wire[i].key, "key " + std::to_string(i));
    EXPECT_EQ(wire[i].value, "value");
    EXPECT_EQ(wire[i].headers, on_wire(application_of(i), origin_of(i)));
  }
}

TEST_F(drop_in_relay, with_a_tracer_makes_spans_of_the_same_trace) {
  const auto tracer = std::make_shared<recording_tracer>();
  const waybill::propagation settings(waybill::propagation_options{.tracer = tracer});
  std::string error;
  const auto consumer = waybill::kafka::create_consumer(consumer_conf().get(), error, settings);
  ASSERT_NE(consumer, nullptr) << error;
  const auto producer = waybill::kafka::create_producer(producer_conf().get(), error, settings);
  ASSERT_NE(producer, nullptr) << error;
  relay_all(*consumer, *producer);

  const std::vector<bare_record> wire = records_of(next_topic_);
  const std::vector<recording_tracer::span> sent = tracer->spans(waybill::operation_kind::send);
  ASSERT_EQ(wire.size(), count);
  ASSERT_EQ(sent.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const waybill::context origin = origin_of(i);
    EXPECT_EQ(sent[i].parent.span_context(), origin.span_context());
    EXPECT_EQ(sent[i].started.span_context().trace_id(), origin.span_context().trace_id());
    EXPECT_NE(sent[i].started.span_context().span_id(), origin.span_context().span_id());
    EXPECT_EQ(sent[i].ended_as, waybill::outcome_state::succeeded) << sent[i].error;
    EXPECT_EQ(sent[i].ends, 1);
    EXPECT_EQ(wire[i].headers,
              on_wire(application_of(i), origin.with_span_context(sent[i].started.span_context())));
  }
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

// Nobody could say which of several messages is meant.
TEST_F(drop_in_relay, has_no_current_context_after_a_batch_of_several) {
  std::string error;
  const auto consumer = waybill::kafka::create_consumer(consumer_conf().get(), error);
  ASSERT_NE(consumer, nullptr) << error;
  const auto producer = waybill::kafka::create_producer(producer_conf().get(), error);
  ASSERT_NE(producer, nullptr) << error;
  read_from_beginning(*consumer);
  {
    const auto first = next(*consumer);
    EXPECT_EQ(waybill::current(), origin_of(0));
  }
  std::size_t received = 1;
  std::size_t largest = 0;
  while (received < count) {
    const std::vector<waybill::kafka::message> batch =
        consumer->receiver()->poll_batch(count, patience);
    ASSERT_FALSE(batch.empty());
    EXPECT_TRUE(waybill::current().is_empty());
    for (const waybill::kafka::message& message : batch) {
      ASSERT_TRUE(message.is_message()) << rd_kafka_err2str(message.error());
      EXPECT_EQ(message.context(), origin_of(received));
      ++received;
    }
    largest = std::max(largest, batch.size());
  }
  EXPECT_GT(largest, 1U);
  std::string value = "of all";
  ASSERT_EQ(
      producer->produce(next_topic_, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                        value.data(), value.size(), nullptr, 0, 0, nullptr),
      RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(producer->flush(patience_milliseconds), RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(consumer->close(), RdKafka::ERR_NO_ERROR);
  EXPECT_TRUE(records_of(next_topic_).at(0).headers.empty());
}

}  // namespace
}  // namespace waybill_test
