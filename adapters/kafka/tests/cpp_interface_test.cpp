// librdkafka's C++ interface: its C handles are what the adapter works on.
#include <gtest/gtest.h>
#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/delivery_log.hpp"
#include "waybill/kafka/carrier.hpp"
#include "waybill/kafka/producer.hpp"

namespace {

using waybill::kafka::take;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::mock_cluster;

struct kafka_cpp_interface : testing::Test {
  const waybill::propagation settings;
  const mock_cluster cluster;
  const std::unique_ptr<RdKafka::Conf> conf{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
  const waybill::context sent =
      waybill_test::make_context(waybill_test::traceparent_a, "x=1", "k=v");
  const bare_headers fields{{"traceparent", std::string(waybill_test::traceparent_a)},
                            {"tracestate", "x=1"},
                            {"baggage", "k=v"}};
  std::string text;

  kafka_cpp_interface() {
    set("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster.get()));
    set("log_level", "0");
  }
  void set(const char* name, const std::string& value) {
    EXPECT_EQ(conf->set(name, value, text), RdKafka::Conf::CONF_OK) << text;
  }
  [[nodiscard]] std::unique_ptr<RdKafka::KafkaConsumer> consumer() {
    set("group.id", "readers");
    set("fetch.wait.max.ms", "5");
    std::unique_ptr<RdKafka::KafkaConsumer> made(RdKafka::KafkaConsumer::create(conf.get(), text));
    const std::unique_ptr<RdKafka::TopicPartition> from(
        RdKafka::TopicPartition::create(mock_cluster::topic, 0, 0));
    EXPECT_EQ(made->assign({from.get()}), RdKafka::ERR_NO_ERROR);
    return made;
  }
  /// The headers as the C++ interface shows them.
  static bare_headers shown(RdKafka::Message& message) {
    bare_headers all;
    if (message.headers() == nullptr) return all;
    for (const RdKafka::Headers::Header& each : message.headers()->get_all()) {
      waybill_test::bare_header header{each.key(), std::nullopt};
      if (each.value() != nullptr) {
        header.value.emplace(static_cast<const char*>(each.value()), each.value_size());
      }
      all.push_back(std::move(header));
    }
    return all;
  }
};

TEST_F(kafka_cpp_interface, context_is_taken_off_a_message_by_its_c_handle) {
  cluster.send(application_headers() + fields);
  const auto receiver = consumer();
  const std::unique_ptr<RdKafka::Message> message(receiver->consume(30'000));
  ASSERT_EQ(message->err(), RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(take(*message->c_ptr(), settings).context(), sent);
  EXPECT_EQ(shown(*message), application_headers());
  receiver->close();
}

TEST_F(kafka_cpp_interface, context_is_to_be_taken_before_the_headers_are_looked_at) {
  // RdKafka::Message::headers() detaches the list: what is stripped later is another one.
  cluster.send(application_headers() + fields);
  const auto receiver = consumer();
  const std::unique_ptr<RdKafka::Message> message(receiver->consume(30'000));
  ASSERT_EQ(message->err(), RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(shown(*message), application_headers() + fields);
  EXPECT_EQ(take(*message->c_ptr(), settings).context(), sent);
  EXPECT_EQ(shown(*message), application_headers() + fields);
  receiver->close();
}

TEST_F(kafka_cpp_interface, a_producer_sends_context_and_outcomes_by_the_c_handle) {
  // RdKafka::Producer::create copies the configuration: the observers have to be copied with it.
  struct : RdKafka::DeliveryReportCb {
    int reports = 0;
    void dr_cb(RdKafka::Message& message) override {
      EXPECT_EQ(message.err(), RdKafka::ERR_NO_ERROR);
      ++reports;
    }
  } own;
  ASSERT_EQ(conf->set("dr_cb", &own, text), RdKafka::Conf::CONF_OK) << text;
  const auto observed = waybill::kafka::instrument(conf->c_ptr_global());
  waybill_test::delivery_log log;
  const std::unique_ptr<RdKafka::Producer> client(RdKafka::Producer::create(conf.get(), text));
  ASSERT_NE(client, nullptr) << text;
  waybill::kafka::producer sender(client->c_ptr(), settings, observed, log.listener());
  EXPECT_TRUE(sender.knows_outcomes());
  waybill::kafka::headers headers;
  headers.add("own", "1");
  ASSERT_EQ(
      sender.produce({.topic = mock_cluster::topic, .partition = 0}, headers, {.context = &sent}),
      RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_EQ(client->flush(30'000), RdKafka::ERR_NO_ERROR);
  EXPECT_EQ(log.count(waybill::outcome_state::succeeded), 1U);
  EXPECT_EQ(own.reports, 1);
  EXPECT_EQ(cluster.read(1)[0].headers, (bare_headers{{"own", "1"}}) + fields);
}

}  // namespace
