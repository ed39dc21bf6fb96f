// How a context is put into a header list: design invariants 2 and 3.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "support/bare_headers.hpp"
#include "support/contexts.hpp"
#include "support/processor_time.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::any_destination;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::inject_budget;
using waybill::inject_report;
using waybill::outbound_mode;
using waybill::propagation;
using waybill::kafka::inject;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::count_of;
using waybill_test::headers_of;
using waybill_test::make_context;
using waybill_test::make_list;
using waybill_test::only;
using waybill_test::processor_seconds;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::without_fields;

const std::string a(traceparent_a);
const std::string b(traceparent_b);

/// Every field in several spellings and several times.
const bare_headers& stale_fields() {
  static const bare_headers headers{
      {"traceparent", b},
      {"Traceparent", b},
      {"tracestate", "old=1"},
      {"TRACESTATE", "old=2"},
      {"baggage", "old=1"},
      {"bAgGaGe", "old=2"},
      {"traceparent", std::nullopt},
      {"tracestate", ""},
      {"baggage", std::nullopt},
      {"TRACEPARENT", "bad"},
      {"baggage", "old=3"},
  };
  return headers;
}

/// One of `left` and one of `right` in turn, each kept in order.
bare_headers interleave(const bare_headers& left, const bare_headers& right) {
  bare_headers mixed;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i < left.size()) mixed.push_back(left[i]);
    if (i < right.size()) mixed.push_back(right[i]);
  }
  return mixed;
}

struct kafka_inject : testing::Test {
  waybill::propagation_options options;
  const context full = make_context(a, "x=1,y=2", "user=alice,n=1");

  [[nodiscard]] propagation settings() const { return propagation(options); }
  [[nodiscard]] bare_headers injected(const context& what, const bare_headers& before,
                                      const inject_budget& budget = {},
                                      inject_report* report = nullptr) const {
    const auto list = make_list(before);
    const inject_report got = inject(what, *list, settings(), "orders", budget);
    if (report != nullptr) *report = got;
    return headers_of(list.get());
  }
  [[nodiscard]] std::uint64_t counted(errc code) const {
    return options.diagnostics->count(direction::outbound, code);
  }
};

TEST_F(kafka_inject, FL04_FL11_writes_each_field_once_under_its_lower_case_name) {
  inject_report report;
  EXPECT_EQ(
      injected(full, {}, {}, &report),
      (bare_headers{{"traceparent", a}, {"tracestate", "x=1,y=2"}, {"baggage", "user=alice,n=1"}}));
  EXPECT_EQ(report.code, errc::ok);
  EXPECT_TRUE(report.trace && report.tracestate && report.baggage);
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_inject, the_fields_go_to_the_end) {
  EXPECT_EQ(injected(full, application_headers()),
            application_headers() +
                (bare_headers{
                    {"traceparent", a}, {"tracestate", "x=1,y=2"}, {"baggage", "user=alice,n=1"}}));
}

TEST_F(kafka_inject, a_view_is_as_good_as_a_context) {
  const auto list = make_list({{"traceparent", b}});
  inject(waybill::context_view(full), *list, settings(), any_destination);
  EXPECT_EQ(headers_of(list.get()), injected(full, {}));
}

TEST_F(kafka_inject, FL16_invariant_2_the_applications_headers_stay_byte_for_byte) {
  const bare_headers after = injected(full, interleave(application_headers(), stale_fields()));
  EXPECT_EQ(without_fields(after), application_headers());
}

TEST_F(kafka_inject, FL16_invariant_2_a_thousand_application_headers_stay_byte_for_byte) {
  bare_headers application;
  while (application.size() < 1'000) {
    application.push_back({"h" + std::to_string(application.size() % 7),
                           application.size() % 3 == 0
                               ? std::nullopt
                               : std::optional(std::string(application.size() % 5, '\xff'))});
  }
  EXPECT_EQ(without_fields(injected(full, application)), application);
  EXPECT_EQ(without_fields(injected(full, interleave(stale_fields(), application))), application);
}

TEST_F(kafka_inject, FL11_invariant_3_replaces_every_spelling_and_every_duplicate) {
  EXPECT_EQ(injected(full, stale_fields()), injected(full, {}));
}

