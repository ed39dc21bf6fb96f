// What the boundary lets out with a message that is sent, also of what its headers hold already.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/messaging/sending.hpp>

#include "support/recording_tracer.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage_policy;
using waybill::boundary;
using waybill::boundary_entry;
using waybill::context;
using waybill::header_list;
using waybill::inject_mode;
using waybill::outbound_mode;
using waybill::propagation;
using waybill::propagator;
using waybill::messaging::sending;

header_list held_headers() {
  header_list headers;
  headers.add("app", "1");
  headers.add("traceparent", other_traceparent);
  headers.add("tracestate", "held=1");
  headers.add("baggage", "held=1,plan=h");
  return headers;
}
context own_context() { return context_of(sample_trace, "own=1", "user=a,plan=b"); }

boundary_entry only_plan() {
  return {.baggage_out = {.keys_rule = baggage_policy::rule::only, .keys = {"plan"}}};
}

constexpr auto describe_send = [] {
  return waybill::operation_details{.system = "test", .name = "publish"};
};

struct sent_message {
  std::shared_ptr<recording_tracer> tracer = std::make_shared<recording_tracer>();
  header_list headers = held_headers();
  waybill::span_context sent;
  context written;

  sent_message(const context* own, inject_mode mode, boundary_entry entry, bool with_tracer) {
    const propagation settings(
        {.boundary = boundary(std::move(entry)), .tracer = with_tracer ? tracer : nullptr});
    const sending message(headers, {.context = own}, mode, settings, "orders", describe_send);
    sent = message.sent();
    if (message.changes_headers()) message.write(headers);
    written = propagator().extract(headers);
    EXPECT_EQ(headers.get("app"), "1");
  }
};

constexpr inject_mode all_modes[] = {inject_mode::automatic, inject_mode::replace,
                                     inject_mode::keep, inject_mode::parent};

TEST(sending_boundary, nothing_goes_out_in_any_mode) {
  const context own = own_context();
  for (const inject_mode mode : all_modes) {
    for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
      for (const bool with_tracer : {false, true}) {
        const sent_message message(given, mode, {.outbound = outbound_mode::nothing}, with_tracer);
        EXPECT_EQ(message.headers.size(), 1U);
        EXPECT_FALSE(message.sent.is_valid());
        if (with_tracer) {
          EXPECT_FALSE(message.tracer->span_at(0).injects);
          EXPECT_EQ(message.tracer->span_at(0).ends, 1);
        }
      }
    }
  }
}

TEST(sending_boundary, no_baggage_goes_out_in_any_mode) {
  const context own = own_context();
  for (const inject_mode mode : all_modes) {
    for (const context* const given : {&own, static_cast<const context*>(nullptr)}) {
      for (const bool with_tracer : {false, true}) {
        const sent_message message(given, mode, {.outbound = outbound_mode::trace_only},
                                   with_tracer);
        EXPECT_EQ(message.written.baggage_text(), "");
        EXPECT_EQ(message.headers.get("baggage"), std::nullopt);
        EXPECT_TRUE(message.written.has_trace());
      }
    }
  }
}

TEST(sending_boundary, a_policy_holds_for_baggage_that_the_headers_hold) {
  for (const inject_mode mode : {inject_mode::automatic, inject_mode::keep, inject_mode::parent}) {
    const sent_message message(nullptr, mode, only_plan(), false);
    EXPECT_EQ(message.written, context_of(other_trace, "held=1", "plan=h"));
    EXPECT_EQ(message.sent, other_trace);
  }
}

TEST(sending_boundary, headers_that_are_kept_lose_their_baggage_and_keep_their_trace) {
  const context own = own_context();
  for (const boundary_entry& entry :
       {boundary_entry{.outbound = outbound_mode::trace_only}, only_plan()}) {
    for (const bool with_tracer : {false, true}) {
      const sent_message message(&own, inject_mode::keep, entry, with_tracer);
      EXPECT_EQ(message.written.span_context(), other_trace)
          << (with_tracer ? "with a tracer" : "without");
      EXPECT_EQ(message.written.tracestate_text(), "held=1");
      EXPECT_EQ(message.sent, other_trace);
      EXPECT_EQ(message.written.baggage_text(), entry.baggage_out.passes_all() ? "" : "plan=h");
      if (with_tracer) {
        EXPECT_EQ(message.tracer->span_at(0).parent, own_context());
        EXPECT_FALSE(message.tracer->span_at(0).injects);
        EXPECT_EQ(message.tracer->span_at(0).links,
                  std::vector<waybill::span_context>{other_trace});
      }
    }
  }
}

TEST(sending_boundary, a_span_has_the_baggage_that_stays_inside) {
  const context own = own_context();
  const sent_message message(&own, inject_mode::replace, {.outbound = outbound_mode::trace_only},
                             true);
  EXPECT_EQ(message.tracer->span_at(0).parent, own_context());
  EXPECT_EQ(message.written, message.tracer->span_at(0).started.without_baggage());
}

}  // namespace
}  // namespace waybill_test
