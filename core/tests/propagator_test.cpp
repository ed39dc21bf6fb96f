#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>
#include <waybill/propagator.hpp>

#include "support/environment_variable.hpp"
#include "support/texts.hpp"
#include "support/toy_format.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::errc;
using waybill::extract_report;
using waybill::field_concern;
using waybill::field_kind;
using waybill::format;
using waybill::header_list;
using waybill::names_report;
using waybill::propagator;
using names = std::vector<std::string_view>;

static_assert(std::is_trivially_copyable_v<propagator>, "a value without heap memory");

names formats_of(const propagator& formats) {
  names found;
  for (const format* each : formats.formats()) found.push_back(each->name());
  return found;
}

names fields_of(const propagator& formats) {
  names found;
  for (const waybill::field& each : formats.fields()) found.push_back(each.name);
  return found;
}

TEST(propagator, PR01_reads_and_writes_tracecontext_and_baggage_by_default) {
  EXPECT_EQ(formats_of(propagator()), (names{"tracecontext", "baggage"}));
  EXPECT_EQ(fields_of(propagator()), (names{"traceparent", "tracestate", "baggage"}));
  const propagator usual;
  EXPECT_EQ(usual.formats()[0], &waybill::tracecontext_format());
  EXPECT_EQ(usual.formats()[1], &waybill::baggage_format());
}

TEST(propagator, knows_kind_and_concern_of_each_field) {
  const propagator formats;
  const auto fields = formats.fields();
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0].kind, field_kind::single);
  EXPECT_EQ(fields[0].concern, field_concern::trace);
  EXPECT_EQ(fields[1].kind, field_kind::list);
  EXPECT_EQ(fields[1].concern, field_concern::trace);
  EXPECT_EQ(fields[2].kind, field_kind::list);
  EXPECT_EQ(fields[2].concern, field_concern::baggage);
}

