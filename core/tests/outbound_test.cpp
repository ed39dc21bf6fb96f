// What the boundary lets out with a message, also of what its headers hold already.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/outgoing.hpp>

#include "support/recording_tracer.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage_policy;
using waybill::boundary;
using waybill::boundary_entry;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::header_list;
using waybill::inject_mode;
using waybill::inject_report;
using waybill::outbound_mode;
using waybill::outgoing;
using waybill::propagation;
using waybill::propagator;

header_list held_headers() {
  header_list headers;
  headers.add("app", "1");
  headers.add("traceparent", other_traceparent);
  headers.add("tracestate", "held=1");
  headers.add("baggage", "held=1,plan=h");
  return headers;
}
context held_context() { return context_of(other_trace, "held=1", "held=1,plan=h"); }
context own_context() { return context_of(sample_trace, "own=1", "user=a,plan=b"); }

boundary_entry only_plan() {
  return {.baggage_out = {.keys_rule = baggage_policy::rule::only, .keys = {"plan"}}};
}

propagation with_entry(boundary_entry entry) {
  propagation with;
  with.boundary = boundary(std::move(entry));
  return with;
}

/// What the headers hold after `sent` was injected into headers that held something.
context injected(const context& sent, const propagation& with) {
  header_list headers = held_headers();
  inject(sent, headers, with);
  EXPECT_EQ(headers.get("app"), "1");
  return propagator().extract(headers);
}

TEST(outbound, everything_goes_out_by_default) {
  EXPECT_EQ(injected(own_context(), propagation()), own_context());
}

TEST(outbound, trace_only_lets_no_baggage_out) {
  const propagation with = with_entry({.outbound = outbound_mode::trace_only});
  EXPECT_EQ(injected(own_context(), with), own_context().without_baggage());
  EXPECT_EQ(with.diagnostics->count(direction::outbound, errc::dropped_by_policy), 2U);
  EXPECT_EQ(injected(context(sample_trace), with), context(sample_trace)) << "held baggage neither";
}

TEST(outbound, trace_only_takes_baggage_off_that_the_headers_hold) {
  const propagation with = with_entry({.outbound = outbound_mode::trace_only});
  EXPECT_EQ(injected(context_of({}, "", "user=a"), with), held_context().without_baggage());
}

TEST(outbound, nothing_takes_everything_off) {
  const propagation with = with_entry({.outbound = outbound_mode::nothing});
  for (const context& sent : {own_context(), context_of({}, "", "user=a"), context()}) {
    header_list headers = held_headers();
    const inject_report report = inject(sent, headers, with);
    EXPECT_EQ(headers.size(), 1U) << "of the application";
    EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
  }
  EXPECT_GE(with.diagnostics->count(direction::outbound, errc::dropped_by_policy), 1U);
}

TEST(outbound, a_baggage_policy_passes_members_whole) {
  EXPECT_EQ(injected(own_context(), with_entry(only_plan())),
            context_of(sample_trace, "own=1", "plan=b"));
  const propagation none = with_entry({.baggage_out = {.keys_rule = baggage_policy::rule::none}});
  EXPECT_EQ(injected(own_context(), none), own_context().without_baggage());
  EXPECT_EQ(none.diagnostics->count(direction::outbound, errc::dropped_by_policy), 2U);
  const propagation short_one = with_entry({.baggage_out = {.bytes_max = 7}});
  EXPECT_EQ(injected(context_of(sample_trace, "", "a=1,b=22,c=3"), short_one),
            context_of(sample_trace, "", "a=1"))
      << "writing stops at the first member over";
}

TEST(outbound, baggage_that_may_not_go_out_is_not_replaced_by_what_the_headers_hold) {
  const propagation with = with_entry({.baggage_out = {.keys_rule = baggage_policy::rule::none}});
  EXPECT_EQ(injected(context_of({}, "", "user=a"), with), held_context().without_baggage());
}

TEST(outbound, uses_the_entry_of_its_destination_and_counts_there) {
  propagation with;
  with.boundary.set("partner", {.outbound = outbound_mode::trace_only});
  header_list headers;
  inject(own_context(), headers, with, "own");
  EXPECT_EQ(propagator().extract(headers), own_context());
  inject(own_context(), headers, with, "partner");
  EXPECT_EQ(propagator().extract(headers), own_context().without_baggage());
  const std::size_t partner = with.boundary.find_index("partner");
  EXPECT_EQ(with.diagnostics->count(direction::outbound, errc::dropped_by_policy, partner), 2U);
  EXPECT_EQ(with.diagnostics->count(direction::outbound, errc::dropped_by_policy, 0), 0U);
}

