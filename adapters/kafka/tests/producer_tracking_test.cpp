// Outcomes find their messages, whatever the headers say and whatever else is on the client:
// design invariant 9.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/sending.hpp"

namespace {

using waybill::inject_mode;
using waybill::outcome_state;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::make_list;
using waybill_test::mock_cluster;
using waybill_test::owned_list;
using waybill_test::purge;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;
const std::string a(traceparent_a);
const std::string b(traceparent_b);

struct tracking : waybill_test::sending {
  /// How often each payload was told about.
  [[nodiscard]] std::map<std::string, int> told() const {
    std::map<std::string, int> times;
    for (const auto& entry : log.entries()) {
      ++times[entry.message.has_value() ? entry.message->value.value_or("(null)") : "(no message)"];
    }
    return times;
  }
  void expect_each_told_once(std::size_t count) const {
    const auto times = told();
    EXPECT_EQ(log.size(), count);
    EXPECT_EQ(times.size(), count);
    for (const auto& [value, often] : times) EXPECT_EQ(often, 1) << value;
  }
  void bare(const std::string& value, const bare_headers& headers) const {
    ASSERT_EQ(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(waybill_test::topic),
                                RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_HEADERS(make_list(headers).release()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              no_error);
  }
};

struct kafka_tracking : testing::Test, tracking {};

TEST_F(kafka_tracking, invariant_9_many_messages_of_one_context_have_one_outcome_each) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  for (int i = 0; i < 2'000; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(
        producer->produce({.topic = waybill_test::topic, .partition = i % 2, .payload = value},
                          {.context = &full}),
        no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  expect_each_told_once(2'000);
  EXPECT_EQ(log.count(outcome_state::succeeded), 2'000U);
  for (const auto& entry : log.entries()) EXPECT_EQ(entry.sent, full.span_context());
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(kafka_tracking, invariant_9_user_data_of_messages_of_one_context_are_never_mixed_up) {
  const mock_cluster cluster;
  std::vector<int> numbers(1'000);
  for (const inject_mode mode : {inject_mode::replace, inject_mode::keep}) {
    tracking each;
    each.connect(waybill_test::unreachable());
    const auto producer = each.make_producer(mode);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::string value = std::to_string(i);
      // Those of partition 99 fail, the others are delivered, in another order.
      ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                                   .partition = i % 5 == 0 ? 99 : static_cast<int>(i % 2),
                                   .payload = value,
                                   .headers = make_list({{"traceparent", a}}).release()},
                                  {.context = &each.full, .user_data = &numbers[i]}),
                no_error);
    }
    cluster.admit(each.client.get());
    ASSERT_TRUE(waybill_test::flush(each.client.get()));
    each.expect_each_told_once(numbers.size());
    for (const auto& entry : each.log.entries()) {
      const auto number = std::stoul(entry.message.value().value.value());
      EXPECT_EQ(entry.user_data, &numbers[number]);
      EXPECT_EQ(entry.opaque, &numbers[number]);  // librdkafka's own
      EXPECT_EQ(entry.sent, each.full.span_context());
      EXPECT_EQ(entry.state, number % 5 == 0 ? outcome_state::failed : outcome_state::succeeded);
    }
  }
}

TEST_F(kafka_tracking, invariant_9_of_a_message_that_the_partitioner_sends_is_not_ours) {
  // The partitioner is called within produce(): what it sends is somebody else's message.
  const mock_cluster cluster;
  tracking other;
  other.connect(cluster.producer_config());
  const auto other_producer = other.make_producer();
  connect(cluster.producer_config());
  static rd_kafka_t* inner = nullptr;
  static char bare[] = "bare";
  inner = other.client.get();
  rd_kafka_topic_conf_t* const conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_partitioner_cb(
      conf, [](const rd_kafka_topic_t*, const void*, std::size_t, std::int32_t, void*, void*) {
        EXPECT_EQ(rd_kafka_producev(inner, RD_KAFKA_V_TOPIC(waybill_test::topic),
                                    RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(bare, 4),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                  no_error);
        return std::int32_t{1};
      });
  const auto learnt = waybill_test::learn_topic(client.get(), waybill_test::topic, conf);
  const auto producer = make_producer();
  for (int i = 0; i < 5; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(producer->produce({.topic_handle = learnt.get(), .payload = value, .key = "key"},
                                {.context = &full, .user_data = &inner}),
              no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  ASSERT_TRUE(waybill_test::flush(other.client.get()));
  EXPECT_EQ(producer->in_flight(), 0U);
  expect_each_told_once(5);
  EXPECT_EQ(log.count(outcome_state::succeeded), 5U);
  EXPECT_EQ(other_producer->in_flight(), 0U);
  EXPECT_EQ(other.log.size(), 0U);
}

TEST_F(kafka_tracking, invariant_9_a_message_given_up_and_then_refused_has_one_outcome) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  // The partitioner sends another message, for which the first one is given up, and then fails.
  // By a handle of another topic: librdkafka holds its lock on the first one meanwhile.
  static waybill::kafka::producer* sender = nullptr;
  static rd_kafka_topic_t* inner = nullptr;
  const auto learnt_inner = waybill_test::learn_topic(client.get(), "inner");
  inner = learnt_inner.get();
  rd_kafka_topic_conf_t* const conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_partitioner_cb(
      conf, [](const rd_kafka_topic_t*, const void*, std::size_t, std::int32_t, void*, void*) {
        EXPECT_EQ(sender->produce({.topic_handle = inner, .partition = 0, .payload = "inner"}),
                  no_error);
        return std::int32_t{99};
      });
  const auto learnt = waybill_test::learn_topic(client.get(), waybill_test::topic, conf);
  waybill::kafka::producer_options one_message;
  one_message.in_flight_max = 1;
  trace();
  const auto producer = std::make_unique<waybill::kafka::producer>(
      client.get(), settings(), observed, log.listener(), one_message);
  sender = producer.get();
  EXPECT_EQ(producer->produce({.topic_handle = learnt.get(), .payload = "outer", .key = "key"},
                              {.context = &full}),
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
  ASSERT_TRUE(waybill_test::flush(client.get()));
  EXPECT_EQ(tracer->span_count(), 2U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.count(outcome_state::unknown), 1U);
  EXPECT_EQ(log.count(outcome_state::succeeded), 1U);
}

TEST_F(kafka_tracking, invariant_9_messages_of_one_context_may_fare_differently) {
  const mock_cluster cluster;
  connect(waybill_test::unreachable());
  const auto producer = make_producer();
  for (int i = 0; i < 20; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(
        producer->produce(
            {.topic = waybill_test::topic, .partition = i % 4 == 3 ? 99 : 0, .payload = value},
            {.context = &full}),
        no_error);
  }
  cluster.admit(client.get());
  ASSERT_TRUE(waybill_test::flush(client.get()));
  expect_each_told_once(20);
  EXPECT_EQ(log.count(outcome_state::succeeded), 15U);
  EXPECT_EQ(log.count(outcome_state::failed), 5U);
  for (const auto& entry : log.entries()) {
    const bool fails = std::stoi(entry.message.value().value.value()) % 4 == 3;
    EXPECT_EQ(entry.state, fails ? outcome_state::failed : outcome_state::succeeded);
  }
}

TEST_F(kafka_tracking, invariant_9_messages_without_context_have_one_outcome_each) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(
        producer->produce({.topic = waybill_test::topic, .partition = i % 2, .payload = value}),
        no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  expect_each_told_once(100);
  EXPECT_EQ(log.count(outcome_state::succeeded), 100U);
  for (const auto& entry : log.entries()) EXPECT_FALSE(entry.sent.is_valid());
}

/// Headers that an application kept, from which one span id or none is to be read.
const std::vector<bare_headers>& kept_cases() {
  static const std::vector<bare_headers> cases{
      {},
      application_headers(),
      {{"traceparent", a}},
      {{"traceparent", a}, {"traceparent", b}},
      {{"traceparent", b}, {"Traceparent", a}},
      {{"Traceparent", a}, {"TRACEPARENT", b}},
      {{"traceparent", a}, {"traceparent", std::nullopt}},
      {{"traceparent", std::nullopt}, {"Traceparent", a}},
      {{"traceparent", "bad"}, {"tracestate", "x=1"}},
      {{"traceparent", a}, {"traceparent", ""}},
      {{"traceparent", " " + a + "\t"}},
      {{"traceparent", "cc" + a.substr(2) + "-more"}},
      {{"baggage", "k=v"}},
  };
  return cases;
}

TEST_F(kafka_tracking, invariant_9_whatever_headers_are_kept_each_message_has_one_outcome) {
  using waybill::duplicate_rule;
  for (const auto rule : {duplicate_rule::last, duplicate_rule::first, duplicate_rule::reject,
                          duplicate_rule::combine}) {
    for (const char* formats : {"tracecontext,baggage", "baggage", "none"}) {
      tracking each;
      each.options.duplicates = rule;
      each.options.propagator = waybill::propagator::from_names(formats);
      each.trace();
      const auto producer = each.make_producer(inject_mode::keep);
      for (std::size_t i = 0; i < kept_cases().size(); ++i) {
        const std::string value = std::to_string(i);
        ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                                     .payload = value,
                                     .headers = make_list(kept_cases()[i]).release()},
                                    {.context = i % 2 == 0 ? &each.full : nullptr}),
                  no_error);
      }
      EXPECT_EQ(producer->in_flight(), kept_cases().size());
      purge(each.client.get());
      EXPECT_EQ(producer->in_flight(), 0U) << formats << ' ' << static_cast<int>(rule);
      each.expect_each_told_once(kept_cases().size());
      EXPECT_EQ(each.log.count(outcome_state::purged), kept_cases().size());
      EXPECT_EQ(each.tracer->badly_ended(), 0U);
    }
  }
}

TEST_F(kafka_tracking, invariant_9_a_boundary_that_lets_nothing_out_loses_no_outcome) {
  options.boundary.set(waybill_test::topic, {.outbound = waybill::outbound_mode::nothing});
  trace();
  const auto producer = make_producer();
  for (int i = 0; i < 5; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                                 .payload = value,
                                 .headers = make_list({{"traceparent", a}}).release()},
                                {.context = i % 2 == 0 ? &full : nullptr}),
              no_error);
  }
  purge(client.get());
  expect_each_told_once(5);
  EXPECT_EQ(log.count(outcome_state::purged), 5U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (const auto& entry : log.entries()) EXPECT_FALSE(entry.sent.is_valid());
}

