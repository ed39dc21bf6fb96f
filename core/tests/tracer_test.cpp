// The interface between wrappers and what makes spans.
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <type_traits>
#include <waybill/propagation.hpp>
#include <waybill/tracer.hpp>

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

static_assert(std::has_virtual_destructor_v<tracer> && std::is_abstract_v<tracer>);
static_assert(!std::is_copy_constructible_v<tracer> && !std::is_copy_assignable_v<tracer>);
static_assert(!std::is_convertible_v<span_handle, bool>, "only where a condition is asked for");

TEST(tracer, is_none_by_default) { EXPECT_EQ(waybill::propagation().tracer, nullptr); }

TEST(tracer, a_default_made_span_is_nothing_to_end) { EXPECT_FALSE(span_handle()); }

TEST(tracer, an_operation_sends_and_injects_unless_it_says_otherwise) {
  const operation what;
  EXPECT_EQ(what.kind, operation_kind::send);
  EXPECT_TRUE(what.injects);
  EXPECT_FALSE(what.tombstone);
  EXPECT_FALSE(what.partition || what.offset || what.batch_messages || what.body_bytes);
  EXPECT_FALSE(what.started_at);
  EXPECT_EQ(outcome().state, outcome_state::succeeded);
  EXPECT_EQ(outcome().error, "");
}

TEST(tracer, continues_the_parent_with_its_baggage) {
  recording_tracer spans;
  tracer& hook = spans;
  const context parent = context_of(sample_trace, "rojo=1", "a=1");
  context started;
  const span_handle span = hook.start({.where = "orders"}, parent, {}, started);
  ASSERT_TRUE(span);
  EXPECT_EQ(started.trace().trace(), sample_trace.trace());
  EXPECT_NE(started.trace().span(), sample_trace.span());
  EXPECT_EQ(started.baggage_text(), "a=1");
  EXPECT_EQ(recording_tracer::span_of(span).destination, "orders");
  hook.end(span, {.state = outcome_state::failed, .error = "_MSG_TIMED_OUT"});
  EXPECT_EQ(recording_tracer::span_of(span).error, "_MSG_TIMED_OUT");
}

TEST(tracer, begins_a_trace_without_a_parent) {
  recording_tracer spans;
  context started;
  const context baggage_alone = context_of({}, "", "a=1");
  spans.end(spans.start({}, context_view(), {}, started), {});
  EXPECT_TRUE(started.has_trace());
  spans.end(spans.start({}, baggage_alone, {}, started), {});
  EXPECT_TRUE(started.has_trace());
  EXPECT_EQ(started.baggage_text(), "a=1");
}

TEST(tracer, ends_a_span_on_another_thread_than_it_began_on) {
  recording_tracer spans;
  context started;
  const span_handle span = spans.start({}, context_view(), {}, started);
  std::thread([&] { spans.end(span, {.state = outcome_state::unanswered}); }).join();
  EXPECT_EQ(spans.span_at(0).ends, 1);
  EXPECT_EQ(spans.span_at(0).ended_as, outcome_state::unanswered);
}

}  // namespace
}  // namespace waybill_test
