// A consumer with librdkafka's C++ interface: messages come without context in their headers, and
// context_of() has it.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../../../testing/support/recording_tracer.hpp"
#include "support/cpp_clients.hpp"
#include "support/cpp_reader.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill::kafka::context_of;
using waybill::kafka::create_consumer;
using waybill::kafka::extraction_of;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::cpp_config;
using waybill_test::mock_cluster;
using waybill_test::patience_ms;
using waybill_test::shown;

constexpr auto no_error = RdKafka::ERR_NO_ERROR;
const char* const topic = mock_cluster::topic;

struct kafka_cpp_consumer : waybill_test::cpp_reader_test {
  const std::shared_ptr<waybill_test::recording_tracer> tracer =
      std::make_shared<waybill_test::recording_tracer>();
  const waybill::propagation traced{waybill::propagation_options{.tracer = tracer}};

  void connect(waybill::propagation settings = {}, waybill::kafka::consumer_options options = {}) {
    consumer = create_consumer(conf.get(), text, std::move(settings), options);
    ASSERT_NE(consumer, nullptr) << text;
    assign(*consumer);
  }
  /// The next message: connects, if that is still to be done.
  [[nodiscard]] std::unique_ptr<RdKafka::Message> receive() {
    if (consumer == nullptr) connect();
    std::unique_ptr<RdKafka::Message> came(consumer->consume(patience_ms()));
    EXPECT_EQ(came->err(), no_error) << came->errstr();
    return came;
  }
  /// What the broker knows of the group in partition 0.
  [[nodiscard]] std::int64_t committed() const {
    const std::unique_ptr<RdKafka::TopicPartition> where(RdKafka::TopicPartition::create(topic, 0));
    std::vector<RdKafka::TopicPartition*> all{where.get()};
    EXPECT_EQ(consumer->committed(all, patience_ms()), no_error);
    return where->offset();
  }
};

TEST_F(kafka_cpp_consumer, takes_the_context_off_and_keeps_the_rest_byte_for_byte) {
  cluster.send(application_headers() + fields, std::string("\0value", 6), std::string("\0key", 4));
  const auto message = receive();
  ASSERT_NE(extraction_of(*message), nullptr);
  EXPECT_EQ(extraction_of(*message)->context(), sent);
  EXPECT_EQ(context_of(*message), sent);
  EXPECT_EQ(shown(message->headers()), application_headers());
  EXPECT_EQ(std::string(static_cast<const char*>(message->payload()), message->len()),
            std::string("\0value", 6));
  EXPECT_EQ(*message->key(), std::string("\0key", 4));
  EXPECT_EQ(message->topic_name(), topic);
  EXPECT_EQ(message->partition(), 0);
  EXPECT_EQ(message->offset(), 0);
}

TEST_F(kafka_cpp_consumer, shows_the_same_headers_whenever_it_is_asked) {
  cluster.send(application_headers() + fields);
  const auto message = receive();
  RdKafka::ErrorCode error = RdKafka::ERR__FAIL;
  RdKafka::Headers* first = message->headers(&error);
  EXPECT_EQ(error, no_error);
  EXPECT_EQ(message->headers(), first);
  EXPECT_EQ(first->add("mine", "1"), no_error);
  EXPECT_EQ(shown(message->headers()), application_headers() + bare_headers({{"mine", "1"}}));
}

TEST_F(kafka_cpp_consumer, takes_off_as_many_fields_as_a_sender_makes) {
  bare_headers many;
  for (int i = 0; i < 50; ++i) many = many + fields;
  cluster.send(many + application_headers());
  const auto message = receive();
  EXPECT_EQ(context_of(*message), sent);
  EXPECT_EQ(shown(message->headers()), application_headers());
}

TEST_F(kafka_cpp_consumer, shows_no_headers_where_librdkafka_shows_none) {
  cluster.send({});      // none at all
  cluster.send(fields);  // none of the application's
  for (const bool has_context : {false, true}) {
    const auto message = receive();
    ASSERT_NE(extraction_of(*message), nullptr);
    EXPECT_EQ(context_of(*message).has_trace(), has_context);
    RdKafka::ErrorCode error = no_error;
    EXPECT_EQ(message->headers(&error), nullptr);
    EXPECT_EQ(error, RdKafka::ERR__NOENT);
    EXPECT_EQ(message->headers(), nullptr);
  }
}

