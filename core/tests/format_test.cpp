// What a format added by a user may rely on.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/format.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

#include "support/carriers.hpp"
#include "support/texts.hpp"
#include "support/toy_format.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::context_view;
using waybill::errc;
using waybill::extract_draft;
using waybill::extract_report;
using waybill::field;
using waybill::field_concern;
using waybill::field_kind;
using waybill::field_values;
using waybill::field_writer;
using waybill::format;
using waybill::header_list;
using waybill::propagator;

const toy_format& toy() {
  static const toy_format instance;
  return instance;
}

propagator make_propagator(std::vector<const format*> formats) { return propagator(formats); }

propagator toy_in_front() {
  return make_propagator({&toy(), &waybill::tracecontext_format(), &waybill::baggage_format()});
}
propagator toy_behind() {
  return make_propagator({&waybill::tracecontext_format(), &waybill::baggage_format(), &toy()});
}

header_list both_conventions() {
  header_list headers;
  headers.add("x-toy", toy_text_of(other_trace));
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1");
  headers.add("baggage", "a=1");
  return headers;
}

TEST(format_order, PR05_a_later_one_that_finds_a_trace_replaces_an_earlier_one) {
  EXPECT_EQ(toy_in_front().extract(both_conventions()), context_of(sample_trace, "rojo=1", "a=1"));
  EXPECT_EQ(toy_behind().extract(both_conventions()), context_of(other_trace, "", "a=1"))
      << "the earlier one's tracestate goes with its trace";
}

TEST(format_order, PR05_a_later_one_that_finds_nothing_leaves_the_earlier_one_s) {
  for (const std::string_view toy_text : {"", "nonsense", "0.0.0"}) {
    header_list headers = both_conventions();
    headers.set("x-toy", toy_text);
    extract_report report;
    EXPECT_EQ(toy_behind().extract(headers, {}, &report),
              context_of(sample_trace, "rojo=1", "a=1"));
    EXPECT_EQ(report.fields[toy_behind().field_index("x-toy")], errc::malformed);
    EXPECT_EQ(report.fields[toy_behind().field_index("traceparent")], errc::ok);
  }
  header_list headers = both_conventions();
  headers.set("traceparent", "nonsense");
  EXPECT_EQ(toy_in_front().extract(headers), context_of(other_trace, "", "a=1"));
}

TEST(format_order, is_that_of_the_fields_in_the_report) {
  header_list headers;
  headers.add("x-toy", toy_text_of(sample_trace));
  extract_report report;
  EXPECT_EQ(toy_in_front().extract(headers, {}, &report), context(sample_trace));
  EXPECT_EQ(report.fields[0], errc::ok);
  EXPECT_EQ(report.fields[1], errc::absent);
  EXPECT_EQ(toy_behind().extract(headers, {}, &report), context(sample_trace));
  EXPECT_EQ(report.fields[0], errc::absent);
  EXPECT_EQ(report.fields[3], errc::ok);
}

TEST(format_of_a_user, PR06_PR07_is_written_beside_the_others_and_stripped) {
  header_list headers;
  headers.add("X-Toy", "stale");
  headers.add("app", "1");
  toy_in_front().inject(context_of(sample_trace, "", "a=1"), headers);
  EXPECT_EQ(headers.get("x-toy"), toy_text_of(sample_trace));
  EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
  EXPECT_EQ(headers.get("baggage"), "a=1");
  EXPECT_EQ(headers.size(), 4U);
  EXPECT_EQ(toy_in_front().strip(headers), errc::ok);
  EXPECT_EQ(headers.size(), 1U);
}

TEST(format_of_a_user, PR07_can_be_the_only_one) {
  const propagator formats = make_propagator({&toy()});
  header_list headers = both_conventions();
  EXPECT_EQ(formats.extract(headers), context(other_trace));
  formats.inject(context(sample_trace), headers);
  EXPECT_EQ(headers.get("x-toy"), toy_text_of(sample_trace));
  EXPECT_EQ(headers.get("tracestate"), "rojo=1") << "not a field of this propagator";
}

TEST(format_of_a_user, FL13_FL18_is_not_asked_to_write_a_context_without_its_concern) {
  header_list headers = both_conventions();
  toy_behind().inject(context_of({}, "", "b=2"), headers);
  header_list expected = both_conventions();
  expected.set("baggage", "b=2");
  EXPECT_EQ(headers, expected) << "the trace fields are left alone";

  headers = both_conventions();
  toy_behind().inject(context_of(sample_trace, "", "b=2"), headers, {}, {.trace = false});
  EXPECT_EQ(headers.get("x-toy"), std::nullopt);
  EXPECT_EQ(headers.get("traceparent"), std::nullopt);
  EXPECT_EQ(headers.get("baggage"), "b=2");
}

// A format that tells the test what it is shown, and writes what the test tells it.