// The same for wrappers.

struct sending {
  std::shared_ptr<recording_tracer> tracer = std::make_shared<recording_tracer>();
  header_list headers = held_headers();
  waybill::trace_context sent_trace;
  context written;

  sending(const context* own, inject_mode mode, boundary_entry entry, bool with_tracer) {
    propagation with = with_entry(std::move(entry));
    if (with_tracer) with.tracer = tracer;
    const outgoing message(headers, own, mode, with, {.where = "orders"});
    sent_trace = message.sent_trace();
    if (message.changes_headers()) message.write(headers);
    written = propagator().extract(headers);
    EXPECT_EQ(headers.get("app"), "1");
  }
};

constexpr inject_mode all_modes[] = {inject_mode::automatic, inject_mode::replace,
                                     inject_mode::keep, inject_mode::parent};

TEST(outgoing_boundary, nothing_goes_out_in_any_mode) {
  const context own = own_context();
  for (const inject_mode mode : all_modes) {
    for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
      for (const bool with_tracer : {false, true}) {
        const sending message(given, mode, {.outbound = outbound_mode::nothing}, with_tracer);
        EXPECT_EQ(message.headers.size(), 1U);
        EXPECT_FALSE(message.sent_trace.is_valid());
        if (with_tracer) {
          EXPECT_FALSE(message.tracer->span_at(0).injects);
          EXPECT_EQ(message.tracer->span_at(0).ends, 1);
        }
      }
    }
  }
}

TEST(outgoing_boundary, no_baggage_goes_out_in_any_mode) {
  const context own = own_context();
  for (const inject_mode mode : all_modes) {
    for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
      for (const bool with_tracer : {false, true}) {
        const sending message(given, mode, {.outbound = outbound_mode::trace_only}, with_tracer);
        EXPECT_EQ(message.written.baggage_text(), "");
        EXPECT_EQ(message.headers.get("baggage"), std::nullopt);
        EXPECT_TRUE(message.written.has_trace());
      }
    }
  }
}

TEST(outgoing_boundary, a_policy_holds_for_baggage_that_the_headers_hold) {
  for (const inject_mode mode : {inject_mode::automatic, inject_mode::keep, inject_mode::parent}) {
    const sending message(nullptr, mode, only_plan(), false);
    EXPECT_EQ(message.written, context_of(other_trace, "held=1", "plan=h"));
    EXPECT_EQ(message.sent_trace, other_trace);
  }
}

TEST(outgoing_boundary, headers_that_are_kept_lose_their_baggage_and_keep_their_trace) {
  const context own = own_context();
  for (const boundary_entry& entry :
       {boundary_entry{.outbound = outbound_mode::trace_only}, only_plan()}) {
    for (const bool with_tracer : {false, true}) {
      const sending message(&own, inject_mode::keep, entry, with_tracer);
      EXPECT_EQ(message.written.trace(), other_trace)
          << (with_tracer ? "with a tracer" : "without");
      EXPECT_EQ(message.written.tracestate_text(), "held=1");
      EXPECT_EQ(message.sent_trace, other_trace);
      EXPECT_EQ(message.written.baggage_text(), entry.baggage_out.passes_all() ? "" : "plan=h");
      if (with_tracer) {
        EXPECT_EQ(message.tracer->span_at(0).parent, own_context());
        EXPECT_FALSE(message.tracer->span_at(0).injects);
        EXPECT_EQ(message.tracer->span_at(0).links,
                  std::vector<waybill::trace_context>{other_trace});
      }
    }
  }
}

TEST(outgoing_boundary, a_span_has_the_baggage_that_stays_inside) {
  const context own = own_context();
  const sending message(&own, inject_mode::replace, {.outbound = outbound_mode::trace_only}, true);
  EXPECT_EQ(message.tracer->span_at(0).parent, own_context());
  EXPECT_EQ(message.written, message.tracer->span_at(0).started.without_baggage());
}

}  // namespace
}  // namespace waybill_test
