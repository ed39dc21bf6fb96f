#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#include <waybill/carrier.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>
#include <waybill/propagator.hpp>

#include "support/carriers.hpp"
#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::carrier_rules;
using waybill::context;
using waybill::direction;
using waybill::duplicate_rule;
using waybill::errc;
using waybill::extract_report;
using waybill::field_value;
using waybill::header_list;
using waybill::inject_report;
using waybill::keyed_carrier;
using waybill::name_rule;
using waybill::propagation;
using waybill::propagator;
using waybill::readable_carrier;
using waybill::reader_ref;
using waybill::visitable_carrier;
using waybill::writable_carrier;
using waybill::writer_ref;

/// What carriers of the tests have that say nothing else.
struct of_http {
  static constexpr carrier_rules rules = waybill::http_rules;
};

struct get_of_wrong_type : of_http {
  [[nodiscard]] int get(std::string_view name) const;
};
struct get_that_changes : of_http {
  std::optional<std::string_view> get(std::string_view name);
};
struct set_without_erase {
  void set(std::string_view name, std::string_view value);
};
struct no_rules {
  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("traceparent"), sample_traceparent);
  }
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
};
struct rules_of_wrong_type : no_rules {
  static constexpr duplicate_rule rules = duplicate_rule::last;
};
struct rules_that_change : no_rules {
  carrier_rules rules();
};
struct both_ways : of_http {
  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("traceparent"), sample_traceparent);
  }
  [[nodiscard]] std::optional<std::string_view> get(std::string_view /*name*/) const {
    ADD_FAILURE() << "for_each is there";
    return std::nullopt;
  }
};

static_assert(visitable_carrier<header_list>);
static_assert(readable_carrier<header_list> && writable_carrier<header_list>);
static_assert(visitable_carrier<broker_headers> && writable_carrier<broker_headers>);
static_assert(keyed_carrier<keyed_headers> && !visitable_carrier<keyed_headers>);
static_assert(readable_carrier<keyed_headers> && writable_carrier<keyed_headers>);
static_assert(visitable_carrier<both_ways> && keyed_carrier<both_ways>);
static_assert(readable_carrier<both_ways> && !writable_carrier<both_ways>);
static_assert(visitable_carrier<no_rules> && keyed_carrier<no_rules>);
static_assert(!readable_carrier<no_rules>, "there are no rules for every carrier");
static_assert(!readable_carrier<rules_of_wrong_type>);
static_assert(!readable_carrier<rules_that_change>);
static_assert(!readable_carrier<get_of_wrong_type>);
static_assert(!readable_carrier<get_that_changes>, "reading does not change a carrier");
static_assert(!writable_carrier<set_without_erase>, "stale fields could not be taken away");
static_assert(!readable_carrier<int> && !writable_carrier<std::string>);
static_assert(sizeof(reader_ref) == 2 * sizeof(void*));
static_assert(sizeof(writer_ref) == 2 * sizeof(void*));
static_assert(!std::is_constructible_v<writer_ref, const header_list&>);
static_assert(!std::is_constructible_v<writer_ref, header_list>);

TEST(carrier, that_can_be_asked_by_name_is_read) {
  const keyed_headers headers = {{"traceparent", std::string(sample_traceparent)},
                                 {"tracestate", "rojo=1"},
                                 {"baggage", "a=1"},
                                 {"other", "x"}};
  EXPECT_EQ(propagator().extract(headers), context_of(sample_trace, "rojo=1", "a=1"));
  const auto peeked = propagator().peek(headers);
  ASSERT_TRUE(peeked);
  EXPECT_EQ(context(*peeked), context_of(sample_trace, "rojo=1", "a=1"));
}

TEST(carrier, that_can_be_asked_by_name_is_written_and_stripped) {
  keyed_headers headers = {{"baggage", "stale=1"}, {"other", "x"}};
  propagator().inject(context_of(sample_trace, "rojo=1", ""), headers);
  EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
  EXPECT_EQ(headers.get("tracestate"), "rojo=1");
  EXPECT_EQ(headers.get("baggage"), std::nullopt);
  EXPECT_EQ(propagator().strip(headers), errc::ok);
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers.get("other"), "x");
}

