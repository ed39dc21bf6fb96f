// The rules FL of docs/formats.md: names, repeats, values of every kind, and what is replaced.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/carrier.hpp>
#include <waybill/propagator.hpp>

#include "support/carriers.hpp"
#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::carrier_rules;
using waybill::context;
using waybill::duplicate_rule;
using waybill::errc;
using waybill::header_list;
using waybill::inject_parts;
using waybill::name_rule;
using waybill::propagator;
using waybill::value_kind;

const std::string good(sample_traceparent);
const std::string other(other_traceparent);

context sample() { return context_of(sample_trace, "s=1", "k=v"); }

broker_headers with_rules(duplicate_rule duplicates, name_rule names) {
  return broker_headers(carrier_rules{duplicates, names});
}

TEST(FieldRules, FL01_every_ascii_case_of_a_name_is_the_field_on_http) {
  const reading got =
      read(http_headers({{"TraceParent", good}, {"TRACESTATE", "a=1"}, {"bAGGAGe", "k=v"}}));
  EXPECT_EQ(got.context, context_of(sample_trace, "a=1", "k=v"));
}

TEST(FieldRules, FL01_a_name_that_differs_otherwise_is_not) {
  for (const char* name : {"trace-parent", "trace.parent", "trace_parent", "traceparent ",
                           " traceparent", "traceparen", "traceparents",
                           "tr\xc3\xa1"
                           "ceparent",
                           "\xef\xbd\x94raceparent", "", "tracepar\xc5\xbfnt", "trace-state",
                           "trace.state", "Baggage2"}) {
    const reading got = read(http_headers({{name, good}}));
    EXPECT_TRUE(got.context.is_empty()) << name;
    EXPECT_EQ(got.of("traceparent"), errc::absent) << name;
  }
}

TEST(FieldRules, FL01_every_byte_of_a_name_counts) {
  const propagator formats;
  for (const waybill::field& field : formats.fields()) {
    for (std::size_t position = 0; position < field.name.size(); ++position) {
      std::string name(field.name);
      name[position] = static_cast<char>(name[position] ^ 0x02);
      EXPECT_EQ(read(http_headers({{name, good}})).of(field.name), errc::absent) << name;
    }
  }
}

TEST(FieldRules, FL01_only_letters_have_a_case) {
  // Bytes that differ from those of "traceparent" by 0x20 alone, as a letter's cases do.
  for (std::size_t position = 0; position < 11; ++position) {
    for (const int bit : {0x20, 0x40, 0x80}) {
      std::string name = "traceparent";
      name[position] = static_cast<char>(name[position] ^ bit);
      const bool is_upper_case = bit == 0x20;
      EXPECT_EQ(read(http_headers({{name, good}})).context.has_trace(), is_upper_case) << name;
    }
  }
}

TEST(FieldRules, FL02_brokers_read_the_lower_case_name_wherever_it_stands) {
  EXPECT_EQ(read(broker_headers().add("Traceparent", other).add("traceparent", good)).context,
            context(sample_trace));
  EXPECT_EQ(read(broker_headers()
                     .add("traceparent", good)
                     .add("Traceparent", other)
                     .add("TRACEPARENT", "bad"))
                .context,
            context(sample_trace));
  EXPECT_EQ(read(broker_headers().add("BAGGAGE", "a=1").add("baggage", "b=2").add("Baggage", "c=3"))
                .baggage(),
            "b=2");
}

TEST(FieldRules, FL02_brokers_read_another_spelling_where_that_one_is_missing) {
  EXPECT_EQ(read(broker_headers().add("Traceparent", good).add("BAGGAGE", "k=v")).context,
            context_of(sample_trace, "", "k=v"));
  EXPECT_EQ(read(broker_headers().add("Traceparent", other).add("TRACEPARENT", good)).context,
            context(sample_trace));
}

TEST(FieldRules, FL02_a_lower_case_name_decides_whatever_its_value) {
  for (const char* bad : {"", "bad"}) {
    const reading got = read(broker_headers().add("traceparent", bad).add("Traceparent", good));
    EXPECT_EQ(got.of("traceparent"), errc::malformed);
    EXPECT_FALSE(got.context.has_trace());
  }
  EXPECT_EQ(read(broker_headers().add("traceparent", value_kind::null).add("Traceparent", good))
                .of("traceparent"),
            errc::absent);
}

