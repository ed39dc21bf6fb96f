// What a poll gives: a clean message and its context (design invariants 2 and 5).
#include "waybill/kafka/consumer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "support/receiving.hpp"

namespace {

using waybill::inbound_mode;
using waybill::operation_kind;
using waybill::outcome_state;
using waybill::kafka::message;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_context;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

const std::string a(traceparent_a);
const std::string b(traceparent_b);
const bare_headers full_fields{{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v"}};
constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr std::chrono::milliseconds at_once{0};

static_assert(!std::is_copy_constructible_v<message> && !std::is_copy_assignable_v<message>);
static_assert(std::is_nothrow_move_constructible_v<message>);
static_assert(std::is_nothrow_move_assignable_v<message>);

using kafka_consumer = waybill_test::kafka_receiving;

TEST_F(kafka_consumer, invariant_2_gives_the_message_without_context_and_the_context) {
  const std::string value("\0value\xff", 7);
  const std::string key("\0key", 4);
  cluster.send(bare_headers{{"Traceparent", b}} + application_headers() + full_fields, value, key);
  const message received = receive();
  ASSERT_TRUE(received);
  EXPECT_TRUE(received.is_message());
  EXPECT_EQ(received.error(), no_error);
  EXPECT_EQ(received.topic(), topic);
  EXPECT_EQ(received.partition(), 0);
  EXPECT_EQ(received.offset(), 0);
  EXPECT_EQ(received.key(), key);
  EXPECT_EQ(received.payload(), value);
  EXPECT_EQ(headers_of(received.headers()), application_headers());
  EXPECT_EQ(headers_of(*received.raw()), application_headers());
  EXPECT_EQ(received.context(), make_context(a, "x=1", "k=v"));
  EXPECT_EQ(received.extraction().context(), received.context());
  EXPECT_EQ(traceparent_text(received.extraction().sender()), a);
  ASSERT_NE(received.extraction().parent(), nullptr);
}

TEST_F(kafka_consumer, invariant_2_keeps_null_and_empty_apart) {
  cluster.send(full_fields, std::nullopt, std::nullopt);
  cluster.send(full_fields, "", "");
  const message null = receive();
  ASSERT_TRUE(null.is_message());
  EXPECT_EQ(null.key(), std::nullopt);
  EXPECT_EQ(null.payload(), std::nullopt);
  EXPECT_TRUE(null.context().has_trace());
  const message empty = poll();
  ASSERT_TRUE(empty.is_message());
  EXPECT_EQ(empty.key(), "");
  EXPECT_EQ(empty.payload(), "");
  EXPECT_NE(empty.payload()->data(), nullptr);
}

TEST_F(kafka_consumer, tells_a_message_that_came_without_headers) {
  cluster.send({});
  const message received = receive();
  ASSERT_TRUE(received.is_message());
  EXPECT_EQ(received.headers(), nullptr);
  EXPECT_TRUE(received.context().is_empty());
  EXPECT_EQ(received.extraction().parent(), nullptr);
}

TEST_F(kafka_consumer, gives_nothing_after_the_time_out) {
  trace();
  connect();
  for (const std::chrono::milliseconds wait : {at_once, std::chrono::milliseconds(5)}) {
    const message received = receiver->poll(wait);
    EXPECT_FALSE(received);
    EXPECT_FALSE(received.is_message());
    EXPECT_EQ(received.error(), no_error);
    EXPECT_EQ(received.raw(), nullptr);
    EXPECT_EQ(received.topic(), "");
    EXPECT_EQ(received.key(), std::nullopt);
    EXPECT_EQ(received.payload(), std::nullopt);
    EXPECT_EQ(received.headers(), nullptr);
    EXPECT_TRUE(received.context().is_empty());
    EXPECT_TRUE(receiver->poll_batch(10, wait).empty());
  }
  EXPECT_TRUE(tracer->spans().empty());
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_consumer,
       waits_for_ever_when_the_time_out_is_negative_and_as_good_as_when_it_is_huge) {
  using std::chrono::milliseconds;
  send(3, full_fields);
  for (const milliseconds wait : {milliseconds(-5), milliseconds::min(), milliseconds::max()}) {
    connect();  // nothing is there yet
    const message received = receiver->poll(wait);
    EXPECT_EQ(received.payload(), "0") << wait.count();
  }
}

TEST_F(kafka_consumer, passes_error_reports_on) {
  connect(std::move(cluster.consumer_config().set("enable.partition.eof", "true")));
  message report = poll();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report.is_message());
  EXPECT_EQ(report.error(), RD_KAFKA_RESP_ERR__PARTITION_EOF);
  EXPECT_EQ(report.topic(), topic);
  EXPECT_EQ(report.offset(), 0);
  EXPECT_FALSE(report.payload().value_or("").empty());
  EXPECT_TRUE(report.context().is_empty());
  bool was_handled = false;
  EXPECT_EQ(receiver->handle(report, [&](message&) { was_handled = true; }),
            RD_KAFKA_RESP_ERR__PARTITION_EOF);
  EXPECT_FALSE(was_handled);
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_consumer, passes_error_reports_on_that_are_of_no_topic) {
  trace();
  waybill_test::config conf;
  conf.set("bootstrap.servers", "127.0.0.1:1");
  client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  receiver = std::make_unique<waybill::kafka::consumer>(client.get(), settings());
  const message report = poll();
  ASSERT_TRUE(report);
  EXPECT_EQ(report.error(), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
  EXPECT_FALSE(report.is_message());
  EXPECT_EQ(report.topic(), "");
  EXPECT_EQ(report.key(), std::nullopt);
  EXPECT_EQ(report.headers(), nullptr);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_consumer, invariant_5_strip_can_be_turned_off) {
  cluster.send(application_headers() + full_fields);
  connect({.strip = false});
  const message received = receive();
  ASSERT_TRUE(received.is_message());
  EXPECT_EQ(headers_of(received.headers()), application_headers() + full_fields);
  EXPECT_EQ(received.context(), make_context(a, "x=1", "k=v"));
}

TEST_F(kafka_consumer, invariant_1_a_message_whose_fields_are_bad_comes_all_the_same) {
  const std::string binary("\0\xff", 2);
  cluster.send(bare_headers{{"traceparent", binary}, {"tracestate", std::nullopt}} +
               application_headers() + bare_headers{{"baggage", binary}});
  const message received = receive();
  ASSERT_TRUE(received.is_message());
  EXPECT_EQ(received.payload(), "value");
  EXPECT_EQ(headers_of(received.headers()), application_headers());
  EXPECT_TRUE(received.context().is_empty());
  EXPECT_EQ(options.diagnostics->count(waybill::direction::inbound, waybill::errc::malformed), 2U);
}

TEST_F(kafka_consumer, applies_the_boundary_of_the_topic) {
  options.boundary.set("other", {.inbound = inbound_mode::ignore});
  options.boundary.set(topic, {.inbound = inbound_mode::restart});
  cluster.send(full_fields);
  const message received = receive();
  EXPECT_EQ(received.extraction().mode(), inbound_mode::restart);
  EXPECT_EQ(traceparent_text(received.extraction().sender()), a);
  EXPECT_NE(received.context().span_context().trace_id(),
            received.extraction().sender().trace_id());
  EXPECT_EQ(received.context().baggage_text(), "k=v");
}

TEST_F(kafka_consumer, a_message_that_was_moved_from_is_none) {
  cluster.send(full_fields);
  message received = receive();
  const rd_kafka_message_t* const raw = received.raw();
  message moved(std::move(received));
  EXPECT_FALSE(received);  // NOLINT(bugprone-use-after-move): what is left is the test
  EXPECT_EQ(moved.raw(), raw);
  received = std::move(moved);
  EXPECT_EQ(received.raw(), raw);
  EXPECT_EQ(traceparent_text(received.context()), a);
}

TEST_F(kafka_consumer, a_message_outlives_the_consumer_object) {
  cluster.send(full_fields);
  const message received = receive();
  receiver.reset();
  EXPECT_EQ(received.payload(), "value");
  EXPECT_EQ(traceparent_text(received.context()), a);
}

TEST_F(kafka_consumer, headers_of_a_message_can_be_copied_for_the_next_one) {
  cluster.send(application_headers() + full_fields);
  cluster.send({});
  const message received = receive();
  const auto copy = waybill::kafka::headers::copy_of(received.headers());
  EXPECT_NE(copy.get(), received.headers());
  EXPECT_EQ(headers_of(copy.get()), application_headers());
  const message bare = poll();
  const auto none = waybill::kafka::headers::copy_of(bare.headers());
  EXPECT_EQ(none.get(), nullptr);
}

TEST_F(kafka_consumer, a_batch_has_no_more_messages_than_asked_for_and_keeps_their_order) {
  send(10, full_fields);
  connect();
  std::vector<message> all;
  while (all.size() < 10) {
    auto some = receiver->poll_batch(3, std::chrono::milliseconds(waybill_test::patience));
    ASSERT_FALSE(some.empty());
    ASSERT_LE(some.size(), 3U);
    for (auto& each : some) all.push_back(std::move(each));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].payload(), std::to_string(i));
    EXPECT_EQ(all[i].context(), make_context(a, "x=1", "k=v"));
    EXPECT_EQ(headers_of(all[i].headers()), bare_headers{});
  }
  EXPECT_TRUE(receiver->poll_batch(3, at_once).empty());
}

TEST_F(kafka_consumer, a_batch_waits_for_its_first_message_alone) {
  using std::chrono::steady_clock;
  send(1, full_fields);
  connect();
  const auto began = steady_clock::now();
  const auto all = receiver->poll_batch(2, std::chrono::milliseconds(waybill_test::patience));
  EXPECT_LT(steady_clock::now() - began, std::chrono::milliseconds(waybill_test::patience));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().payload(), "0");
}

