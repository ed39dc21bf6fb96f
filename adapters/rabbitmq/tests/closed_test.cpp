// What the wrappers do on a connection that was never open.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "support/listening_server.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds no_end{600'000};

rabbitmq::connection unreachable() {
  const waybill_test::closed_port nobody;
  return rabbitmq::connection::open({.port = nobody.port(), .connect_timeout = milliseconds(2000)});
}

TEST(closed_connection, says_why_and_does_nothing) {
  rabbitmq::connection closed = unreachable();
  EXPECT_FALSE(closed.is_open());
  EXPECT_FALSE(closed.is_blocked());
  EXPECT_EQ(closed.reason().status, AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(closed.reason().reply_code, 0);
  EXPECT_EQ(closed.reason().reply_text, amqp_error_string2(AMQP_STATUS_SOCKET_ERROR));
  EXPECT_EQ(closed.pump(no_end), AMQP_STATUS_SOCKET_ERROR);
  closed.wake();
}

TEST(closed_connection, is_what_a_null_one_of_rabbitmq_c_gives) {
  rabbitmq::connection closed(nullptr);
  EXPECT_FALSE(closed.is_open());
  EXPECT_EQ(closed.reason().status, AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(closed.pump(no_end), AMQP_STATUS_CONNECTION_CLOSED);
  rabbitmq::publisher publisher(closed, {});
  EXPECT_EQ(publisher.wait_for_confirms(no_end), AMQP_STATUS_CONNECTION_CLOSED);
}

TEST(closed_connection, leaves_one_behind_that_is_not_open_when_it_moves) {
  rabbitmq::connection closed = unreachable();
  const rabbitmq::connection moved = std::move(closed);
  EXPECT_FALSE(moved.is_open());
  EXPECT_EQ(moved.reason().status, AMQP_STATUS_SOCKET_ERROR);
  // NOLINTBEGIN(bugprone-use-after-move): a connection says what it leaves behind
  EXPECT_FALSE(closed.is_open());
  EXPECT_FALSE(closed.is_blocked());
  EXPECT_EQ(closed.raw(), nullptr);
  EXPECT_EQ(closed.reason().status, AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(closed.reason().reply_text.empty());
  EXPECT_EQ(closed.pump(no_end), AMQP_STATUS_CONNECTION_CLOSED);
  closed.wake();
  rabbitmq::publisher publisher(closed, {});
  EXPECT_FALSE(publisher.is_open());
  EXPECT_EQ(publisher.reason().status, AMQP_STATUS_CONNECTION_CLOSED);
  // NOLINTEND(bugprone-use-after-move)
}

TEST(closed_connection, a_publisher_of_it_is_closed_and_accepts_nothing) {
  rabbitmq::connection closed = unreachable();
  int outcomes = 0;
  rabbitmq::publisher publisher(closed, {}, [&](const auto&) { ++outcomes; });
  EXPECT_FALSE(publisher.is_open());
  EXPECT_EQ(publisher.channel(), 0);
  EXPECT_EQ(publisher.reason().status, AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(publisher.reason().reply_text, amqp_error_string2(AMQP_STATUS_SOCKET_ERROR));
  EXPECT_EQ(publisher.publish({.routing_key = "queue", .payload = "lost"}),
            AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(publisher.wait_for_confirms(no_end), AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(publisher.delivery_tag(), 0U);
  EXPECT_EQ(publisher.in_flight(), 0U);
  EXPECT_EQ(outcomes, 0);
}

TEST(closed_connection, a_consumer_of_it_is_closed_and_receives_nothing) {
  rabbitmq::connection closed = unreachable();
  rabbitmq::consumer consumer(closed, "queue", {});
  EXPECT_FALSE(consumer.is_open());
  EXPECT_FALSE(consumer.is_consuming());
  EXPECT_EQ(consumer.reason().status, AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(consumer.start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(consumer.cancel(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(consumer.receive(no_end));
  EXPECT_FALSE(consumer.get(no_end));
}

TEST(closed_connection, no_message_has_nothing_and_is_not_settled) {
  rabbitmq::connection closed = unreachable();
  rabbitmq::consumer consumer(closed, "queue", {});
  rabbitmq::message none = consumer.receive(no_end);
  EXPECT_EQ(none.payload(), "");
  EXPECT_EQ(none.exchange(), "");
  EXPECT_EQ(none.routing_key(), "");
  EXPECT_EQ(none.attempt(), 0U);
  EXPECT_EQ(none.counts().attempt, 0U) << "there was no delivery";
  EXPECT_FALSE(none.is_settled());
  EXPECT_EQ(consumer.ack(none), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.nack(none, true), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.reject(none, true), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.settle(none), AMQP_STATUS_OK) << "there is nothing to settle";
  EXPECT_EQ(consumer.handle(none, [](auto&) { FAIL() << "there is no message"; }),
            AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(
      consumer.handle(consumer.receive(no_end), [](auto&) { FAIL() << "there is no message"; }),
      AMQP_STATUS_TIMEOUT);
}

}  // namespace
}  // namespace waybill
