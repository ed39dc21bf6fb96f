// A message that is finished on another thread is acknowledged at once: wake() ends the wait.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "support/rabbitmq_test.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using std::chrono::steady_clock;
using waybill::rabbitmq::message;

using wake = rabbitmq_test;

TEST_F(wake, lets_a_message_be_acknowledged_that_a_worker_finished) {
  constexpr std::uint64_t messages = 20;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {});
  for (std::uint64_t number = 0; number < messages; ++number) {
    const waybill::context context = context_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = queue}, {.context = &context}), AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  // The broker sends the next message when the one before it is acknowledged, and not earlier: so
  // nothing else than wake() can end the wait for it.
  waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.prefetch = 1});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  const auto began = steady_clock::now();
  for (std::uint64_t number = 0; number < messages; ++number) {
    message received = next(consumer);
    ASSERT_TRUE(received);
    waybill::context seen;
    std::thread worker([&, work = consumer.process(received)]() mutable {
      const waybill::scope active(work.context());
      seen = waybill::current();
      work.succeed();
      connection_.wake();
    });
    EXPECT_FALSE(consumer.receive(patience));
    worker.join();
    ASSERT_LT(steady_clock::now() - began, patience) << "a wait has lasted to its end";
    EXPECT_EQ(seen, context_of(number));
    EXPECT_FALSE(received.is_settled());
    EXPECT_EQ(consumer.settle(received), AMQP_STATUS_OK);
    EXPECT_TRUE(received.is_settled());
  }
  EXPECT_EQ(bare_.messages_in(queue), 0U);
}

TEST_F(wake, before_a_wait_ends_it_as_well_and_once) {
  waybill::rabbitmq::consumer consumer(connection_, new_queue(), {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  const auto began = steady_clock::now();
  connection_.wake();
  connection_.wake();
  EXPECT_FALSE(consumer.receive(patience));
  connection_.wake();
  EXPECT_EQ(connection_.pump(patience), AMQP_STATUS_TIMEOUT);
  EXPECT_LT(steady_clock::now() - began, patience);
  constexpr std::chrono::milliseconds wait{20};
  const auto again = steady_clock::now();
  EXPECT_FALSE(consumer.receive(wait));
  EXPECT_GE(steady_clock::now() - again, wait) << "a wake that was heard is over";
}

TEST_F(wake, does_not_end_a_wait_for_confirms) {
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  connection_.wake();
  ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes_.size(), 1U);
}

}  // namespace
}  // namespace waybill_test
