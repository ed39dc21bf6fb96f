// What becomes of a context that was received: the thread's received slot, where the option asks
// for it, and the counter of contexts that nobody used.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "support/receiving.hpp"
#include "support/sending.hpp"
#include "waybill/current.hpp"

namespace {

using waybill::context;
using waybill::current;
using waybill::direction;
using waybill::errc;
using waybill::kafka::message;
using waybill_test::bare_headers;
using waybill_test::make_context;
using waybill_test::traceparent_a;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr std::chrono::milliseconds at_once{0};
const bare_headers full_fields{
    {"traceparent", std::string(traceparent_a)}, {"tracestate", "x=1"}, {"baggage", "k=v"}};

struct kafka_received : waybill_test::kafka_receiving {
  const context sent = make_context(traceparent_a, "x=1", "k=v");

  [[nodiscard]] std::uint64_t unused() const {
    return options.diagnostics->count(direction::inbound, errc::unused_context);
  }
};

using kafka_received_slot = kafka_received;
using kafka_unused_context = kafka_received;

TEST_F(kafka_received_slot, is_filled_by_a_poll_where_the_option_asks_for_it) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  ASSERT_TRUE(poll().is_message());
  EXPECT_EQ(current(), sent);
  connect();
  EXPECT_TRUE(current().is_empty());  // the consumer that filled it is gone
  const message other = poll();
  ASSERT_TRUE(other.is_message());
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, is_filled_by_adopt) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  const waybill_test::owned_message raw = waybill_test::receive(client.get());
  ASSERT_NE(raw, nullptr);
  const message adopted = receiver->adopt(*raw);
  EXPECT_EQ(current(), sent);
  EXPECT_EQ(receiver->begin_receive(), std::chrono::system_clock::time_point{});
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, goes_with_the_next_message_that_is_sent) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  const message received = poll();
  waybill_test::sending out;
  const auto entry = out.sent({.topic = "next"});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->message->headers, full_fields);
}

TEST_F(kafka_received_slot, is_cleared_by_a_poll_that_times_out) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  const message received = poll();
  EXPECT_EQ(current(), sent);
  EXPECT_FALSE(receiver->poll(at_once));
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, is_cleared_by_a_message_without_context) {
  send(1, full_fields);
  send(1, {});
  connect({.fills_received_slot = true});
  const message first = poll();
  EXPECT_EQ(current(), sent);
  const message second = poll();
  ASSERT_TRUE(second.is_message());
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, is_cleared_by_another_consumer_whatever_its_options) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  const message received = poll();
  EXPECT_EQ(current(), sent);
  const auto other_client = make_client(RD_KAFKA_CONSUMER, cluster.consumer_config("others"));
  waybill::kafka::consumer other(other_client.get(), settings());
  EXPECT_FALSE(other.poll(at_once).is_message());
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, is_cleared_by_a_batch_and_not_filled_by_it) {
  send(3, full_fields);
  connect({.fills_received_slot = true});
  const message received = poll();
  EXPECT_EQ(current(), sent);
  for (const std::size_t messages_max : {std::size_t{1}, std::size_t{1}}) {
    const auto batch = receiver->poll_batch(messages_max, waybill_test::patience);
    ASSERT_EQ(batch.size(), 1U);
    EXPECT_TRUE(current().is_empty());
  }
}

TEST_F(kafka_received_slot, is_cleared_by_the_end_of_the_consumer) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  const message received = poll();
  EXPECT_EQ(current(), sent);
  receiver.reset();
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_received_slot, outlives_the_message_and_is_the_threads_own) {
  send(1, full_fields);
  connect({.fills_received_slot = true});
  static_cast<void>(poll());
  EXPECT_EQ(current(), sent);
  std::jthread([] { EXPECT_TRUE(current().is_empty()); }).join();
  std::jthread([this] { EXPECT_FALSE(receiver->poll(at_once)); }).join();
  EXPECT_EQ(current(), sent);
}

TEST_F(kafka_received_slot, lies_below_the_context_of_a_handler) {
  send(1, full_fields);
  trace();
  connect({.fills_received_slot = true});
  message received = poll();
  EXPECT_EQ(receiver->handle(received,
                             [&](message&) {
                               EXPECT_EQ(current(), tracer->spans().back().started);
                               EXPECT_NE(current(), sent);
                             }),
            no_error);
  EXPECT_EQ(current(), sent);
}

TEST_F(kafka_unused_context, is_counted_when_its_message_dies) {
  send(2, full_fields);
  connect();
  {
    const message received = poll();
    ASSERT_TRUE(received.is_message());
    EXPECT_EQ(unused(), 0U);
  }
  EXPECT_EQ(unused(), 1U);
  message received = poll();
  message moved(std::move(received));
  received = message();
  EXPECT_EQ(unused(), 1U);
  moved = message();
  EXPECT_EQ(unused(), 2U);
}

TEST_F(kafka_unused_context, is_not_one_that_was_looked_at_handled_or_begun) {
  send(4, full_fields);
  connect();
  EXPECT_TRUE(poll().context().has_trace());
  EXPECT_EQ(poll().extraction().mode(), waybill::inbound_mode::adopt);
  message handled = poll();
  EXPECT_EQ(receiver->handle(handled, [](message&) {}), no_error);
  handled = message();
  {
    const message begun = poll();
    receiver->process(begun).succeed();
  }
  EXPECT_EQ(unused(), 0U);
}

TEST_F(kafka_unused_context, is_one_of_a_message_that_was_only_committed) {
  send(1, full_fields);
  connect();
  EXPECT_EQ(receiver->commit(poll()), no_error);
  EXPECT_EQ(unused(), 1U);
}

TEST_F(kafka_unused_context, is_none_where_none_came) {
  send(1, {});
  connect();
  static_cast<void>(poll());
  static_cast<void>(receiver->poll(at_once));
  EXPECT_EQ(unused(), 0U);
}

TEST_F(kafka_unused_context, is_counted_for_each_message_of_a_batch) {
  send(3, full_fields);
  connect();
  auto all = receive_batches(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[1].context().has_trace());
  all.clear();
  EXPECT_EQ(unused(), 2U);
}

TEST_F(kafka_unused_context, that_lay_in_the_slot_is_counted_once_when_it_is_cleared) {
  send(2, full_fields);
  connect({.fills_received_slot = true});
  static_cast<void>(poll());
  EXPECT_EQ(unused(), 0U);
  static_cast<void>(poll());
  EXPECT_EQ(unused(), 1U);
  EXPECT_EQ(current(), sent);
  static_cast<void>(receiver->poll(at_once));
  EXPECT_EQ(unused(), 1U);
}

}  // namespace