TEST_F(kafka_inject, FL11_invariant_3_replaces_a_single_old_field) {
  for (const std::string& name : {std::string("traceparent"), std::string("TraceParent"),
                                  std::string("tracestate"), std::string("baggage")}) {
    EXPECT_EQ(injected(make_context(a), {{name, b}}), (bare_headers{{"traceparent", a}})) << name;
  }
}

TEST_F(kafka_inject, FL11_invariant_3_many_injections_leave_one_of_each_field) {
  const auto list = make_list(application_headers());
  for (int i = 0; i < 20; ++i) inject(full, *list, settings(), any_destination);
  const context last = make_context(b, "z=9", "k=v");
  inject(last, *list, settings(), any_destination);
  EXPECT_EQ(headers_of(list.get()), injected(last, application_headers()));
}

TEST_F(kafka_inject,
       invariant_3_a_new_traceparent_never_stands_beside_an_old_tracestate_or_baggage) {
  EXPECT_EQ(injected(make_context(a), stale_fields()), (bare_headers{{"traceparent", a}}));
  EXPECT_EQ(injected(make_context(a, "x=1"), stale_fields()),
            (bare_headers{{"traceparent", a}, {"tracestate", "x=1"}}));
  EXPECT_EQ(injected(make_context(a, {}, "k=v"), stale_fields()),
            (bare_headers{{"traceparent", a}, {"baggage", "k=v"}}));
}

TEST_F(kafka_inject, FL13_invariant_3_baggage_alone_replaces_the_baggage_alone) {
  const bare_headers before{{"traceparent", b},      {"Baggage", "old=1"}, {"own", "1"},
                            {"Tracestate", "old=1"}, {"baggage", "old=2"}, {"traceparent", a}};
  EXPECT_EQ(injected(make_context({}, {}, "k=v"), before), (bare_headers{{"traceparent", b},
                                                                         {"own", "1"},
                                                                         {"Tracestate", "old=1"},
                                                                         {"traceparent", a},
                                                                         {"baggage", "k=v"}}));
}

TEST_F(kafka_inject, FL14_an_empty_context_changes_nothing) {
  const bare_headers before = interleave(application_headers(), stale_fields());
  inject_report report;
  EXPECT_EQ(injected(context(), before, {}, &report), before);
  EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
}

TEST_F(kafka_inject, PR07_only_the_propagators_own_fields_are_replaced) {
  options.propagator = waybill::propagator::from_names("tracecontext");
  EXPECT_EQ(injected(full, {{"baggage", "old=1"}, {"traceparent", b}}),
            (bare_headers{{"baggage", "old=1"}, {"traceparent", a}, {"tracestate", "x=1,y=2"}}));
  options.propagator = waybill::propagator::from_names("none");
  EXPECT_EQ(injected(full, stale_fields()), stale_fields());
}

TEST_F(kafka_inject, FL20_what_was_injected_is_what_is_extracted) {
  const auto list = make_list(interleave(application_headers(), stale_fields()));
  inject(full, *list, settings(), any_destination);
  EXPECT_EQ(waybill::kafka::extract(list.get(), settings(), any_destination).context(), full);
}

TEST_F(kafka_inject, a_boundary_of_traces_alone_sends_no_baggage) {
  options.boundary.set("orders", {.outbound = outbound_mode::trace_only});
  EXPECT_EQ(injected(full, stale_fields()),
            (bare_headers{{"traceparent", a}, {"tracestate", "x=1,y=2"}}));
  EXPECT_EQ(only(injected(make_context({}, {}, "k=v"), {{"own", "1"}}), "baggage"), std::nullopt);
}

TEST_F(kafka_inject, a_boundary_that_lets_nothing_out_takes_away_what_is_there) {
  options.boundary.set("orders", {.outbound = outbound_mode::nothing});
  const bare_headers before = interleave(application_headers(), stale_fields());
  EXPECT_EQ(injected(full, before), application_headers());
  EXPECT_EQ(injected(context(), before), application_headers());
}