TEST(FieldRules, FL02_other_spellings_do_not_make_identical_values_differ) {
  // Where values are combined and the lower-case name is preferred, only its values count.
  const reading got = read(with_rules(duplicate_rule::combine, name_rule::prefer_exact)
                               .add("Traceparent", other)
                               .add("TRACEPARENT", "bad")
                               .add("traceparent", good)
                               .add("TraceParent", other)
                               .add("traceparent", good));
  EXPECT_EQ(got.of("traceparent"), errc::ok);
  EXPECT_EQ(got.context, context(sample_trace));
  EXPECT_TRUE(got.is_repeated("traceparent"));
  EXPECT_EQ(read(with_rules(duplicate_rule::combine, name_rule::prefer_exact)
                     .add("Baggage", "a=1")
                     .add("baggage", "b=2")
                     .add("BAGGAGE", "c=3")
                     .add("baggage", "d=4"))
                .baggage(),
            "b=2,d=4");
}

TEST(FieldRules, FL03_other_spellings_are_not_the_field_where_names_are_exact) {
  header_list list(name_rule::exact);
  list.add("Traceparent", other);
  list.add("BAGGAGE", "a=1");
  EXPECT_TRUE(read(list).context.is_empty());
  list.add("traceparent", good);
  list.add("baggage", "b=2");
  EXPECT_EQ(read(list).context, context_of(sample_trace, "", "b=2"));
  EXPECT_FALSE(read(list).is_repeated("traceparent"));
  propagator().inject(context(other_trace), list);
  EXPECT_EQ(values_of(list, "Traceparent"), std::vector<std::string>{other});
  EXPECT_EQ(values_of(list, "traceparent"), std::vector<std::string>{other});
  EXPECT_EQ(values_of(list, "BAGGAGE"), std::vector<std::string>{"a=1"});
  EXPECT_TRUE(values_of(list, "baggage").empty());
}

TEST(FieldRules, FL04_FL11_names_are_written_in_lower_case_once_whatever_stood_there) {
  header_list list = http_headers({{"app", "1"},
                                   {"TRACEPARENT", other},
                                   {"TraceState", "x=1"},
                                   {"traceparent", good},
                                   {"Baggage", "x=1"},
                                   {"BAGGAGE", "x=2"},
                                   {"App", "2"}});
  propagator().inject(sample(), list);
  std::vector<std::string> names;
  for (const auto& each : list) {
    if (each.name != "app" && each.name != "App") names.push_back(each.name);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"baggage", "traceparent", "tracestate"}));
  EXPECT_EQ(read(list).context, sample());
}

TEST(FieldRules, FL05_the_last_value_counts_on_brokers_for_every_field_alike) {
  const reading got = read(broker_headers()
                               .add("traceparent", other)
                               .add("tracestate", "old=1")
                               .add("baggage", "old=1")
                               .add("app", "x")
                               .add("traceparent", "bad")
                               .add("traceparent", " " + good + "\t")
                               .add("tracestate", "new=1")
                               .add("baggage", "new=1,b=2"));
  EXPECT_EQ(got.context, context_of(sample_trace, "new=1", "new=1,b=2"));
  EXPECT_EQ(got.of("traceparent"), errc::ok);
}

TEST(FieldRules, FL05_an_earlier_value_is_no_fallback) {
  const auto after = [](std::string_view name, std::string_view first) {
    broker_headers list;
    if (name == "tracestate") list.add("traceparent", good);
    list.add(name, first);
    return list;
  };
  EXPECT_EQ(read(after("traceparent", good).add("traceparent", value_kind::null)).of("traceparent"),
            errc::absent);
  EXPECT_EQ(read(after("traceparent", good).add("traceparent", "")).of("traceparent"),
            errc::malformed);
  EXPECT_EQ(read(after("traceparent", good).add("traceparent", good + "-x")).of("traceparent"),
            errc::malformed);
  EXPECT_EQ(
      read(after("traceparent", good).add("traceparent", value_kind::not_text)).of("traceparent"),
      errc::malformed);
  for (const std::string name : {"tracestate", "baggage"}) {
    for (const reading& got :
         {read(after(name, "a=1").add(name, value_kind::null)),
          read(after(name, "a=1").add(name, "")), read(after(name, "a=1").add(name, " , ")),
          read(after(name, "a=1").add(name, "bad")),
          read(after(name, "a=1").add(name, value_kind::not_text))}) {
      EXPECT_EQ(got.tracestate() + got.baggage(), "") << name;
      EXPECT_TRUE(got.is_repeated(name));
    }
    EXPECT_EQ(read(after(name, "a=1").add(name, value_kind::null)).of(name), errc::absent);
    EXPECT_EQ(read(after(name, "a=1").add(name, "")).of(name), errc::ok);
    EXPECT_EQ(read(after(name, "a=1").add(name, "bad")).of(name), errc::malformed);
    EXPECT_EQ(read(after(name, "a=1").add(name, value_kind::not_text)).of(name), errc::malformed);
  }
}

