#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::header_list;
using waybill::name_rule;
using entries = std::vector<header_list::header>;

entries all(const header_list& headers) { return {headers.begin(), headers.end()}; }

TEST(header_list, keeps_order_and_duplicates) {
  header_list headers;
  EXPECT_TRUE(headers.is_empty());
  headers.add("b", "1");
  headers.add("a", "2");
  headers.add("b", "");
  EXPECT_EQ(all(headers), (entries{{"b", "1"}, {"a", "2"}, {"b", ""}}));
  EXPECT_EQ(headers.size(), 3U);
  entries visited;
  headers.for_each([&](std::string_view name, std::string_view value) {
    visited.push_back({std::string(name), std::string(value)});
  });
  EXPECT_EQ(visited, all(headers));
  headers.clear();
  EXPECT_TRUE(headers.is_empty());
}

TEST(header_list, keeps_bytes_of_every_kind) {
  const std::string bytes("\0\xff\r\n,\t", 6);
  header_list headers;
  headers.add(bytes, bytes);
  EXPECT_EQ(headers.get(bytes), bytes);
}

TEST(header_list, set_takes_the_place_and_the_name_of_the_first) {
  header_list headers;
  headers.add("x", "1");
  headers.add("Key", "2");
  headers.add("y", "3");
  headers.add("KEY", "4");
  headers.set("key", "new");
  EXPECT_EQ(all(headers), (entries{{"x", "1"}, {"key", "new"}, {"y", "3"}}));
}

TEST(header_list, set_puts_a_new_name_at_the_end) {
  header_list headers;
  headers.add("x", "1");
  headers.set("key", "new");
  EXPECT_EQ(all(headers), (entries{{"x", "1"}, {"key", "new"}}));
}

TEST(header_list, erase_takes_every_header_of_the_name) {
  header_list headers;
  headers.add("key", "1");
  headers.add("x", "2");
  headers.add("KEY", "3");
  headers.add("key", "4");
  headers.erase("Key");
  EXPECT_EQ(all(headers), (entries{{"x", "2"}}));
  headers.erase("missing");
  EXPECT_EQ(headers.size(), 1U);
}

TEST(header_list, get_answers_the_first_value_or_none) {
  header_list headers;
  headers.add("key", "");
  headers.add("key", "2");
  EXPECT_EQ(headers.get("KEY"), "") << "empty is not absent";
  EXPECT_EQ(headers.get("other"), std::nullopt);
}

TEST(header_list, tells_spellings_apart_when_names_are_exact) {
  header_list headers(name_rule::exact);
  headers.add("Key", "1");
  headers.add("key", "2");
  EXPECT_EQ(headers.get("key"), "2");
  EXPECT_EQ(headers.get("KEY"), std::nullopt);
  headers.set("key", "3");
  EXPECT_EQ(all(headers), (entries{{"Key", "1"}, {"key", "3"}}));
  headers.erase("key");
  EXPECT_EQ(all(headers), (entries{{"Key", "1"}}));
}

TEST(header_list, sets_and_erases_every_spelling_when_the_exact_one_is_only_preferred) {
  header_list headers(waybill::broker_rules);
  headers.add("Key", "1");
  headers.add("key", "2");
  headers.set("key", "3");
  EXPECT_EQ(all(headers), (entries{{"key", "3"}}));
  headers.add("KEY", "4");
  headers.erase("key");
  EXPECT_TRUE(headers.is_empty());
}

TEST(header_list, erases_by_a_name_that_it_holds_itself) {
  for (const std::string_view name : {"a", "a-name-too-long-to-be-stored-in-the-string-itself"}) {
    header_list headers;
    headers.add(name, "1");
    headers.add("other", "2");
    headers.add(name, "3");
    headers.add("another", "4");
    headers.erase(headers.begin()->name);
    EXPECT_EQ(all(headers), (entries{{"other", "2"}, {"another", "4"}}));
  }
}

TEST(header_list, sets_and_adds_texts_that_it_holds_itself) {
  for (const std::string_view value : {"v", "a-value-too-long-to-be-stored-in-the-string-itself"}) {
    header_list headers;
    headers.add("a", "1");
    headers.add("b", value);
    headers.add("a", value);
    headers.set(headers.begin()->name, (headers.end() - 1)->value);
    EXPECT_EQ(all(headers), (entries{{"a", std::string(value)}, {"b", std::string(value)}}));
    for (int i = 0; i < 20; ++i) headers.add(headers.begin()->name, *headers.get("b"));
    EXPECT_EQ((headers.end() - 1)->name, "a");
    EXPECT_EQ((headers.end() - 1)->value, value);
    headers.set("new", *headers.get("b"));
    EXPECT_EQ(headers.get("new"), value);
    headers.set((headers.end() - 2)->name, "last");
    EXPECT_EQ(all(headers),
              (entries{{"a", "last"}, {"b", std::string(value)}, {"new", std::string(value)}}));
  }
}

TEST(header_list, is_a_value) {
  header_list first(name_rule::exact);
  first.add("a", "1");
  header_list second = first;
  second.set("a", "2");
  EXPECT_EQ(first.get("a"), "1");
  EXPECT_FALSE(first == second);
  first.set("a", "2");
  EXPECT_TRUE(first == second);
  const header_list moved = std::move(second);
  EXPECT_EQ(moved.get("a"), "2");
}

TEST(header_list, says_the_rules_it_was_made_with) {
  EXPECT_EQ(header_list().rules().duplicates, waybill::duplicate_rule::combine);
  EXPECT_EQ(header_list().rules().names, name_rule::ignore_case);
  EXPECT_EQ(header_list(name_rule::exact).rules().duplicates, waybill::duplicate_rule::combine);
  EXPECT_EQ(header_list(name_rule::exact).rules().names, name_rule::exact);
  EXPECT_EQ(header_list(waybill::broker_rules).rules().duplicates, waybill::duplicate_rule::last);
}

TEST(header_list, FL11_inject_replaces_the_fields_in_every_spelling_that_counts) {
  for (const name_rule names : {name_rule::ignore_case, name_rule::prefer_exact}) {
    header_list headers(names);
    headers.add("Traceparent", other_traceparent);
    headers.add("app", "1");
    headers.add("TRACESTATE", "stale=1");
    headers.add("traceparent", other_traceparent);
    waybill::propagator().inject(waybill::context(sample_trace), headers);
    header_list expected;
    expected.add("traceparent", sample_traceparent);
    expected.add("app", "1");
    EXPECT_EQ(headers.get("traceparent"), sample_traceparent);
    EXPECT_EQ(headers.get("tracestate"), std::nullopt);
    EXPECT_EQ(headers.size(), 2U);
  }
}

}  // namespace
}  // namespace waybill_test