TEST_F(kafka_inject, a_boundary_lets_only_its_baggage_keys_out) {
  options.boundary.set(
      "orders", {.baggage_out = {.keys_rule = waybill::baggage_policy::rule::only, .keys = {"n"}}});
  EXPECT_EQ(only(injected(full, stale_fields()), "baggage"), "n=1");
}

TEST_F(kafka_inject, a_budget_leaves_out_baggage_then_tracestate_then_traceparent) {
  // Name and value of each field; the order in which parts go is the promise, byte by byte.
  constexpr std::size_t per_field = 5;
  const std::size_t trace = 11 + a.size() + per_field;
  const std::size_t state = 10 + full.tracestate_text().size() + per_field;
  const std::size_t items = 7 + full.baggage_text().size() + per_field;
  std::uint64_t dropped = 0;
  for (std::size_t room = 0; room <= trace + state + items + 1; ++room) {
    inject_report report;
    const bare_headers after = injected(full, stale_fields(), {room, per_field}, &report);
    const bool has_trace = room >= trace;
    const bool has_state = room >= trace + state;
    const bool has_items = room >= trace + state + items;
    EXPECT_EQ(count_of(after, "traceparent"), has_trace ? 1U : 0U) << room;
    EXPECT_EQ(count_of(after, "tracestate"), has_state ? 1U : 0U) << room;
    EXPECT_EQ(count_of(after, "baggage"), has_items ? 1U : 0U) << room;
    EXPECT_EQ(without_fields(after), bare_headers{}) << room;
    EXPECT_EQ(report.trace, has_trace) << room;
    EXPECT_EQ(report.tracestate, has_state) << room;
    EXPECT_EQ(report.baggage, has_items) << room;
    EXPECT_EQ(report.code, has_items ? errc::ok : errc::dropped_for_size) << room;
    dropped += has_items ? 0U : 1U;
    EXPECT_GE(counted(errc::dropped_for_size), dropped) << room;
    if (has_items) {
      EXPECT_EQ(after, injected(full, {})) << room;
    }
  }
}

TEST_F(kafka_inject, thousands_of_stale_fields_among_thousands_of_headers_are_replaced_quickly) {
  bare_headers before(100, {"baggage", "old=1"});
  for (std::size_t i = 0; i < 3'000; ++i) {
    before.push_back({"own", std::to_string(i)});
    std::string spelling = i % 2 == 0 ? "traceparent" : "tracestate";
    for (std::size_t bit = 0; bit < spelling.size(); ++bit) {
      if (((i >> bit) & 1U) != 0) spelling[bit] = static_cast<char>(spelling[bit] - 0x20);
    }
    before.push_back({spelling, b});
  }
  const auto list = make_list(before);
  const double begin = processor_seconds();
  inject(full, *list, settings(), any_destination);
  EXPECT_LT(processor_seconds() - begin, 2);
  const bare_headers after = headers_of(list.get());
  EXPECT_EQ(after, without_fields(before) + injected(full, {}));
}

/// Writes W3C's traceparent a second time.
class second_format final : public waybill::format {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "second"; }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override { return fields_; }
  void extract(const waybill::field_values&, waybill::extract_draft&) const noexcept override {}
  void inject(const waybill::context_view& sent,
              waybill::field_writer& writer) const noexcept override {
    writer.set_traceparent(0, sent);
  }

 private:
  std::array<waybill::field, 1> fields_{
      {{"traceparent", waybill::field_kind::single, waybill::field_concern::trace}}};
};

TEST_F(kafka_inject, writes_a_field_of_two_formats_once) {
  const second_format second;
  const std::array<const waybill::format*, 2> formats{&waybill::tracecontext_format(), &second};
  const propagation twice({.propagator = waybill::propagator(formats)});
  ASSERT_TRUE(twice.propagator().has_shared_fields());
  for (const bare_headers& before : {bare_headers{}, bare_headers{{"traceparent", b}}}) {
    const auto list = make_list(before);
    inject(make_context(a, "", ""), *list, twice, any_destination);
    EXPECT_EQ(headers_of(list.get()), (bare_headers{{"traceparent", a}}));
  }
}

}  // namespace
