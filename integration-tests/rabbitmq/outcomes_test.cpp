// Each message that was accepted gets one outcome, and it is its own.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/rabbitmq_test.hpp"
#include "waybill/rabbitmq/carrier.hpp"

namespace waybill_test {
namespace {

using outcomes = rabbitmq_test;
using waybill::outcome_state;

constexpr int no_route = 312;

void* token_of(std::uint64_t number) { return reinterpret_cast<void*>(number); }

TEST_F(outcomes, of_a_load_of_messages_come_once_each_and_with_their_own_trace_and_token) {
  constexpr std::uint64_t messages = 20'000;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  for (std::uint64_t number = 0; number < messages; ++number) {
    const waybill::context context = context_of(number);
    const std::string body = payload_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = body},
                                {.context = &context, .user_data = token_of(number)}),
              AMQP_STATUS_OK);
    EXPECT_EQ(publisher.delivery_tag(), number + 1);
    if (number % 1000 == 0) connection_.pump(std::chrono::milliseconds(0));
  }
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.in_flight(), 0U);
  ASSERT_EQ(outcomes_.size(), messages);
  std::vector<int> times(messages);
  for (const kept_outcome& each : outcomes_) {
    ++times.at(each.tag - 1);
    ASSERT_EQ(each.state, outcome_state::succeeded);
    ASSERT_EQ(each.token, token_of(each.tag - 1));
    ASSERT_EQ(each.trace, context_of(each.tag - 1).span_context());
  }
  for (const int each : times) ASSERT_EQ(each, 1);
  EXPECT_EQ(bare_.messages_in(queue), messages);
}

TEST_F(outcomes, of_mandatory_messages_that_no_queue_takes_are_failed_with_the_brokers_code) {
  const std::string queue = new_queue();
  const std::string nowhere = unique_queue("nowhere");
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  constexpr std::uint64_t messages = 300;
  // All carry one context, as those of a service without a tracer: it tells nothing apart.
  const waybill::context context = context_of(1);
  for (std::uint64_t number = 1; number <= messages; ++number) {
    const std::string body = "body " + std::to_string(number % 7);
    ASSERT_EQ(publisher.publish({.routing_key = number % 3 == 0 ? nowhere : queue,
                                 .payload = body,
                                 .mandatory = number % 2 == 0 || number % 3 == 0},
                                {.context = &context, .user_data = token_of(number)}),
              AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  ASSERT_EQ(outcomes_.size(), messages);
  std::map<void*, const kept_outcome*> by_token;
  for (const kept_outcome& each : outcomes_) by_token[each.token] = &each;
  for (std::uint64_t number = 1; number <= messages; ++number) {
    const kept_outcome* told = by_token[token_of(number)];
    ASSERT_NE(told, nullptr) << number;
    EXPECT_EQ(told->tag, number);
    const bool is_lost = number % 3 == 0;
    EXPECT_EQ(told->state, is_lost ? outcome_state::failed : outcome_state::succeeded) << number;
    EXPECT_EQ(told->reply_code, is_lost ? no_route : 0);
    EXPECT_EQ(told->text, is_lost ? "NO_ROUTE" : "");
  }
}

TEST_F(outcomes, of_a_returned_message_show_it_whole_with_its_context) {
  waybill::rabbitmq::publisher* again = nullptr;
  std::string body;
  waybill::context came_back;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(
      connection_, {}, [&](const waybill::rabbitmq::delivery_report& told) {
        if (told.returned == nullptr) return;
        body = waybill::rabbitmq::text_of(told.returned->body);
        came_back =
            waybill::rabbitmq::extract(*told.returned, {}, waybill::any_destination).context();
        // A listener may publish: here to where somebody takes it.
        EXPECT_EQ(
            again->publish(
                {.routing_key = queue, .payload = body, .properties = &told.returned->properties}),
            AMQP_STATUS_OK);
      });
  again = &publisher;
  const waybill::context context = context_of(5);
  ASSERT_EQ(publisher.publish(
                {.routing_key = unique_queue("nowhere"), .payload = "come back", .mandatory = true},
                {.context = &context}),
            AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(body, "come back");
  EXPECT_EQ(came_back, context);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  EXPECT_EQ(consumer.get(patience).context(), context) << "what is in the headers is kept";
}

TEST_F(outcomes, are_failed_when_the_queue_is_full_and_refuses) {
  const std::string queue =
      new_queue({{"x-max-length", std::int64_t{1}}, {"x-overflow", std::string("reject-publish")}});
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  for (std::uint64_t number = 1; number <= 3; ++number) {
    ASSERT_EQ(publisher.publish({.routing_key = queue}, {.user_data = token_of(number)}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
  ASSERT_EQ(outcomes_.size(), 3U);
  EXPECT_EQ(outcomes_[0].state, outcome_state::succeeded);
  EXPECT_EQ(outcomes_[2].state, outcome_state::failed);
  EXPECT_EQ(outcomes_[2].token, token_of(3));
  EXPECT_EQ(outcomes_[2].reply_code, 0);
}

TEST_F(outcomes, are_unanswered_when_the_broker_closes_the_channel_and_others_go_on) {
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  waybill::rabbitmq::publisher other(connection_, {});
  const std::string queue = new_queue();
  ASSERT_EQ(publisher.publish({.exchange = unique_queue("no-such-exchange"), .routing_key = queue}),
            AMQP_STATUS_OK);
  EXPECT_NE(publisher.wait_for_confirms(patience), AMQP_STATUS_TIMEOUT);
  EXPECT_FALSE(publisher.is_open());
  EXPECT_EQ(publisher.reason().reply_code, AMQP_NOT_FOUND);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].state, outcome_state::unanswered);
  EXPECT_EQ(outcomes_[0].reply_code, AMQP_NOT_FOUND);
  EXPECT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_CONNECTION_CLOSED);

  EXPECT_TRUE(connection_.is_open());
  EXPECT_EQ(other.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(other.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(bare_.messages_in(queue), 1U);
}

TEST_F(outcomes, are_unanswered_when_publisher_or_connection_goes_first) {
  const std::string queue = new_queue();
  {
    waybill::rabbitmq::publisher publisher(connection_, {}, keep());
    ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  }
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].state, outcome_state::unanswered);
  {
    auto short_lived = std::make_unique<waybill::rabbitmq::connection>(
        waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq())));
    waybill::rabbitmq::publisher publisher(*short_lived, {}, keep());
    ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
    short_lived.reset();
    ASSERT_EQ(outcomes_.size(), 2U);
    EXPECT_EQ(outcomes_[1].state, outcome_state::unanswered);
    EXPECT_FALSE(publisher.is_open());
    EXPECT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_CONNECTION_CLOSED);
  }
  EXPECT_EQ(outcomes_.size(), 2U);
}