TEST(propagator, finds_a_field_in_any_spelling) {
  const propagator formats;
  EXPECT_EQ(formats.field_index("traceparent"), 0U);
  EXPECT_EQ(formats.field_index("TraceState"), 1U);
  EXPECT_EQ(formats.field_index("BAGGAGE"), 2U);
  for (const std::string_view other : {"", "b", "baggage2", "traceparenT ", "x-request-id"}) {
    EXPECT_EQ(formats.field_index(other), formats.fields().size()) << other;
  }
  EXPECT_EQ(formats.field_index(std::string(1'000, 'x')), formats.fields().size());
}

TEST(propagator_names, PR01_are_read_in_their_order) {
  EXPECT_EQ(formats_of(propagator::from_names("tracecontext,baggage")),
            (names{"tracecontext", "baggage"}));
  EXPECT_EQ(formats_of(propagator::from_names("baggage,tracecontext")),
            (names{"baggage", "tracecontext"}));
  EXPECT_EQ(formats_of(propagator::from_names("baggage")), (names{"baggage"}));
  EXPECT_EQ(fields_of(propagator::from_names("baggage")), (names{"baggage"}));
}

TEST(propagator_names, PR02_may_have_any_case_and_white_space_around) {
  EXPECT_EQ(formats_of(propagator::from_names(" \tTraceContext ,\tBAGGAGE  ")),
            (names{"tracecontext", "baggage"}));
  EXPECT_EQ(formats_of(propagator::from_names(",,tracecontext,,")), (names{"tracecontext"}));
}

TEST(propagator_names, PR02_that_are_empty_are_no_unknown_ones) {
  names_report report;
  EXPECT_EQ(formats_of(propagator::from_names(",baggage, ,\t,", &report)), (names{"baggage"}));
  EXPECT_EQ(report.unknown, 0U);
  EXPECT_EQ(report.first_unknown, "");
}

TEST(propagator_names, PR02_that_are_repeated_count_once) {
  names_report report;
  EXPECT_EQ(
      formats_of(propagator::from_names("baggage,tracecontext,Baggage,tracecontext", &report)),
      (names{"baggage", "tracecontext"}));
  EXPECT_EQ(report.unknown, 0U);
}

TEST(propagator_names, PR01_that_are_unknown_are_passed_over_and_counted) {
  names_report report;
  const std::string list = "xray, ottrace,tracecontext,xray2";
  EXPECT_EQ(formats_of(propagator::from_names(list, &report)), (names{"tracecontext"}));
  EXPECT_EQ(report.unknown, 3U);
  EXPECT_EQ(report.first_unknown, "xray");
  EXPECT_EQ(report.first_unknown.data(), list.data()) << "borrows the list";
  EXPECT_EQ(formats_of(propagator::from_names("trace context,tracecontextx,baggag", &report)),
            names{});
  EXPECT_EQ(report.unknown, 3U) << "of the last list alone";
}

TEST(propagator_names, PR01_none_reads_and_writes_nothing) {
  names_report report;
  const propagator nothing = propagator::from_names("none", &report);
  EXPECT_EQ(report.unknown, 0U);
  EXPECT_EQ(formats_of(nothing), names{});
  EXPECT_EQ(fields_of(nothing), names{});
  EXPECT_EQ(formats_of(propagator::from_names(" NONE ")), names{});
  header_list headers;
  headers.add("traceparent", sample_traceparent);
  const header_list before = headers;
  EXPECT_TRUE(nothing.extract(headers).is_empty());
  EXPECT_TRUE(nothing.peek(headers).value().is_empty());
  nothing.inject(context_of(other_trace, "rojo=1", "a=1"), headers);
  EXPECT_EQ(nothing.strip(headers), errc::ok);
  EXPECT_EQ(headers, before);
}

TEST(propagator_names, of_an_empty_list_give_no_format) {
  EXPECT_EQ(formats_of(propagator::from_names("")), names{});
}

TEST(propagator_environment, PR03_unset_or_empty_gives_the_default) {
  for (const char* const value : {static_cast<const char*>(nullptr), "", " "}) {
    const environment_variable set("OTEL_PROPAGATORS", value);
    names_report report;
    EXPECT_EQ(formats_of(propagator::from_environment(&report)),
              (names{"tracecontext", "baggage"}));
    EXPECT_EQ(report.unknown, 0U);
  }
}

TEST(propagator_environment, PR04_a_disabled_sdk_propagates_all_the_same) {
  const environment_variable disabled("OTEL_SDK_DISABLED", "true");
  const environment_variable set("OTEL_PROPAGATORS", nullptr);
  EXPECT_EQ(formats_of(propagator::from_environment()), (names{"tracecontext", "baggage"}));
}

TEST(propagator_environment, names_the_formats) {
  const environment_variable set("OTEL_PROPAGATORS", "Baggage, xray ,tracecontext");
  names_report report;
  EXPECT_EQ(formats_of(propagator::from_environment(&report)), (names{"baggage", "tracecontext"}));
  EXPECT_EQ(report.unknown, 1U);
  EXPECT_EQ(report.first_unknown, "xray");
}

TEST(propagator_environment, none_switches_propagation_off) {
  const environment_variable set("OTEL_PROPAGATORS", "none");
  EXPECT_EQ(formats_of(propagator::from_environment()), names{});
}

TEST(propagator_environment, PR01_a_single_unknown_name_is_counted_by_the_propagation) {
  const environment_variable set("OTEL_PROPAGATORS", "xray,tracecontext");
  const waybill::propagation settings(waybill::propagation_options::from_environment());
  EXPECT_EQ(settings.diagnostics()->total(), 1U);
}

TEST(propagator_environment, PR01_unknown_names_are_counted_by_the_propagation) {
  const environment_variable set("OTEL_PROPAGATORS", "xray,tracecontext,ottrace");
  const waybill::propagation settings(waybill::propagation_options::from_environment());
  EXPECT_EQ(formats_of(settings.propagator()), (names{"tracecontext"}));
  EXPECT_EQ(settings.diagnostics()->total(), 2U);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::inbound, errc::unknown_format) +
                settings.diagnostics()->count(waybill::direction::outbound, errc::unknown_format),
            2U);
}

TEST(propagator_names, PR07_formats_that_are_not_named_have_no_fields) {
  const propagator baggage_alone = propagator::from_names("baggage");
  header_list headers;
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1");
  headers.add("baggage", "a=1");
  const header_list before = headers;
  EXPECT_EQ(baggage_alone.extract(headers), context_of({}, "", "a=1"));
  baggage_alone.inject(context_of(other_trace, "congo=2", "a=1"), headers);
  EXPECT_EQ(headers, before) << "neither replaced";
  EXPECT_EQ(baggage_alone.strip(headers), errc::ok);
  EXPECT_EQ(headers.size(), 2U) << "nor stripped";
}

TEST(propagator_of_formats, keeps_their_order_and_repeated_ones_once) {
  const toy_format toy;
  const format* const list[] = {&toy, &waybill::baggage_format(), &toy,
                                &waybill::tracecontext_format(), &waybill::baggage_format()};
  const propagator formats(list);
  EXPECT_EQ(formats_of(formats), (names{"toy", "baggage", "tracecontext"}));
  EXPECT_EQ(fields_of(formats), (names{"x-toy", "baggage", "traceparent", "tracestate"}));
}

TEST(propagator_of_formats, PR07_names_a_field_that_two_formats_share_once) {
  const toy_format one("one", "x-toy");
  const toy_format two("two", "x-toy");
  const format* const list[] = {&one, &two};
  const propagator formats(list);
  EXPECT_EQ(formats_of(formats), (names{"one", "two"}));
  EXPECT_EQ(fields_of(formats), (names{"x-toy"}));
}

TEST(propagator_of_formats, PR08_leaves_out_formats_beyond_the_most) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < propagator::formats_max + 2; ++i) {
    texts.push_back("x-toy-" + std::to_string(i));
  }
  std::vector<std::unique_ptr<toy_format>> toys;
  std::vector<const format*> list;
  for (const std::string& text : texts) {
    list.push_back(toys.emplace_back(std::make_unique<toy_format>(text, text)).get());
  }
  const propagator formats(list);
  EXPECT_EQ(formats.formats().size(), propagator::formats_max);
  EXPECT_EQ(formats.fields().size(), propagator::formats_max);
  EXPECT_EQ(formats.field_index("x-toy-7"), 7U);
  EXPECT_EQ(formats.field_index("x-toy-8"), formats.fields().size());
}