TEST(FieldRules, FL05_a_bad_earlier_value_does_no_harm) {
  const reading got = read(broker_headers()
                               .add("traceparent", value_kind::not_text)
                               .add("baggage", value_kind::not_text)
                               .add("traceparent", "")
                               .add("traceparent", good)
                               .add("baggage", "bad")
                               .add("baggage", "k=v"));
  EXPECT_EQ(got.context, context_of(sample_trace, "", "k=v"));
  EXPECT_EQ(got.report.members_dropped, 0U);
}

TEST(FieldRules, FL06_the_first_value_counts_by_configuration) {
  const reading got = read(with_rules(duplicate_rule::first, name_rule::prefer_exact)
                               .add("traceparent", good)
                               .add("traceparent", other)
                               .add("baggage", "a=1")
                               .add("baggage", "b=2"));
  EXPECT_EQ(got.context, context_of(sample_trace, "", "a=1"));
  EXPECT_EQ(read(with_rules(duplicate_rule::first, name_rule::prefer_exact)
                     .add("traceparent", value_kind::null)
                     .add("traceparent", good))
                .of("traceparent"),
            errc::absent);
}

TEST(FieldRules, FL06_repeats_refuse_the_field_by_configuration) {
  const reading got = read(with_rules(duplicate_rule::reject, name_rule::prefer_exact)
                               .add("traceparent", good)
                               .add("traceparent", good)
                               .add("baggage", "a=1"));
  EXPECT_EQ(got.of("traceparent"), errc::duplicate);
  EXPECT_EQ(got.context, context_of({}, "", "a=1"));
  const reading lists = read(with_rules(duplicate_rule::reject, name_rule::ignore_case)
                                 .add("traceparent", good)
                                 .add("tracestate", "a=1")
                                 .add("Tracestate", "a=1")
                                 .add("baggage", "a=1")
                                 .add("baggage", "a=1"));
  EXPECT_EQ(lists.of("tracestate"), errc::duplicate);
  EXPECT_EQ(lists.of("baggage"), errc::duplicate);
  EXPECT_EQ(lists.context, context(sample_trace));
}

TEST(FieldRules, FL07_null_is_absent) {
  for (const carrier_rules rules : {waybill::http_rules, waybill::broker_rules}) {
    const reading got = read(broker_headers(rules)
                                 .add("traceparent", value_kind::null)
                                 .add("tracestate", value_kind::null)
                                 .add("baggage", value_kind::null));
    EXPECT_TRUE(got.context.is_empty());
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      EXPECT_EQ(got.of(name), errc::absent) << name;
    }
  }
  const reading combined = read(broker_headers(waybill::http_rules)
                                    .add("traceparent", value_kind::null)
                                    .add("traceparent", good)
                                    .add("baggage", "a=1")
                                    .add("baggage", value_kind::null)
                                    .add("baggage", "b=2"));
  EXPECT_EQ(combined.context, context_of(sample_trace, "", "a=1,b=2"));
}

TEST(FieldRules, FL08_empty_is_malformed_for_traceparent_and_no_value_for_lists) {
  for (const carrier_rules rules : {waybill::http_rules, waybill::broker_rules}) {
    const reading empty = read(broker_headers(rules).add("traceparent", "").add("baggage", ""));
    EXPECT_EQ(empty.of("traceparent"), errc::malformed);
    EXPECT_EQ(empty.of("baggage"), errc::ok);
    EXPECT_TRUE(empty.context.is_empty());
    const reading state =
        read(broker_headers(rules).add("traceparent", good).add("tracestate", ""));
    EXPECT_EQ(state.of("tracestate"), errc::ok);
    EXPECT_EQ(state.context, context(sample_trace));
  }
}

