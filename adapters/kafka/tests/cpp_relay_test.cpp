// A relay that changes the two lines in which it makes its clients, and nothing else, keeps its
// trace: what it received last is current until its next receive call.
#include <gtest/gtest.h>
#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/cpp_clients.hpp"
#include "support/cpp_reader.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill::direction;
using waybill::errc;
using waybill::kafka::create_consumer;
using waybill::kafka::create_producer;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::cpp_config;
using waybill_test::mock_cluster;
using waybill_test::patience_ms;

constexpr auto no_error = RdKafka::ERR_NO_ERROR;
const char* const topic = mock_cluster::topic;

struct kafka_cpp_relay : waybill_test::cpp_reader_test {
  const waybill::propagation settings{waybill::propagation_options{}};
  std::unique_ptr<waybill::kafka::cpp_producer> producer;

  kafka_cpp_relay() {
    cpp_config sending = waybill_test::cpp_config_of(cluster);
    producer = create_producer(sending.get(), text, settings);
    EXPECT_NE(producer, nullptr) << text;
  }
  void connect(waybill::kafka::consumer_options options = {.fills_received_slot = true}) {
    consumer = create_consumer(conf.get(), text, settings, options);
    ASSERT_NE(consumer, nullptr) << text;
    assign(*consumer);
  }
  [[nodiscard]] std::unique_ptr<RdKafka::Message> receive() const {
    std::unique_ptr<RdKafka::Message> came(consumer->consume(patience_ms()));
    EXPECT_EQ(came->err(), no_error) << came->errstr();
    return came;
  }
  /// Forwards the message to partition 1.
  void send_on(RdKafka::Message& message) const {
    EXPECT_EQ(
        producer->produce(topic, 1, RdKafka::Producer::RK_MSG_COPY, message.payload(),
                          message.len(), message.key_pointer(), message.key_len(), 0, nullptr),
        no_error);
  }
  /// The headers of what was sent on, when so many messages are in partition 0.
  [[nodiscard]] bare_headers sent_on(std::size_t received) const {
    EXPECT_EQ(producer->flush(patience_ms()), no_error);
    return cluster.read(received + 1).back().headers;
  }
};

TEST_F(kafka_cpp_relay, keeps_its_trace_and_its_baggage) {
  cluster.send(application_headers() + fields);
  consumer = create_consumer(conf.get(), text);  // as it is called where one line is changed
  ASSERT_NE(consumer, nullptr) << text;
  assign(*consumer);
  const auto message = receive();
  EXPECT_EQ(waybill::current(), sent);
  send_on(*message);
  EXPECT_EQ(sent_on(1), fields);
}

TEST_F(kafka_cpp_relay, sends_each_message_on_under_its_own_context) {
  for (const std::string_view each : {waybill_test::traceparent_a, waybill_test::traceparent_b}) {
    cluster.send({{"traceparent", std::string(each)}});
  }
  cluster.send({});
  connect();
  for (int i = 0; i < 3; ++i) send_on(*receive());
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  const auto records = cluster.read(6);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(records[i + 3].headers, records[i].headers) << i;
}

TEST_F(kafka_cpp_relay, has_no_context_any_more_after_a_consume_that_times_out) {
  cluster.send(fields);
  connect();
  const auto message = receive();
  EXPECT_EQ(waybill::current(), sent);
  const std::unique_ptr<RdKafka::Message> nothing(consumer->consume(0));
  EXPECT_EQ(nothing->err(), RdKafka::ERR__TIMED_OUT);
  EXPECT_TRUE(waybill::current().is_empty());
  send_on(*message);
  EXPECT_EQ(sent_on(1), bare_headers{});
}

TEST_F(kafka_cpp_relay, has_no_context_any_more_after_a_consume_of_another_consumer) {
  cluster.send(fields);
  connect();
  const auto message = receive();
  EXPECT_EQ(waybill::current(), sent);
  cpp_config other_conf = waybill_test::cpp_config_of(cluster);
  other_conf.set("group.id", std::string("others"));
  const auto other = create_consumer(other_conf.get(), text, settings);
  ASSERT_NE(other, nullptr) << text;
  const std::unique_ptr<RdKafka::Message> nothing(other->consume(0));
  EXPECT_TRUE(waybill::current().is_empty());
  other->close();
}

TEST_F(kafka_cpp_relay, has_no_context_any_more_when_the_consumer_is_closed_or_gone) {
  for (const bool closes : {true, false}) {
    cluster.send(fields);
    connect();
    receive().reset();
    EXPECT_EQ(waybill::current(), sent);  // the message itself need not live
    if (closes) {
      EXPECT_EQ(consumer->close(), no_error);
      EXPECT_TRUE(waybill::current().is_empty());
    }
    consumer.reset();
    EXPECT_TRUE(waybill::current().is_empty());
  }
}

TEST_F(kafka_cpp_relay, has_the_context_on_the_thread_that_received_alone) {
  cluster.send(fields);
  connect();
  const auto message = receive();
  std::jthread([] { EXPECT_TRUE(waybill::current().is_empty()); }).join();
  EXPECT_EQ(waybill::current(), sent);
}

TEST_F(kafka_cpp_relay, sends_under_a_scope_rather_than_under_what_it_received) {
  cluster.send(fields);
  connect();
  const auto message = receive();
  {
    const waybill::scope active(waybill_test::make_context(waybill_test::traceparent_b));
    send_on(*message);
  }
  EXPECT_EQ(sent_on(1), (bare_headers{{"traceparent", std::string(waybill_test::traceparent_b)}}));
}

