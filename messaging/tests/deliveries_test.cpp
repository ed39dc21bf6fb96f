// The outcomes of one sender's messages: each ends a span and reaches the listener once.
#include "waybill/messaging/deliveries.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "support/recording_tracer.hpp"

namespace waybill_test {

/// As an adapter has one.
struct test_report {
  waybill::outcome_state outcome = waybill::outcome_state::unknown;
  waybill::span_context sent{};
  void* user_data = nullptr;
  int error = 0;
  std::uint64_t delivery_tag = 0;
};

waybill::outcome as_outcome(const test_report& report) noexcept {
  return waybill::outcome(report.outcome, report.error != 0 ? "refused" : "");
}

namespace {

using waybill::errc;
using waybill::outcome_state;
using waybill::propagation;
using waybill::messaging::in_flight_message;
using deliveries = waybill::messaging::deliveries<test_report>;

struct deliveries_of_a_sender : testing::Test {
  [[nodiscard]] deliveries make(std::size_t in_flight_max = 10) {
    return {settings, [this](const test_report& report) { told.push_back(report); }, in_flight_max};
  }
  [[nodiscard]] in_flight_message message(std::uint64_t number) {
    waybill::context started;
    const waybill::operation send(waybill::operation_kind::send, "orders",
                                  [] { return waybill::operation_details{}; });
    return {.sent = waybill::span_context::new_root(true),
            .span = tracer->start(send, waybill::context_view(), {}, started),
            .user_data = reinterpret_cast<void*>(number),
            .boundary_index = orders};
  }
  [[nodiscard]] std::uint64_t count(errc code, std::size_t boundary_index) const {
    return settings.diagnostics()->count(waybill::direction::outbound, code, boundary_index);
  }
  static waybill::boundary rules() {
    waybill::boundary made;
    made.set("invoices", {});
    made.set("orders", {});
    return made;
  }

  std::shared_ptr<recording_tracer> tracer = std::make_shared<recording_tracer>();
  propagation settings{{.boundary = rules(), .tracer = tracer}};
  std::size_t orders = settings.boundary().find_index("orders");
  std::vector<test_report> told;
};

TEST_F(deliveries_of_a_sender, an_answer_ends_the_span_and_is_told_with_what_was_sent) {
  deliveries sent = make();
  const in_flight_message first = message(1);
  sent.accepted(7, first);
  EXPECT_EQ(sent.in_flight(), 1U);
  sent.answered(7, {.outcome = outcome_state::failed, .error = 5});
  EXPECT_EQ(sent.in_flight(), 0U);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].outcome, outcome_state::failed);
  EXPECT_EQ(told[0].sent, first.sent);
  EXPECT_EQ(told[0].user_data, first.user_data);
  EXPECT_EQ(told[0].error, 5);
  EXPECT_EQ(told[0].delivery_tag, 7U);
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->span_at(0).error, "refused");
}

TEST_F(deliveries_of_a_sender, a_second_answer_and_one_of_another_senders_message_are_not_told) {
  deliveries sent = make();
  sent.accepted(7, message(1));
  sent.answered(7, {.outcome = outcome_state::succeeded});
  sent.answered(7, {.outcome = outcome_state::failed});
  sent.answered(8, {.outcome = outcome_state::failed});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].outcome, outcome_state::succeeded);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(deliveries_of_a_sender, the_oldest_is_unknown_when_there_are_too_many) {
  deliveries sent = make(2);
  for (std::uint64_t i = 1; i <= 3; ++i) sent.accepted(i, message(i));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].outcome, outcome_state::unknown);
  EXPECT_EQ(told[0].user_data, reinterpret_cast<void*>(1));
  EXPECT_EQ(count(errc::given_up, orders), 1U) << "for its entry of the boundary";
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::unknown);
  sent.answered(1, {.outcome = outcome_state::succeeded});
  EXPECT_EQ(told.size(), 1U) << "once";
  sent.answered(3, {.outcome = outcome_state::succeeded});
  EXPECT_EQ(told.size(), 2U) << "newer ones are heard";
}

TEST_F(deliveries_of_a_sender, a_message_that_is_forgotten_is_told_by_nobody_else) {
  deliveries sent = make();
  sent.accepted(7, message(1));
  EXPECT_TRUE(sent.forget(7));
  EXPECT_FALSE(sent.forget(7));
  sent.answered(7, {.outcome = outcome_state::succeeded});
  sent.close({.outcome = outcome_state::unanswered});
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(tracer->span_at(0).ends, 0) << "whoever forgot it ends its span";
}

TEST_F(deliveries_of_a_sender, a_message_that_was_given_up_cannot_be_forgotten) {
  deliveries sent = make(1);
  sent.accepted(1, message(1));
  sent.accepted(2, message(2));
  EXPECT_FALSE(sent.forget(1)) << "its span has ended, and it was told";
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(deliveries_of_a_sender, all_that_are_left_have_the_outcome_of_the_end) {
  deliveries sent = make();
  for (std::uint64_t i = 1; i <= 5; ++i) sent.accepted(i, message(i));
  sent.answered(3, {.outcome = outcome_state::succeeded});
  sent.close({.outcome = outcome_state::unanswered});
  EXPECT_EQ(told.size(), 5U);
  EXPECT_EQ(sent.in_flight(), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  sent.close({.outcome = outcome_state::unanswered});
  EXPECT_EQ(told.size(), 5U);
}

TEST_F(deliveries_of_a_sender, a_listener_that_throws_is_counted_for_its_entry_of_the_boundary) {
  deliveries sent(
      settings, [](const test_report&) { throw std::runtime_error("no"); }, 10);
  sent.accepted(7, message(1));
  sent.answered(7, {.outcome = outcome_state::succeeded});
  EXPECT_EQ(count(errc::listener_failed, orders), 1U);
  EXPECT_EQ(count(errc::listener_failed, 0), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(deliveries_of_a_sender, a_span_alone_is_ended_without_the_listener) {
  deliveries sent = make();
  const in_flight_message refused = message(1);
  sent.end_span(refused, outcome_state::failed, "queue_full");
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->span_at(0).error, "queue_full");
  sent.end_span({}, outcome_state::failed);  // a message without a span
}

TEST_F(deliveries_of_a_sender, are_wanted_by_a_listener_or_a_tracer) {
  const auto listener = [](const test_report&) {};
  EXPECT_TRUE(deliveries(propagation(), listener, 1).are_wanted());
  EXPECT_TRUE(deliveries(settings, nullptr, 1).are_wanted());
  EXPECT_FALSE(deliveries(propagation(), nullptr, 1).are_wanted());
}

TEST_F(deliveries_of_a_sender, without_a_listener_or_a_span_are_ended_all_the_same) {
  deliveries sent(settings, nullptr, 10);
  sent.accepted(1, message(1));
  sent.accepted(2, {});
  sent.answered(1, {.outcome = outcome_state::succeeded});
  sent.answered(2, {.outcome = outcome_state::succeeded});
  EXPECT_EQ(sent.in_flight(), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

}  // namespace
}  // namespace waybill_test