TEST(FieldRules, FL09_a_type_without_text_is_malformed) {
  for (const carrier_rules rules : {waybill::http_rules, waybill::broker_rules}) {
    const reading got = read(broker_headers(rules)
                                 .add("traceparent", good)
                                 .add("tracestate", value_kind::not_text)
                                 .add("baggage", value_kind::not_text));
    EXPECT_EQ(got.of("tracestate"), errc::malformed);
    EXPECT_EQ(got.of("baggage"), errc::malformed);
    EXPECT_EQ(got.context, context(sample_trace));
    EXPECT_EQ(
        read(broker_headers(rules).add("traceparent", value_kind::not_text)).of("traceparent"),
        errc::malformed);
  }
  EXPECT_EQ(read(broker_headers(waybill::http_rules)
                     .add("baggage", "a=1")
                     .add("baggage", value_kind::not_text))
                .of("baggage"),
            errc::malformed);
}

TEST(FieldRules, FL10_repeats_are_reported_where_one_is_expected) {
  const auto twice = [](carrier_rules rules) {
    return read(broker_headers(rules)
                    .add("traceparent", good)
                    .add("traceparent", good)
                    .add("tracestate", "a=1")
                    .add("tracestate", "b=2")
                    .add("baggage", "a=1"));
  };
  const reading http = twice(waybill::http_rules);
  EXPECT_TRUE(http.is_repeated("traceparent"));
  EXPECT_FALSE(http.is_repeated("tracestate")) << "lists may come in several fields";
  for (const duplicate_rule rule :
       {duplicate_rule::last, duplicate_rule::first, duplicate_rule::reject}) {
    const reading got = twice({rule, name_rule::prefer_exact});
    EXPECT_TRUE(got.is_repeated("traceparent"));
    EXPECT_TRUE(got.is_repeated("tracestate"));
    EXPECT_FALSE(got.is_repeated("baggage"));
  }
  const reading spellings =
      read(broker_headers().add("Traceparent", other).add("traceparent", good));
  EXPECT_TRUE(spellings.is_repeated("traceparent"));
}

TEST(FieldRules, FL11_inject_any_number_of_times_leaves_one_of_each) {
  header_list list = http_headers({{"app", "1"}, {"app", ""}});
  broker_headers broker;
  broker.add("app", "1").add("app", value_kind::null).add("app", "");
  for (int i = 0; i < 5; ++i) {
    const context next = sample().new_child();
    propagator().inject(next, list);
    propagator().inject(next, broker);
    EXPECT_EQ(list.size(), 5U);
    EXPECT_EQ(broker.headers().size(), 6U);
    EXPECT_EQ(read(list).context, next);
    EXPECT_EQ(read(broker).context, next);
    EXPECT_FALSE(read(broker).is_repeated("traceparent"));
  }
}

TEST(FieldRules, FL12_a_trace_takes_old_tracestate_and_old_baggage_with_it) {
  header_list list = http_headers({{"tracestate", "old=1"},
                                   {"Tracestate", "older=1"},
                                   {"baggage", "old=1"},
                                   {"traceparent", other},
                                   {"traceparent", other}});
  propagator().inject(context(sample_trace), list);
  EXPECT_EQ(list, http_headers({{"traceparent", good}}));
}

TEST(FieldRules, FL13_baggage_without_a_trace_replaces_the_baggage_alone) {
  header_list list = http_headers({{"Traceparent", other},
                                   {"tracestate", "old=1"},
                                   {"tracestate", "old=2"},
                                   {"baggage", "old=1"},
                                   {"Baggage", "old=2"}});
  propagator().inject(context_of({}, "", "k=v"), list);
  EXPECT_EQ(list, http_headers({{"Traceparent", other},
                                {"tracestate", "old=1"},
                                {"tracestate", "old=2"},
                                {"baggage", "k=v"}}));
}

TEST(FieldRules, FL14_an_empty_context_changes_nothing) {
  const header_list before =
      http_headers({{"Traceparent", other}, {"traceparent", ""}, {"baggage", "bad"}, {"x", "y"}});
  header_list list = before;
  for (const inject_parts parts : {inject_parts{}, inject_parts{true, true, false}}) {
    const auto report = propagator().inject(context(), list, {}, parts);
    EXPECT_EQ(list, before);
    EXPECT_EQ(report.code, errc::ok);
    EXPECT_FALSE(report.trace || report.tracestate || report.baggage);
  }
}

