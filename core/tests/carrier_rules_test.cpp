// Which of several values counts, and which spellings of a name are the field.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>
#include <waybill/propagation.hpp>
#include <waybill/propagator.hpp>

#include "support/carriers.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::carrier_rules;
using waybill::context;
using waybill::direction;
using waybill::duplicate_rule;
using waybill::errc;
using waybill::extract_report;
using waybill::name_rule;
using waybill::propagation;
using waybill::propagator;
using waybill::value_kind;

constexpr carrier_rules combine{duplicate_rule::combine, name_rule::ignore_case};
constexpr carrier_rules last{duplicate_rule::last, name_rule::ignore_case};
constexpr carrier_rules first{duplicate_rule::first, name_rule::ignore_case};
constexpr carrier_rules reject{duplicate_rule::reject, name_rule::ignore_case};
constexpr carrier_rules prefer_exact{duplicate_rule::last, name_rule::prefer_exact};
constexpr carrier_rules exact{duplicate_rule::last, name_rule::exact};

struct reading {
  context read;
  extract_report report;
  [[nodiscard]] errc of(std::string_view name) const {
    return report.fields[propagator().field_index(name)];
  }
  [[nodiscard]] bool is_repeated(std::string_view name) const {
    return ((report.repeated >> propagator().field_index(name)) & 1U) != 0;
  }
};

reading read(const broker_headers& headers, const waybill::limits& limits = {}) {
  reading result;
  result.read = propagator().extract(headers, limits, &result.report);
  return result;
}

TEST(duplicates, TP12_FL10_identical_traceparents_are_accepted_when_values_are_combined) {
  const reading got = read(broker_headers(combine)
                               .add("traceparent", sample_traceparent)
                               .add("traceparent", sample_traceparent));
  EXPECT_EQ(got.read, context(sample_trace));
  EXPECT_EQ(got.of("traceparent"), errc::ok);
  EXPECT_TRUE(got.is_repeated("traceparent"));
}

TEST(duplicates, traceparents_identical_but_for_white_space_around_are_accepted) {
  const reading got = read(broker_headers(combine)
                               .add("traceparent", sample_traceparent)
                               .add("traceparent", "\t " + std::string(sample_traceparent) + " "));
  EXPECT_EQ(got.read, context(sample_trace));
}

TEST(duplicates, TP12_FL10_different_traceparents_are_refused_when_values_are_combined) {
  const reading got = read(broker_headers(combine)
                               .add("traceparent", sample_traceparent)
                               .add("tracestate", "rojo=1")
                               .add("traceparent", other_traceparent)
                               .add("baggage", "a=1"));
  EXPECT_EQ(got.read, context_of({}, "", "a=1"));
  EXPECT_EQ(got.of("traceparent"), errc::duplicate);
  EXPECT_EQ(got.of("tracestate"), errc::no_traceparent);
  EXPECT_TRUE(got.is_repeated("traceparent"));
}

TEST(duplicates, a_good_and_a_bad_traceparent_are_refused_when_values_are_combined) {
  for (const std::string_view bad : {"", "00-bad",
                                     "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169"
                                     "203331-01"}) {
    const reading got = read(
        broker_headers(combine).add("traceparent", bad).add("traceparent", sample_traceparent));
    EXPECT_FALSE(got.read.has_trace()) << bad;
    EXPECT_NE(got.of("traceparent"), errc::ok) << bad;
  }
}

TEST(duplicates, TS01_BG01_lists_are_joined_in_order_when_values_are_combined) {
  const reading got = read(broker_headers(combine)
                               .add("tracestate", "a=1")
                               .add("baggage", "x=1")
                               .add("traceparent", sample_traceparent)
                               .add("tracestate", "b=2,c=3")
                               .add("baggage", "y=2")
                               .add("tracestate", "d=4"));
  EXPECT_EQ(got.read, context_of(sample_trace, "a=1,b=2,c=3,d=4", "x=1,y=2"));
  EXPECT_EQ(got.read.baggage_members(), 2U);
  EXPECT_EQ(got.report.repeated, 0U) << "a list may be spread over several fields";
}

TEST(duplicates, FL05_FL10_the_last_value_alone_decides_for_brokers) {
  const reading got = read(broker_headers(last)
                               .add("traceparent", sample_traceparent)
                               .add("tracestate", "old=1")
                               .add("baggage", "old=1")
                               .add("traceparent", other_traceparent)
                               .add("tracestate", "new=1")
                               .add("baggage", "new=1"));
  EXPECT_EQ(got.read, context_of(other_trace, "new=1", "new=1")) << "never joined";
  EXPECT_TRUE(got.is_repeated("traceparent"));
  EXPECT_TRUE(got.is_repeated("tracestate"));
  EXPECT_TRUE(got.is_repeated("baggage"));
}

