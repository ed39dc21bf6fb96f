// What the wrappers say without a broker. With one: integration-tests/rabbitmq.

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill {
namespace {

using std::chrono::milliseconds;

rabbitmq::connection unreachable() {
  // Nobody listens on port 1 of this machine.
  return rabbitmq::connection::open({.port = 1, .connect_timeout = milliseconds(2000)});
}

TEST(connection, that_cannot_be_opened_says_why_and_does_nothing) {
  rabbitmq::connection closed = unreachable();
  EXPECT_FALSE(closed.is_open());
  EXPECT_EQ(closed.reason().status, AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(closed.pump(milliseconds(0)), AMQP_STATUS_SOCKET_ERROR);
  const rabbitmq::connection moved = std::move(closed);
  EXPECT_FALSE(moved.is_open());
  // NOLINTNEXTLINE(bugprone-use-after-move): a connection says what it leaves behind
  EXPECT_EQ(closed.pump(milliseconds(0)), AMQP_STATUS_CONNECTION_CLOSED);
}

TEST(publisher, of_a_closed_connection_is_closed_and_accepts_nothing) {
  rabbitmq::connection closed = unreachable();
  int outcomes = 0;
  rabbitmq::publisher publisher(closed, {}, {.on_delivery = [&](const auto&) { ++outcomes; }});
  EXPECT_FALSE(publisher.is_open());
  EXPECT_EQ(publisher.reason().status, AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(publisher.publish({.routing_key = "queue", .body = "lost"}),
            AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(publisher.wait_for_confirms(milliseconds(0)), AMQP_STATUS_SOCKET_ERROR);
  EXPECT_EQ(publisher.delivery_tag(), 0U);
  EXPECT_EQ(publisher.in_flight(), 0U);
  EXPECT_EQ(outcomes, 0);
}

TEST(consumer, of_a_closed_connection_is_closed_and_receives_nothing) {
  rabbitmq::connection closed = unreachable();
  rabbitmq::consumer consumer(closed, "queue", {});
  EXPECT_FALSE(consumer.is_open());
  EXPECT_EQ(consumer.start(), AMQP_STATUS_CONNECTION_CLOSED);
  rabbitmq::message none = consumer.receive(milliseconds(60'000));
  EXPECT_FALSE(none);
  EXPECT_FALSE(consumer.get(milliseconds(60'000)));
  EXPECT_EQ(none.body(), "");
  EXPECT_EQ(none.attempt(), 0U);
  EXPECT_EQ(consumer.ack(none), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.handle(none, [](auto&) { FAIL() << "there is no message"; }),
            AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(consumer.handle(consumer.receive(milliseconds(0)),
                            [](auto&) { FAIL() << "there is no message"; }),
            AMQP_STATUS_TIMEOUT);
}

}  // namespace
}  // namespace waybill