/// A format of as many fields as asked for, which reads and writes nothing.
class wide_format final : public format {
 public:
  wide_format(char prefix, std::size_t fields) {
    for (std::size_t i = 0; i < fields; ++i) texts_.push_back(prefix + std::to_string(i));
    for (const std::string& text : texts_) fields_.push_back({text});
  }
  [[nodiscard]] std::string_view name() const noexcept override { return texts_.front(); }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override { return fields_; }
  void extract(const waybill::field_values& /*values*/,
               waybill::extract_draft& /*draft*/) const noexcept override {}
  void inject(const waybill::context_view& /*context*/,
              waybill::field_writer& /*writer*/) const noexcept override {}

 private:
  std::vector<std::string> texts_;
  std::vector<waybill::field> fields_;
};

TEST(propagator_of_formats, PR08_leaves_out_a_format_whose_fields_are_too_many) {
  const wide_format most('a', waybill::fields_max - 1);
  const wide_format two('b', 2);
  const toy_format one;
  const format* const list[] = {&most, &two, &one};
  const propagator formats(list);
  EXPECT_EQ(formats_of(formats), (names{"a0", "toy"})) << "whole formats, never some fields";
  EXPECT_EQ(formats.fields().size(), waybill::fields_max);
  EXPECT_EQ(formats.field_index("b0"), formats.fields().size());

  header_list headers;
  headers.add("x-toy", toy_text_of(sample_trace));
  headers.add("a30", "1");
  headers.add("b0", "kept");
  EXPECT_EQ(formats.extract(headers), context(sample_trace));
  EXPECT_EQ(formats.strip(headers), errc::ok);
  EXPECT_EQ(headers.size(), 1U);
}