TEST_F(kafka_consumer, a_batch_of_none_takes_nothing) {
  send(1, full_fields);
  connect();
  EXPECT_TRUE(receiver->poll_batch(0, at_once).empty());
  const message received = poll();
  EXPECT_EQ(received.payload(), "0");
}

TEST_F(kafka_consumer, error_reports_stand_among_the_messages_of_a_batch) {
  send(2, full_fields);
  connect(std::move(cluster.consumer_config().set("enable.partition.eof", "true")));
  const auto all = receive_batches(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].payload(), "0");
  EXPECT_EQ(all[1].payload(), "1");
  EXPECT_EQ(all[2].error(), RD_KAFKA_RESP_ERR__PARTITION_EOF);
}

TEST_F(kafka_consumer, says_what_it_was_made_of) {
  connect({.strip = false, .settle = waybill::kafka::settle_mode::commit_async});
  EXPECT_EQ(receiver->client(), client.get());
  EXPECT_FALSE(receiver->options().strip);
  EXPECT_EQ(receiver->options().settle, waybill::kafka::settle_mode::commit_async);
  EXPECT_EQ(receiver->propagation().diagnostics(), options.diagnostics);
}

TEST_F(kafka_consumer, each_message_of_a_poll_is_linked_to_its_receive_span) {
  trace();
  cluster.send(full_fields);
  connect(std::move(cluster.consumer_config("group-1").set("client.id", "reader-1")));
  const message received = poll();
  ASSERT_TRUE(received.is_message());
  const auto spans = tracer->spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(spans[0].kind, operation_kind::receive);
  EXPECT_EQ(spans[0].ended_as, outcome_state::succeeded);
  EXPECT_EQ(spans[0].system, "kafka");
  EXPECT_EQ(spans[0].name, "poll");
  EXPECT_EQ(spans[0].destination, topic);
  EXPECT_EQ(spans[0].consumer_group, "group-1");
  EXPECT_EQ(spans[0].client_id, "reader-1");
  EXPECT_EQ(spans[0].batch_messages, std::nullopt);
  ASSERT_EQ(spans[0].links.size(), 1U);
  EXPECT_EQ(traceparent_text(spans[0].links[0]), a);
}

TEST_F(kafka_consumer, a_batch_has_one_receive_span_with_a_link_for_each_context) {
  trace();
  send(3, full_fields);
  send(1, {});
  connect();
  std::size_t polls = 0;
  std::size_t messages = 0;
  std::size_t links = 0;
  while (messages < 4) {
    const auto some = receiver->poll_batch(4, std::chrono::milliseconds(waybill_test::patience));
    ASSERT_FALSE(some.empty());
    const auto spans = tracer->spans(operation_kind::receive);
    ASSERT_EQ(spans.size(), ++polls);
    EXPECT_EQ(spans.back().batch_messages, some.size());
    EXPECT_EQ(spans.back().destination, topic);
    messages += some.size();
    links += spans.back().links.size();
  }
  EXPECT_EQ(links, 3U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_consumer, a_context_that_the_boundary_keeps_out_is_not_linked_to_the_poll) {
  trace();
  options.boundary.set(topic, {.inbound = inbound_mode::ignore});
  cluster.send(full_fields);
  ASSERT_TRUE(receive().is_message());
  const auto spans = tracer->spans(operation_kind::receive);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_TRUE(spans[0].links.empty());
}

}  // namespace