TEST(FieldRules, FL15_FL16_strip_takes_the_fields_and_nothing_else) {
  header_list list = http_headers({{"a", "1"},
                                   {"traceparent", good},
                                   {"A", ""},
                                   {"TRACESTATE", "s=1"},
                                   {"baggage", "k=v"},
                                   {"trace-parent", good},
                                   {"Baggage", "k=w"},
                                   {"a", std::string_view("\0\xff", 2)},
                                   {"", "nameless"},
                                   {"traceparent", "bad"}});
  EXPECT_EQ(propagator().strip(list), errc::ok);
  EXPECT_EQ(list, http_headers({{"a", "1"},
                                {"A", ""},
                                {"trace-parent", good},
                                {"a", std::string_view("\0\xff", 2)},
                                {"", "nameless"}}));
  EXPECT_EQ(propagator().strip(list), errc::ok);
  EXPECT_EQ(list.size(), 5U);
}

TEST(FieldRules, FL16_inject_leaves_other_headers_as_they_are_and_in_their_order) {
  broker_headers list;
  list.add("a", "1").add("traceparent", "stale").add("", value_kind::null).add("a", "");
  list.add("a", std::string_view("\0\r\n\xff", 4)).add("n", value_kind::not_text);
  const std::vector<broker_headers::header> before = list.headers();
  const propagator formats;
  formats.inject(sample(), list);
  std::vector<broker_headers::header> others;
  for (const auto& each : list.headers()) {
    if (formats.field_index(each.name) == formats.fields().size()) others.push_back(each);
  }
  std::vector<broker_headers::header> expected = before;
  expected.erase(expected.begin() + 1);
  EXPECT_EQ(others, expected);
}

TEST(FieldRules, FL17_no_control_character_passes_whatever_came_in) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte >= 0x20 && byte <= 0x7e) continue;
    const std::string one(1, static_cast<char>(byte));
    for (const std::string& text :
         {"a=1" + one, one + "a=1", "a=1," + one + "b=2", "a=1" + one + ",b",
          "a=1 ;" + one + "p ,b=2", "a" + one + "=1", "a=" + one + "1"}) {
      const context got =
          read(http_headers({{"traceparent", good}, {"tracestate", text}, {"baggage", text}}))
              .context;
      header_list list;
      propagator().inject(got, list);
      for (const auto& each : list) {
        EXPECT_FALSE(each.value.empty());
        for (const char written_byte : each.value) {
          EXPECT_TRUE(written_byte >= 0x20 && written_byte <= 0x7e) << each.name << " " << byte;
        }
      }
    }
  }
}

TEST(FieldRules, FL18_parts_that_are_left_out_are_erased) {
  struct part_case {
    inject_parts parts;
    std::vector<std::string> names;
  };
  for (const part_case& each : std::vector<part_case>{
           {{true, true, true}, {"baggage", "traceparent", "tracestate"}},
           {{true, true, false}, {"traceparent", "tracestate"}},
           {{true, false, true}, {"baggage", "traceparent"}},
           {{true, false, false}, {"traceparent"}},
           {{false, true, true}, {"baggage"}},
           {{false, false, false}, {}},
       }) {
    header_list list =
        http_headers({{"traceparent", other}, {"tracestate", "old=1"}, {"baggage", "old=1"}});
    const auto report = propagator().inject(sample(), list, {}, each.parts);
    std::vector<std::string> names;
    for (const auto& header : list) names.push_back(header.name);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, each.names);
    EXPECT_EQ(report.trace, each.parts.trace);
    EXPECT_EQ(report.tracestate, each.parts.tracestate && each.parts.trace);
    EXPECT_EQ(report.baggage, each.parts.baggage);
  }
}

struct throwing_carrier {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;
  template <class F>
  void for_each(F&&) const {
    throw std::runtime_error("for_each");
  }
  void set(std::string_view, std::string_view) { throw std::runtime_error("set"); }
  void erase(std::string_view) { throw 42; }
};

struct throwing_keyed_carrier {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    if (name == "traceparent") throw std::runtime_error("get");
    return "k=v";
  }
};

TEST(FieldRules, FL19_a_carrier_that_throws_costs_that_call_alone) {
  throwing_carrier carrier;
  const reading got = read(carrier);
  EXPECT_TRUE(got.context.is_empty());
  EXPECT_EQ(got.of("traceparent"), errc::carrier_failed);
  EXPECT_EQ(propagator().inject(sample(), carrier).code, errc::carrier_failed);
  EXPECT_EQ(propagator().strip(carrier), errc::carrier_failed);
  EXPECT_EQ(read(throwing_keyed_carrier()).of("traceparent"), errc::carrier_failed);
}

}  // namespace
}  // namespace waybill_test
