// How a header list is read: design invariant 6, one rule for every field alike.
#include "waybill/kafka/carrier.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/bare_headers.hpp"
#include "support/contexts.hpp"

namespace {

using waybill::any_destination;
using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::propagation;
using waybill::kafka::extract;
using waybill::kafka::peek;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

const std::string a(traceparent_a);
const std::string b(traceparent_b);

struct kafka_extract : testing::Test {
  waybill::propagation_options options;

  [[nodiscard]] propagation settings() const { return propagation(options); }

  [[nodiscard]] extraction read(const bare_headers& headers) const {
    return extract(make_list(headers).get(), settings(), any_destination);
  }
  [[nodiscard]] errc report_of(const extraction& read, std::string_view name) const {
    return read.report().fields.at(options.propagator.field_index(name));
  }
  [[nodiscard]] bool is_repeated(const extraction& read, std::string_view name) const {
    return ((read.report().repeated >> options.propagator.field_index(name)) & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t counted(errc code) const {
    return options.diagnostics->count(direction::inbound, code);
  }
};

TEST_F(kafka_extract, reads_the_three_fields_from_anywhere_in_the_list) {
  const auto& application = waybill_test::application_headers();
  const extraction read =
      this->read(bare_headers{{"baggage", "user=alice"}} + application +
                 bare_headers{{"tracestate", "x=1,y=2"}, {"traceparent", a}} + application);
  EXPECT_EQ(traceparent_text(read.context()), a);
  EXPECT_EQ(read.context().tracestate_text(), "x=1,y=2");
  EXPECT_EQ(read.context().baggage_text(), "user=alice");
  ASSERT_NE(read.parent(), nullptr);
  EXPECT_EQ(*read.parent(), read.context());
  EXPECT_EQ(read.sender(), read.context().span_context());
  EXPECT_TRUE(read.context().span_context().is_remote());
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_extract, a_null_list_and_an_empty_list_hold_nothing) {
  for (const extraction& read : {extract(nullptr, settings(), any_destination), read({})}) {
    EXPECT_TRUE(read.context().is_empty());
    EXPECT_EQ(read.parent(), nullptr);
    EXPECT_TRUE(read.links().empty());
    EXPECT_EQ(report_of(read, "traceparent"), errc::absent);
    EXPECT_EQ(report_of(read, "tracestate"), errc::absent);
    EXPECT_EQ(report_of(read, "baggage"), errc::absent);
  }
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_extract, names_that_only_look_like_a_field_are_not_read) {
  const extraction read = this->read({{"traceparent2", a},
                                      {"x-traceparent", a},
                                      {" traceparent", a},
                                      {"traceparent ", a},
                                      {"traceparen", a},
                                      {"trace-parent", a},
                                      {"tr\xc3\xa4"
                                       "ceparent",
                                       a},
                                      {"baggages", "k=v"},
                                      {"", "k=v"}});
  EXPECT_TRUE(read.context().is_empty());
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

TEST_F(kafka_extract, leaves_the_list_as_it_is) {
  const bare_headers before =
      bare_headers{{"traceparent", a}, {"Baggage", "k=v"}, {"baggage", ""}} +
      waybill_test::application_headers();
  const auto list = make_list(before);
  static_cast<void>(extract(list.get(), settings(), any_destination));
  static_cast<void>(peek(list.get(), settings(), any_destination));
  EXPECT_EQ(headers_of(list.get()), before);
}

TEST_F(kafka_extract, FL05_invariant_6_the_last_value_counts_for_every_field_alike) {
  const extraction read = this->read({{"traceparent", a},
                                      {"tracestate", "old=1"},
                                      {"baggage", "old=1"},
                                      {"traceparent", b},
                                      {"tracestate", "new=1"},
                                      {"baggage", "new=1"}});
  EXPECT_EQ(traceparent_text(read.context()), b);
  EXPECT_EQ(read.context().tracestate_text(), "new=1");
  EXPECT_EQ(read.context().baggage_text(), "new=1");
}

TEST_F(kafka_extract, FL10_invariant_6_duplicates_are_reported_and_counted) {
  const extraction once = read({{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v"}});
  EXPECT_EQ(once.report().repeated, 0U);
  EXPECT_EQ(counted(errc::duplicate), 0U);

  const extraction read = this->read({{"traceparent", a},
                                      {"traceparent", a},
                                      {"tracestate", "x=1"},
                                      {"baggage", "k=v"},
                                      {"baggage", "k=v"},
                                      {"baggage", "k=w"}});
  EXPECT_TRUE(is_repeated(read, "traceparent"));
  EXPECT_FALSE(is_repeated(read, "tracestate"));
  EXPECT_TRUE(is_repeated(read, "baggage"));
  EXPECT_EQ(counted(errc::duplicate), 2U);
}

TEST_F(kafka_extract,
       FL05_FL07_invariant_6_a_last_value_that_is_null_is_absent_and_no_earlier_one_counts) {
  const extraction read = this->read({{"traceparent", a},
                                      {"tracestate", "x=1"},
                                      {"baggage", "k=v"},
                                      {"traceparent", std::nullopt},
                                      {"baggage", std::nullopt}});
  EXPECT_TRUE(read.context().is_empty());
  EXPECT_EQ(report_of(read, "traceparent"), errc::absent);
  EXPECT_EQ(report_of(read, "tracestate"), errc::no_traceparent);
  EXPECT_EQ(report_of(read, "baggage"), errc::absent);
  EXPECT_EQ(counted(errc::malformed), 0U);
}

TEST_F(kafka_extract, FL05_FL07_invariant_6_a_last_tracestate_that_is_null_leaves_none) {
  const extraction read =
      this->read({{"traceparent", a}, {"tracestate", "x=1"}, {"tracestate", std::nullopt}});
  EXPECT_EQ(traceparent_text(read.context()), a);
  EXPECT_EQ(read.context().tracestate_text(), "");
  EXPECT_EQ(report_of(read, "tracestate"), errc::absent);
}

TEST_F(kafka_extract, FL05_FL08_invariant_6_a_last_traceparent_that_is_empty_is_malformed) {
  for (const char* empty : {"", "  ", "\t"}) {
    const extraction read = this->read({{"traceparent", a}, {"traceparent", empty}});
    EXPECT_FALSE(read.context().has_trace());
    EXPECT_EQ(report_of(read, "traceparent"), errc::malformed);
  }
  EXPECT_EQ(counted(errc::malformed), 3U);
}

TEST_F(kafka_extract,
       FL05_FL08_invariant_6_a_last_list_field_that_is_empty_has_no_value_and_is_no_error) {
  const extraction read = this->read({{"traceparent", a},
                                      {"tracestate", "x=1"},
                                      {"tracestate", ""},
                                      {"baggage", "k=v"},
                                      {"baggage", ""}});
  EXPECT_TRUE(read.context().has_trace());
  EXPECT_EQ(read.context().tracestate_text(), "");
  EXPECT_EQ(read.context().baggage_text(), "");
  EXPECT_EQ(counted(errc::malformed), 0U);
  EXPECT_NE(report_of(read, "tracestate"), errc::malformed);
  EXPECT_NE(report_of(read, "baggage"), errc::malformed);
}

TEST_F(kafka_extract, FL05_invariant_6_a_last_value_that_is_bad_decides_alone) {
  const std::string upper_case = "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01";
  const extraction read = this->read({{"traceparent", a},
                                      {"tracestate", "x=1"},
                                      {"baggage", "k=v"},
                                      {"traceparent", upper_case},
                                      {"baggage", "no member"}});
  EXPECT_TRUE(read.context().is_empty());
  EXPECT_EQ(report_of(read, "traceparent"), errc::malformed);
  EXPECT_EQ(report_of(read, "baggage"), errc::malformed);

  const extraction bad_state =
      this->read({{"traceparent", a}, {"tracestate", "x=1"}, {"tracestate", "X=1"}});
  EXPECT_EQ(traceparent_text(bad_state.context()), a);
  EXPECT_EQ(bad_state.context().tracestate_text(), "");
  EXPECT_EQ(report_of(bad_state, "tracestate"), errc::malformed);
}

TEST_F(kafka_extract, FL05_invariant_6_an_earlier_value_that_is_bad_does_no_harm) {
  const extraction read = this->read({{"traceparent", "bad"},
                                      {"tracestate", "BAD"},
                                      {"baggage", "bad"},
                                      {"traceparent", b},
                                      {"tracestate", "x=1"},
                                      {"baggage", "k=v"}});
  EXPECT_EQ(traceparent_text(read.context()), b);
  EXPECT_EQ(read.context().tracestate_text(), "x=1");
  EXPECT_EQ(read.context().baggage_text(), "k=v");
  EXPECT_EQ(counted(errc::malformed), 0U);
}

TEST_F(kafka_extract, FL02_invariant_6_the_exact_lower_case_name_goes_before_other_spellings) {
  const extraction first = read({{"traceparent", a}, {"Traceparent", b}, {"TRACEPARENT", b}});
  EXPECT_EQ(traceparent_text(first.context()), a);
  const extraction last = read({{"Traceparent", b}, {"traceparent", a}});
  EXPECT_EQ(traceparent_text(last.context()), a);
  const extraction lists = read({{"traceparent", a},
                                 {"tracestate", "x=1"},
                                 {"baggage", "k=v"},
                                 {"TraceState", "y=1"},
                                 {"Baggage", "l=w"}});
  EXPECT_EQ(lists.context().tracestate_text(), "x=1");
  EXPECT_EQ(lists.context().baggage_text(), "k=v");
}

TEST_F(kafka_extract, FL02_invariant_6_another_spelling_is_read_when_the_exact_name_is_missing) {
  const extraction read = this->read({{"TraceParent", a},
                                      {"TRACESTATE", "old=1"},
                                      {"Baggage", "old=1"},
                                      {"TRACEPARENT", b},
                                      {"TraceState", "new=1"},
                                      {"bAGGAGE", "new=1"}});
  EXPECT_EQ(traceparent_text(read.context()), b);
  EXPECT_EQ(read.context().tracestate_text(), "new=1");
  EXPECT_EQ(read.context().baggage_text(), "new=1");
}

TEST_F(kafka_extract, FL02_invariant_6_an_exact_name_with_a_bad_value_keeps_other_spellings_out) {
  const std::pair<std::optional<std::string>, errc> cases[] = {
      {std::nullopt, errc::absent}, {"", errc::malformed}, {"bad", errc::malformed}};
  for (const auto& [value, expected] : cases) {
    for (const bare_headers& headers : {bare_headers{{"Traceparent", a}, {"traceparent", value}},
                                        bare_headers{{"traceparent", value}, {"Traceparent", a}}}) {
      const extraction read = this->read(headers);
      EXPECT_FALSE(read.context().has_trace()) << value.value_or("(null)");
      EXPECT_EQ(report_of(read, "traceparent"), expected) << value.value_or("(null)");
    }
  }
}

TEST_F(kafka_extract, FL06_invariant_6_the_rule_for_duplicates_can_be_set) {
  const bare_headers twice{
      {"traceparent", a}, {"traceparent", b}, {"baggage", "k=1"}, {"baggage", "l=2"}};
  options.duplicates = waybill::duplicate_rule::first;
  const extraction first = read(twice);
  EXPECT_EQ(traceparent_text(first.context()), a);
  EXPECT_EQ(first.context().baggage_text(), "k=1");

  options.duplicates = waybill::duplicate_rule::last;
  EXPECT_EQ(traceparent_text(read(twice).context()), b);

  options.duplicates = waybill::duplicate_rule::reject;
  EXPECT_TRUE(read(twice).context().is_empty());
  EXPECT_EQ(report_of(read(twice), "traceparent"), errc::duplicate);

  options.duplicates = waybill::duplicate_rule::combine;
  const extraction combined = read(twice);
  EXPECT_EQ(combined.context().baggage_text(), "k=1,l=2");
  EXPECT_FALSE(combined.context().has_trace());
}

TEST_F(kafka_extract, invariant_1_what_is_bad_costs_a_counter_and_no_other_field) {
  const std::string binary("\x00\xff\xfe", 3);
  const extraction read =
      this->read({{"traceparent", binary}, {"tracestate", binary}, {"baggage", "k=v"}});
  EXPECT_FALSE(read.context().has_trace());
  EXPECT_EQ(read.context().baggage_text(), "k=v");
  EXPECT_EQ(report_of(read, "traceparent"), errc::malformed);
  EXPECT_EQ(report_of(read, "tracestate"), errc::no_traceparent);
  EXPECT_EQ(counted(errc::malformed), 1U);
}

TEST_F(kafka_extract, a_value_with_a_nul_byte_does_not_end_there) {
  const extraction read = this->read({{"traceparent", a + std::string(1, '\0')}});
  EXPECT_FALSE(read.context().has_trace());
  EXPECT_EQ(report_of(read, "traceparent"), errc::malformed);
}

TEST_F(kafka_extract, invariant_7_what_was_extracted_outlives_the_list) {
  auto list =
      make_list({{"traceparent", a},
                 {"tracestate", "x=" + std::string(250, 'y') + ",z=" + std::string(250, 'y')},
                 {"baggage", "k=" + std::string(4000, 'v')}});
  const extraction read = extract(list.get(), settings(), any_destination);
  list.reset();
  EXPECT_EQ(traceparent_text(read.context()), a);
  EXPECT_EQ(read.context().tracestate_text().size(), 2U + 250 + 3 + 250);
  EXPECT_EQ(read.context().baggage_text(), "k=" + std::string(4000, 'v'));
}

TEST_F(kafka_extract, the_boundary_decides_by_the_topic) {
  options.boundary.set("linked", {.inbound = waybill::inbound_mode::link});
  options.boundary.set("restarted", {.inbound = waybill::inbound_mode::restart});
  options.boundary.set_prefix("foreign.", {.inbound = waybill::inbound_mode::ignore});
  const auto list = make_list({{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v"}});

  const extraction linked = extract(list.get(), settings(), "linked");
  EXPECT_EQ(linked.parent(), nullptr);
  ASSERT_EQ(linked.links().size(), 1U);
  EXPECT_EQ(traceparent_text(linked.links().front()), a);
  EXPECT_EQ(traceparent_text(linked.sender()), a);
  EXPECT_NE(linked.context().span_context().trace_id(), linked.sender().trace_id());
  EXPECT_EQ(linked.context().baggage_text(), "k=v");
  EXPECT_EQ(linked.context().tracestate_text(), "");

  const extraction restarted = extract(list.get(), settings(), "restarted");
  EXPECT_EQ(restarted.parent(), nullptr);
  EXPECT_TRUE(restarted.links().empty());
  EXPECT_TRUE(restarted.context().has_trace());
  EXPECT_NE(restarted.context().span_context().trace_id(), restarted.sender().trace_id());
  EXPECT_EQ(restarted.context().baggage_text(), "k=v");

  const extraction ignored = extract(list.get(), settings(), "foreign.orders");
  EXPECT_EQ(ignored.parent(), nullptr);
  EXPECT_TRUE(ignored.links().empty());
  EXPECT_TRUE(ignored.context().is_empty());
  EXPECT_EQ(traceparent_text(ignored.sender()), a);

  const extraction other = extract(list.get(), settings(), "other");
  EXPECT_NE(other.parent(), nullptr);
}

TEST_F(kafka_extract, errors_are_counted_for_the_boundarys_entry) {
  options.boundary.set("bad-neighbour", {});
  const std::size_t index = options.boundary.find_index("bad-neighbour");
  static_cast<void>(
      extract(make_list({{"traceparent", "bad"}}).get(), settings(), "bad-neighbour"));
  EXPECT_EQ(options.diagnostics->count(direction::inbound, errc::malformed, index), 1U);
  EXPECT_EQ(options.diagnostics->count(direction::inbound, errc::malformed, 0), 0U);
}

TEST_F(kafka_extract, peek_borrows_the_lists_own_bytes) {
  const auto list = make_list({{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v;p=1"}});
  const auto seen = peek(list.get(), settings(), any_destination);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(traceparent_text(seen->span_context()), a);
  EXPECT_EQ(seen->tracestate_text(), "x=1");
  EXPECT_EQ(seen->baggage_text(), "k=v;p=1");
  const void* value = nullptr;
  std::size_t bytes = 0;
  ASSERT_EQ(rd_kafka_header_get_last(list.get(), "baggage", &value, &bytes),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(static_cast<const void*>(seen->baggage_text().data()), value);
}

TEST_F(kafka_extract, peek_reads_by_the_same_rules_as_extract) {
  const bare_headers cases[] = {
      {},
      {{"traceparent", a}},
      {{"traceparent", a}, {"traceparent", b}},
      {{"Traceparent", a}, {"traceparent", b}, {"TRACEPARENT", a}},
      {{"traceparent", a}, {"traceparent", std::nullopt}},
      {{"traceparent", a}, {"traceparent", "bad"}, {"baggage", "k=v"}},
      {{"Baggage", "k=v"}, {"tracestate", "x=1"}},
      {{"traceparent", a}, {"tracestate", "x=1"}, {"tracestate", ""}, {"baggage", "k=1,k=2"}},
  };
  for (const bare_headers& headers : cases) {
    const auto list = make_list(headers);
    const auto seen = peek(list.get(), settings(), any_destination);
    ASSERT_TRUE(seen.has_value()) << testing::PrintToString(headers);
    EXPECT_EQ(waybill::context(*seen), extract(list.get(), settings(), any_destination).context())
        << testing::PrintToString(headers);
  }
  const auto nothing =
      peek(static_cast<const rd_kafka_headers_t*>(nullptr), settings(), any_destination);
  ASSERT_TRUE(nothing.has_value());
  EXPECT_TRUE(nothing->is_empty());
}

TEST_F(kafka_extract, peek_answers_needs_copy_where_borrowed_bytes_cannot_show_it) {
  const auto spaced = make_list({{"traceparent", a}, {"baggage", "k=v , l=w"}});
  EXPECT_EQ(peek(spaced.get(), settings(), any_destination).error(), errc::needs_copy);
  const extraction read = extract(spaced.get(), settings(), any_destination);
  EXPECT_EQ(read.context().baggage_text(), "k=v,l=w");

  options.boundary.set("restarted", {.inbound = waybill::inbound_mode::restart});
  const auto list = make_list({{"traceparent", a}});
  EXPECT_EQ(peek(list.get(), settings(), "restarted").error(), errc::needs_copy);
  EXPECT_TRUE(peek(list.get(), settings(), "other").has_value());
}

}  // namespace