TEST(carrier, that_shows_its_headers_is_not_asked_by_name) {
  EXPECT_EQ(propagator().extract(both_ways{}), context(sample_trace));
}

struct mixed_values : of_http {
  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("traceparent"), field_value(sample_traceparent));
    visit(std::string_view("baggage"), std::string_view("a=1"));
    visit(std::string_view("tracestate"), field_value("", waybill::value_kind::null));
  }
};

TEST(carrier, shows_values_as_text_or_as_field_values) {
  EXPECT_EQ(propagator().extract(mixed_values{}), context_of(sample_trace, "", "a=1"));
}

TEST(carrier, may_hold_names_and_values_of_any_length) {
  header_list headers;
  headers.add("", "nothing");
  headers.add(std::string(63, 'n'), "x");
  headers.add(std::string(64, 'n'), "x");
  headers.add(std::string(75, 'n'), "11 + 64: as long as traceparent, were lengths counted mod 64");
  headers.add(std::string(100'000, 'n'), std::string(100'000, 'v'));
  headers.add("traceparent", sample_traceparent);
  EXPECT_EQ(propagator().extract(headers), context(sample_trace));
}

// Rules.

struct static_rules {
  static constexpr carrier_rules rules{duplicate_rule::first, name_rule::exact};
  template <class F>
  void for_each(F&& /*visit*/) const {}
};
struct static_function_rules {
  static carrier_rules rules() { return {duplicate_rule::reject, name_rule::prefer_exact}; }
  template <class F>
  void for_each(F&& /*visit*/) const {}
};

bool are_equal(carrier_rules a, carrier_rules b) {
  return a.duplicates == b.duplicates && a.names == b.names;
}

TEST(carrier, says_its_rules_by_a_static_member_or_a_function) {
  EXPECT_TRUE(are_equal(reader_ref(static_rules{}).rules(), static_rules::rules));
  EXPECT_TRUE(are_equal(reader_ref(static_function_rules{}).rules(),
                        {duplicate_rule::reject, name_rule::prefer_exact}));
  const broker_headers headers({duplicate_rule::first, name_rule::ignore_case});
  EXPECT_TRUE(
      are_equal(reader_ref(headers).rules(), {duplicate_rule::first, name_rule::ignore_case}));
}

TEST(carrier, rules_follow_the_propagation_s_duplicate_rule_where_it_has_one) {
  const broker_headers headers(waybill::broker_rules);
  EXPECT_TRUE(are_equal(propagation().rules_for(headers), waybill::broker_rules));
  const propagation reject({.duplicates = duplicate_rule::reject});
  EXPECT_TRUE(
      are_equal(reject.rules_for(headers), {duplicate_rule::reject, name_rule::prefer_exact}));
}

// Carriers whose functions throw.

/// Throws what is not even a std::exception when it comes to the header of this index.
struct throwing_list : of_http {
  header_list headers;
  std::size_t throws_at = 0;

  template <class F>
  void for_each(F&& visit) const {
    std::size_t index = 0;
    headers.for_each([&](std::string_view name, std::string_view value) {
      if (index++ == throws_at) throw int{1};
      visit(name, value);
    });
  }
};

struct throwing_keys : of_http {
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    if (name == "traceparent") throw std::runtime_error("no connection");
    return "a=1";
  }
};

struct throwing_writer {
  static constexpr carrier_rules rules = waybill::http_rules;
  header_list headers;
  std::string_view fails_on;
  bool fails_to_set = false;
  bool fails_to_erase = false;

  void set(std::string_view name, std::string_view value) {
    if (fails_to_set && name == fails_on) throw std::runtime_error("set");
    headers.set(name, value);
  }
  void erase(std::string_view name) {
    if (fails_to_erase && name == fails_on) throw std::runtime_error("erase");
    headers.erase(name);
  }
  template <class F>
  void for_each(F&& visit) const {
    headers.for_each(visit);
  }
};

