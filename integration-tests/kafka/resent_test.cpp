// Messages that were sent more than once by clients that append, as they are read.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

using waybill::errc;

// In the order of propagator::fields().
constexpr std::size_t traceparent = 0;
constexpr std::size_t tracestate = 1;
constexpr std::size_t baggage = 2;
constexpr std::size_t fields = 3;

struct resent {
  const char* rule;
  std::vector<bare_header> headers;
  waybill::context expected;
  std::array<errc, fields> report{errc::ok, errc::ok, errc::ok};
  std::array<bool, fields> repeated{};
  std::optional<waybill::duplicate_rule> duplicates{};
};
std::ostream& operator<<(std::ostream& stream, const resent& each) { return stream << each.rule; }

waybill::context baggage_alone(std::string_view text) {
  return make_context(1, {}, text).with_span_context({});
}

std::vector<resent> by_senders_that_append() {
  return {
      {"the_last_of_three_appended_contexts_is_read",
       {{"traceparent", traceparent_of(1)},
        {"tracestate", "t=1"},
        {"baggage", "b=1"},
        {"app", "x"},
        {"traceparent", traceparent_of(2)},
        {"tracestate", "t=2"},
        {"baggage", "b=2"},
        {"traceparent", traceparent_of(3)},
        {"tracestate", "t=3"},
        {"baggage", "b=3"}},
       make_context(3, "t=3", "b=3"),
       {errc::ok, errc::ok, errc::ok},
       {true, true, true}},
      {"only_the_traceparent_was_appended",
       {{"traceparent", traceparent_of(1)},
        {"app", "x"},
        {"traceparent", traceparent_of(2)},
        {"traceparent", traceparent_of(3)}},
       make_context(3),
       {errc::ok, errc::absent, errc::absent},
       {true, false, false}},
      {"stale_tracestate_and_baggage_are_read_for_nothing_shows_that_they_are",
       {{"tracestate", "stale=1"},
        {"baggage", "stale=1"},
        {"traceparent", traceparent_of(1)},
        {"app", "x"},
        {"traceparent", traceparent_of(2)}},
       make_context(2, "stale=1", "stale=1"),
       {errc::ok, errc::ok, errc::ok},
       {true, false, false}},
      {"the_first_was_replaced_and_a_stale_one_left_behind",
       {{"traceparent", traceparent_of(9)}, {"app", "x"}, {"traceparent", traceparent_of(1)}},
       make_context(1),
       {errc::ok, errc::absent, errc::absent},
       {true, false, false}},
      {"lists_are_never_joined",
       {{"traceparent", traceparent_of(1)},
        {"tracestate", "a=1"},
        {"tracestate", "b=2"},
        {"baggage", "a=1"},
        {"baggage", "b=2"}},
       make_context(1, "b=2", "b=2"),
       {errc::ok, errc::ok, errc::ok},
       {false, true, true}},
      {"identical_repeats_are_one",
       {{"traceparent", traceparent_of(1)}, {"traceparent", traceparent_of(1)}},
       make_context(1),
       {errc::ok, errc::absent, errc::absent},
       {true, false, false}},
  };
}

std::vector<resent> with_other_spellings() {
  return {
      {"lower_case_is_read_though_another_spelling_comes_later",
       {{"traceparent", traceparent_of(1)},
        {"Traceparent", traceparent_of(2)},
        {"TRACESTATE", "t=2"},
        {"tracestate", "t=1"},
        {"Baggage", "b=2"},
        {"baggage", "b=1"}},
       make_context(1, "t=1", "b=1"),
       {errc::ok, errc::ok, errc::ok},
       {true, true, true}},
      {"lower_case_is_read_though_another_spelling_comes_first",
       {{"Traceparent", traceparent_of(2)}, {"app", "x"}, {"traceparent", traceparent_of(1)}},
       make_context(1),
       {errc::ok, errc::absent, errc::absent},
       {true, false, false}},
      {"another_spelling_alone_is_read",
       {{"TRACEPARENT", traceparent_of(1)}, {"TraceState", "t=1"}, {"BAGGAGE", "b=1"}},
       make_context(1, "t=1", "b=1")},
      {"the_last_of_other_spellings_is_read",
       {{"TRACEPARENT", traceparent_of(1)}, {"app", "x"}, {"Traceparent", traceparent_of(2)}},
       make_context(2),
       {errc::ok, errc::absent, errc::absent},
       {true, false, false}},
  };
}

