#include "waybill/messaging/receiving.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "received_messages.hpp"
#include "waybill/header_list.hpp"
#include "waybill/messaging/sending.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::current;
using waybill::extraction;
using waybill::inbound_mode;
using waybill::operation_kind;
using waybill::outcome;
using waybill::outcome_state;
using waybill::propagation;
using waybill::span_context;
using waybill::messaging::processing;
using waybill::messaging::settling;

TEST(Receiving, links_go_to_where_the_message_began_unless_the_boundary_forgets_it) {
  for (const inbound_mode mode : {inbound_mode::adopt, inbound_mode::link}) {
    const extraction taken = received(taking(mode));
    ASSERT_EQ(taken.creation().size(), 1U);
    EXPECT_EQ(taken.creation()[0], taken.sender());
  }
  for (const extraction& taken : {received(taking(inbound_mode::restart)),
                                  received(taking(inbound_mode::ignore)), extraction()}) {
    EXPECT_TRUE(taken.creation().empty());
  }
}

TEST(Receiving, a_handler_runs_under_the_context_of_its_message_without_a_tracer) {
  const propagation settings = taking(inbound_mode::adopt);
  const extraction taken = received(settings);
  {
    processing work(taken, "orders", describe, settings);
    EXPECT_TRUE(current().is_empty()) << "not before it runs";
    int runs = 0;
    waybill::messaging::run(work, settings, [&] {
      EXPECT_EQ(current(), taken.context());
      ++runs;
    });
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(current().is_empty());
  }
  EXPECT_TRUE(current().is_empty());
}

TEST(Receiving, a_handler_runs_under_its_span_which_continues_and_links_to_the_sender) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(settings);
  {
    processing work(taken, "orders", describe, settings);
    EXPECT_EQ(work.context(), tracer->span_at(0).started);
    waybill::messaging::run(work, settings, [&] {
      EXPECT_EQ(current(), tracer->span_at(0).started);
      EXPECT_EQ(current().baggage_text(), "tenant=42");
      EXPECT_EQ(tracer->span_at(0).ends, 0) << "it lasts as long as the handler";
    });
    EXPECT_EQ(tracer->span_at(0).ends, 1);
  }
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_EQ(span.kind, operation_kind::process);
  EXPECT_EQ(span.destination, "orders");
  EXPECT_FALSE(span.injects);
  EXPECT_EQ(span.parent, taken.context());
  ASSERT_EQ(span.links.size(), 1U);
  EXPECT_EQ(span.links[0], taken.sender());
  EXPECT_EQ(span.ends, 1);
  EXPECT_EQ(span.ended_as, outcome_state::succeeded);
}

TEST(Receiving, a_linked_message_begins_a_new_trace_with_its_baggage) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::link, tracer);
  const extraction taken = received(settings);
  { const processing running(taken, "orders", describe, settings); }
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_FALSE(span.parent.has_trace());
  EXPECT_EQ(span.parent.baggage_text(), "tenant=42");
  EXPECT_EQ(span.links.size(), 1U);
}

TEST(Receiving, a_handler_that_throws_ends_its_span_as_failed_and_leaves_no_context_behind) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(settings);
  try {
    processing work(taken, "orders", describe, settings);
    waybill::messaging::run(work, settings, [] { throw std::runtime_error("no stock"); });
  } catch (const std::runtime_error&) {
    EXPECT_TRUE(current().is_empty());
  }
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->span_at(0).error, "exception");
  EXPECT_EQ(tracer->span_at(0).ends, 1);
}

TEST(Receiving, a_handler_may_finish_later_and_on_another_thread) {
  const auto tracer = std::make_shared<recording_tracer>();
  std::optional<processing> kept;
  {
    const propagation settings = taking(inbound_mode::adopt, tracer);
    processing work(received(settings), "orders", describe, settings);
    kept.emplace(std::move(work));
  }
  EXPECT_EQ(tracer->span_at(0).ends, 0) << "what was moved from has no span to end";
  std::thread([&] {
    const waybill::scope active(kept->context());
    EXPECT_EQ(current(), tracer->span_at(0).started);
    kept->end(outcome(outcome_state::failed, "no stock"));
  }).join();
  kept.reset();
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(tracer->span_at(0).error, "no stock");
}

TEST(Receiving, a_processing_that_is_assigned_to_ends_its_own_span_first) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(settings);
  processing first(taken, "orders", describe, settings);
  processing second(taken, "orders", describe, settings);
  first = std::move(second);
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(tracer->span_at(1).ends, 0);
  EXPECT_EQ(first.context(), tracer->span_at(1).started);
  first.succeed();
  EXPECT_EQ(tracer->span_at(1).ended_as, outcome_state::succeeded);
}

/// A provider that counts, as a bridge to an SDK would be asked.
class counting_provider final : public waybill::context_provider {
 public:
  [[nodiscard]] const context& current(context& storage) const noexcept override { return storage; }
  [[nodiscard]] void* attach(const context& next) const noexcept override {
    attached.push_back(next);
    return &attached;
  }
  void restore(void* given) const noexcept override {
    EXPECT_EQ(given, &attached);
    ++restored;
  }
  mutable std::vector<context> attached;
  mutable int restored = 0;
};

TEST(Receiving, a_handler_runs_under_the_propagation_s_provider) {
  const counting_provider provider;
  const propagation settings({.provider = &provider});
  const extraction taken = received(settings);
  processing work(taken, "orders", describe, settings);
  waybill::messaging::run(work, settings, [] { EXPECT_TRUE(current().is_empty()); });
  EXPECT_EQ(provider.attached, std::vector<context>{taken.context()});
  EXPECT_EQ(provider.restored, 1);
}

TEST(Receiving, settling_ends_its_span_once_with_what_the_broker_answered) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(settings);
  {
    settling running(taken, "orders", describe, settings);
    running.end(outcome(outcome_state::succeeded));
    running.end(outcome(outcome_state::failed));
  }
  { const settling abandoned(taken, "orders", describe, settings); }
  EXPECT_EQ(tracer->span_at(0).kind, operation_kind::settle);
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::succeeded);
  EXPECT_EQ(tracer->span_at(1).ends, 1);
  EXPECT_EQ(tracer->span_at(1).ended_as, outcome_state::failed);
}

TEST(Receiving, settling_without_a_tracer_is_nothing) {
  const propagation settings = taking(inbound_mode::adopt);
  settling running(received(settings), "orders", describe, settings);
  running.end(outcome(outcome_state::succeeded));
  EXPECT_TRUE(current().is_empty());
}

TEST(Receiving, a_receive_span_is_a_child_of_the_current_context_and_links_to_every_message) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation settings = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(settings);
  const context service = context().with_span_context(waybill::span_context::new_root(true));
  const waybill::scope active(service);
  const auto began = std::chrono::system_clock::now() - std::chrono::seconds(5);
  waybill::messaging::trace_receive("orders", describe, began, taken.creation(), settings);
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_EQ(span.kind, operation_kind::receive);
  EXPECT_EQ(span.started_at, began);
  EXPECT_FALSE(span.injects);
  EXPECT_EQ(span.ended_as, outcome_state::succeeded);
  EXPECT_EQ(span.parent, service);
  ASSERT_EQ(span.links.size(), 1U);
  EXPECT_EQ(span.links[0], taken.sender());
  EXPECT_EQ(span.ends, 1);
}

}  // namespace
}  // namespace waybill_test
