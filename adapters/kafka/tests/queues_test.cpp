// Messages that do not come from rd_kafka_consumer_poll: the carrier functions work on them too.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "support/bare_headers.hpp"
#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::kafka::take;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_client;
using waybill_test::mock_cluster;
using waybill_test::owned_client;
using waybill_test::owned_event;
using waybill_test::owned_message;
using waybill_test::owned_queue;
using waybill_test::owned_topic;

constexpr int patience_ms = 30'000;

struct kafka_queues : testing::Test {
  const waybill::propagation settings;
  const mock_cluster cluster;
  const waybill::context sent =
      waybill_test::make_context(waybill_test::traceparent_a, "x=1", "k=v");

  kafka_queues() {
    const bare_headers headers =
        application_headers() +
        bare_headers{{"tracestate", "x=1"},
                     {"baggage", "k=v"},
                     {"traceparent", std::string(waybill_test::traceparent_a)}};
    for (int i = 0; i < 3; ++i) cluster.send(headers, std::to_string(i));
  }

  void expect_taken(rd_kafka_message_t& message, int number) const {
    ASSERT_EQ(message.err, RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(take(message, settings).context(), sent);
    EXPECT_EQ(headers_of(message), application_headers());
    EXPECT_EQ(waybill_test::to_record(message).value, std::to_string(number));
    EXPECT_TRUE(take(message, settings).context().is_empty());
  }
};

TEST_F(kafka_queues, context_is_taken_off_messages_of_a_consume_queue) {
  const owned_client client = make_client(RD_KAFKA_CONSUMER, cluster.consumer_config());
  const owned_topic topic(rd_kafka_topic_new(client.get(), mock_cluster::topic, nullptr));
  const owned_queue queue(rd_kafka_queue_new(client.get()));
  ASSERT_EQ(rd_kafka_consume_start_queue(topic.get(), 0, 0, queue.get()), 0);
  const owned_message first(rd_kafka_consume_queue(queue.get(), patience_ms));
  ASSERT_NE(first, nullptr);
  expect_taken(*first, 0);

  std::array<rd_kafka_message_t*, 2> batch{};
  int number = 1;
  while (number < 3) {
    const ssize_t count =
        rd_kafka_consume_batch_queue(queue.get(), patience_ms, batch.data(), batch.size());
    ASSERT_GT(count, 0);
    for (ssize_t i = 0; i < count; ++i) {
      const owned_message each(batch[static_cast<std::size_t>(i)]);
      expect_taken(*each, number++);
    }
  }
  EXPECT_EQ(rd_kafka_consume_stop(topic.get(), 0), 0);
}

TEST_F(kafka_queues, context_is_taken_off_messages_of_the_legacy_consumer) {
  const owned_client client = make_client(RD_KAFKA_CONSUMER, cluster.consumer_config());
  const owned_topic topic(rd_kafka_topic_new(client.get(), mock_cluster::topic, nullptr));
  ASSERT_EQ(rd_kafka_consume_start(topic.get(), 0, 0), 0);
  for (int i = 0; i < 3; ++i) {
    const owned_message each(rd_kafka_consume(topic.get(), 0, patience_ms));
    ASSERT_NE(each, nullptr);
    expect_taken(*each, i);
  }
  EXPECT_EQ(rd_kafka_consume_stop(topic.get(), 0), 0);
}

TEST_F(kafka_queues, context_is_taken_off_messages_of_a_partition_queue) {
  const owned_client client = make_client(RD_KAFKA_CONSUMER, cluster.consumer_config());
  const owned_queue queue(rd_kafka_queue_get_partition(client.get(), mock_cluster::topic, 0));
  ASSERT_NE(queue, nullptr);
  rd_kafka_queue_forward(queue.get(), nullptr);
  waybill_test::assign(client.get(), mock_cluster::topic, 0);
  for (int i = 0; i < 3; ++i) {
    const owned_message each(rd_kafka_consume_queue(queue.get(), patience_ms));
    ASSERT_NE(each, nullptr);
    expect_taken(*each, i);
  }
}

TEST_F(kafka_queues, context_is_taken_off_messages_of_fetch_events) {
  auto conf = cluster.consumer_config();
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_FETCH);
  const owned_client client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  const owned_queue queue(rd_kafka_queue_get_consumer(client.get()));
  waybill_test::assign(client.get(), mock_cluster::topic, 0);
  int number = 0;
  while (number < 3) {
    const owned_event event(rd_kafka_queue_poll(queue.get(), patience_ms));
    ASSERT_NE(event, nullptr);
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_FETCH) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      // An event lends its messages as const, but they are the application's as any others are.
      expect_taken(const_cast<rd_kafka_message_t&>(*message), number++);
    }
  }
}

}  // namespace