TEST_F(kafka_cpp_consumer, leaves_the_fields_where_strip_is_off) {
  cluster.send(application_headers() + fields);
  connect({}, {.strip = false});
  const auto message = receive();
  EXPECT_EQ(context_of(*message), sent);
  EXPECT_EQ(shown(message->headers()), application_headers() + fields);
}

TEST_F(kafka_cpp_consumer, gives_error_reports_as_they_are) {
  conf.set("enable.partition.eof", std::string("true"));
  connect();
  const std::unique_ptr<RdKafka::Message> timed_out(consumer->consume(0));
  EXPECT_EQ(timed_out->err(), RdKafka::ERR__TIMED_OUT);
  const std::unique_ptr<RdKafka::Message> end(consumer->consume(patience_ms()));
  EXPECT_EQ(end->err(), RdKafka::ERR__PARTITION_EOF) << end->errstr();
  for (RdKafka::Message* each : {timed_out.get(), end.get()}) {
    EXPECT_EQ(extraction_of(*each), nullptr);
    EXPECT_TRUE(context_of(*each).is_empty());
    EXPECT_NE(consumer->handle(*each, [](RdKafka::Message&) { FAIL(); }), no_error);
  }
}

TEST_F(kafka_cpp_consumer, says_of_messages_of_other_consumers_that_they_are_not_ours) {
  cluster.send(fields);
  const std::unique_ptr<RdKafka::KafkaConsumer> bare(
      RdKafka::KafkaConsumer::create(conf.get(), text));
  assign(*bare);
  {
    const std::unique_ptr<RdKafka::Message> message(bare->consume(patience_ms()));
    ASSERT_EQ(message->err(), no_error);
    EXPECT_EQ(extraction_of(*message), nullptr);
    EXPECT_TRUE(context_of(*message).is_empty());
    EXPECT_EQ(shown(message->headers()), fields);
    bool was_run = false;
    connect();
    EXPECT_EQ(consumer->handle(*message, [&](RdKafka::Message&) { was_run = true; }), no_error);
    EXPECT_TRUE(was_run);
  }
  bare->close();
}