TEST(duplicates, FL06_FL10_the_first_value_alone_decides_when_asked_for) {
  const reading got = read(broker_headers(first)
                               .add("traceparent", sample_traceparent)
                               .add("tracestate", "old=1")
                               .add("baggage", "old=1")
                               .add("traceparent", other_traceparent)
                               .add("tracestate", "new=1")
                               .add("baggage", "new=1"));
  EXPECT_EQ(got.read, context_of(sample_trace, "old=1", "old=1"));
  EXPECT_TRUE(got.is_repeated("traceparent"));
}

struct bad_value {
  const char* what;
  std::string text;
  value_kind kind;
  errc traceparent_code;
  errc list_code;
};

const std::vector<bad_value> bad_values = {
    {"null", "", value_kind::null, errc::absent, errc::absent},
    {"not text", "", value_kind::not_text, errc::malformed, errc::malformed},
    {"empty", "", value_kind::text, errc::malformed, errc::ok},
    {"malformed", "\x01", value_kind::text, errc::malformed, errc::malformed},
};

/// Good headers, with `value` as one more value of the field `name`.
broker_headers headers_with(carrier_rules rules, std::string_view name, const bad_value& value,
                            bool value_comes_first) {
  broker_headers headers(rules);
  const auto add_bad = [&] {
    if (value.kind == value_kind::text) {
      headers.add(name, value.text);
    } else {
      headers.add(name, value.kind);
    }
  };
  if (value_comes_first) add_bad();
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1").add("baggage", "a=1");
  if (!value_comes_first) add_bad();
  return headers;
}

TEST(duplicates, FL05_FL07_FL08_FL09_an_earlier_value_is_never_a_fallback_for_the_last) {
  for (const bad_value& value : bad_values) {
    const reading trace = read(headers_with(last, "traceparent", value, false));
    EXPECT_EQ(trace.read, context_of({}, "", "a=1")) << value.what;
    EXPECT_EQ(trace.of("traceparent"), value.traceparent_code) << value.what;
    EXPECT_EQ(trace.of("tracestate"), errc::no_traceparent) << value.what;

    const reading state = read(headers_with(last, "tracestate", value, false));
    EXPECT_EQ(state.read, context_of(sample_trace, "", "a=1")) << value.what;
    EXPECT_EQ(state.of("tracestate"), value.list_code) << value.what;

    const reading items = read(headers_with(last, "baggage", value, false));
    EXPECT_EQ(items.read, context_of(sample_trace, "rojo=1", "")) << value.what;
    EXPECT_EQ(items.of("baggage"), value.list_code) << value.what;
  }
}

TEST(duplicates, FL06_a_later_value_is_never_a_fallback_for_the_first) {
  for (const bad_value& value : bad_values) {
    const reading trace = read(headers_with(first, "traceparent", value, true));
    EXPECT_EQ(trace.read, context_of({}, "", "a=1")) << value.what;
    EXPECT_EQ(trace.of("traceparent"), value.traceparent_code) << value.what;
    EXPECT_EQ(read(headers_with(first, "tracestate", value, true)).read,
              context_of(sample_trace, "", "a=1"))
        << value.what;
    EXPECT_EQ(read(headers_with(first, "baggage", value, true)).read,
              context_of(sample_trace, "rojo=1", ""))
        << value.what;
  }
}

TEST(duplicates, bad_values_in_front_of_the_last_do_no_harm) {
  for (const bad_value& value : bad_values) {
    for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
      const reading got = read(headers_with(last, name, value, true));
      EXPECT_EQ(got.read, context_of(sample_trace, "rojo=1", "a=1")) << name << value.what;
      EXPECT_EQ(got.of(name), errc::ok) << name << value.what;
    }
  }
}

TEST(duplicates, FL07_null_values_are_as_good_as_absent_when_values_are_combined) {
  for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
    for (const bool value_comes_first : {false, true}) {
      const reading got = read(headers_with(combine, name, bad_values[0], value_comes_first));
      EXPECT_EQ(got.read, context_of(sample_trace, "rojo=1", "a=1")) << name;
    }
  }
}

TEST(duplicates, FL06_repeated_fields_are_refused_when_asked_for) {
  const reading got = read(broker_headers(reject)
                               .add("traceparent", sample_traceparent)
                               .add("tracestate", "rojo=1")
                               .add("tracestate", "rojo=1")
                               .add("baggage", "a=1")
                               .add("baggage", "a=1"));
  EXPECT_EQ(got.read, context(sample_trace));
  EXPECT_EQ(got.of("tracestate"), errc::duplicate);
  EXPECT_EQ(got.of("baggage"), errc::duplicate);
  const reading trace = read(broker_headers(reject)
                                 .add("traceparent", sample_traceparent)
                                 .add("traceparent", sample_traceparent)
                                 .add("baggage", "a=1"));
  EXPECT_EQ(trace.read, context_of({}, "", "a=1")) << "even an identical one";
  EXPECT_EQ(trace.of("traceparent"), errc::duplicate);
}

