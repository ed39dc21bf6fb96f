#include "waybill/kafka/headers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "support/bare_headers.hpp"

namespace {

using waybill::value_kind;
using waybill::kafka::header_reader;
using waybill::kafka::header_writer;
using waybill::kafka::headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;

static_assert(!std::is_copy_constructible_v<headers> && !std::is_copy_assignable_v<headers>);
static_assert(std::is_nothrow_move_constructible_v<headers>);
static_assert(std::is_nothrow_move_assignable_v<headers>);
static_assert(waybill::readable_carrier<header_reader>);
static_assert(waybill::writable_carrier<header_writer>);
static_assert(waybill::is_borrowed_carrier<header_reader>);

TEST(kafka_headers, there_is_no_list_until_something_is_added) {
  headers list;
  EXPECT_EQ(list.get(), nullptr);
  list.add("name", "value");
  EXPECT_NE(list.get(), nullptr);
}

TEST(kafka_headers, headers_are_kept_in_order_with_duplicates) {
  headers list;
  list.add("b", "1");
  list.add("a", "2");
  list.add("b", "1");
  list.add("B", "3");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"b", "1"}, {"a", "2"}, {"b", "1"}, {"B", "3"}}));
}

TEST(kafka_headers, null_and_empty_values_are_different) {
  headers list;
  list.add("empty", "");
  list.add("no data", std::string_view());
  list.add_null("null");
  EXPECT_EQ(headers_of(list.get()),
            (bare_headers{{"empty", ""}, {"no data", ""}, {"null", std::nullopt}}));
}

TEST(kafka_headers, names_and_values_are_taken_by_their_size) {
  const std::string text = "name-and-value";
  const std::string binary("\0\xff\0", 3);
  headers list;
  list.add(std::string_view(text).substr(0, 4), std::string_view(text).substr(9, 3));
  list.add_null(std::string_view(text).substr(5, 3));
  list.add("binary", binary);
  list.add("", "a name of no bytes");
  EXPECT_EQ(
      headers_of(list.get()),
      (bare_headers{
          {"name", "val"}, {"and", std::nullopt}, {"binary", binary}, {"", "a name of no bytes"}}));
}

TEST(kafka_headers, a_list_that_is_handed_over_belongs_to_the_object) {
  const headers list(make_list({{"a", "1"}}).release());
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"a", "1"}}));
  const headers none(nullptr);
  EXPECT_EQ(none.get(), nullptr);
}

TEST(kafka_headers, moving_leaves_nothing_behind) {
  headers from;
  from.add("a", "1");
  rd_kafka_headers_t* const raw = from.get();
  headers to(std::move(from));
  EXPECT_EQ(to.get(), raw);
  EXPECT_EQ(from.get(), nullptr);  // NOLINT(bugprone-use-after-move): what is left is the test

  headers assigned;
  assigned.add("b", "2");
  assigned = std::move(to);
  EXPECT_EQ(assigned.get(), raw);
  EXPECT_EQ(to.get(), nullptr);  // NOLINT(bugprone-use-after-move): what is left is the test
}

TEST(kafka_headers, moving_to_itself_changes_nothing) {
  headers list;
  list.add("a", "1");
  headers& same = list;
  list = std::move(same);
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"a", "1"}}));
}

TEST(kafka_headers, what_is_released_is_the_callers) {
  headers list;
  list.add("a", "1");
  const waybill_test::owned_list released(list.release());
  EXPECT_EQ(list.get(), nullptr);
  EXPECT_EQ(headers_of(released.get()), (bare_headers{{"a", "1"}}));
  list.add("b", "2");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"b", "2"}}));
}

TEST(kafka_headers, resetting_destroys_the_old_list) {
  headers list;
  list.add("a", "1");
  list.reset(make_list({{"b", "2"}}).release());
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"b", "2"}}));
  list.reset(nullptr);
  EXPECT_EQ(list.get(), nullptr);
}

