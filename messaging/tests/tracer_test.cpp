// The interface between wrappers and what makes spans.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <waybill/messaging/tracer.hpp>
#include <waybill/propagation.hpp>

#include "support/recording_tracer.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::context_view;
using waybill::operation;
using waybill::operation_kind;
using waybill::outcome;
using waybill::outcome_state;
using waybill::span_handle;
using waybill::tracer;

constexpr auto nothing_known = [] { return waybill::operation_details{}; };

static_assert(std::has_virtual_destructor_v<tracer> && std::is_abstract_v<tracer>);
static_assert(!std::is_copy_constructible_v<tracer> && !std::is_copy_assignable_v<tracer>);
static_assert(!std::is_convertible_v<span_handle, bool>, "only where a condition is asked for");

TEST(tracer, is_none_by_default) {
  const waybill::propagation settings;
  EXPECT_EQ(settings.tracer(), nullptr);
}

TEST(tracer, a_default_made_span_is_nothing_to_end) { EXPECT_FALSE(span_handle()); }

TEST(tracer, an_operation_injects_and_knows_nothing_unless_it_says_otherwise) {
  operation sends(operation_kind::send, "orders", nothing_known);
  EXPECT_EQ(sends.kind(), operation_kind::send);
  EXPECT_EQ(sends.destination().name, "orders");
  EXPECT_TRUE(sends.injects());
  EXPECT_FALSE(sends.is_tombstone());
  EXPECT_FALSE(sends.partition() || sends.offset() || sends.delivery_tag());
  EXPECT_FALSE(sends.batch_messages() || sends.body_bytes());
  EXPECT_FALSE(sends.started_at());
  sends.set_injects(false);
  EXPECT_FALSE(sends.injects());
  EXPECT_EQ(outcome(outcome_state::succeeded).error(), "");
  EXPECT_FALSE(outcome(outcome_state::succeeded).partition());
  EXPECT_FALSE(outcome(outcome_state::succeeded).offset());
}

TEST(tracer, an_outcome_says_how_and_where_a_message_ended) {
  const outcome failed(outcome_state::failed, "_MSG_TIMED_OUT");
  EXPECT_EQ(failed.state(), outcome_state::failed);
  EXPECT_EQ(failed.error(), "_MSG_TIMED_OUT");
  const outcome placed = failed.at(3, std::int64_t{1} << 40);
  EXPECT_EQ(placed.state(), outcome_state::failed);
  EXPECT_EQ(placed.error(), "_MSG_TIMED_OUT");
  EXPECT_EQ(placed.partition(), 3);
  EXPECT_EQ(placed.offset(), std::int64_t{1} << 40);
  EXPECT_FALSE(failed.partition()) << "the same is not changed";
}

TEST(tracer, continues_the_parent_with_its_baggage) {
  recording_tracer spans;
  tracer& hook = spans;
  const context parent = context_of(sample_trace, "rojo=1", "a=1");
  context started;
  const span_handle span =
      hook.start(operation(operation_kind::send, "orders", nothing_known), parent, {}, started);
  ASSERT_TRUE(span);
  EXPECT_EQ(started.span_context().trace_id(), sample_trace.trace_id());
  EXPECT_NE(started.span_context().span_id(), sample_trace.span_id());
  EXPECT_EQ(started.baggage_text(), "a=1");
  EXPECT_EQ(recording_tracer::span_of(span).destination, "orders");
  hook.end(span, outcome(outcome_state::failed, "_MSG_TIMED_OUT"));
  EXPECT_EQ(recording_tracer::span_of(span).error, "_MSG_TIMED_OUT");
}

TEST(tracer, begins_a_trace_without_a_parent) {
  recording_tracer spans;
  context started;
  const context baggage_alone = context_of({}, "", "a=1");
  const operation sends(operation_kind::send, "orders", nothing_known);
  const outcome succeeded(outcome_state::succeeded);
  spans.end(spans.start(sends, context_view(), {}, started), succeeded);
  EXPECT_TRUE(started.has_trace());
  spans.end(spans.start(sends, baggage_alone, {}, started), succeeded);
  EXPECT_TRUE(started.has_trace());
  EXPECT_EQ(started.baggage_text(), "a=1");
}

TEST(tracer, ends_a_span_on_another_thread_than_it_began_on) {
  recording_tracer spans;
  context started;
  const operation sends(operation_kind::send, "orders", nothing_known);
  const span_handle span = spans.start(sends, context_view(), {}, started);
  std::thread([&] { spans.end(span, outcome(outcome_state::unanswered)); }).join();
  EXPECT_EQ(spans.span_at(0).ends, 1);
  EXPECT_EQ(spans.span_at(0).ended_as, outcome_state::unanswered);
}

}  // namespace
}  // namespace waybill_test
