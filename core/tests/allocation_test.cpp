// Counts every allocation of the program, those of the C library included, so it is an executable
// of its own. Under a sanitizer that brings its own malloc there is nothing to count.

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "support/carriers.hpp"
#include "support/counted_memory.hpp"
#include "support/texts.hpp"

namespace {

using waybill_test::sample_traceparent;
using carrier = waybill_test::fixed_headers<6>;

constexpr std::string_view tracestate_of_3 =
    "dd=s:2;o:rum;t.dm:-4,congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";
constexpr std::string_view baggage_of_8 =
    "userId=alice,serverNode=DF28,isProduction=false,tenant=acme,region=eu-west-1,session=8f14e45f,"
    "cart=3f2b8c,plan=gold;ttl=60";

template <class F>
std::size_t allocations_in(F&& work) {
  return waybill_test::memory_use_in(std::forward<F>(work)).allocations;
}

carrier full_carrier() {
  carrier headers;
  headers.set("app-id", "orders");
  headers.set("traceparent", sample_traceparent);
  headers.set("tracestate", tracestate_of_3);
  headers.set("baggage", baggage_of_8);
  headers.set("content-type", "application/json");
  return headers;
}

TEST(Allocation, is_counted_here) {
  std::string kept;
  EXPECT_GE(allocations_in([&kept] { kept = std::string(1'000, 'x'); }), 1U);
}

TEST(Allocation, none_to_extract_nothing) {
  const waybill::propagator propagator;
  carrier headers;
  headers.set("app-id", "orders");
  EXPECT_EQ(allocations_in([&] { EXPECT_TRUE(propagator.extract(headers).is_empty()); }), 0U);
}

TEST(Allocation, none_to_extract_a_traceparent) {
  const waybill::propagator propagator;
  carrier headers;
  headers.set("traceparent", sample_traceparent);
  EXPECT_EQ(allocations_in([&] { EXPECT_TRUE(propagator.extract(headers).has_trace()); }), 0U);
}

TEST(Allocation, none_to_extract_traceparent_tracestate_and_baggage) {
  const waybill::propagator propagator;
  const carrier headers = full_carrier();
  EXPECT_EQ(allocations_in([&] {
              const waybill::context read = propagator.extract(headers);
              EXPECT_EQ(read.tracestate_text(), tracestate_of_3);
              EXPECT_EQ(read.baggage_text(), baggage_of_8);
            }),
            0U);
}

TEST(Allocation, none_to_peek) {
  const waybill::propagation settings(waybill::propagation_options{});
  const carrier headers = full_carrier();
  EXPECT_EQ(
      allocations_in([&] {
        EXPECT_TRUE(waybill::peek(headers, settings, waybill::any_destination)->has_baggage());
      }),
      0U);
}

TEST(Allocation, none_to_take_a_message_at_a_boundary_of_many_entries) {
  waybill::propagation_options options;
  for (int i = 0; i < 1'000; ++i) {
    options.boundary.set("topic-" + std::to_string(i), {.inbound = waybill::inbound_mode::link});
    options.boundary.set_prefix("prefix-" + std::to_string(i), {});
  }
  const waybill::propagation settings(options);
  carrier headers = full_carrier();
  EXPECT_EQ(allocations_in([&] {
              const waybill::extraction taken = waybill::take(headers, settings, "topic-500");
              EXPECT_EQ(taken.links().size(), 1U);
              EXPECT_TRUE(taken.context().has_baggage());
            }),
            0U);
}

TEST(Allocation, none_to_inject) {
  const waybill::propagation settings(waybill::propagation_options{});
  const waybill::context sent = settings.propagator().extract(full_carrier());
  carrier headers = full_carrier();
  EXPECT_EQ(
      allocations_in([&] {
        EXPECT_TRUE(waybill::inject(sent, headers, settings, waybill::any_destination).baggage);
      }),
      0U);
  EXPECT_EQ(allocations_in([&] {
              waybill::inject(sent, headers, settings, {},
                              {.bytes_max = 100, .bytes_per_field = 4});
            }),
            0U);
}

TEST(Allocation, none_for_a_default_propagation_and_copies_of_any) {
  EXPECT_EQ(allocations_in([] {
              const waybill::propagation settings;
              EXPECT_EQ(settings.diagnostics(), nullptr);
            }),
            0U);
  const waybill::propagation own(waybill::propagation_options{});
  EXPECT_EQ(allocations_in([&own] {
              waybill::propagation copy = own;
              waybill::propagation assigned;
              assigned = copy;
              copy = waybill::propagation();
              EXPECT_EQ(assigned.diagnostics(), own.diagnostics());
            }),
            0U);
}

TEST(Allocation, none_for_scopes_once_as_many_were_inside_each_other) {
  const waybill::context large = waybill_test::context_of(waybill_test::sample_trace, "",
                                                          waybill_test::baggage_of_bytes(8'000));
  const auto nest = [&large] {
    const waybill::scope outer(large);
    const waybill::scope inner(large);
    EXPECT_EQ(waybill::current(), large);
  };
  nest();
  EXPECT_EQ(allocations_in(nest), 0U);
}

TEST(Allocation, none_for_the_received_slot_once_it_was_filled) {
  const waybill::received_slot slot(nullptr);
  const waybill::context received(waybill_test::sample_trace);
  slot.fill(received);
  EXPECT_EQ(allocations_in([&] {
              slot.fill(received);
              EXPECT_EQ(waybill::current(), received);
              waybill::received_slot::clear();
            }),
            0U);
}

TEST(Allocation, that_fails_makes_nothing_current_until_the_scope_ends) {
  // On a thread of its own, which has no memory of earlier scopes.
  std::thread([] {
    const waybill::context known(waybill_test::sample_trace);
    const waybill::scope outer(known);
    waybill_test::memory.is_out = true;
    {
      const waybill::scope lost(waybill_test::context_of(waybill_test::other_trace, "", ""));
      waybill_test::memory.is_out = false;
      EXPECT_TRUE(waybill::current().is_empty()) << "a wrong parent is worse than none";
      const waybill::scope inner(known);
      EXPECT_TRUE(waybill::current().is_empty());
    }
    EXPECT_EQ(waybill::current(), known);
    const waybill::received_slot slot(nullptr);
    waybill_test::memory.is_out = true;
    slot.fill(known);
    waybill_test::memory.is_out = false;
  }).join();
  std::thread([] {
    const waybill::received_slot slot(nullptr);
    waybill_test::memory.is_out = true;
    slot.fill(waybill::context(waybill_test::sample_trace));
    waybill_test::memory.is_out = false;
    EXPECT_TRUE(waybill::current().is_empty());
  }).join();
}

TEST(Allocation, none_to_copy_move_and_renew_contexts) {
  const waybill::context small =
      waybill_test::context_of(waybill_test::sample_trace, tracestate_of_3, baggage_of_8);
  const waybill::context large = waybill_test::context_of(waybill_test::sample_trace, "",
                                                          waybill_test::baggage_of_bytes(8'000));
  EXPECT_EQ(allocations_in([&] {
              for (const waybill::context* each : {&small, &large}) {
                waybill::context copy = *each;
                const waybill::context moved = std::move(copy);
                const waybill::context child = moved.new_child();
                EXPECT_EQ(child.baggage_text(), each->baggage_text());
              }
            }),
            0U);
}

TEST(Allocation, none_to_begin_a_trace) {
  static_cast<void>(waybill::span_context::new_root(true));  // the thread's seed
  EXPECT_EQ(allocations_in([] { EXPECT_TRUE(waybill::context::new_root(true).has_trace()); }), 0U);
}

TEST(Allocation, that_fails_costs_the_text_and_never_the_trace) {
  const waybill::propagator propagator;
  waybill::header_list headers;
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", tracestate_of_3);
  headers.add("baggage", waybill_test::baggage_of_bytes(4'000));
  waybill_test::memory.is_out = true;
  const waybill::context whole = propagator.extract(headers);
  waybill_test::memory.is_out = false;
  EXPECT_EQ(whole.span_context(), waybill_test::sample_trace);
  EXPECT_EQ(whole.tracestate_text(), tracestate_of_3);
  EXPECT_EQ(whole.baggage_text(), "");

  // What must be cleaned needs a buffer before it needs a context.
  headers.set("baggage", "user = a");
  waybill::extract_report report;
  waybill_test::memory.is_out = true;
  const waybill::context cleaned = propagator.extract(headers, {}, &report);
  waybill_test::memory.is_out = false;
  EXPECT_EQ(cleaned.span_context(), waybill_test::sample_trace);
  EXPECT_EQ(cleaned.baggage_text(), "");
  EXPECT_EQ(report.fields[propagator.field_index("baggage")], waybill::errc::no_memory);
}

TEST(Allocation, that_fails_is_reported_and_counted_for_the_fields_whose_text_it_cost) {
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::header_list headers;
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", waybill_test::tracestate_of_bytes(345));
  headers.add("baggage", "user=a");
  waybill_test::memory.is_out = true;
  const waybill::extraction nothing_fits =
      waybill::extract(headers, settings, waybill::any_destination);
  waybill_test::memory.is_out = false;
  EXPECT_EQ(nothing_fits.context(), waybill::context(waybill_test::sample_trace));
  EXPECT_EQ(nothing_fits.report().fields[0], waybill::errc::ok);
  EXPECT_EQ(nothing_fits.report().fields[1], waybill::errc::no_memory);
  EXPECT_EQ(nothing_fits.report().fields[2], waybill::errc::no_memory);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::inbound, waybill::errc::no_memory),
            2U);

  headers.set("tracestate", waybill_test::tracestate_of_bytes(344));
  waybill_test::memory.is_out = true;
  const waybill::extraction tracestate_fits =
      waybill::extract(headers, settings, waybill::any_destination);
  waybill_test::memory.is_out = false;
  EXPECT_EQ(tracestate_fits.context().tracestate_text().size(), 344U);
  EXPECT_EQ(tracestate_fits.report().fields[1], waybill::errc::ok);
  EXPECT_EQ(tracestate_fits.report().fields[2], waybill::errc::no_memory);
}

TEST(Allocation, that_fails_while_a_tracestate_is_cut_leaves_the_whole_of_it_out) {
  waybill::limits limits;
  limits.tracestate_bytes_max = 1'000;
  const waybill::context sent = waybill_test::context_of(
      waybill_test::sample_trace, waybill_test::tracestate_of_bytes(2'000), "");
  const waybill::propagator propagator;
  for (std::size_t allocations = 0;; ++allocations) {
    carrier headers;
    waybill_test::memory.allocations_left = allocations;
    const waybill::inject_report report =
        propagator.inject(waybill::context_view(sent), headers, limits);
    waybill_test::memory.allocations_left = SIZE_MAX;
    waybill::extract_report read;
    EXPECT_EQ(propagator.extract(headers, {}, &read).span_context(), waybill_test::sample_trace);
    const waybill::errc as_read = read.fields[propagator.field_index("tracestate")];
    if (report.code == waybill::errc::too_large) {
      EXPECT_EQ(as_read, waybill::errc::ok);
      EXPECT_GT(allocations, 1U) << "nothing failed within the cutting";
      break;
    }
    EXPECT_EQ(report.code, waybill::errc::no_memory);
    EXPECT_FALSE(report.tracestate);
    EXPECT_EQ(as_read, waybill::errc::absent) << "after " << allocations << " allocations";
  }
}

}  // namespace
