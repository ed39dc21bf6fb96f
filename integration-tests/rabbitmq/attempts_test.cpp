// Attempt numbers as a real broker counts them: redelivery, dead letters, a retry loop.

#include <gtest/gtest.h>

#include <string>

#include "support/rabbitmq_test.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::message;

class attempts : public rabbitmq_test {
 protected:
  /// A quorum queue whose rejected messages come back by way of a queue that they expire in.
  std::string new_retry_loop() {
    std::string queue = unique_queue("work");
    const std::string waiting = new_queue({{"x-message-ttl", std::int64_t{1}},
                                           {"x-dead-letter-exchange", std::string()},
                                           {"x-dead-letter-routing-key", queue}});
    bare_.declare_queue(queue, {{"x-queue-type", std::string("quorum")},
                                {"x-dead-letter-exchange", std::string()},
                                {"x-dead-letter-routing-key", waiting}});
    return queue;
  }
};

void publish_numbered(waybill::rabbitmq::connection& on, const std::string& queue,
                      std::uint64_t number) {
  waybill::rabbitmq::publisher publisher(on, {});
  const waybill::context context = context_of(number);
  ASSERT_EQ(publisher.publish({.routing_key = queue}, {.context = &context}), AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
}

TEST_F(attempts, of_a_classic_queue_are_two_at_the_least_when_it_delivers_again) {
  const std::string queue = new_queue();
  publish_numbered(connection_, queue, 1);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (const std::uint64_t expected : {1U, 2U, 2U}) {
    message received = next(consumer);
    EXPECT_EQ(received.attempt(), expected);
    EXPECT_EQ(received.context(), context_of(1));
    consumer.reject(received, true);
  }
}

TEST_F(attempts, of_a_quorum_queue_are_counted_up_to_its_dead_letters) {
  const std::string dead = new_queue();
  const std::string queue = new_queue({{"x-queue-type", std::string("quorum")},
                                       {"x-delivery-limit", std::int64_t{3}},
                                       {"x-dead-letter-exchange", std::string()},
                                       {"x-dead-letter-routing-key", dead}});
  publish_numbered(connection_, queue, 2);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (std::uint64_t expected = 1; expected <= 4; ++expected) {
    message received = next(consumer);
    EXPECT_EQ(received.attempt(), expected);
    EXPECT_EQ(received.context(), context_of(2));
    consumer.nack(received, true);
  }
  waybill::rabbitmq::consumer of_the_dead(connection_, dead, {});
  ASSERT_EQ(of_the_dead.start(), AMQP_STATUS_OK);
  const message last = next(of_the_dead);
  EXPECT_EQ(last.context(), context_of(2));
  EXPECT_EQ(last.attempt(), 1U) << "it is new in this queue";
}

// The usual retry loop: what is rejected waits in a queue whose messages expire, and comes back.
TEST_F(attempts, of_a_retry_loop_through_a_waiting_queue_are_counted) {
  const std::string queue = unique_queue("work");
  const std::string waiting = new_queue({{"x-message-ttl", std::int64_t{1}},
                                         {"x-dead-letter-exchange", std::string()},
                                         {"x-dead-letter-routing-key", queue}});
  bare_.declare_queue(
      queue, {{"x-dead-letter-exchange", std::string()}, {"x-dead-letter-routing-key", waiting}});
  publish_numbered(connection_, queue, 3);
  waybill::rabbitmq::consumer consumer(connection_, queue, {},
                                       {.on_failure = waybill::rabbitmq::failure_mode::reject});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (std::uint64_t expected = 1; expected <= 5; ++expected) {
    message received = next(consumer);
    EXPECT_EQ(received.attempt(), expected);
    EXPECT_EQ(received.context(), context_of(3)) << "each attempt links to where it began";
    EXPECT_THROW(
        consumer.handle(received, [](const auto&) { throw std::runtime_error("not yet"); }),
        std::runtime_error);
  }
}

/// What a client can see of earlier deliveries.
std::string told_by(const message& received) {
  return (received.redelivered() ? "again " : "new ") + encoded(received.properties().headers);
}

// Each round the queue gives the message out twice: it is requeued once, and rejected then.
TEST_F(attempts, of_a_quorum_queue_in_a_retry_loop_add_its_returns_to_its_rejections) {
  const std::string queue = new_retry_loop();
  publish_numbered(connection_, queue, 4);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (std::uint64_t rejections = 0; rejections < 4; ++rejections) {
    message received = next(consumer);
    EXPECT_EQ(received.attempt(), 1 + rejections);
    const std::string told_first = told_by(received);
    EXPECT_EQ(consumer.nack(received, true), AMQP_STATUS_OK);
    received = next(consumer);
    // RabbitMQ 4 writes one count for the first rejection and for the first return.
    const bool is_told_apart = told_by(received) != told_first;
    EXPECT_TRUE(is_told_apart || rejections == 1);
    EXPECT_EQ(received.attempt(), 1 + rejections + (is_told_apart ? 1 : 0));
    EXPECT_EQ(received.context(), context_of(4));
    EXPECT_EQ(consumer.reject(received, false), AMQP_STATUS_OK);
  }
}

TEST_F(attempts, of_a_quorum_queue_in_a_retry_loop_are_one_more_than_its_rejections) {
  const std::string queue = new_retry_loop();
  publish_numbered(connection_, queue, 7);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (std::uint64_t expected = 1; expected <= 5; ++expected) {
    message received = next(consumer);
    EXPECT_EQ(received.attempt(), expected);
    EXPECT_EQ(received.context(), context_of(7));
    EXPECT_EQ(consumer.reject(received, false), AMQP_STATUS_OK);
  }
}

// How many of the lost deliveries are remembered after a rejection depends on RabbitMQ's version.
TEST_F(attempts, of_a_quorum_queue_are_never_more_than_there_were_when_consumers_were_lost) {
  const std::string queue = new_retry_loop();
  publish_numbered(connection_, queue, 8);
  std::uint64_t deliveries = 0;
  for (std::uint64_t rejections = 0; rejections < 3; ++rejections) {
    for (const bool is_lost : {true, true, false}) {
      waybill::rabbitmq::connection own =
          waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
      waybill::rabbitmq::consumer consumer(own, queue, {});
      ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
      message received = next(consumer);
      ++deliveries;
      EXPECT_GE(received.attempt(), 1 + rejections);
      EXPECT_LE(received.attempt(), deliveries);
      if (rejections == 0) {
        EXPECT_EQ(received.attempt(), deliveries);
      }
      if (!is_lost) {
        EXPECT_EQ(consumer.reject(received, false), AMQP_STATUS_OK);
      }
    }
  }
}

TEST_F(attempts, of_a_quorum_queue_begin_anew_behind_another_that_rejected) {
  const std::string dead = new_queue({{"x-queue-type", std::string("quorum")}});
  const std::string queue = new_queue({{"x-queue-type", std::string("quorum")},
                                       {"x-dead-letter-exchange", std::string()},
                                       {"x-dead-letter-routing-key", dead}});
  publish_numbered(connection_, queue, 9);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  message given_up = next(consumer);
  EXPECT_EQ(consumer.reject(given_up, false), AMQP_STATUS_OK);
  waybill::rabbitmq::consumer of_the_dead(connection_, dead, {});
  ASSERT_EQ(of_the_dead.start(), AMQP_STATUS_OK);
  const message first = next(of_the_dead);
  EXPECT_EQ(first.context(), context_of(9));
  EXPECT_EQ(first.attempt(), 1U);
}

TEST_F(attempts, of_classic_queues_count_what_each_of_them_gave_up) {
  const std::string queue = unique_queue("work");
  const std::string dead =
      new_queue({{"x-dead-letter-exchange", std::string()}, {"x-dead-letter-routing-key", queue}});
  bare_.declare_queue(
      queue, {{"x-dead-letter-exchange", std::string()}, {"x-dead-letter-routing-key", dead}});
  publish_numbered(connection_, queue, 5);
  publish_numbered(connection_, queue, 6);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  waybill::rabbitmq::consumer of_the_dead(connection_, dead, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  ASSERT_EQ(of_the_dead.start(), AMQP_STATUS_OK);
  const auto expect = [](const message& received, std::uint64_t number, std::uint64_t attempt) {
    EXPECT_EQ(received.context(), context_of(number));
    EXPECT_EQ(received.attempt(), attempt);
  };
  for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) {
    expect(next(consumer), 5, attempt);
    message later = next(consumer);
    expect(later, 6, attempt);
    EXPECT_EQ(consumer.nack(later, false, true), AMQP_STATUS_OK) << "both at once";
    for (const std::uint64_t number : {5U, 6U}) {
      message given_up = next(of_the_dead);
      expect(given_up, number, attempt);
      EXPECT_EQ(of_the_dead.reject(given_up, false), AMQP_STATUS_OK);
    }
  }
}

}  // namespace
}  // namespace waybill_test
