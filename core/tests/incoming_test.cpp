#include "waybill/incoming.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "support/recording_tracer.hpp"
#include "waybill/header_list.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::current;
using waybill::extraction;
using waybill::inbound_mode;
using waybill::operation;
using waybill::operation_kind;
using waybill::outcome_state;
using waybill::processing;
using waybill::propagation;
using waybill::settling;

constexpr operation process_orders{.kind = operation_kind::process, .where = "orders"};
constexpr operation settle_orders{.kind = operation_kind::settle, .where = "orders"};

propagation taking(inbound_mode mode, std::shared_ptr<recording_tracer> tracer = nullptr) {
  propagation with;
  waybill::boundary_entry fallback;
  fallback.inbound = mode;
  with.boundary = waybill::boundary(fallback);
  with.tracer = std::move(tracer);
  return with;
}

extraction received(const propagation& with) {
  waybill::header_list headers;
  headers.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  headers.add("baggage", "tenant=42");
  return waybill::extract(waybill::reader_ref(headers), with, "orders");
}

TEST(Incoming, links_go_to_where_the_message_began_unless_the_boundary_forgets_it) {
  for (const inbound_mode mode : {inbound_mode::adopt, inbound_mode::link}) {
    const extraction taken = received(taking(mode));
    ASSERT_EQ(taken.creation().size(), 1U);
    EXPECT_EQ(taken.creation()[0], taken.as_sent().trace());
  }
  EXPECT_TRUE(received(taking(inbound_mode::restart)).creation().empty());
  EXPECT_TRUE(received(taking(inbound_mode::ignore)).creation().empty());
  EXPECT_TRUE(extraction().creation().empty());
}

TEST(Incoming, a_handler_runs_under_the_context_of_its_message_without_a_tracer) {
  const propagation with = taking(inbound_mode::adopt);
  const extraction taken = received(with);
  {
    const processing running(taken, process_orders, with);
    EXPECT_EQ(current(), taken.context());
  }
  EXPECT_TRUE(current().is_empty());
}

TEST(Incoming, a_handler_runs_under_its_span_which_continues_and_links_to_the_sender) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation with = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(with);
  {
    processing running(taken, process_orders, with);
    EXPECT_EQ(current(), tracer->span_at(0).started);
    EXPECT_EQ(current().baggage_text(), "tenant=42");
    running.succeed();
    EXPECT_EQ(tracer->span_at(0).ends, 0) << "it lasts as long as the handler";
  }
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_EQ(span.kind, operation_kind::process);
  EXPECT_EQ(span.parent, taken.context());
  ASSERT_EQ(span.links.size(), 1U);
  EXPECT_EQ(span.links[0], taken.as_sent().trace());
  EXPECT_EQ(span.ends, 1);
  EXPECT_EQ(span.ended_as, outcome_state::succeeded);
}

TEST(Incoming, a_linked_message_begins_a_new_trace_with_its_baggage) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation with = taking(inbound_mode::link, tracer);
  const extraction taken = received(with);
  { const processing running(taken, process_orders, with); }
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_FALSE(span.parent.has_trace());
  EXPECT_EQ(span.parent.baggage_text(), "tenant=42");
  EXPECT_EQ(span.links.size(), 1U);
}

TEST(Incoming, a_handler_that_throws_ends_its_span_as_failed_and_leaves_no_context_behind) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation with = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(with);
  try {
    const processing running(taken, process_orders, with);
    throw std::runtime_error("no stock");
  } catch (const std::runtime_error&) {
    EXPECT_TRUE(current().is_empty());
  }
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->span_at(0).error, "exception");
  EXPECT_EQ(tracer->span_at(0).ends, 1);
}

TEST(Incoming, settling_ends_its_span_once_with_what_the_broker_answered) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation with = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(with);
  {
    settling running(taken, settle_orders, with);
    running.end({.state = outcome_state::succeeded});
    running.end({.state = outcome_state::failed});
  }
  { const settling abandoned(taken, settle_orders, with); }
  EXPECT_EQ(tracer->span_at(0).kind, operation_kind::settle);
  EXPECT_EQ(tracer->span_at(0).ends, 1);
  EXPECT_EQ(tracer->span_at(0).ended_as, outcome_state::succeeded);
  EXPECT_EQ(tracer->span_at(1).ends, 1);
  EXPECT_EQ(tracer->span_at(1).ended_as, outcome_state::failed);
}

TEST(Incoming, settling_without_a_tracer_is_nothing) {
  const propagation with = taking(inbound_mode::adopt);
  settling running(received(with), settle_orders, with);
  running.end({.state = outcome_state::succeeded});
  EXPECT_TRUE(current().is_empty());
}

TEST(Incoming, a_receive_span_is_a_child_of_the_current_context_and_links_to_every_message) {
  const auto tracer = std::make_shared<recording_tracer>();
  const propagation with = taking(inbound_mode::adopt, tracer);
  const extraction taken = received(with);
  const context service = context().with_trace(waybill::trace_context::new_root(true));
  const waybill::scope active(service);
  waybill::trace_receive({.kind = operation_kind::receive, .where = "orders"}, taken.creation(),
                         with);
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_EQ(span.kind, operation_kind::receive);
  EXPECT_EQ(span.parent, service);
  ASSERT_EQ(span.links.size(), 1U);
  EXPECT_EQ(span.links[0], taken.as_sent().trace());
  EXPECT_EQ(span.ends, 1);
}

}  // namespace
}  // namespace waybill_test
