// A relay passes on what it received: its trace, and properties that count nothing twice.

#include <gtest/gtest.h>

#include <string>

#include "support/rabbitmq_test.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::message;

class relay : public rabbitmq_test {
 protected:
  void publish_numbered(const std::string& queue, std::uint64_t messages) {
    waybill::rabbitmq::publisher publisher(connection_, {});
    for (std::uint64_t number = 0; number < messages; ++number) {
      const waybill::context context = context_of(number);
      ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = payload_of(number)},
                                  {.context = &context}),
                AMQP_STATUS_OK);
    }
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
  /// The loop of a relay that knows nothing of contexts.
  void run_relay(const std::string& from, const std::string& to, std::uint64_t messages,
                 const waybill::propagation& settings, bool fills_received_slot) {
    waybill::rabbitmq::publisher publisher(connection_, settings);
    waybill::rabbitmq::consumer consumer(connection_, from, settings,
                                         {.fills_received_slot = fills_received_slot});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    for (std::uint64_t number = 0; number < messages; ++number) {
      message received = next(consumer);
      ASSERT_TRUE(received);
      ASSERT_EQ(publisher.publish({.routing_key = to,
                                   .payload = received.payload(),
                                   .properties = &received.properties()}),
                AMQP_STATUS_OK);
      ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
      ASSERT_EQ(consumer.ack(received), AMQP_STATUS_OK);
    }
    EXPECT_FALSE(consumer.get(patience)) << "the queue is empty";
    EXPECT_TRUE(waybill::current().is_empty()) << "no message, no context";
  }

  std::string from_ = new_queue();
  std::string to_ = new_queue();
  waybill::propagation settings_{waybill::propagation_options{}};
};

TEST_F(relay, that_fills_the_received_slot_keeps_every_trace) {
  constexpr std::uint64_t messages = 20;
  publish_numbered(from_, messages);
  run_relay(from_, to_, messages, settings_, true);
  waybill::rabbitmq::consumer consumer(connection_, to_, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  for (std::uint64_t number = 0; number < messages; ++number) {
    const message received = next(consumer);
    ASSERT_TRUE(received);
    EXPECT_EQ(number_in(received.payload()), number);
    EXPECT_EQ(received.context(), context_of(number));
  }
  EXPECT_EQ(settings_.diagnostics()->total(), 0U);
}

TEST_F(relay, that_does_not_is_told_by_a_counter_that_it_lost_the_trace) {
  constexpr std::uint64_t messages = 3;
  publish_numbered(from_, messages);
  run_relay(from_, to_, messages, settings_, false);
  waybill::rabbitmq::consumer consumer(connection_, to_, {});
  EXPECT_TRUE(consumer.get(patience).context().is_empty());
  EXPECT_EQ(
      settings_.diagnostics()->count(waybill::direction::inbound, waybill::errc::unused_context),
      messages);
}

TEST_F(relay, of_a_redelivered_message_begins_its_attempts_anew) {
  const amqp_arguments quorum = {{"x-queue-type", std::string("quorum")}};
  const std::string from = new_queue(quorum);
  publish_numbered(from, 1);
  waybill::rabbitmq::consumer consumer(connection_, from, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  message received = next(consumer);
  for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_TRUE(received);
    EXPECT_EQ(received.attempt(), attempt);
    EXPECT_EQ(consumer.reject(received, true), AMQP_STATUS_OK);
    received = next(consumer);
  }
  ASSERT_TRUE(received);
  EXPECT_EQ(received.counts().returned, 3U);

  for (const bool counts_returns : {true, false}) {
    SCOPED_TRACE(counts_returns ? "to a quorum queue" : "to a classic queue");
    const std::string to = counts_returns ? new_queue(quorum) : new_queue();
    waybill::rabbitmq::publisher publisher(connection_, {});
    ASSERT_EQ(publisher.publish({.routing_key = to, .properties = &received.properties()},
                                {.context = &received.context()}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
    waybill::rabbitmq::consumer behind(connection_, to, {});
    ASSERT_EQ(behind.start(), AMQP_STATUS_OK);
    message first = next(behind);
    ASSERT_TRUE(first);
    EXPECT_FALSE(first.redelivered());
    EXPECT_EQ(first.attempt(), 1U);
    EXPECT_EQ(first.context(), context_of(0));
    EXPECT_EQ(behind.reject(first, true), AMQP_STATUS_OK);
    const message second = next(behind);
    ASSERT_TRUE(second);
    EXPECT_TRUE(second.redelivered());
    // A classic queue leaves the copied count in the headers, where it looks like its own.
    EXPECT_GE(second.attempt(), 2U);
    if (counts_returns) {
      EXPECT_EQ(second.attempt(), 2U);
    }
  }
  EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
}

}  // namespace
}  // namespace waybill_test