TEST(carrier, FL19_that_throws_while_it_is_read_fails_every_field) {
  throwing_list carrier;
  carrier.headers.add("x", "1");
  carrier.headers.add("traceparent", sample_traceparent);
  carrier.headers.add("baggage", "a=1");
  for (carrier.throws_at = 0; carrier.throws_at < carrier.headers.size(); ++carrier.throws_at) {
    extract_report report;
    const context read = propagator().extract(carrier, {}, &report);
    EXPECT_TRUE(read.is_empty()) << "what was not seen could have made it wrong";
    const propagator formats;
    for (std::size_t i = 0; i < formats.fields().size(); ++i) {
      EXPECT_EQ(report.fields[i], errc::carrier_failed) << formats.fields()[i].name;
    }
    EXPECT_TRUE(propagator().peek(carrier).value().is_empty());
  }
}

TEST(carrier, FL19_that_throws_for_one_name_fails_every_field) {
  extract_report report;
  EXPECT_TRUE(propagator().extract(throwing_keys{}, {}, &report).is_empty());
  EXPECT_EQ(report.fields[propagator().field_index("traceparent")], errc::carrier_failed);
  EXPECT_EQ(report.fields[propagator().field_index("baggage")], errc::carrier_failed);
}

TEST(carrier, FL19_that_throws_while_it_is_read_is_counted) {
  throwing_list carrier;
  carrier.headers.add("traceparent", sample_traceparent);
  const propagation settings(waybill::propagation_options{});
  EXPECT_TRUE(extract(carrier, settings, waybill::any_destination).context().is_empty());
  EXPECT_GE(settings.diagnostics()->count(direction::inbound, errc::carrier_failed), 1U);
}

TEST(carrier, FL19_that_throws_while_it_is_written_is_reported_and_counted) {
  const context sent = context_of(sample_trace, "rojo=1", "a=1");
  for (const bool sets : {false, true}) {
    for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
      throwing_writer carrier{header_list(), name, sets, !sets};
      const context without_part = name == "baggage"      ? sent.without_baggage()
                                   : name == "tracestate" ? context_of(sample_trace, "", "a=1")
                                                          : context_of({}, "", "a=1");
      const propagation settings(waybill::propagation_options{});
      const inject_report report =
          inject(sets ? sent : without_part, carrier, settings, waybill::any_destination);
      // Without a trace the trace fields are left alone, and nothing is there to fail.
      const bool is_left_alone = !sets && name == "traceparent";
      EXPECT_EQ(report.code, is_left_alone ? errc::ok : errc::carrier_failed) << name;
      EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::carrier_failed) > 0,
                !is_left_alone);
    }
  }
}

TEST(carrier, FL19_that_throws_while_it_is_stripped_is_still_read_and_counted) {
  throwing_writer carrier{header_list(), "traceparent", false, true};
  carrier.headers.add("traceparent", sample_traceparent);
  carrier.headers.add("tracestate", "rojo=1");
  const propagation settings(waybill::propagation_options{});
  const waybill::extraction taken = take(carrier, settings, waybill::any_destination);
  EXPECT_EQ(taken.context(), context_of(sample_trace, "rojo=1", ""));
  EXPECT_EQ(carrier.headers.get("tracestate"), std::nullopt) << "the others are taken off";
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::carrier_failed), 1U);
  EXPECT_EQ(strip(carrier, settings, waybill::any_destination), errc::carrier_failed);
}

TEST(FieldRules, FL07_FL08_a_carrier_asked_by_name_tells_absent_from_empty) {
  EXPECT_EQ(read(keyed_headers()).of("traceparent"), errc::absent);
  EXPECT_EQ(read(keyed_headers{{"traceparent", ""}}).of("traceparent"), errc::malformed);
  EXPECT_EQ(read(keyed_headers{{"traceparent", std::string(sample_traceparent)},
                               {"tracestate", " a=1 ,"},
                               {"baggage", "k = v"}})
                .context,
            context_of(sample_trace, "a=1", "k=v"));
}

}  // namespace
}  // namespace waybill_test