TEST(kafka_header_reader, shows_every_header_in_order_and_null_as_null) {
  const auto list = make_list({{"a", "1"}, {"n", std::nullopt}, {"e", ""}, {"a", "2"}});
  std::vector<std::string> names;
  std::vector<std::string> texts;
  std::vector<value_kind> kinds;
  header_reader(list.get()).for_each([&](std::string_view name, const waybill::field_value& value) {
    names.emplace_back(name);
    texts.emplace_back(value.text);
    kinds.push_back(value.kind);
  });
  EXPECT_EQ(names, (std::vector<std::string>{"a", "n", "e", "a"}));
  EXPECT_EQ(texts, (std::vector<std::string>{"1", "", "", "2"}));
  EXPECT_EQ(kinds, (std::vector<value_kind>{value_kind::text, value_kind::null, value_kind::text,
                                            value_kind::text}));
}

TEST(kafka_header_reader, a_null_list_is_an_empty_one) {
  int calls = 0;
  header_reader(nullptr).for_each([&](std::string_view, const waybill::field_value&) { ++calls; });
  EXPECT_EQ(calls, 0);
}

TEST(kafka_header_reader, its_rules_are_those_of_brokers) {
  EXPECT_EQ(header_reader::rules.duplicates, waybill::duplicate_rule::last);
  EXPECT_EQ(header_reader::rules.names, waybill::name_rule::prefer_exact);
}

TEST(kafka_header_writer, FL11_setting_takes_every_spelling_away_and_appends) {
  const auto list = make_list({{"Key", "1"}, {"other", "2"}, {"key", "3"}, {"KEY", std::nullopt}});
  header_writer writer(*list);
  writer.set("key", "new");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"other", "2"}, {"key", "new"}}));
}

TEST(kafka_header_writer, FL11_FL15_erasing_takes_every_spelling_away) {
  const auto list =
      make_list({{"key", "1"}, {"keys", "2"}, {"Key", "3"}, {"ke", "4"}, {"kEy", ""}});
  header_writer writer(*list);
  writer.erase("key");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"keys", "2"}, {"ke", "4"}}));
  writer.erase("absent");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"keys", "2"}, {"ke", "4"}}));
}

TEST(kafka_header_writer, a_name_may_be_given_in_any_spelling) {
  const auto list = make_list({{"X-Key", "1"}, {"x-key", "2"}});
  header_writer writer(*list);
  writer.set("X-Key", "new");
  writer.set("X-KEY", "newer");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"X-KEY", "newer"}}));
  writer.erase("x-Key");
  EXPECT_EQ(headers_of(list.get()), bare_headers{});
}

TEST(kafka_header_writer, names_and_values_are_taken_by_their_size) {
  const std::string text = "keyvalue-and-more";
  const auto list = make_list({{"key", "old"}, {"keyvalue-and-more", "stays"}});
  header_writer writer(*list);
  writer.set(std::string_view(text).substr(0, 3), std::string_view(text).substr(3, 5));
  EXPECT_EQ(headers_of(list.get()),
            (bare_headers{{"keyvalue-and-more", "stays"}, {"key", "value"}}));
  writer.erase(std::string_view(text).substr(0, 3));
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"keyvalue-and-more", "stays"}}));
}

TEST(kafka_header_writer, an_empty_value_is_written_as_empty) {
  const auto list = make_list({});
  header_writer writer(*list);
  writer.set("key", "");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"key", ""}}));
  writer.set("key", std::string_view());
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"key", ""}}));
}

TEST(kafka_header_writer, only_ascii_case_makes_another_spelling) {
  // '@' and '`' are 0x20 apart, as are letters: comparing by OR-ing 0x20 takes them for one.
  const auto list =
      make_list({{"k@y", "1"}, {"k\x60y", "2"}, {"k\xc3\x89", "3"}, {"k\xc3\xa9", "4"}});
  header_writer writer(*list);
  writer.erase("k\x60y");
  EXPECT_EQ(headers_of(list.get()),
            (bare_headers{{"k@y", "1"}, {"k\xc3\x89", "3"}, {"k\xc3\xa9", "4"}}));
  writer.erase("k\xc3\xa9");
  EXPECT_EQ(headers_of(list.get()), (bare_headers{{"k@y", "1"}, {"k\xc3\x89", "3"}}));
}

}  // namespace
