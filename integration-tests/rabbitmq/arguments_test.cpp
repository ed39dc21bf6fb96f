// Arguments of basic.consume reach the broker.

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "support/rabbitmq_test.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::message;

using consumer_arguments = rabbitmq_test;

amqp_table_entry_t number_argument(const char* name, std::int64_t number) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(name);
  entry.value.kind = AMQP_FIELD_KIND_I64;
  entry.value.value.i64 = number;
  return entry;
}

TEST_F(consumer_arguments, give_a_consumer_priority_over_others) {
  const std::string queue = new_queue();
  std::array ten{number_argument("x-priority", 10)};
  waybill::rabbitmq::consumer usual(connection_, queue, {});
  waybill::rabbitmq::consumer preferred(connection_, queue, {},
                                        {.arguments = {1, ten.data()}, .prefetch = 2});
  ASSERT_EQ(usual.start(), AMQP_STATUS_OK);
  ASSERT_EQ(preferred.start(), AMQP_STATUS_OK);
  for (const char* body : {"1", "2", "3"}) bare_.publish("", queue, body);
  // Only what the preferred consumer's prefetch does not let through is for the other one.
  EXPECT_EQ(payload_in(next(usual)), "3");
  EXPECT_EQ(payload_in(next(preferred)), "1");
  EXPECT_EQ(payload_in(next(preferred)), "2");
}

TEST_F(consumer_arguments, choose_where_to_begin_in_a_stream) {
  constexpr std::uint64_t messages = 6;
  constexpr std::uint64_t first = 4;
  const std::string queue = new_queue({{"x-queue-type", std::string("stream")}});
  waybill::rabbitmq::publisher publisher(connection_, {});
  for (std::uint64_t number = 0; number < messages; ++number) {
    const waybill::context context = context_of(number);
    const std::string body = payload_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = body}, {.context = &context}),
              AMQP_STATUS_OK);
    // One at a time, so that each is a chunk of the stream: an offset within one begins with it.
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
  std::array offset{number_argument("x-stream-offset", static_cast<std::int64_t>(first))};
  waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.arguments = {1, offset.data()}});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK) << consumer.reason().reply_text;
  for (std::uint64_t number = first; number < messages; ++number) {
    message received = next(consumer);
    ASSERT_TRUE(received);
    EXPECT_EQ(number_in(received.payload()), number);
    EXPECT_EQ(received.context(), context_of(number));
    EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
  }
}

// RabbitMQ sends all of the chunk in which the prefetch ends, and the messages that one publisher
// sends without waiting are few chunks.
TEST_F(consumer_arguments, let_a_stream_send_more_than_the_prefetch) {
  constexpr std::uint64_t messages = 2'000;
  const std::string queue = new_queue({{"x-queue-type", std::string("stream")}});
  waybill::rabbitmq::publisher publisher(connection_, {});
  for (std::uint64_t number = 0; number < messages; ++number) {
    ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = payload_of(number)}),
              AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  std::array offset{number_argument("x-stream-offset", 0)};
  waybill::rabbitmq::consumer consumer(connection_, queue, {},
                                       {.arguments = {1, offset.data()}, .prefetch = 2});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK) << consumer.reason().reply_text;
  for (std::uint64_t number = 0; number < messages; ++number) {
    message received = next(consumer);
    ASSERT_TRUE(received) << number << ' ' << consumer.reason().reply_text;
    EXPECT_EQ(number_in(received.payload()), number);
    EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
  }
}

TEST_F(consumer_arguments, that_rabbitmq_c_cannot_send_are_refused) {
  const std::string too_long(256, 'n');
  std::array argument{number_argument(too_long.c_str(), 1)};
  waybill::rabbitmq::consumer consumer(connection_, new_queue(), {},
                                       {.arguments = {1, argument.data()}});
  EXPECT_EQ(consumer.start(), AMQP_STATUS_TABLE_TOO_BIG);
  EXPECT_TRUE(connection_.is_open());
}

}  // namespace
}  // namespace waybill_test