constexpr std::array<field, 3> probe_fields{{
    {"x-single", field_kind::single, field_concern::trace},
    {"x-list", field_kind::list, field_concern::baggage},
    {"x-a-name-of-sixty-three-bytes-the-longest-that-a-field-can-have", field_kind::single,
     field_concern::trace},
}};

struct seen_field {
  errc state = errc::ok;
  std::string text;
  std::vector<std::string> values;
};

class probe_format final : public format {
 public:
  mutable std::array<seen_field, 2> seen;
  mutable int extractions = 0;
  std::optional<std::string> tracestate;
  std::optional<std::string> baggage;
  mutable errc set_code = errc::ok;
  std::vector<std::string> written;

  [[nodiscard]] std::string_view name() const noexcept override { return "probe"; }
  [[nodiscard]] std::span<const field> fields() const noexcept override {
    return std::span(probe_fields).first(2);
  }
  void extract(const field_values& values, extract_draft& draft) const noexcept override {
    ++extractions;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i] = {values.state(i), std::string(values.text(i)), {}};
      if (values.state(i) != errc::ok) continue;
      values.for_each(
          i,
          [](void* list, std::string_view value) noexcept {
            static_cast<std::vector<std::string>*>(list)->emplace_back(value);
          },
          &seen[i].values);
      EXPECT_EQ(values.count(i), seen[i].values.size());
    }
    if (tracestate.has_value()) {
      draft.set_span_context(sample_trace);
      set_code = draft.set_tracestate(*tracestate);
    }
    if (baggage.has_value()) set_code = draft.set_baggage(*baggage);
  }
  void inject(const context_view& /*context*/, field_writer& writer) const noexcept override {
    for (std::size_t i = 0; i < written.size(); ++i) writer.set(i, written[i]);
  }
};

TEST(field_values, show_one_value_without_the_white_space_around_it) {
  const probe_format probe;
  header_list headers;
  headers.add("X-Single", "\t one \t");
  headers.add("x-list", " a , b ");
  static_cast<void>(make_propagator({&probe}).extract(headers));
  EXPECT_EQ(probe.seen[0].state, errc::ok);
  EXPECT_EQ(probe.seen[0].text, "one");
  EXPECT_EQ(probe.seen[1].text, "a , b");
  EXPECT_EQ(probe.seen[1].values, (std::vector<std::string>{"a , b"}));
}

TEST(field_values, have_no_text_where_a_field_is_not_there_whatever_was_read_before) {
  const probe_format probe;
  const propagator formats = make_propagator({&probe});
  header_list both;
  both.add("x-single", "one");
  both.add("x-list", "two");
  header_list only_one;
  only_one.add("x-single", "three");
  static_cast<void>(formats.extract(both));  // what is left on the stack must not be seen
  static_cast<void>(formats.extract(only_one));
  EXPECT_EQ(probe.extractions, 2);
  EXPECT_EQ(probe.seen[1].state, errc::absent);
  EXPECT_EQ(probe.seen[1].text, "");
  EXPECT_TRUE(probe.seen[1].values.empty());
}

TEST(formats, are_asked_only_when_the_carrier_holds_one_of_their_fields) {
  const probe_format probe;
  const propagator formats = make_propagator({&probe, &waybill::tracecontext_format()});
  static_cast<void>(formats.extract(header_list()));
  header_list of_another;
  of_another.add("traceparent", sample_traceparent);
  EXPECT_EQ(formats.extract(of_another).span_context(), sample_trace);
  EXPECT_EQ(probe.extractions, 0);
  header_list own;
  own.add("x-list", "");
  static_cast<void>(formats.extract(own));
  EXPECT_EQ(probe.extractions, 1);
}

TEST(field_values, tell_absent_empty_and_invalid_apart) {
  const probe_format probe;
  const propagator formats = make_propagator({&probe});
  static_cast<void>(formats.extract(broker_headers().add("x-list", "beside")));
  EXPECT_EQ(probe.seen[0].state, errc::absent);
  static_cast<void>(formats.extract(broker_headers().add("x-single", waybill::value_kind::null)));
  EXPECT_EQ(probe.seen[0].state, errc::absent);
  static_cast<void>(formats.extract(broker_headers().add("x-single", "")));
  EXPECT_EQ(probe.seen[0].state, errc::ok);
  EXPECT_EQ(probe.seen[0].text, "");
  static_cast<void>(
      formats.extract(broker_headers().add("x-single", waybill::value_kind::not_text)));
  EXPECT_EQ(probe.seen[0].state, errc::malformed);
}

TEST(field_values, list_every_value_in_order_where_they_are_combined) {
  const probe_format probe;
  header_list headers;
  headers.add("x-list", "1");
  headers.add("x-single", "same");
  headers.add("x-list", " 2,3 ");
  headers.add("x-single", " same");
  headers.add("X-LIST", "");
  static_cast<void>(make_propagator({&probe}).extract(headers));
  EXPECT_EQ(probe.seen[1].text, "1");
  EXPECT_EQ(probe.seen[1].values, (std::vector<std::string>{"1", "2,3", ""}));
  EXPECT_EQ(probe.seen[0].text, "same");
  headers.add("x-single", "other");
  static_cast<void>(make_propagator({&probe}).extract(headers));
  EXPECT_EQ(probe.seen[0].state, errc::duplicate);
}

