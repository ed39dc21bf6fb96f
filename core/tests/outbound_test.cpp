// What the boundary lets out with a message, also of what its headers hold already.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

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
using waybill::inject_report;
using waybill::outbound_mode;
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
  return propagation({.boundary = boundary(std::move(entry))});
}

/// What the headers hold after `sent` was injected into headers that held something.
context injected(const context& sent, const propagation& settings) {
  header_list headers = held_headers();
  inject(sent, headers, settings, waybill::any_destination);
  EXPECT_EQ(headers.get("app"), "1");
  return propagator().extract(headers);
}

TEST(outbound, everything_goes_out_by_default) {
  EXPECT_EQ(injected(own_context(), propagation()), own_context());
}

TEST(outbound, trace_only_lets_no_baggage_out) {
  const propagation settings = with_entry({.outbound = outbound_mode::trace_only});
  EXPECT_EQ(injected(own_context(), settings), own_context().without_baggage());
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_by_policy), 2U);
  EXPECT_EQ(injected(context(sample_trace), settings), context(sample_trace))
      << "held baggage neither";
}

TEST(outbound, trace_only_takes_baggage_off_that_the_headers_hold) {
  const propagation settings = with_entry({.outbound = outbound_mode::trace_only});
  EXPECT_EQ(injected(context_of({}, "", "user=a"), settings), held_context().without_baggage());
}

TEST(outbound, nothing_takes_everything_off) {
  const propagation settings = with_entry({.outbound = outbound_mode::nothing});
  for (const context& sent : {own_context(), context_of({}, "", "user=a"), context()}) {
    header_list headers = held_headers();
    const inject_report report = inject(sent, headers, settings, waybill::any_destination);
    EXPECT_EQ(headers.size(), 1U) << "of the application";
    EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
  }
  EXPECT_GE(settings.diagnostics()->count(direction::outbound, errc::dropped_by_policy), 1U);
}

TEST(outbound, a_baggage_policy_passes_members_whole) {
  EXPECT_EQ(injected(own_context(), with_entry(only_plan())),
            context_of(sample_trace, "own=1", "plan=b"));
  const propagation none = with_entry({.baggage_out = {.keys_rule = baggage_policy::rule::none}});
  EXPECT_EQ(injected(own_context(), none), own_context().without_baggage());
  EXPECT_EQ(none.diagnostics()->count(direction::outbound, errc::dropped_by_policy), 2U);
  const propagation short_one = with_entry({.baggage_out = {.bytes_max = 7}});
  EXPECT_EQ(injected(context_of(sample_trace, "", "a=1,b=22,c=3"), short_one),
            context_of(sample_trace, "", "a=1"))
      << "writing stops at the first member over";
}

TEST(outbound, baggage_that_may_not_go_out_is_not_replaced_by_what_the_headers_hold) {
  const propagation settings =
      with_entry({.baggage_out = {.keys_rule = baggage_policy::rule::none}});
  EXPECT_EQ(injected(context_of({}, "", "user=a"), settings), held_context().without_baggage());
}

TEST(outbound, uses_the_entry_of_its_destination_and_counts_there) {
  waybill::propagation_options options;
  options.boundary.set("partner", {.outbound = outbound_mode::trace_only});
  const propagation settings(options);
  header_list headers;
  inject(own_context(), headers, settings, "own");
  EXPECT_EQ(propagator().extract(headers), own_context());
  inject(own_context(), headers, settings, "partner");
  EXPECT_EQ(propagator().extract(headers), own_context().without_baggage());
  const std::size_t partner = settings.boundary().find_index("partner");
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_by_policy, partner),
            2U);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_by_policy, 0), 0U);
}

}  // namespace
}  // namespace waybill_test
