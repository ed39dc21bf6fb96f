// What becomes of the headers of a message when a context is written to them.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>
#include <waybill/propagator.hpp>

#include "support/texts.hpp"
#include "support/toy_format.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::header_list;
using waybill::inject_budget;
using waybill::inject_report;
using waybill::propagation;
using waybill::propagator;

header_list stale_headers() {
  header_list headers;
  headers.add("first", "1");
  headers.add("traceparent", other_traceparent);
  headers.add("tracestate", "stale=1");
  headers.add("Baggage", "stale=1");
  headers.add("traceparent", other_traceparent);
  headers.add("last", "");
  headers.add("first", "2");
  return headers;
}

/// The fields that `headers` has, read without any rule: "name=value" in order.
std::string fields_in(const header_list& headers) {
  std::string text;
  for (const header_list::header& each : headers) {
    if (propagator().field_index(each.name) == 3) continue;
    text += each.name + "=" + each.value + "|";
  }
  return text;
}

std::string application_headers_in(const header_list& headers) {
  std::string text;
  for (const header_list::header& each : headers) {
    if (propagator().field_index(each.name) == 3) text += each.name + "=" + each.value + "|";
  }
  return text;
}

TEST(inject, FL11_FL16_replaces_the_whole_field_set) {
  header_list headers = stale_headers();
  const inject_report report =
      propagator().inject(context_of(sample_trace, "rojo=1", "a=1"), headers);
  EXPECT_EQ(propagator().extract(headers), context_of(sample_trace, "rojo=1", "a=1"));
  EXPECT_EQ(headers.size(), 6U) << "three application headers, three fields";
  EXPECT_EQ(application_headers_in(headers), "first=1|last=|first=2|");
  EXPECT_EQ(report.code, errc::ok);
  EXPECT_TRUE(report.trace && report.tracestate && report.baggage);
}

TEST(inject, FL04_writes_names_in_lower_case) {
  header_list headers = stale_headers();
  propagator().inject(context_of(sample_trace, "rojo=1", "a=1"), headers);
  EXPECT_NE(fields_in(headers).find("baggage=a=1|"), std::string::npos);
  EXPECT_EQ(fields_in(headers).find("Baggage"), std::string::npos);
}

TEST(inject, FL11_n_times_leaves_what_one_time_does) {
  header_list once = stale_headers();
  propagator().inject(context_of(sample_trace, "rojo=1", "a=1"), once);
  header_list often = stale_headers();
  for (int i = 0; i < 20; ++i) {
    propagator().inject(context_of(sample_trace, "rojo=1", "a=1"), often);
  }
  EXPECT_EQ(often, once);
}

TEST(inject, FL12_never_leaves_a_stale_tracestate_or_baggage_beside_a_new_traceparent) {
  header_list headers = stale_headers();
  const inject_report report = propagator().inject(context(sample_trace), headers);
  EXPECT_EQ(fields_in(headers), "traceparent=" + std::string(sample_traceparent) + "|");
  EXPECT_TRUE(report.trace);
  EXPECT_FALSE(report.tracestate || report.baggage);
}

TEST(inject, FL11_FL12_of_a_trace_takes_old_baggage_away_where_no_format_writes_the_trace) {
  const waybill::propagator baggage_alone = waybill::propagator::from_names("baggage");
  const waybill::context sent(waybill_test::sample_trace);
  for (const bool has_trace : {true, false}) {
    waybill::header_list headers;
    headers.add("traceparent", "not ours");
    headers.add("baggage", "user=of-another-request");
    baggage_alone.inject(sent, headers, {}, {.trace = has_trace});
    EXPECT_EQ(headers.get("baggage"), std::nullopt);
    EXPECT_EQ(headers.get("traceparent"), "not ours");
  }
}

TEST(inject, FL13_FL16_of_baggage_alone_leaves_the_trace_fields_as_they_are) {
  header_list headers = stale_headers();
  const inject_report report = propagator().inject(context_of({}, "", "a=1"), headers);
  header_list expected = stale_headers();
  expected.set("baggage", "a=1");
  EXPECT_EQ(headers, expected);
  EXPECT_FALSE(report.trace || report.tracestate);
  EXPECT_TRUE(report.baggage);
}

TEST(inject, FL14_of_an_empty_context_changes_nothing) {
  header_list headers = stale_headers();
  const inject_report report = propagator().inject(context(), headers);
  EXPECT_EQ(headers, stale_headers());
  EXPECT_EQ(report.code, errc::ok);
  EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
  inject(context(), headers, propagation(), waybill::any_destination);
  EXPECT_EQ(headers, stale_headers());
}