TEST(field_values, show_the_value_that_counts_where_one_does) {
  const probe_format probe;
  const broker_headers headers = broker_headers(waybill::broker_rules)
                                     .add("x-list", "1")
                                     .add("x-list", "2")
                                     .add("x-single", "a")
                                     .add("x-single", "b");
  extract_report report;
  static_cast<void>(make_propagator({&probe}).extract(headers, {}, &report));
  EXPECT_EQ(probe.seen[1].values, (std::vector<std::string>{"2"}));
  EXPECT_EQ(probe.seen[0].text, "b");
  EXPECT_EQ(report.repeated, 3U);
}

TEST(field_values, over_the_scan_limit_are_too_large) {
  const probe_format probe;
  waybill::limits limits;
  limits.field_scan_bytes_max = 10;
  header_list headers;
  headers.add("x-single", "0123456789");
  static_cast<void>(make_propagator({&probe}).extract(headers, limits));
  EXPECT_EQ(probe.seen[0].state, errc::ok);
  headers.set("x-single", "0123456789a");
  extract_report report;
  static_cast<void>(make_propagator({&probe}).extract(headers, limits, &report));
  EXPECT_EQ(probe.seen[0].state, errc::too_large);
  EXPECT_EQ(report.fields[0], errc::too_large);
}

/// What it holds does not matter to the probe: without a field of its own it would not be asked.
header_list something() {
  header_list headers;
  headers.add("x-single", "something");
  return headers;
}

TEST(extract_draft, takes_canonical_text_and_copies_it) {
  probe_format probe;
  probe.tracestate = "rojo=1,congo=2";
  probe.baggage = "a=1;p=2,b=2";
  EXPECT_EQ(make_propagator({&probe}).extract(something()),
            context_of(sample_trace, "rojo=1,congo=2", "a=1;p=2,b=2"));
  EXPECT_EQ(probe.set_code, errc::ok);
  EXPECT_EQ(make_propagator({&probe}).extract(something()).baggage_members(), 2U);
}

TEST(extract_draft, FL17_refuses_a_tracestate_that_is_not_canonical) {
  for (const char* const bad : {"a=1, b=2", "a", "A=1", "a=1,", "a=1 ", "a=\x7f", "a=1\t"}) {
    probe_format probe;
    probe.tracestate = bad;
    EXPECT_EQ(make_propagator({&probe}).extract(something()), context(sample_trace)) << bad;
    EXPECT_EQ(probe.set_code, errc::malformed) << bad;
  }
}

TEST(extract_draft, FL17_refuses_baggage_that_is_not_canonical_or_over_the_limits) {
  for (const std::string& bad :
       {std::string("a=1, b=2"), std::string("a"), std::string("a=\"1\""), std::string("a=1,"),
        std::string("a =1"), list_of_members(65), baggage_of_bytes(8'193)}) {
    probe_format probe;
    probe.baggage = bad;
    EXPECT_TRUE(make_propagator({&probe}).extract(something()).is_empty()) << bad;
    EXPECT_EQ(probe.set_code, errc::malformed) << bad;
  }
}

TEST(field_writer, FL17_writes_printable_ascii_alone) {
  for (const std::string_view bad :
       {std::string_view(""), std::string_view("a\tb"), std::string_view("a\nb"),
        std::string_view("a\0b", 3), std::string_view("\x7f"), std::string_view("\xc3\xa9")}) {
    probe_format probe;
    probe.written = {std::string(bad), "good ~ text"};
    header_list headers;
    headers.add("x-single", "stale");
    make_propagator({&probe}).inject(context_of(sample_trace, "", "a=1"), headers);
    EXPECT_EQ(headers.get("x-single"), std::nullopt) << "no bad value, and no stale one";
    EXPECT_EQ(headers.get("x-list"), "good ~ text");
  }
}

TEST(field_writer, passes_over_an_index_that_no_field_has) {
  probe_format probe;
  probe.written = {"one", "two", "three", "four"};
  header_list headers;
  make_propagator({&probe}).inject(context_of(sample_trace, "", "a=1"), headers);
  EXPECT_EQ(headers.size(), 2U);
}

TEST(field, may_have_a_name_of_63_bytes) {
  const toy_format long_name("long", probe_fields[2].name);
  const propagator formats = make_propagator({&long_name});
  ASSERT_EQ(probe_fields[2].name.size(), 63U);
  ASSERT_EQ(formats.fields().size(), 1U);
  header_list headers;
  formats.inject(context(sample_trace), headers);
  EXPECT_EQ(formats.extract(headers), context(sample_trace));
}

}  // namespace
}  // namespace waybill_test