TEST_F(kafka_tracking, messages_that_bypass_the_producer_do_not_disturb) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  for (int i = 0; i < 20; ++i) {
    bare("bare", {});
    bare("bare", application_headers());
    bare("bare", {{"traceparent", "bad"}});
    bare("bare", {{"traceparent", b}});
    const std::string value = std::to_string(i);
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .partition = 0, .payload = value},
                                {.context = i % 2 == 0 ? &full : nullptr}),
              no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  expect_each_told_once(20);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(kafka_tracking, invariant_9_holds_for_many_threads_at_once) {
  constexpr std::size_t threads = 4;
  constexpr int each = 300;
  const mock_cluster cluster;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  std::vector<std::thread> senders;
  std::atomic<std::size_t> accepted{0};
  for (std::size_t thread = 0; thread < threads; ++thread) {
    senders.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        const std::string value = std::to_string(thread) + "-" + std::to_string(i);
        const auto answer =
            producer->produce({.topic = waybill_test::topic, .partition = i % 2, .payload = value},
                              {.context = i % 3 == 0 ? nullptr : &full});
        if (answer == no_error) ++accepted;
      }
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(accepted, threads * each);
  ASSERT_TRUE(waybill_test::flush(client.get()));
  expect_each_told_once(threads * each);
  EXPECT_EQ(tracer->spans().size(), threads * each);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_tracking, invariant_9_holds_when_the_producer_goes_while_answers_arrive) {
  const mock_cluster cluster;
  for (std::size_t round = 0; round < 20; ++round) {
    tracking each;
    each.connect(cluster.producer_config());
    each.trace();
    auto producer = each.make_producer();
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .partition = i % 2},
                                  {.context = &each.full}),
                no_error);
    }
    // Go at a different moment each time, counted in answers.
    EXPECT_TRUE(
        waybill_test::wait_until(each.client.get(), [&] { return each.log.size() >= 2 * round; }));
    producer.reset();
    EXPECT_EQ(each.log.size(), 50U);
    EXPECT_EQ(each.tracer->badly_ended(), 0U);
    each.client.reset();
    EXPECT_EQ(each.log.size(), 50U);
    EXPECT_EQ(each.tracer->badly_ended(), 0U);
  }
}

TEST_F(kafka_tracking, invariant_9_holds_when_the_client_goes_while_answers_arrive) {
  const mock_cluster cluster;
  for (std::size_t round = 0; round < 20; ++round) {
    tracking each;
    each.connect(cluster.producer_config());
    each.trace();
    const auto producer = each.make_producer();
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .partition = i % 2},
                                  {.context = &each.full}),
                no_error);
    }
    EXPECT_TRUE(
        waybill_test::wait_until(each.client.get(), [&] { return each.log.size() >= 2 * round; }));
    each.client.reset();
    EXPECT_EQ(each.log.size(), 50U);
    EXPECT_EQ(each.tracer->badly_ended(), 0U);
    EXPECT_EQ(producer->in_flight(), 0U);
  }
}

}  // namespace