TEST_F(kafka_cpp_relay, has_no_context_where_the_option_is_off) {
  cluster.send(fields);
  connect({});
  const auto message = receive();
  EXPECT_TRUE(waybill::current().is_empty());
  send_on(*message);
  EXPECT_EQ(sent_on(1), bare_headers{});
}

TEST_F(kafka_cpp_relay, that_loses_a_context_is_told_so) {
  for (int i = 0; i < 3; ++i) cluster.send(fields);
  const auto unused = [&] {
    return settings.diagnostics()->count(direction::inbound, errc::unused_context);
  };
  connect();
  receive().reset();  // nobody looks at the slot either
  EXPECT_EQ(unused(), 0U);
  send_on(*receive());
  EXPECT_EQ(unused(), 1U);
  consumer->close();
  EXPECT_EQ(unused(), 1U);
  connect({});
  receive().reset();
  EXPECT_EQ(unused(), 2U);
  EXPECT_TRUE(waybill::kafka::context_of(*receive()).has_trace());
  EXPECT_EQ(unused(), 2U);
}

/// The application's own consume callback: sends on what it is called with.
struct relaying_callback final : RdKafka::ConsumeCb {
  const kafka_cpp_relay* relay;
  int calls = 0;
  bool is_clean = true;
  bool is_of_another_message = false;
  waybill::context current;
  waybill::context taken;
  std::string payload;
  RdKafka::ErrorCode committed = RdKafka::ERR_UNKNOWN;

  explicit relaying_callback(const kafka_cpp_relay& in) : relay(&in) {}
  void consume_cb(RdKafka::Message& message, void* /*opaque*/) override {
    ++calls;
    is_clean = waybill_test::shown(message.headers()) == application_headers();
    is_of_another_message = waybill::received_slot::get() != nullptr;
    current = waybill::current();
    taken = waybill::kafka::context_of(message);
    payload.assign(static_cast<const char*>(message.payload()), message.len());
    relay->send_on(message);
    if (relay->consumer != nullptr) committed = relay->consumer->commitSync(&message);
  }
};

struct kafka_cpp_consume_callback : kafka_cpp_relay {
  relaying_callback own{*this};

  void connect_with(RdKafka::ConsumeCb* handed_over) {
    conf.set("consume_cb", static_cast<RdKafka::ConsumeCb*>(&own));
    consumer =
        create_consumer(conf.get(), text, settings, {.fills_received_slot = true}, handed_over);
    ASSERT_NE(consumer, nullptr) << text;
    assign(*consumer);
  }
  void poll_until(int calls) const {
    const auto deadline = std::chrono::steady_clock::now() + waybill_test::patience;
    while (own.calls < calls && std::chrono::steady_clock::now() < deadline) consumer->poll(100);
  }
};

TEST_F(kafka_cpp_consume_callback, gets_messages_of_poll_without_fields_under_their_context) {
  cluster.send(application_headers() + fields, "0");
  connect_with(&own);
  poll_until(1);
  ASSERT_EQ(own.calls, 1);
  EXPECT_EQ(own.payload, "0");
  EXPECT_TRUE(own.is_clean);
  EXPECT_EQ(own.current, sent);
  EXPECT_EQ(own.taken, sent);
  EXPECT_EQ(own.committed, no_error);
  EXPECT_TRUE(waybill::current().is_empty());
  EXPECT_EQ(sent_on(1), fields);
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST_F(kafka_cpp_consume_callback, is_not_called_by_consume) {
  cluster.send(application_headers() + fields);
  connect_with(&own);
  const auto message = receive();
  EXPECT_EQ(own.calls, 0);
  EXPECT_EQ(waybill::kafka::context_of(*message), sent);
  EXPECT_EQ(waybill_test::shown(message->headers()), application_headers());
}

TEST_F(kafka_cpp_consume_callback, has_no_context_of_the_message_before) {
  cluster.send(application_headers() + fields);
  cluster.send(application_headers());
  connect_with(&own);
  const auto message = receive();
  EXPECT_EQ(waybill::current(), sent);
  poll_until(1);
  ASSERT_EQ(own.calls, 1);
  EXPECT_TRUE(own.current.is_empty());
  EXPECT_FALSE(own.is_of_another_message);
  EXPECT_TRUE(waybill::current().is_empty());
  EXPECT_EQ(sent_on(2), bare_headers{});
}

TEST_F(kafka_cpp_consume_callback, that_is_not_handed_over_sees_what_librdkafka_shows) {
  cluster.send(application_headers() + fields);
  connect_with(nullptr);
  poll_until(1);
  ASSERT_EQ(own.calls, 1);
  EXPECT_FALSE(own.is_clean);
  EXPECT_TRUE(own.current.is_empty());
  EXPECT_TRUE(own.taken.is_empty());
}

TEST_F(kafka_cpp_consume_callback, is_the_configurations_own_again_afterwards) {
  cluster.send(application_headers() + fields);
  connect_with(&own);
  // A bare consumer of the same configuration calls it with bare messages.
  const std::unique_ptr<RdKafka::KafkaConsumer> bare(
      RdKafka::KafkaConsumer::create(conf.get(), text));
  ASSERT_NE(bare, nullptr) << text;
  assign(*bare);
  const auto deadline = std::chrono::steady_clock::now() + waybill_test::patience;
  consumer->close();
  while (own.calls == 0 && std::chrono::steady_clock::now() < deadline) bare->poll(100);
  EXPECT_EQ(own.calls, 1);
  EXPECT_FALSE(own.is_clean);
  EXPECT_TRUE(own.taken.is_empty());
  bare->close();
}

}  // namespace