TEST(duplicates, fields_that_are_there_once_are_read_alike_under_every_rule) {
  for (const carrier_rules& rules : {combine, last, first, reject, prefer_exact, exact}) {
    const reading got = read(broker_headers(rules)
                                 .add("baggage", "a=1")
                                 .add("tracestate", "rojo=1")
                                 .add("traceparent", sample_traceparent));
    EXPECT_EQ(got.read, context_of(sample_trace, "rojo=1", "a=1"));
    EXPECT_EQ(got.report.repeated, 0U);
  }
}

TEST(duplicates, FL10_are_counted) {
  for (const carrier_rules& rules : {combine, last, first, reject}) {
    const broker_headers headers = broker_headers(rules)
                                       .add("traceparent", sample_traceparent)
                                       .add("traceparent", sample_traceparent);
    const propagation settings(waybill::propagation_options{});
    EXPECT_EQ(extract(headers, settings, waybill::any_destination).context().has_trace(),
              rules.duplicates != duplicate_rule::reject);
    EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::duplicate), 1U);
  }
}

TEST(duplicates, FL06_follow_the_propagation_s_rule_where_it_has_one) {
  const broker_headers headers = broker_headers(waybill::broker_rules)
                                     .add("traceparent", sample_traceparent)
                                     .add("traceparent", other_traceparent);
  EXPECT_EQ(extract(headers, propagation(), any_destination).sender(), other_trace);
  const propagation of_first({.duplicates = duplicate_rule::first});
  EXPECT_EQ(extract(headers, of_first, any_destination).sender(), sample_trace);
  EXPECT_EQ(context(*peek(headers, of_first, any_destination)).span_context(), sample_trace);
  const propagation of_none({.duplicates = duplicate_rule::reject});
  EXPECT_FALSE(extract(headers, of_none, any_destination).sender().is_valid());
}

TEST(names, FL01_of_every_ascii_case_are_alike_in_http) {
  for (const std::string_view name : {"traceparent", "Traceparent", "TRACEPARENT", "traceParent"}) {
    EXPECT_EQ(read(broker_headers(combine).add(name, sample_traceparent)).read,
              context(sample_trace));
  }
  const reading got = read(broker_headers(combine)
                               .add("TraceParent", sample_traceparent)
                               .add("traceparent", other_traceparent));
  EXPECT_EQ(got.of("traceparent"), errc::duplicate);
}

TEST(names, FL01_that_only_look_alike_are_not_the_field) {
  // 0x20 is the bit between the cases, but only of letters.
  for (const std::string_view name :
       {"traceparent ", " traceparent", "traceparen", "traceparentx", "trace-parent",
        "\x54raceparen\x14", "trace\0parent", "ｔraceparent"}) {
    for (const carrier_rules& rules : {combine, prefer_exact, exact}) {
      EXPECT_TRUE(read(broker_headers(rules).add(name, sample_traceparent)).read.is_empty())
          << name;
    }
  }
}

TEST(names, FL02_that_are_exact_come_before_another_spelling_wherever_it_stands) {
  const reading later = read(broker_headers(prefer_exact)
                                 .add("traceparent", sample_traceparent)
                                 .add("Traceparent", other_traceparent));
  EXPECT_EQ(later.read, context(sample_trace));
  const reading earlier = read(broker_headers(prefer_exact)
                                   .add("Traceparent", other_traceparent)
                                   .add("traceparent", sample_traceparent)
                                   .add("TRACEPARENT", other_traceparent));
  EXPECT_EQ(earlier.read, context(sample_trace));
}

TEST(names, FL02_in_another_spelling_count_when_the_exact_one_is_missing) {
  const reading got = read(broker_headers(prefer_exact)
                               .add("Traceparent", sample_traceparent)
                               .add("TRACEPARENT", other_traceparent)
                               .add("Baggage", "a=1"));
  EXPECT_EQ(got.read, context_of(other_trace, "", "a=1")) << "the last of the other spellings";
  EXPECT_TRUE(got.is_repeated("traceparent"));
}

TEST(names, FL02_that_are_exact_decide_even_when_their_value_is_bad) {
  for (const bad_value& value : bad_values) {
    for (const bool exact_comes_first : {false, true}) {
      broker_headers headers(prefer_exact);
      if (!exact_comes_first) headers.add("Traceparent", sample_traceparent);
      if (value.kind == value_kind::text) {
        headers.add("traceparent", value.text);
      } else {
        headers.add("traceparent", value.kind);
      }
      if (exact_comes_first) headers.add("Traceparent", sample_traceparent);
      const reading got = read(headers);
      EXPECT_FALSE(got.read.has_trace()) << value.what;
      EXPECT_EQ(got.of("traceparent"), value.traceparent_code) << value.what;
    }
  }
}

TEST(names, FL03_in_another_spelling_are_not_read_when_only_the_exact_one_counts) {
  const reading got =
      read(broker_headers(exact).add("Traceparent", sample_traceparent).add("BAGGAGE", "a=1"));
  EXPECT_TRUE(got.read.is_empty());
  EXPECT_EQ(got.of("traceparent"), errc::absent);
}

}  // namespace
}  // namespace waybill_test