std::vector<resent> with_a_bad_last_value() {
  return {
      {"a_bad_last_traceparent_decides_and_takes_the_tracestate_with_it",
       {{"traceparent", traceparent_of(1)},
        {"tracestate", "t=1"},
        {"baggage", "b=1"},
        {"traceparent", "00-bad"}},
       baggage_alone("b=1"),
       {errc::malformed, errc::no_traceparent, errc::ok},
       {true, false, false}},
      {"flags_of_three_digits_are_malformed",
       {{"traceparent", traceparent_of(1).substr(0, 53) + "010"}, {"baggage", "b=1"}},
       baggage_alone("b=1"),
       {errc::malformed, errc::absent, errc::ok}},
      {"a_null_last_traceparent_is_none",
       {{"traceparent", traceparent_of(1)}, {"traceparent", std::nullopt}, {"baggage", "b=1"}},
       baggage_alone("b=1"),
       {errc::absent, errc::absent, errc::ok},
       {true, false, false}},
      {"an_empty_last_traceparent_is_malformed",
       {{"traceparent", traceparent_of(1)}, {"traceparent", ""}},
       {},
       {errc::malformed, errc::absent, errc::absent},
       {true, false, false}},
      {"null_or_empty_last_lists_are_none",
       {{"traceparent", traceparent_of(1)},
        {"tracestate", "t=1"},
        {"tracestate", ""},
        {"baggage", "b=1"},
        {"baggage", std::nullopt}},
       make_context(1),
       {errc::ok, errc::ok, errc::absent},
       {false, true, true}},
      {"a_bad_last_tracestate_is_dropped_alone",
       {{"traceparent", traceparent_of(1)},
        {"tracestate", "t=1"},
        {"tracestate", "no equals sign"},
        {"baggage", "b=1"}},
       make_context(1, {}, "b=1"),
       {errc::ok, errc::malformed, errc::ok},
       {false, true, false}},
  };
}

std::vector<resent> by_configuration() {
  const std::vector<bare_header> twice = {{"traceparent", traceparent_of(1)},
                                          {"baggage", "b=1"},
                                          {"traceparent", traceparent_of(2)},
                                          {"baggage", "b=2"}};
  return {
      {"the_first_is_read_where_that_is_configured",
       twice,
       make_context(1, {}, "b=1"),
       {errc::ok, errc::absent, errc::ok},
       {true, false, true},
       waybill::duplicate_rule::first},
      {"none_is_read_where_repeats_are_to_be_refused",
       twice,
       {},
       {errc::duplicate, errc::absent, errc::duplicate},
       {true, false, true},
       waybill::duplicate_rule::reject},
  };
}

class a_resent_message : public kafka_test, public testing::WithParamInterface<resent> {};

TEST_P(a_resent_message, is_read_as_the_rule_says_and_stripped_of_every_field) {
  const std::string topic = new_topic();
  const bare_message sent = {"key", "value", GetParam().headers};
  bare_producer(bootstrap()).produce(topic, sent);

  const waybill::propagation settings(
      waybill::propagation_options{.duplicates = GetParam().duplicates});
  waybill_consumer consumer(bootstrap(), topic, {}, settings);
  const waybill::kafka::message received = consumer.next();
  EXPECT_EQ(received.context(), GetParam().expected);
  EXPECT_EQ(seen_headers(received), application_headers(sent.headers));
  EXPECT_EQ(received.payload(), "value");

  const waybill::extract_report& report = received.extraction().report();
  EXPECT_EQ(report.fields[traceparent], GetParam().report[traceparent]);
  EXPECT_EQ(report.fields[tracestate], GetParam().report[tracestate]);
  EXPECT_EQ(report.fields[baggage], GetParam().report[baggage]);
  for (std::size_t i = 0; i < fields; ++i) {
    EXPECT_EQ((report.repeated >> i) & 1U, GetParam().repeated[i] ? 1U : 0U) << "field " << i;
  }
}

// The lists of several rules in one.
std::vector<resent> all_resent() {
  std::vector<resent> all;
  for (const auto& some : {by_senders_that_append(), with_other_spellings(),
                           with_a_bad_last_value(), by_configuration()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(rules, a_resent_message, testing::ValuesIn(all_resent()),
                         [](const auto& chosen) { return std::string(chosen.param.rule); });

// A message that went round a retry loop of appending senders.
TEST_F(kafka_test, a_message_with_forty_appended_contexts_is_read_and_stripped_of_all) {
  const std::string topic = new_topic();
  const std::vector<bare_header> application = {
      {"app", "1"}, {"null", std::nullopt}, {"app", "2"}, {"empty", ""}, {"app", "1"}};
  std::vector<bare_header> headers = {application[0], application[1]};
  for (std::uint64_t i = 1; i <= 40; ++i) {
    headers.push_back({"traceparent", traceparent_of(i)});
    headers.push_back({i % 2 == 0 ? "baggage" : "Baggage", "b=" + std::to_string(i)});
    if (i == 20) headers.push_back(application[2]);
  }
  headers.push_back(application[3]);
  headers.push_back(application[4]);
  bare_producer(bootstrap()).produce(topic, {"key", "value", headers});
  waybill_consumer consumer(bootstrap(), topic);
  const waybill::kafka::message received = consumer.next();
  EXPECT_EQ(received.context(), make_context(40, {}, "b=40"));
  EXPECT_EQ(seen_headers(received), application);
  EXPECT_EQ(received.key(), "key");
  EXPECT_EQ(received.payload(), "value");
}

TEST_F(kafka_test, a_repeated_field_is_counted) {
  const std::string topic = new_topic();
  bare_producer(bootstrap())
      .produce(topic, {"key",
                       "value",
                       {{"traceparent", traceparent_of(1)}, {"traceparent", traceparent_of(2)}}});
  waybill_consumer consumer(bootstrap(), topic);
  EXPECT_EQ(consumer.next().context(), make_context(2));
  EXPECT_EQ(consumer.consumer().propagation().diagnostics()->count(waybill::direction::inbound,
                                                                   errc::duplicate),
            1U);
}

}  // namespace
}  // namespace waybill_test