TEST(propagator, a_report_says_of_each_field_what_became_of_it) {
  header_list headers;
  extract_report report;
  EXPECT_TRUE(propagator().extract(headers, {}, &report).is_empty());
  EXPECT_EQ(report.fields[0], errc::absent);
  EXPECT_EQ(report.fields[1], errc::absent);
  EXPECT_EQ(report.fields[2], errc::absent);
  EXPECT_EQ(report.members_dropped, 0U);

  headers.add("traceparent", "00-nonsense");
  headers.add("tracestate", "rojo=1");
  headers.add("baggage", "a=1,=,b=2");
  EXPECT_EQ(propagator().extract(headers, {}, &report), context_of({}, "", "a=1,b=2"));
  EXPECT_EQ(report.fields[0], errc::malformed);
  EXPECT_EQ(report.fields[1], errc::no_traceparent);
  EXPECT_EQ(report.fields[2], errc::malformed);
  EXPECT_EQ(report.members_dropped, 1U);
}

TEST(propagator, a_report_can_be_used_again) {
  header_list bad;
  bad.add("traceparent", sample_traceparent);
  bad.add("traceparent", other_traceparent);
  bad.add("baggage", "=");
  extract_report report;
  static_cast<void>(propagator().extract(bad, {}, &report));
  EXPECT_NE(report.repeated, 0U);
  static_cast<void>(propagator().extract(header_list(), {}, &report));
  EXPECT_EQ(report.repeated, 0U);
  EXPECT_EQ(report.members_dropped, 0U);
  EXPECT_EQ(report.fields[0], errc::absent);
}

TEST(propagator, TP13_what_is_extracted_is_remote) {
  header_list headers;
  headers.add("traceparent", sample_traceparent);
  EXPECT_TRUE(propagator().extract(headers).span_context().is_remote());
  EXPECT_TRUE(propagator().peek(headers)->span_context().is_remote());
}

TEST(propagator, what_is_extracted_owns_its_text) {
  context read;
  {
    header_list headers;
    headers.add("traceparent", sample_traceparent);
    headers.add("tracestate", tracestate_of_bytes(500));
    headers.add("baggage", baggage_of_bytes(500));
    read = propagator().extract(headers);
  }
  EXPECT_EQ(read, context_of(sample_trace, tracestate_of_bytes(500), baggage_of_bytes(500)));
}

TEST(peek, FL21_borrows_the_carrier_s_own_bytes) {
  header_list headers;
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1,congo=2");
  headers.add("baggage", "a=1;p,b=2");
  extract_report report;
  const auto view = propagator().peek(headers, {}, &report);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->tracestate_text().data(), headers.get("tracestate")->data());
  EXPECT_EQ(view->baggage_text().data(), headers.get("baggage")->data());
  EXPECT_EQ(view->baggage_members(), 2U);
  EXPECT_EQ(context(*view), propagator().extract(headers));
}

TEST(peek, FL21_asks_for_a_copy_where_the_text_would_differ) {
  for (const std::string_view baggage : {"a=1 , b=2", "a =1", "a=1,=,b=2", "a=1;\tp"}) {
    header_list headers;
    headers.add("baggage", baggage);
    EXPECT_EQ(propagator().peek(headers).error(), errc::needs_copy) << baggage;
    EXPECT_FALSE(propagator().extract(headers).is_empty());
  }
  header_list headers;
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "a=1");
  headers.add("tracestate", "b=1");
  EXPECT_EQ(propagator().peek(headers).error(), errc::needs_copy);
}

TEST(peek, of_nothing_is_an_empty_view) {
  const header_list headers;
  const auto view = propagator().peek(headers);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->is_empty());
}

TEST(strip, FL15_FL16_takes_every_field_away_in_every_spelling_and_nothing_else) {
  header_list headers;
  headers.add("app", "1");
  headers.add("traceparent", "malformed");
  headers.add("Traceparent", "");
  headers.add("tracestate2", "2");
  headers.add("TRACESTATE", "=");
  headers.add("baggage", "x");
  headers.add("app", "3");
  EXPECT_EQ(propagator().strip(headers), errc::ok);
  header_list expected;
  expected.add("app", "1");
  expected.add("tracestate2", "2");
  expected.add("app", "3");
  EXPECT_EQ(headers, expected);
}

}  // namespace
}  // namespace waybill_test