TEST(inject, TP07_TP08_writes_a_higher_version_as_00_and_known_flags_alone) {
  header_list headers;
  headers.add("traceparent", "fe-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-more");
  const context read = propagator().extract(headers);
  propagator().inject(read, headers);
  EXPECT_EQ(headers.get("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
}

TEST(inject, FL20_what_was_extracted_is_extracted_as_the_same_again) {
  for (const std::string_view baggage : {"a=1", "a=%C3%A9;p;q=%20,b=,a=2", " a = 1 ; p , b=2"}) {
    header_list headers;
    headers.add("traceparent", sample_traceparent);
    headers.add("tracestate", "rojo= 1 ,\t,congo=2");
    headers.add("baggage", baggage);
    const context first = propagator().extract(headers);
    propagator().inject(first, headers);
    EXPECT_EQ(propagator().extract(headers), first);
    EXPECT_EQ(context(propagator().peek(headers).value()), first);
  }
}

TEST(inject, FL20_every_combination_of_known_flags_is_extracted_as_the_same_again) {
  for (const char flags : {'0', '1', '2', '3'}) {
    std::string traceparent(sample_traceparent);
    traceparent.back() = flags;
    header_list headers;
    headers.add("traceparent", traceparent);
    propagator().inject(propagator().extract(headers), headers);
    EXPECT_EQ(headers.get("traceparent"), traceparent);
  }
}

TEST(inject, FL17_writes_printable_ascii_without_white_space_around_separators) {
  header_list headers;
  headers.add("traceparent", " " + std::string(sample_traceparent) + "\t");
  headers.add("tracestate", "\trojo=1\t, ,congo= 2 ,");
  headers.add("baggage", "\ta =\t1 ;\tp = 2\t,,b=\x80, c=\x01,d=e ");
  propagator().inject(propagator().extract(headers), headers);
  EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
  EXPECT_EQ(headers.get("tracestate"), "rojo=1,congo= 2");
  EXPECT_EQ(headers.get("baggage"), "a=1;p=2,d=e");
}

TEST(inject, FL18_leaves_out_parts_and_erases_their_fields) {
  const context sent = context_of(sample_trace, "rojo=1", "a=1");
  const std::string trace = "traceparent=" + std::string(sample_traceparent) + "|";
  header_list headers = stale_headers();
  inject_report report = propagator().inject(sent, headers, {}, {.baggage = false});
  EXPECT_EQ(propagator().extract(headers), context_of(sample_trace, "rojo=1", ""));
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  EXPECT_TRUE(report.trace && report.tracestate && !report.baggage);

  headers = stale_headers();
  report = propagator().inject(sent, headers, {}, {.tracestate = false, .baggage = false});
  EXPECT_EQ(fields_in(headers), trace);
  EXPECT_TRUE(report.trace && !report.tracestate && !report.baggage);

  headers = stale_headers();
  report = propagator().inject(sent, headers, {}, {.trace = false});
  EXPECT_EQ(fields_in(headers), "baggage=a=1|") << "no tracestate without its traceparent";
  EXPECT_TRUE(!report.trace && !report.tracestate && report.baggage);

  headers = stale_headers();
  propagator().inject(sent, headers, {}, {false, false, false});
  EXPECT_EQ(fields_in(headers), "");
  EXPECT_EQ(application_headers_in(headers), "first=1|last=|first=2|");
}

TEST(inject, reports_only_what_a_format_has_written) {
  header_list headers;
  inject_report report =
      propagator::from_names("baggage").inject(context_of(sample_trace, "rojo=1", "a=1"), headers);
  EXPECT_EQ(fields_in(headers), "baggage=a=1|");
  EXPECT_TRUE(!report.trace && !report.tracestate && report.baggage);
  headers.clear();
  report =
      propagator::from_names("none").inject(context_of(sample_trace, "rojo=1", "a=1"), headers);
  EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
  report = propagator::from_names("tracecontext")
               .inject(context_of(sample_trace, "rojo=1", "a=1"), headers);
  EXPECT_TRUE(report.trace && report.tracestate && !report.baggage);
}

// Limits hold on inject as they do on extract.

TEST(inject_limits, BG18_BG21_cut_baggage_at_the_first_member_over_the_bytes) {
  header_list headers;
  waybill::limits limits;
  const context sent = context_of(sample_trace, "", "a=1,b=22,c=3");
  limits.baggage_bytes_max = 12;
  EXPECT_EQ(propagator().inject(sent, headers, limits).code, errc::ok);
  EXPECT_EQ(headers.get("baggage"), "a=1,b=22,c=3");
  limits.baggage_bytes_max = 11;
  EXPECT_EQ(propagator().inject(sent, headers, limits).code, errc::too_large);
  EXPECT_EQ(headers.get("baggage"), "a=1,b=22") << "whole members only";
  limits.baggage_bytes_max = 8;
  propagator().inject(sent, headers, limits);
  EXPECT_EQ(headers.get("baggage"), "a=1,b=22");
  limits.baggage_bytes_max = 7;
  propagator().inject(sent, headers, limits);
  EXPECT_EQ(headers.get("baggage"), "a=1") << "c=3 would fit, but stands behind the limit";
  limits.baggage_bytes_max = 2;
  const inject_report report = propagator().inject(sent, headers, limits);
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  EXPECT_TRUE(report.trace && !report.baggage);
  EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
}

TEST(inject_limits, BG17_BG21_cut_baggage_at_the_members) {
  header_list headers;
  waybill::limits limits;
  limits.baggage_members_max = 2;
  const inject_report report =
      propagator().inject(context_of(sample_trace, "", "a=1,a=2,c=3"), headers, limits);
  EXPECT_EQ(report.code, errc::too_many_members);
  EXPECT_EQ(headers.get("baggage"), "a=1,a=2");
}

TEST(inject_limits, TS14_truncate_tracestate_by_long_members_first_and_then_from_the_right) {
  const std::string long_member = "long=" + std::string(124, 'x');
  ASSERT_EQ(long_member.size(), 129U);
  const std::string edge_member = "edge=" + std::string(123, 'x');
  ASSERT_EQ(edge_member.size(), 128U);
  const std::string state = "a=1," + long_member + "," + edge_member + ",b=2";
  const context sent = context_of(sample_trace, state, "");
  header_list headers;
  waybill::limits limits;
  limits.tracestate_bytes_max = static_cast<std::uint32_t>(state.size());
  EXPECT_EQ(propagator().inject(sent, headers, limits).code, errc::ok);
  EXPECT_EQ(headers.get("tracestate"), state);
  --limits.tracestate_bytes_max;
  EXPECT_EQ(propagator().inject(sent, headers, limits).code, errc::too_large);
  EXPECT_EQ(headers.get("tracestate"), "a=1," + edge_member + ",b=2");
  limits.tracestate_bytes_max = 135;
  propagator().inject(sent, headers, limits);
  EXPECT_EQ(headers.get("tracestate"), "a=1," + edge_member);
  limits.tracestate_bytes_max = 3;
  propagator().inject(sent, headers, limits);
  EXPECT_EQ(headers.get("tracestate"), "a=1");
  limits.tracestate_bytes_max = 2;
  EXPECT_FALSE(propagator().inject(sent, headers, limits).tracestate);
  EXPECT_EQ(headers.get("tracestate"), std::nullopt);
  EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
}

TEST(inject_limits, are_counted) {
  const propagation bytes({.limits = {.baggage_bytes_max = 3}});
  header_list headers;
  inject(context_of(sample_trace, "", "a=1,b=2"), headers, bytes, any_destination);
  EXPECT_EQ(headers.get("baggage"), "a=1");
  EXPECT_EQ(bytes.diagnostics()->count(direction::outbound, errc::too_large), 1U);
  const propagation members({.limits = {.baggage_members_max = 1}});
  inject(context_of(sample_trace, "", "a=1,b=2"), headers, members, any_destination);
  EXPECT_EQ(members.diagnostics()->count(direction::outbound, errc::too_many_members), 1U);
}

// The budget: names, values and what the protocol adds to each field.

constexpr std::size_t traceparent_field_bytes = 11 + 55;
constexpr std::size_t tracestate_field_bytes = 10 + 6;  // rojo=1
constexpr std::size_t baggage_field_bytes = 7 + 3;      // a=1

struct budget_outcome {
  context written;
  inject_report report;
  std::uint64_t counted = 0;
};

budget_outcome inject_within(const inject_budget& budget,
                             const context& sent = context_of(sample_trace, "rojo=1", "a=1")) {
  const propagation settings(waybill::propagation_options{});
  header_list headers = stale_headers();
  budget_outcome outcome;
  outcome.report = inject(sent, headers, settings, {}, budget);
  outcome.written = propagator().extract(headers);
  outcome.counted = settings.diagnostics()->count(direction::outbound, errc::dropped_for_size);
  EXPECT_EQ(application_headers_in(headers), "first=1|last=|first=2|");
  EXPECT_EQ(outcome.report.trace, outcome.written.has_trace());
  EXPECT_EQ(outcome.report.tracestate, !outcome.written.tracestate_text().empty());
  EXPECT_EQ(outcome.report.baggage, outcome.written.has_baggage());
  return outcome;
}

TEST(inject_budget, drops_baggage_then_tracestate_then_traceparent_each_at_its_byte) {
  const context everything = context_of(sample_trace, "rojo=1", "a=1");
  const context no_baggage = everything.without_baggage();
  const context trace_alone(sample_trace);
  for (const std::size_t overhead : {std::size_t{0}, std::size_t{1}, std::size_t{12}}) {
    const std::size_t one = traceparent_field_bytes + overhead;
    const std::size_t two = one + tracestate_field_bytes + overhead;
    const std::size_t three = two + baggage_field_bytes + overhead;
    const auto written = [&](std::size_t bytes) {
      return inject_within({bytes, overhead}).written;
    };
    EXPECT_EQ(written(three), everything);
    EXPECT_EQ(written(three - 1), no_baggage);
    EXPECT_EQ(written(two), no_baggage);
    EXPECT_EQ(written(two - 1), trace_alone);
    EXPECT_EQ(written(one), trace_alone);
    EXPECT_EQ(written(one - 1), context()) << "and no stale field either";
    EXPECT_EQ(written(0), context());
  }
}

TEST(inject_budget, drops_are_reported_and_counted) {
  const std::size_t all = traceparent_field_bytes + tracestate_field_bytes + baggage_field_bytes;
  EXPECT_EQ(inject_within({all, 0}).report.code, errc::ok);
  EXPECT_EQ(inject_within({all, 0}).counted, 0U);
  const budget_outcome less = inject_within({all - 1, 0});
  EXPECT_EQ(less.report.code, errc::dropped_for_size);
  EXPECT_EQ(less.counted, 1U);
  const budget_outcome nothing = inject_within({0, 0});
  EXPECT_EQ(nothing.report.code, errc::dropped_for_size);
  EXPECT_GE(nothing.counted, 1U);
}

TEST(inject_budget, drops_fields_whole) {
  const context sent = context_of(sample_trace, "", "a=1,b=2,c=3");
  const budget_outcome outcome = inject_within({traceparent_field_bytes + 7 + 10, 0}, sent);
  EXPECT_EQ(outcome.written, context(sample_trace)) << "no member alone, though two would fit";
}

TEST(inject_budget, drops_baggage_before_tracestate_whatever_their_sizes) {
  const std::string state = tracestate_of_bytes(500);
  const context sent = context_of(sample_trace, state, "a=1");
  const budget_outcome outcome = inject_within({traceparent_field_bytes + 10 + 500, 0}, sent);
  EXPECT_EQ(outcome.written, context_of(sample_trace, state, ""));
  EXPECT_EQ(inject_within({traceparent_field_bytes + 100, 0}, sent).written, context(sample_trace))
      << "baggage is not taken back when the tracestate goes";
}

TEST(inject_budget, of_baggage_alone_counts_the_baggage_alone) {
  const propagation settings;
  const context sent = context_of({}, "", "a=1");
  header_list headers = stale_headers();
  EXPECT_EQ(inject(sent, headers, settings, {}, {baggage_field_bytes, 0}).code, errc::ok);
  EXPECT_EQ(headers.get("baggage"), "a=1");
  EXPECT_EQ(inject(sent, headers, settings, {}, {baggage_field_bytes - 1, 0}).code,
            errc::dropped_for_size);
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  EXPECT_EQ(headers.get("tracestate"), "stale=1") << "the trace fields are left alone";
}

TEST(inject_budget, counts_the_fields_of_every_format) {
  const toy_format toy;
  const waybill::format* const formats[] = {&waybill::tracecontext_format(),
                                            &waybill::baggage_format(), &toy};
  const propagation settings({.propagator = propagator(formats)});
  const std::size_t trace_fields = traceparent_field_bytes + 5 + 52;
  const context sent = context_of(sample_trace, "", "a=1");
  header_list headers;
  inject(sent, headers, settings, {}, {trace_fields + baggage_field_bytes, 0});
  EXPECT_EQ(headers.size(), 3U);
  inject(sent, headers, settings, {}, {trace_fields + baggage_field_bytes - 1, 0});
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  inject(sent, headers, settings, {}, {trace_fields - 1, 0});
  EXPECT_TRUE(headers.is_empty());
}

TEST(inject_budget, does_not_overflow) {
  EXPECT_EQ(inject_within({SIZE_MAX, 100}).report.code, errc::ok);
  EXPECT_EQ(inject_within({SIZE_MAX - 1, SIZE_MAX / 2}).written, context(sample_trace));
}

}  // namespace
}  // namespace waybill_test