TEST_F(kafka_cpp_consumer, commits_its_messages) {
  cluster.send(fields);
  cluster.send(fields);
  EXPECT_EQ(consumer, nullptr);
  const auto first = receive();
  EXPECT_EQ(consumer->commitSync(first.get()), no_error);
  EXPECT_EQ(committed(), 1);
  const auto second = receive();
  EXPECT_EQ(consumer->commitAsync(second.get()), no_error);
  const auto deadline = std::chrono::steady_clock::now() + waybill_test::patience;
  while (committed() != 2 && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_EQ(committed(), 2);
}

#if RD_KAFKA_VERSION >= 0x020100ff
TEST_F(kafka_cpp_consumer, stores_the_offsets_of_its_messages) {
  conf.set("enable.auto.offset.store", std::string("false"));
  cluster.send(fields);
  const auto message = receive();
  EXPECT_GE(message->leader_epoch(), -1);
  const std::unique_ptr<RdKafka::Error> stored(message->offset_store());
  EXPECT_EQ(stored, nullptr);
  EXPECT_EQ(consumer->commitSync(), no_error);
  EXPECT_EQ(committed(), 1);
}
#endif

TEST_F(kafka_cpp_consumer, gives_headers_that_are_sent_on_with_another_context) {
  cluster.send(application_headers() + fields);
  const auto message = receive();
  const auto producer =
      waybill::kafka::create_producer(waybill_test::cpp_config_of(cluster).get(), text);
  ASSERT_NE(producer, nullptr) << text;
  const waybill::context next =
      waybill_test::make_context(waybill_test::traceparent_b, "y=2", "n=1");
  {
    const waybill::scope active(next);
    EXPECT_EQ(producer->produce(topic, 1, RdKafka::Producer::RK_MSG_COPY, message->payload(),
                                message->len(), message->key_pointer(), message->key_len(), 0,
                                RdKafka::Headers::create(message->headers()->get_all()), nullptr),
              no_error);
  }
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  const bare_headers expected{{"traceparent", std::string(waybill_test::traceparent_b)},
                              {"tracestate", "y=2"},
                              {"baggage", "n=1"}};
  EXPECT_EQ(cluster.read(2)[1].headers, application_headers() + expected);
}

TEST_F(kafka_cpp_consumer, takes_the_context_off_messages_of_queues) {
  cluster.send(application_headers() + fields);
  consumer = create_consumer(conf.get(), text);
  ASSERT_NE(consumer, nullptr) << text;
  const std::unique_ptr<RdKafka::TopicPartition> where(RdKafka::TopicPartition::create(topic, 0));
  const std::unique_ptr<RdKafka::Queue> queue(consumer->get_partition_queue(where.get()));
  ASSERT_NE(queue, nullptr);
  // Before messages come: those that came already would stay in the consumer's own queue.
  ASSERT_EQ(queue->forward(nullptr), no_error);
  assign(*consumer);
  std::unique_ptr<RdKafka::Message> came(queue->consume(patience_ms()));
  ASSERT_EQ(came->err(), no_error) << came->errstr();
  EXPECT_EQ(extraction_of(*came), nullptr);
  came = consumer->adopt(std::move(came));
  EXPECT_EQ(context_of(*came), sent);
  EXPECT_EQ(shown(came->headers()), application_headers());
  const RdKafka::Message* const ours = came.get();
  came = consumer->adopt(std::move(came));  // once is enough
  EXPECT_EQ(came.get(), ours);
}

TEST_F(kafka_cpp_consumer, leaves_a_header_list_that_somebody_got_before_readable) {
  const bare_headers own{{"own", "1"}, {"null", std::nullopt}};
  const std::size_t counts[] = {3, 17, 2'000, 99'990};
  for (const std::size_t count : counts) {
    cluster.send(own + bare_headers(count - 1, {"baggage", "k=v"}) + bare_headers{fields[0]});
  }
  consumer = create_consumer(conf.get(), text);
  ASSERT_NE(consumer, nullptr) << text;
  const std::unique_ptr<RdKafka::TopicPartition> where(RdKafka::TopicPartition::create(topic, 0));
  const std::unique_ptr<RdKafka::Queue> queue(consumer->get_partition_queue(where.get()));
  ASSERT_EQ(queue->forward(nullptr), no_error);
  assign(*consumer);
  for (const std::size_t count : counts) {
    std::unique_ptr<RdKafka::Message> came(queue->consume(patience_ms()));
    ASSERT_EQ(came->err(), no_error) << came->errstr();
    rd_kafka_headers_t* before = nullptr;
    ASSERT_EQ(rd_kafka_message_headers(came->c_ptr(), &before), RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_EQ(rd_kafka_header_cnt(before), own.size() + count);
    came = consumer->adopt(std::move(came));
    EXPECT_EQ(context_of(*came).span_context(), sent.span_context());
    EXPECT_EQ(waybill_test::headers_of(before), own) << count;
    EXPECT_EQ(shown(came->headers()), own) << count;
  }
}

TEST_F(kafka_cpp_consumer, strips_hostile_messages_and_leaves_the_list_before_readable) {
  bare_headers hostile;
  for (int i = 0; i < 49'999; ++i) {
    hostile.push_back({"own", ""});
    hostile.push_back({"baggage", "k=v"});
  }
  hostile.push_back(fields[0]);
  const bare_headers own(49'999, {"own", ""});
  cluster.send(hostile);
  const std::unique_ptr<RdKafka::KafkaConsumer> bare(
      RdKafka::KafkaConsumer::create(conf.get(), text));
  assign(*bare);
  connect();
  for (const bool looks_at_headers : {true, false}) {
    std::unique_ptr<RdKafka::Message> came =
        looks_at_headers ? std::unique_ptr<RdKafka::Message>(bare->consume(patience_ms()))
                         : receive();
    ASSERT_EQ(came->err(), no_error) << came->errstr();
    rd_kafka_headers_t* before = nullptr;
    ASSERT_EQ(rd_kafka_message_headers(came->c_ptr(), &before), RD_KAFKA_RESP_ERR_NO_ERROR);
    came = consumer->adopt(std::move(came));
    EXPECT_EQ(context_of(*came).span_context(), sent.span_context());
    EXPECT_TRUE(waybill_test::headers_of(before) == (looks_at_headers ? hostile : own));
    if (looks_at_headers) {
      EXPECT_TRUE(shown(came->headers()) == own);
    }
    EXPECT_TRUE(waybill_test::headers_of(before) == (looks_at_headers ? hostile : own));
  }
  bare->close();
}

TEST_F(kafka_cpp_consumer, runs_handlers_under_the_context_and_settles) {
  cluster.send(fields);
  connect(traced, {.settle = waybill::kafka::settle_mode::commit_sync});
  const auto message = receive();
  waybill::context seen;
  EXPECT_EQ(consumer->handle(*message,
                             [&](RdKafka::Message& same) {
                               EXPECT_EQ(&same, message.get());
                               seen = waybill::current();
                             }),
            no_error);
  EXPECT_EQ(seen.span_context().trace_id(), sent.span_context().trace_id());
  EXPECT_TRUE(seen.has_baggage());
  EXPECT_TRUE(waybill::current().is_empty());
  EXPECT_EQ(committed(), 1);
  EXPECT_EQ(tracer->spans(waybill::operation_kind::receive).size(), 1U);
  EXPECT_EQ(tracer->spans(waybill::operation_kind::process).size(), 1U);
  EXPECT_EQ(tracer->spans(waybill::operation_kind::settle).size(), 1U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_cpp_consumer, does_not_settle_what_a_handler_failed_on) {
  cluster.send(fields);
  connect({}, {.settle = waybill::kafka::settle_mode::commit_sync});
  const auto message = receive();
  const auto failing = [](RdKafka::Message&) { throw std::runtime_error("no"); };
  EXPECT_THROW(consumer->handle(*message, failing), std::runtime_error);
  EXPECT_LT(committed(), 0);
}

TEST_F(kafka_cpp_consumer, makes_a_settle_span_for_the_applications_own_commit) {
  cluster.send(fields);
  connect(traced);
  const auto message = receive();
  EXPECT_EQ(consumer->commitSync(message.get()), no_error);
  const auto spans = tracer->spans(waybill::operation_kind::settle);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].ended_as, waybill::outcome_state::succeeded);
  EXPECT_EQ(spans[0].links, std::vector<waybill::span_context>{sent.span_context()});
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_cpp_consumer, makes_topics_and_queues_where_librdkafka_would_crash) {
  connect();
  const auto handle = waybill::kafka::create_topic(consumer.get(), "by-handle", nullptr, text);
  ASSERT_NE(handle, nullptr) << text;
  EXPECT_EQ(handle->name(), "by-handle");
  const auto queue = waybill::kafka::create_queue(consumer.get());
  ASSERT_NE(queue, nullptr);
  EXPECT_EQ(queue->poll(0), 0);
}

TEST_F(kafka_cpp_consumer, hands_its_group_to_a_transaction) {
  cluster.send(fields);
  const auto message = receive();
  cpp_config how = waybill_test::cpp_config_of(cluster);
  how.set("transactional.id", std::string("relay-1"));
  const auto producer = waybill::kafka::create_producer(how.get(), text);
  ASSERT_NE(producer, nullptr) << text;
  const auto expect_none = [](RdKafka::Error* error) {
    const std::unique_ptr<RdKafka::Error> owned(error);
    EXPECT_EQ(owned, nullptr) << owned->str();
  };
  const std::unique_ptr<RdKafka::ConsumerGroupMetadata> group(consumer->groupMetadata());
  const std::unique_ptr<RdKafka::TopicPartition> next(
      RdKafka::TopicPartition::create(topic, 0, message->offset() + 1));
  expect_none(producer->init_transactions(patience_ms()));
  expect_none(producer->begin_transaction());
  expect_none(producer->send_offsets_to_transaction({next.get()}, group.get(), patience_ms()));
  expect_none(producer->commit_transaction(patience_ms()));
}

/// The application's own rebalance callback.
struct rebalances final : RdKafka::RebalanceCb {
  std::vector<RdKafka::KafkaConsumer*> consumers;
  void rebalance_cb(RdKafka::KafkaConsumer* which, RdKafka::ErrorCode error,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    consumers.push_back(which);
    if (error == RdKafka::ERR__ASSIGN_PARTITIONS) {
      which->assign(partitions);
    } else {
      which->unassign();
    }
  }
};

TEST_F(kafka_cpp_consumer, is_what_the_rebalance_callback_is_called_with) {
  rebalances own;
  conf.set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(&own));
  conf.set("auto.offset.reset", std::string("earliest"));
  cluster.send(fields);
  consumer = create_consumer(conf.get(), text);
  ASSERT_NE(consumer, nullptr) << text;
  RdKafka::RebalanceCb* configured = nullptr;
  EXPECT_EQ(conf.get()->get(configured), RdKafka::Conf::CONF_OK);
  EXPECT_EQ(configured, &own);
  EXPECT_EQ(consumer->subscribe({topic}), no_error);
  EXPECT_EQ(context_of(*receive()), sent);
  EXPECT_EQ(consumer->close(), no_error);
  const std::vector<RdKafka::KafkaConsumer*> expected(2, consumer.get());
  EXPECT_EQ(own.consumers, expected);
}

}  // namespace
