#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "support/texts.hpp"

namespace {

using waybill::direction;
using waybill::errc;
using waybill_test::sample_traceparent;

/// A value that is returned would be gone before it is read.
struct returns_strings {
  [[nodiscard]] static waybill::carrier_rules rules() { return waybill::http_rules; }
  [[nodiscard]] std::optional<std::string> get(std::string_view /*name*/) const { return "gone"; }
};
static_assert(!waybill::readable_carrier<returns_strings>);

struct one_header {
  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("Traceparent"), sample_traceparent);
  }
};
struct exact_by_data_member : one_header {
  waybill::carrier_rules rules{waybill::duplicate_rule::last, waybill::name_rule::exact};
};
struct exact_by_static_member : one_header {
  static constexpr waybill::carrier_rules rules{waybill::duplicate_rule::last,
                                                waybill::name_rule::exact};
};
struct throws_for_rules : one_header {
  [[nodiscard]] static waybill::carrier_rules rules() { throw 1; }
};

TEST(CarrierRules, FL03_are_read_from_a_member_of_any_kind) {
  const waybill::propagator propagator;
  EXPECT_FALSE(propagator.extract(exact_by_data_member()).has_trace());
  EXPECT_FALSE(propagator.extract(exact_by_static_member()).has_trace());
}

/// The same header once more.
struct throws_for_rules_of_two : throws_for_rules {
  template <class F>
  void for_each(F&& visit) const {
    throws_for_rules::for_each(visit);
    throws_for_rules::for_each(visit);
  }
};

TEST(CarrierRules, FL19_are_the_strictest_when_asking_for_them_throws) {
  EXPECT_TRUE(waybill::propagator().extract(throws_for_rules()).has_trace());
  waybill::extract_report report;
  EXPECT_FALSE(waybill::propagator().extract(throws_for_rules_of_two(), {}, &report).has_trace());
  EXPECT_EQ(report.fields[0], errc::duplicate);
}

/// Shows its headers once and throws the next time.
struct throws_the_second_time {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;
  mutable int calls = 0;
  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("traceparent"), sample_traceparent);
    visit(std::string_view("tracestate"), std::string_view("a=1"));
    visit(std::string_view("baggage"), std::string_view("a=1"));
    if (++calls > 1) throw 1;
    visit(std::string_view("tracestate"), std::string_view("b=2"));
    visit(std::string_view("baggage"), std::string_view("b=2"));
  }
};

TEST(Carrier, FL19_that_throws_when_a_list_is_joined_costs_the_whole_list) {
  const waybill::propagator propagator;
  waybill::extract_report report;
  const waybill::context read = propagator.extract(throws_the_second_time(), {}, &report);
  EXPECT_TRUE(read.has_trace());
  EXPECT_EQ(read.tracestate_text(), "");
  EXPECT_EQ(read.baggage_text(), "");
  EXPECT_EQ(report.fields[propagator.field_index("tracestate")], errc::carrier_failed);
  EXPECT_EQ(report.fields[propagator.field_index("baggage")], errc::carrier_failed);
}

/// Takes every field but one.
struct refuses_one {
  std::string_view refused;
  waybill::header_list headers{};
  void set(std::string_view name, std::string_view value) {
    if (name == refused) throw 1;
    headers.set(name, value);
  }
  void erase(std::string_view name) { headers.erase(name); }
};

TEST(Carrier, FL19_TS20_that_throws_when_a_field_is_set_neither_has_it_nor_keeps_an_old_one) {
  const waybill::context sent =
      waybill_test::context_of(waybill_test::sample_trace, "a=1", "user=a");
  for (const std::string_view refused : {"traceparent", "tracestate", "baggage"}) {
    refuses_one carrier{refused};
    carrier.headers.add(refused, "old");
    const waybill::inject_report report = waybill::propagator().inject(sent, carrier);
    EXPECT_EQ(report.code, errc::carrier_failed) << refused;
    EXPECT_EQ(report.trace, refused != "traceparent");
    EXPECT_EQ(report.tracestate, refused == "baggage");  // never alone
    EXPECT_EQ(report.baggage, refused != "baggage");
    EXPECT_EQ(carrier.headers.get(refused), std::nullopt);
  }
}

TEST(Counters, FL18_say_both_what_was_over_a_limit_and_what_was_left_out_for_size) {
  const waybill::propagation settings({.limits = {.tracestate_bytes_max = 5}});
  waybill::header_list headers;
  const waybill::context sent =
      waybill_test::context_of(waybill_test::sample_trace, "a=1,b=2", "user=a");
  waybill::inject(sent, headers, settings, {}, {.bytes_max = 90});
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::too_large), 1U);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_for_size), 1U);
}

TEST(Boundary, that_was_moved_from_lets_everything_pass) {
  waybill::boundary from;
  from.set("a", {.inbound = waybill::inbound_mode::ignore});
  const waybill::boundary to = std::move(from);
  EXPECT_EQ(to.find("a").inbound, waybill::inbound_mode::ignore);
  EXPECT_EQ(from.find("a").inbound, waybill::inbound_mode::adopt);  // NOLINT(*-use-after-move)
}

}  // namespace
