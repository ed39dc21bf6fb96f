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

void* user_data_of(std::uint64_t number) { return reinterpret_cast<void*>(number); }

TEST_F(outcomes, of_many_messages_come_once_each_with_their_own_trace) {
  constexpr std::uint64_t messages = 20'000;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {}, keep());
  for (std::uint64_t number = 0; number < messages; ++number) {
    const waybill::context context = context_of(number);
    const std::string body = payload_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = body},
                                {.context = &context, .user_data = user_data_of(number)}),
              AMQP_STATUS_OK);
    EXPECT_EQ(publisher.delivery_tag(), number + 1);
    if (number % 1000 == 0) connection_.pump(std::chrono::milliseconds(0));
  }
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.in_flight(), 0U);
  ASSERT_EQ(outcomes_.size(), messages);
  std::vector<int> times(messages);
  for (const kept_outcome& each : outcomes_) {
    ++times.at(each.delivery_tag - 1);
    ASSERT_EQ(each.outcome, outcome_state::succeeded);
    ASSERT_EQ(each.user_data, user_data_of(each.delivery_tag - 1));
    ASSERT_EQ(each.sent, context_of(each.delivery_tag - 1).span_context());
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
                                {.context = &context, .user_data = user_data_of(number)}),
              AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  ASSERT_EQ(outcomes_.size(), messages);
  std::map<void*, const kept_outcome*> by_user_data;
  for (const kept_outcome& each : outcomes_) by_user_data[each.user_data] = &each;
  for (std::uint64_t number = 1; number <= messages; ++number) {
    const kept_outcome* found = by_user_data[user_data_of(number)];
    ASSERT_NE(found, nullptr) << number;
    EXPECT_EQ(found->delivery_tag, number);
    const bool is_lost = number % 3 == 0;
    EXPECT_EQ(found->outcome, is_lost ? outcome_state::failed : outcome_state::succeeded) << number;
    EXPECT_EQ(found->reply_code, is_lost ? no_route : 0);
    EXPECT_EQ(found->reply_text, is_lost ? "NO_ROUTE" : "");
  }
}

TEST_F(outcomes, of_a_returned_message_show_it_whole_with_its_context) {
  waybill::rabbitmq::publisher* again = nullptr;
  std::string body;
  waybill::context came_back;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(
      connection_, {}, [&](const waybill::rabbitmq::delivery_report& report) {
        if (report.returned == nullptr) return;
        body = waybill::rabbitmq::text_of(report.returned->body);
        came_back =
            waybill::rabbitmq::extract(*report.returned, {}, waybill::any_destination).context();
        // A listener may publish: here to where somebody takes it.
        EXPECT_EQ(again->publish({.routing_key = queue,
                                  .payload = body,
                                  .properties = &report.returned->properties}),
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
    ASSERT_EQ(publisher.publish({.routing_key = queue}, {.user_data = user_data_of(number)}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
  ASSERT_EQ(outcomes_.size(), 3U);
  EXPECT_EQ(outcomes_[0].outcome, outcome_state::succeeded);
  EXPECT_EQ(outcomes_[2].outcome, outcome_state::failed);
  EXPECT_EQ(outcomes_[2].user_data, user_data_of(3));
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
  EXPECT_EQ(outcomes_[0].outcome, outcome_state::unanswered);
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
  EXPECT_EQ(outcomes_[0].outcome, outcome_state::unanswered);
  {
    auto short_lived = std::make_unique<waybill::rabbitmq::connection>(
        waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq())));
    waybill::rabbitmq::publisher publisher(*short_lived, {}, keep());
    ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
    short_lived.reset();
    ASSERT_EQ(outcomes_.size(), 2U);
    EXPECT_EQ(outcomes_[1].outcome, outcome_state::unanswered);
    EXPECT_FALSE(publisher.is_open());
    EXPECT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_CONNECTION_CLOSED);
  }
  EXPECT_EQ(outcomes_.size(), 2U);
}

TEST_F(outcomes, of_the_oldest_in_a_full_window_are_unknown) {
  const std::string queue = new_queue();
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::rabbitmq::publisher publisher(connection_, settings, keep(), {.in_flight_max = 10});
  for (std::uint64_t number = 1; number <= 15; ++number) {
    EXPECT_EQ(publisher.publish({.routing_key = queue}, {.user_data = user_data_of(number)}),
              AMQP_STATUS_OK);
  }
  // Nothing was pumped: publish() itself gave the first five up.
  ASSERT_EQ(outcomes_.size(), 5U);
  EXPECT_EQ(publisher.in_flight(), 10U);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  ASSERT_EQ(outcomes_.size(), 15U);
  std::map<void*, outcome_state> by_user_data;
  for (const kept_outcome& each : outcomes_) by_user_data[each.user_data] = each.outcome;
  for (std::uint64_t number = 1; number <= 15; ++number) {
    EXPECT_EQ(by_user_data.at(user_data_of(number)),
              number <= 5 ? outcome_state::unknown : outcome_state::succeeded)
        << number;
  }
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::given_up),
            5U);
  EXPECT_EQ(bare_.messages_in(queue), 15U) << "all were sent";
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
  EXPECT_EQ(outcomes_[0].outcome, outcome_state::failed);
  EXPECT_EQ(outcomes_[0].reply_code, no_route);
  EXPECT_EQ(outcomes_[0].sent, context.span_context());
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

TEST_F(outcomes, that_a_listener_throws_at_are_counted_and_the_rest_are_reported) {
  const std::string queue = new_queue();
  int reports = 0;
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::rabbitmq::publisher publisher(connection_, settings, [&](const auto&) {
    ++reports;
    throw std::runtime_error("listener");
  });
  for (int i = 0; i < 3; ++i) ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(reports, 3);
  EXPECT_EQ(publisher.propagation().diagnostics()->total(), 3U);
}

}  // namespace
}  // namespace waybill_test
