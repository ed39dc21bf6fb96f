// A broker that dies, comes back, stands still or stops while messages are on their way.

#include <gtest/gtest.h>
#include <sys/time.h>

#include <set>
#include <string>
#include <vector>

#include "rabbitmq_broker.hpp"
#include "support/rabbitmq_test.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;
using waybill::rabbitmq::connection;

class broker_loss : public testing::Test {
 protected:
  static rabbitmq_broker& broker() {
    static rabbitmq_broker own;
    return own;
  }
  void TearDown() override { broker().resume(); }

  connection open(int heartbeat_seconds = 60) {
    if (!broker().running()) broker().start();
    auto where = parameters_of(broker().address());
    where.heartbeat = std::chrono::seconds(heartbeat_seconds);
    return connection::open(where);
  }
  /// Counts the reports of each message, by its user data.
  waybill::rabbitmq::delivery_listener count() {
    return [this](const waybill::rabbitmq::delivery_report& report) {
      const auto number = reinterpret_cast<std::uint64_t>(report.user_data);
      ++times_.at(number);
      if (report.outcome == outcome_state::succeeded) confirmed_.insert(number);
      if (report.outcome == outcome_state::unanswered) ++unanswered_;
    };
  }
  int send(waybill::rabbitmq::publisher& publisher, const std::string& queue,
           std::uint64_t number) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    const waybill::context context = context_of(number);
    const std::string body = payload_of(number);
    return publisher.publish({.routing_key = queue, .payload = body, .properties = &properties},
                             {.context = &context, .user_data = reinterpret_cast<void*>(number)});
  }

  std::vector<int> times_ = std::vector<int>(200'000);
  std::set<std::uint64_t> confirmed_;
  std::uint64_t unanswered_ = 0;
};

TEST_F(broker_loss, while_publishing_gives_every_message_one_outcome_and_keeps_what_was_confirmed) {
  constexpr std::uint64_t before_the_end = 5'000;
  const std::string queue = unique_queue("loss");
  std::uint64_t accepted = 0;
  {
    connection on = open();
    bare_amqp(broker().address()).declare_queue_to_last(queue);
    waybill::rabbitmq::publisher publisher(on, {}, count());
    while (confirmed_.size() < before_the_end) {
      ASSERT_EQ(send(publisher, queue, accepted), AMQP_STATUS_OK);
      ++accepted;
      if (accepted % 100 == 0) on.pump(std::chrono::milliseconds(0));
    }
    broker().kill();
    while (accepted < times_.size() && send(publisher, queue, accepted) == AMQP_STATUS_OK) {
      ++accepted;
    }
    EXPECT_NE(publisher.wait_for_confirms(patience), AMQP_STATUS_TIMEOUT);
    EXPECT_FALSE(on.is_open());
    EXPECT_FALSE(publisher.is_open());
    EXPECT_EQ(publisher.in_flight(), 0U);
  }
  EXPECT_EQ(confirmed_.size() + unanswered_, accepted);
  for (std::uint64_t number = 0; number < times_.size(); ++number) {
    ASSERT_EQ(times_[number], number < accepted ? 1 : 0) << number;
  }

  // The application connects again; what was confirmed is there, with its context.
  connection again = open();
  ASSERT_TRUE(again.is_open());
  waybill::rabbitmq::publisher publisher(again, {}, count());
  ASSERT_EQ(send(publisher, queue, accepted), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_TRUE(confirmed_.contains(accepted));
  waybill::rabbitmq::consumer consumer(again, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  std::set<std::uint64_t> missing = confirmed_;
  for (std::uint64_t last = 0; last != accepted;) {
    waybill::rabbitmq::message received = consumer.receive(patience);
    ASSERT_TRUE(received);
    last = number_in(received.payload()).value();
    ASSERT_EQ(received.context(), context_of(last));
    missing.erase(last);
    consumer.ack(received);
  }
  EXPECT_TRUE(missing.empty()) << missing.size() << " confirmed messages are lost";
}

TEST_F(broker_loss, is_told_to_consumers_whose_messages_stay_readable) {
  connection on = open();
  const std::string queue = unique_queue("loss");
  {
    bare_amqp bare(broker().address());
    bare.declare_queue(queue);
    bare.publish("", queue, "one");
    bare.publish("", queue, "two");
  }
  waybill::rabbitmq::consumer consumer(on, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  waybill::rabbitmq::message received = consumer.receive(patience);
  ASSERT_TRUE(received);
  broker().stop();
  while (on.is_open()) on.pump(patience);
  EXPECT_EQ(on.reason().reply_code, AMQP_CONNECTION_FORCED);
  EXPECT_FALSE(consumer.is_open());
  EXPECT_FALSE(consumer.receive(patience)) << "the queue gives it out again";
  EXPECT_EQ(received.payload(), "one");
  EXPECT_EQ(consumer.ack(received), AMQP_STATUS_CONNECTION_CLOSED);
}

TEST_F(broker_loss, of_a_broker_that_stands_still_is_noticed_by_its_heartbeats) {
  if (!broker().running()) broker().start();
  const std::string queue = unique_queue("loss");
  bare_amqp(broker().address()).declare_queue(queue);
  // Nothing pumps it between here and the first wait.
  connection on = open(3);
  waybill::rabbitmq::publisher publisher(on, {}, count());
  broker().pause();
  ASSERT_EQ(send(publisher, queue, 0), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(std::chrono::milliseconds(1)), AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(publisher.in_flight(), 1U);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_HEARTBEAT_TIMEOUT);
  EXPECT_EQ(times_[0], 1);
  EXPECT_EQ(unanswered_, 1U);
  EXPECT_EQ(on.pump(std::chrono::milliseconds(0)), AMQP_STATUS_HEARTBEAT_TIMEOUT);
}

TEST_F(broker_loss, of_a_broker_that_stands_still_holds_up_no_call_without_heartbeats) {
  if (!broker().running()) broker().start();
  auto where = parameters_of(broker().address());
  where.heartbeat = std::chrono::seconds(0);
  const std::string queue = unique_queue("loss");
  bare_amqp(broker().address()).declare_queue(queue);
  const auto began = std::chrono::steady_clock::now();
  {
    connection closing = connection::open(where);
    connection asking = connection::open(where);
    ASSERT_TRUE(closing.is_open() && asking.is_open());
    waybill::rabbitmq::consumer consumer(asking, queue, {});
    // From here on, not for what has to succeed before.
    const timeval short_patience{0, 200'000};
    for (connection* each : {&closing, &asking}) {
      ASSERT_EQ(amqp_set_rpc_timeout(each->raw(), &short_patience), AMQP_STATUS_OK);
    }
    broker().pause();
    EXPECT_EQ(consumer.start(), AMQP_STATUS_TIMEOUT);
    EXPECT_FALSE(consumer.is_open());
    EXPECT_EQ(asking.reason().status, AMQP_STATUS_TIMEOUT);
    const waybill::rabbitmq::publisher publisher(asking, {});
    EXPECT_FALSE(publisher.is_open());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
}

}  // namespace
}  // namespace waybill_test