TEST_F(outcomes, beyond_the_window_are_not_told_and_messages_are_sent_all_the_same) {
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {}, keep(), {.in_flight_max = 10});
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  }
  EXPECT_EQ(publisher.in_flight(), 10U);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes_.size(), 10U);
  EXPECT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes_.back().tag, 16U);
  EXPECT_EQ(bare_.messages_in(queue), 16U);
}

TEST_F(outcomes, without_confirms_are_those_of_returned_messages_alone) {
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {}, keep(), {.confirms = false});
  const waybill::context context = context_of(8);
  ASSERT_EQ(publisher.publish({.routing_key = queue, .mandatory = true}), AMQP_STATUS_OK);
  ASSERT_EQ(publisher.publish({.routing_key = unique_queue("nowhere"), .mandatory = true},
                              {.context = &context}),
            AMQP_STATUS_OK);
  EXPECT_EQ(publisher.in_flight(), 0U);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK) << "there is none to wait for";
  while (outcomes_.empty() && connection_.pump(patience) == AMQP_STATUS_OK) {
  }
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].state, outcome_state::failed);
  EXPECT_EQ(outcomes_[0].reply_code, no_route);
  EXPECT_EQ(outcomes_[0].trace, context.span_context());
}

TEST_F(outcomes, do_not_let_a_listener_pump) {
  int answer = AMQP_STATUS_OK;
  waybill::rabbitmq::publisher publisher(connection_, {}, [&](const auto&) {
    answer = connection_.pump(std::chrono::milliseconds(0));
  });
  ASSERT_EQ(publisher.publish({.routing_key = new_queue()}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(answer, AMQP_STATUS_UNEXPECTED_STATE);
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(outcomes, that_a_listener_throws_at_are_counted_and_the_rest_are_told) {
  const std::string queue = new_queue();
  int told = 0;
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::rabbitmq::publisher publisher(connection_, settings, [&](const auto&) {
    ++told;
    throw std::runtime_error("listener");
  });
  for (int i = 0; i < 3; ++i) ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(told, 3);
  EXPECT_EQ(publisher.propagation().diagnostics()->total(), 3U);
}

}  // namespace
}  // namespace waybill_test
