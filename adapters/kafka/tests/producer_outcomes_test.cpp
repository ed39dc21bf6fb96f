// What becomes of accepted messages: design invariant 9, the outcome comes exactly once.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/sending.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::outcome_state;
using waybill_test::mock_cluster;
using waybill_test::purge;
using waybill_test::unreachable;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr std::int16_t produce_request = 0;

struct kafka_outcome : waybill_test::kafka_sending {
  [[nodiscard]] bool all_answered() const { return waybill_test::flush(client.get()); }
  void send(waybill::kafka::producer& producer, std::size_t count,
            std::int32_t partition = 0) const {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(
          producer.produce(
              {.topic = waybill_test::topic, .partition = partition, .payload = std::to_string(i)},
              {.context = &full}),
          no_error);
    }
  }
};

TEST_F(kafka_outcome, of_an_acknowledged_message_has_its_partition_and_offset) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  EXPECT_TRUE(producer->knows_outcomes());
  send(*producer, 3, 1);
  ASSERT_TRUE(all_answered());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 3U);
  const auto spans = tracer->spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(entries[i].state, outcome_state::succeeded);
    EXPECT_EQ(entries[i].error, no_error);
    EXPECT_EQ(entries[i].message.value().partition, 1);
    EXPECT_EQ(entries[i].message.value().offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(entries[i].sent, spans[i].started.span_context());
    EXPECT_EQ(spans[i].ended_as, outcome_state::succeeded);
    EXPECT_EQ(spans[i].error, "");
    EXPECT_EQ(spans[i].end_partition, 1);
    EXPECT_EQ(spans[i].end_offset, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(kafka_outcome, of_a_message_that_the_broker_refuses_is_its_error) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  rd_kafka_mock_push_request_errors(cluster.get(), produce_request, 1,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  send(*producer, 1);
  ASSERT_TRUE(all_answered());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].state, outcome_state::failed);
  EXPECT_EQ(entries[0].error, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  ASSERT_EQ(tracer->spans().size(), 1U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(tracer->spans()[0].ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->spans()[0].error, "TOPIC_AUTHORIZATION_FAILED");
}

TEST_F(kafka_outcome, of_a_message_that_was_thrown_away_in_the_queue_is_purged) {
  trace();
  const auto producer = make_producer();
  send(*producer, 3);
  EXPECT_EQ(producer->in_flight(), 3U);
  EXPECT_EQ(log.size(), 0U);
  purge(client.get(), RD_KAFKA_PURGE_F_QUEUE);
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.count(outcome_state::purged), 3U);
  for (const auto& entry : log.entries()) EXPECT_EQ(entry.error, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (const auto& span : tracer->spans()) EXPECT_EQ(span.ended_as, outcome_state::purged);
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(kafka_outcome, of_a_message_that_was_thrown_away_in_flight_is_purged) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto learnt = waybill_test::learn_topic(client.get());
  ASSERT_EQ(rd_kafka_mock_broker_set_rtt(cluster.get(), -1, 3'600'000), no_error);
  trace();
  const auto producer = make_producer();
  send(*producer, 1);
  EXPECT_TRUE(waybill_test::wait_until(client.get(), [&] {
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_INFLIGHT);
    return log.size() == 1;
  }));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.entries()[0].state, outcome_state::purged);
  EXPECT_EQ(log.entries()[0].error, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, of_a_message_that_was_not_sent_in_time_is_failed) {
  connect(std::move(unreachable().set("message.timeout.ms", "20")));
  const auto producer = make_producer();
  send(*producer, 2);
  ASSERT_TRUE(all_answered());
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.count(outcome_state::failed), 2U);
  EXPECT_EQ(log.entries()[0].error, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
}

TEST_F(kafka_outcome, of_a_message_whose_partition_turns_out_not_to_exist_is_failed) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  send(*producer, 1, 99);
  ASSERT_TRUE(all_answered());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.entries()[0].state, outcome_state::failed);
  EXPECT_EQ(log.entries()[0].error, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, of_messages_in_an_aborted_transaction_is_purged) {
  const mock_cluster cluster;
  connect(std::move(
      cluster.producer_config().set("transactional.id", "test").set("linger.ms", "10000")));
  const auto check = [](rd_kafka_error_t* error) {
    const auto code = rd_kafka_error_code(error);
    if (error != nullptr) rd_kafka_error_destroy(error);
    return code;
  };
  ASSERT_EQ(check(rd_kafka_init_transactions(client.get(), 30'000)), no_error);
  const auto producer = make_producer();

  ASSERT_EQ(check(rd_kafka_begin_transaction(client.get())), no_error);
  send(*producer, 2);
  ASSERT_EQ(check(rd_kafka_commit_transaction(client.get(), 30'000)), no_error);
  EXPECT_EQ(log.count(outcome_state::succeeded), 2U);

  ASSERT_EQ(check(rd_kafka_begin_transaction(client.get())), no_error);
  send(*producer, 3);
  ASSERT_EQ(check(rd_kafka_abort_transaction(client.get(), 30'000)), no_error);
  EXPECT_EQ(log.count(outcome_state::purged), 3U);
  EXPECT_EQ(log.size(), 5U);
}

TEST_F(kafka_outcome, of_messages_behind_a_fatal_error_is_failed) {
  connect(std::move(unreachable().set("enable.idempotence", "true")));
  trace();
  const auto producer = make_producer();
  send(*producer, 2);
  ASSERT_EQ(rd_kafka_test_fatal_error(client.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                      "test"),
            no_error);
  EXPECT_EQ(rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE), no_error);
  ASSERT_TRUE(all_answered());
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.count(outcome_state::failed) + log.count(outcome_state::purged), 2U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, of_a_failure_comes_with_a_message_that_is_no_source_of_context) {
  connect();
  int calls = 0;
  waybill::kafka::producer producer(
      client.get(), settings(), observed, [&](const waybill::kafka::delivery_report& told) {
        ++calls;
        EXPECT_EQ(waybill_test::only(waybill_test::headers_of(*told.message), "traceparent"),
                  waybill_test::traceparent_a);
        EXPECT_TRUE(waybill::kafka::extract(*told.message, settings()).context().is_empty());
      });
  send(producer, 1);
  purge(client.get());
  EXPECT_EQ(calls, 1);
}

TEST_F(kafka_outcome, has_a_span_that_tells_what_was_sent) {
  connect(std::move(unreachable().set("client.id", "sender-1")));
  trace();
  const auto producer = make_producer();
  const waybill::kafka::record messages[] = {
      {.topic = waybill_test::topic, .partition = 3, .payload = "value", .key = "key-1"},
      {.topic = waybill_test::topic, .key = "key-2"},
      {.topic = waybill_test::topic, .payload = ""},
  };
  EXPECT_EQ(producer->produce_batch(messages), 3U);
  purge(client.get());
  const auto spans = tracer->spans(waybill::operation_kind::send);
  ASSERT_EQ(spans.size(), 3U);
  for (const auto& span : spans) {
    EXPECT_EQ(span.system, "kafka");
    EXPECT_EQ(span.name, "send");
    EXPECT_EQ(span.destination, waybill_test::topic);
    EXPECT_EQ(span.client_id, "sender-1");
    EXPECT_EQ(span.batch_messages, std::nullopt);
    EXPECT_TRUE(span.injects);
  }
  EXPECT_EQ(spans[0].partition, 3);
  EXPECT_EQ(spans[0].message_key, "key-1");
  EXPECT_EQ(spans[0].body_bytes, 5U);
  EXPECT_FALSE(spans[0].tombstone);
  EXPECT_EQ(spans[1].partition, std::nullopt);
  EXPECT_TRUE(spans[1].tombstone);
  EXPECT_EQ(spans[2].message_key, "");
  EXPECT_EQ(spans[2].body_bytes, 0U);
  EXPECT_FALSE(spans[2].tombstone);
}

TEST_F(kafka_outcome, is_unanswered_when_the_client_is_closed_first) {
  trace();
  auto producer = make_producer();
  send(*producer, 3);
  client.reset();
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.count(outcome_state::unanswered), 3U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (const auto& span : tracer->spans()) EXPECT_EQ(span.ended_as, outcome_state::unanswered);
  EXPECT_EQ(producer->in_flight(), 0U);
  producer.reset();
  EXPECT_EQ(log.size(), 3U);
}

TEST_F(kafka_outcome, is_unanswered_when_the_client_is_closed_with_messages_in_flight) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  auto learnt = waybill_test::learn_topic(client.get());
  ASSERT_EQ(rd_kafka_mock_broker_set_rtt(cluster.get(), -1, 3'600'000), no_error);
  trace();
  auto producer = make_producer();
  send(*producer, 3);
  // The last one of them may still be in the queue: both kinds are unanswered.
  EXPECT_TRUE(
      waybill_test::wait_until(client.get(), [&] { return rd_kafka_outq_len(client.get()) == 3; }));
  learnt.reset();
  client.reset();
  EXPECT_EQ(log.count(outcome_state::unanswered), 3U);
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, is_unanswered_when_the_producer_goes_first_and_never_told_again) {
  trace();
  auto producer = make_producer();
  send(*producer, 3);
  producer.reset();
  EXPECT_EQ(log.count(outcome_state::unanswered), 3U);
  for (const auto& entry : log.entries()) EXPECT_FALSE(entry.message.has_value());
  purge(client.get());
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, is_unknown_when_no_acknowledgements_are_asked_for) {
  const mock_cluster cluster;
  connect(std::move(cluster.producer_config().set("acks", "0")));
  trace();
  const auto producer = make_producer();
  send(*producer, 2);
  ASSERT_TRUE(all_answered());
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.count(outcome_state::unknown), 2U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (const auto& span : tracer->spans()) EXPECT_EQ(span.ended_as, outcome_state::unknown);
}

TEST_F(kafka_outcome, is_unknown_when_the_topic_asks_for_no_acknowledgements) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  rd_kafka_topic_conf_t* const conf = rd_kafka_topic_conf_new();
  ASSERT_EQ(rd_kafka_topic_conf_set(conf, "acks", "0", nullptr, 0), RD_KAFKA_CONF_OK);
  const waybill_test::owned_topic handle(
      rd_kafka_topic_new(client.get(), waybill_test::topic, conf));
  const auto producer = make_producer();
  ASSERT_EQ(producer->produce({.topic_handle = handle.get(), .partition = 0}, {.context = &full}),
            no_error);
  ASSERT_TRUE(all_answered());
  EXPECT_EQ(log.size(), 1U);
  EXPECT_EQ(log.count(outcome_state::unknown), 1U);
}

TEST_F(kafka_outcome, is_not_known_without_instrument_and_spans_end_at_hand_over) {
  auto how = unreachable();
  client = make_client(RD_KAFKA_PRODUCER, std::move(how));
  trace();
  const auto producer = std::make_unique<waybill::kafka::producer>(client.get(), settings());
  EXPECT_FALSE(producer->knows_outcomes());
  send(*producer, 2);
  EXPECT_EQ(producer->in_flight(), 0U);
  EXPECT_EQ(tracer->spans().size(), 2U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (const auto& span : tracer->spans()) EXPECT_EQ(span.ended_as, outcome_state::unknown);
  purge(client.get());
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, is_waited_for_only_when_somebody_wants_it) {
  connect();
  waybill::kafka::producer producer(client.get(), settings(), observed, {});
  EXPECT_TRUE(producer.knows_outcomes());
  send(producer, 3);
  EXPECT_EQ(producer.in_flight(), 0U);
  purge(client.get());
}

TEST_F(kafka_outcome, is_ended_for_a_tracer_without_a_listener) {
  connect();
  trace();
  waybill::kafka::producer producer(client.get(), settings(), observed, {});
  send(producer, 3);
  EXPECT_EQ(producer.in_flight(), 3U);
  purge(client.get());
  EXPECT_EQ(producer.in_flight(), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, of_the_oldest_message_is_given_up_when_too_many_are_waited_for) {
  connect();
  trace();
  int numbers[6] = {};
  waybill::kafka::producer producer(client.get(), settings(), observed, log.listener(),
                                    {.in_flight_max = 1});
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(producer.produce({.topic = waybill_test::topic},
                               {.context = &full, .user_data = &numbers[i]}),
              no_error);
    EXPECT_EQ(producer.in_flight(), 1U);
  }
  const auto given_up = log.entries();
  ASSERT_EQ(given_up.size(), 4U);
  const auto spans = tracer->spans();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(given_up[i].state, outcome_state::unknown);
    EXPECT_EQ(given_up[i].error, no_error);
    EXPECT_EQ(given_up[i].user_data, &numbers[i]);
    EXPECT_EQ(given_up[i].sent, spans[i].started.span_context());
    EXPECT_FALSE(given_up[i].message.has_value());
    EXPECT_EQ(spans[i].ends, 1);
    EXPECT_EQ(spans[i].ended_as, outcome_state::unknown);
  }
  EXPECT_EQ(spans[4].ends, 0);
  EXPECT_EQ(options.diagnostics->count(waybill::direction::outbound, waybill::errc::given_up), 4U);

  // Those that were given up are not told again; the newest one is heard of, and new ones are.
  purge(client.get());
  ASSERT_EQ(log.size(), 5U);
  EXPECT_EQ(log.entries()[4].state, outcome_state::purged);
  EXPECT_EQ(log.entries()[4].user_data, &numbers[4]);
  ASSERT_EQ(producer.produce({.topic = waybill_test::topic}, {.user_data = &numbers[5]}), no_error);
  purge(client.get());
  ASSERT_EQ(log.size(), 6U);
  EXPECT_EQ(log.entries()[5].state, outcome_state::purged);
  EXPECT_EQ(log.entries()[5].user_data, &numbers[5]);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(options.diagnostics->count(waybill::direction::outbound, waybill::errc::given_up), 4U);
}

TEST_F(kafka_outcome, comes_once_for_each_message_whether_it_was_given_up_or_not) {
  connect();
  trace();
  constexpr std::size_t bound = 50;
  waybill::kafka::producer producer(client.get(), settings(), observed, log.listener(),
                                    {.in_flight_max = bound});
  std::vector<int> numbers(1'000);
  for (int& each : numbers) {
    ASSERT_EQ(
        producer.produce({.topic = waybill_test::topic}, {.context = &full, .user_data = &each}),
        no_error);
    EXPECT_LE(producer.in_flight(), bound);
  }
  EXPECT_EQ(log.count(outcome_state::unknown), numbers.size() - bound);
  const auto given_up = log.entries();
  for (std::size_t i = 0; i < given_up.size(); ++i) EXPECT_EQ(given_up[i].user_data, &numbers[i]);
  purge(client.get());
  EXPECT_EQ(log.count(outcome_state::purged), bound);
  EXPECT_EQ(log.entries().back().state, outcome_state::purged);
  for (const auto& entry : log.entries()) ++*static_cast<int*>(entry.user_data);
  EXPECT_EQ(numbers, std::vector<int>(numbers.size(), 1));
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(producer.in_flight(), 0U);
}

TEST_F(kafka_outcome, is_waited_for_of_one_message_at_least) {
  connect();
  trace();
  waybill::kafka::producer producer(client.get(), settings(), observed, log.listener(),
                                    {.in_flight_max = 0});
  send(producer, 3);
  EXPECT_EQ(producer.in_flight(), 1U);
  EXPECT_EQ(log.count(outcome_state::unknown), 2U);
  purge(client.get());
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.count(outcome_state::purged), 1U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_outcome, is_waited_for_of_as_many_messages_as_the_client_takes) {
  connect(std::move(unreachable().set("queue.buffering.max.messages", "20")));
  const auto producer = make_producer();
  send(*producer, 20);
  EXPECT_EQ(producer->produce({.topic = waybill_test::topic}), RD_KAFKA_RESP_ERR__QUEUE_FULL);
  EXPECT_EQ(producer->in_flight(), 20U);
  EXPECT_EQ(log.size(), 0U);
  purge(client.get());
  EXPECT_EQ(log.count(outcome_state::purged), 20U);
}

TEST_F(kafka_outcome, told_to_a_listener_that_throws_is_told_all_the_same) {
  connect();
  trace();
  int calls = 0;
  {
    waybill::kafka::producer producer(client.get(), settings(), observed,
                                      [&](const waybill::kafka::delivery_report&) {
                                        ++calls;
                                        throw std::runtime_error("the listener's own");
                                      });
    send(producer, 3);
    purge(client.get());
    EXPECT_EQ(calls, 3);
    using waybill::direction;
    EXPECT_EQ(options.diagnostics->count(direction::outbound, waybill::errc::listener_failed), 3U);
    EXPECT_EQ(options.diagnostics->total(), 3U);
    send(producer, 2);
  }
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

}  // namespace
