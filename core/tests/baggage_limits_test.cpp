// The rules BG-17 to BG-21 of docs/formats.md: where the reading and writing of baggage ends.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage;
using waybill::baggage_view;
using waybill::errc;
using waybill::limits;

constexpr limits wide{.baggage_members_max = 100'000,
                      .baggage_bytes_max = 1'000'000,
                      .field_scan_bytes_max = 10'000'000};

reading read_fields(const std::vector<std::string>& values, const limits& limits = {}) {
  waybill::header_list list;
  for (const std::string& value : values) list.add("baggage", value);
  return read(list, limits);
}

/// Reads one field both ways and expects this text and this answer.
void expect_read(const std::string& value, std::string_view text, errc code,
                 const limits& limits = {}, std::uint32_t dropped = 0) {
  const reading got = read_fields({value}, limits);
  EXPECT_EQ(got.context.baggage_text(), text);
  EXPECT_EQ(got.of("baggage"), code);
  EXPECT_EQ(got.report.members_dropped, dropped);
  const auto parsed = baggage::parse(value, limits);
  EXPECT_EQ(parsed.items.text(), text);
  EXPECT_EQ(parsed.status, code);
  EXPECT_EQ(parsed.members_dropped, dropped);
}

/// Writes what `value` holds, read without limits to speak of, and expects this text.
void expect_written(const std::string& value, const std::string& text, errc code,
                    const limits& limits = {}) {
  const waybill::context whole = read_fields({value}, wide).context;
  ASSERT_EQ(whole.baggage_text(), value);
  waybill::header_list list = http_headers({{"baggage", "stale=1"}});
  const auto report = waybill::propagator().inject(whole, list, limits);
  EXPECT_EQ(report.code, code);
  EXPECT_EQ(report.baggage, !text.empty());
  EXPECT_EQ(values_of(list, "baggage"),
            text.empty() ? std::vector<std::string>{} : std::vector<std::string>{text});
}

std::string member(char key, std::size_t bytes) {
  return key + std::string("=") + std::string(bytes - 2, 'v');
}

TEST(BaggageLimits, BG17_64_members_are_read_and_the_65th_ends_the_reading) {
  expect_read(list_of_members(64), list_of_members(64), errc::ok);
  expect_read(list_of_members(65), list_of_members(64), errc::too_many_members);
  expect_read(list_of_members(180), list_of_members(64), errc::too_many_members);
  expect_read(list_of_members(1'000), list_of_members(64), errc::too_many_members);
}

TEST(BaggageLimits, BG17_64_members_are_written_and_the_65th_ends_the_writing) {
  expect_written(list_of_members(64), list_of_members(64), errc::ok);
  expect_written(list_of_members(65), list_of_members(64), errc::too_many_members);
  expect_written(list_of_members(1'000), list_of_members(64), errc::too_many_members);
}

TEST(BaggageLimits, BG17_members_are_counted_over_all_fields) {
  const reading full = read_fields({list_of_members(60), "w=1,x=2", "", "y=3,,z=4,"});
  EXPECT_EQ(full.of("baggage"), errc::ok);
  EXPECT_EQ(full.context.baggage_members(), 64U);
  const reading over = read_fields({list_of_members(60), "w=1,x=2", "y=3,z=4,a=5", "b=6"});
  EXPECT_EQ(over.of("baggage"), errc::too_many_members);
  EXPECT_EQ(over.baggage(), list_of_members(60) + ",w=1,x=2,y=3,z=4");
}

TEST(BaggageLimits, BG17_repeated_names_count_each) {
  std::string text = "a=0";
  for (int i = 1; i < 64; ++i) text += ",a=0";
  expect_read(text, text, errc::ok);
  expect_read(text + ",a=1", text, errc::too_many_members);
  const reading got = read_fields({text + ",a=1"});
  EXPECT_EQ(baggage_view(got.context).get("a"), "0");
}

TEST(BaggageLimits, BG18_8192_bytes_are_read_and_one_more_is_not) {
  expect_read(baggage_of_bytes(8'192), baggage_of_bytes(8'192), errc::ok);
  expect_read(baggage_of_bytes(8'193), "", errc::too_large);
  const std::string two = member('a', 5'000) + "," + member('b', 3'191);
  ASSERT_EQ(two.size(), 8'192U);
  expect_read(two, two, errc::ok);
  expect_read(two + "v", member('a', 5'000), errc::too_large);
  expect_read(two + ",c=", two, errc::too_large);
}

TEST(BaggageLimits, BG18_8192_bytes_are_written_and_one_more_is_not) {
  expect_written(baggage_of_bytes(8'192), baggage_of_bytes(8'192), errc::ok);
  expect_written(baggage_of_bytes(8'193), "", errc::too_large);
  const std::string two = member('a', 5'000) + "," + member('b', 3'191);
  expect_written(two, two, errc::ok);
  expect_written(two + "v", member('a', 5'000), errc::too_large);
  expect_written(two + ",c=", two, errc::too_large);
}

TEST(BaggageLimits, BG18_64_members_of_8192_bytes_together) {
  std::string text;
  for (int i = 0; i < 64; ++i) {
    const std::string key = "k" + std::to_string(10 + i);
    // 63 commas, 63 members of 127 bytes and one of 128.
    const std::size_t bytes = i == 63 ? 128 : 127;
    text += (i == 0 ? "" : ",") + key + "=" + std::string(bytes - 4, 'v');
  }
  ASSERT_EQ(text.size(), 8'192U);
  expect_read(text, text, errc::ok);
  expect_written(text, text, errc::ok);
}

TEST(BaggageLimits, BG18_nothing_is_cut_and_none_behind_is_taken_although_it_would_fit) {
  const std::string a = member('a', 5'000);
  const std::string b = member('b', 3'192);
  expect_read(a + "," + b + ",c=1", a, errc::too_large);
  expect_written(a + "," + b + ",c=1", a, errc::too_large);
  expect_read(member('a', 9'000) + ",b=1", "", errc::too_large);
  expect_written(member('a', 9'000) + ",b=1", "", errc::too_large);
  const std::string filled = member('a', 8'190);
  expect_read(filled + ",b=", filled, errc::too_large);
  EXPECT_EQ(read_fields({a, b, "c=1"}).baggage(), a);
}

TEST(BaggageLimits, BG18_properties_count_with_their_member) {
  const std::string fits = "a=1;p=" + std::string(8'186, 'v');
  ASSERT_EQ(fits.size(), 8'192U);
  expect_read(fits, fits, errc::ok);
  expect_read(fits + "v", "", errc::too_large);
  expect_read("x=1," + fits, "x=1", errc::too_large);
}

TEST(BaggageLimits, BG18_bytes_are_counted_over_all_fields) {
  EXPECT_EQ(read_fields({member('a', 4'000), member('b', 4'000), member('c', 190)}).of("baggage"),
            errc::ok);
  const reading over = read_fields({member('a', 4'000), member('b', 4'000), member('c', 191)});
  EXPECT_EQ(over.of("baggage"), errc::too_large);
  EXPECT_EQ(over.baggage(), member('a', 4'000) + "," + member('b', 4'000));
  // Many fields, each below the limit.
  const reading many = read_fields(std::vector<std::string>(60, member('a', 1'000)));
  EXPECT_EQ(many.of("baggage"), errc::too_large);
  EXPECT_EQ(many.baggage().size(), 8U * 1'001 - 1);
}

TEST(BaggageLimits, BG19_white_space_and_empty_members_are_not_counted) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += ", \t,, k" + std::to_string(i) + " =\tv ,,";
  expect_read(text, list_of_members(64), errc::ok);
  const std::string padded =
      std::string(5'000, ' ') + "," + baggage_of_bytes(8'192) + " \t," + std::string(5'000, '\t');
  expect_read(padded, baggage_of_bytes(8'192), errc::ok);
}

TEST(BaggageLimits, BG19_commas_are_counted_and_white_space_within_a_member_is_not) {
  expect_read("a = 1 \t;\t p ," + member('b', 8'186), "a=1;p," + member('b', 8'186), errc::ok);
  expect_read("a = 1 \t;\t p ," + member('b', 8'187), "a=1;p", errc::too_large);
  expect_read(member('b', 8'186) + ", a =\t1 ;\tp ", member('b', 8'186) + ",a=1;p", errc::ok);
  expect_read(member('b', 8'187) + ", a =\t1 ;\tp ", member('b', 8'187), errc::too_large);
}

TEST(BaggageLimits, BG19_bad_members_are_not_counted) {
  std::string text;
  for (int i = 0; i < 64; ++i) {
    text += (i == 0 ? "bad,k" : ",bad,k") + std::to_string(i) + "=v";
  }
  expect_read(text, list_of_members(64), errc::malformed, {}, 64);
  const std::string bad = "\"" + std::string(20'000, 'x');
  expect_read("a=1," + bad + "," + member('b', 8'188), "a=1," + member('b', 8'188), errc::malformed,
              {}, 1);
}

TEST(BaggageLimits, BG17_BG18_BG19_what_follows_the_end_of_the_reading_is_not_counted) {
  expect_read(list_of_members(65) + ",bad,\"", list_of_members(64), errc::too_many_members);
  expect_read(list_of_members(64) + ",bad", list_of_members(64), errc::malformed, {}, 1);
  expect_read(list_of_members(64) + ", ,,", list_of_members(64), errc::ok);
}

TEST(BaggageLimits, BG19_the_first_thing_that_went_wrong_is_reported) {
  expect_read("bad," + list_of_members(65), list_of_members(64), errc::malformed, {}, 1);
}

TEST(BaggageLimits, BG20_the_comma_between_fields_is_one_of_the_bytes) {
  limits ten;
  ten.field_scan_bytes_max = 10;
  const reading whole = read_fields({"a=1", "b=2222"}, ten);
  EXPECT_EQ(whole.baggage(), "a=1,b=2222");
  EXPECT_EQ(whole.of("baggage"), errc::ok);
  const reading third = read_fields({"a=1", "b=2", "c=3"}, ten);
  EXPECT_EQ(third.baggage(), "a=1,b=2");
  EXPECT_EQ(third.of("baggage"), errc::too_large);
  const reading ends_within = read_fields({"a=1", "b=2222,c=3"}, ten);
  EXPECT_EQ(ends_within.baggage(), "a=1,b=2222");
  EXPECT_EQ(ends_within.of("baggage"), errc::too_large);
  const reading ends_beyond = read_fields({"a=1", "b=22222,c=3"}, ten);
  EXPECT_EQ(ends_beyond.baggage(), "a=1");
  EXPECT_EQ(ends_beyond.of("baggage"), errc::too_large);
}

TEST(BaggageLimits, BG20_65536_raw_bytes_are_looked_at) {
  const std::string at = "a=1," + std::string(65'536 - 8, ' ') + ",b=2";
  ASSERT_EQ(at.size(), 65'536U);
  expect_read(at, "a=1,b=2", errc::ok);
  expect_read("a=1, " + at.substr(4), "a=1", errc::too_large);
  expect_read("a=1," + std::string(100'000, ',') + "b=2", "a=1", errc::too_large);
  expect_read(std::string(70'000, 'x'), "", errc::too_large);
}

TEST(BaggageLimits, BG20_a_member_across_the_end_is_not_read) {
  limits lower;
  lower.field_scan_bytes_max = 10;
  expect_read("a=1,b=2345", "a=1,b=2345", errc::ok, lower);
  expect_read("a=1,b=23456", "a=1", errc::too_large, lower);
  expect_read("a=1,b=2345,c=6", "a=1,b=2345", errc::too_large, lower);
  expect_read("a=1,b=2345;p", "a=1", errc::too_large, lower);
  expect_read("a=1,b=234;p=1", "a=1", errc::too_large, lower);
  expect_read("a=1,\"b\"=23456", "a=1", errc::too_large, lower);
  expect_read("abcdefghijk=1", "", errc::too_large, lower);
}

TEST(BaggageLimits, BG20_raw_bytes_are_counted_over_all_fields) {
  limits lower;
  lower.field_scan_bytes_max = 10;
  const reading got = read_fields({"a=1", "b=2", "c=345", "d=6"}, lower);
  EXPECT_EQ(got.of("baggage"), errc::too_large);
  EXPECT_EQ(got.baggage(), "a=1,b=2");
  EXPECT_EQ(read_fields({"a=1", "b=2345"}, lower).of("baggage"), errc::ok);
  EXPECT_EQ(read_fields({"a=1", "b=23456"}, lower).of("baggage"), errc::too_large);
  EXPECT_EQ(read_fields({"a=1", "b=2345", "c=6"}, lower).baggage(), "a=1,b=2345");
  const reading spaces = read_fields(
      {"a=1", "b=2" + std::string(40'000, ' ') + ",", std::string(40'000, ',') + "c=3"});
  EXPECT_EQ(spaces.of("baggage"), errc::too_large);
  EXPECT_EQ(spaces.baggage(), "a=1,b=2");
}

TEST(BaggageLimits, BG21_lower_limits_hold_on_extract_and_on_inject) {
  const limits two{.baggage_members_max = 2};
  expect_read("a=1,b=2", "a=1,b=2", errc::ok, two);
  expect_read("a=1,b=2,c=3", "a=1,b=2", errc::too_many_members, two);
  expect_written("a=1,b=2,c=3", "a=1,b=2", errc::too_many_members, two);
  const limits seven{.baggage_bytes_max = 7};
  expect_read("a=1 , b=2", "a=1,b=2", errc::ok, seven);
  expect_read("a=1,b=22", "a=1", errc::too_large, seven);
  expect_written("a=1,b=22", "a=1", errc::too_large, seven);
  const limits none{.baggage_members_max = 0};
  expect_read("a=1", "", errc::too_many_members, none);
  expect_written("a=1", "", errc::too_many_members, none);
  const limits no_bytes{.baggage_bytes_max = 0};
  expect_read("a=1", "", errc::too_large, no_bytes);
  expect_read("", "", errc::ok, no_bytes);
  expect_read(" , ", "", errc::ok, no_bytes);
}

TEST(BaggageLimits, BG21_raised_limits_hold_on_extract_and_on_inject) {
  expect_read(list_of_members(180), list_of_members(180), errc::ok, wide);
  expect_written(list_of_members(180), list_of_members(180), errc::ok, wide);
  expect_read(baggage_of_bytes(100'000), baggage_of_bytes(100'000), errc::ok, wide);
  expect_written(baggage_of_bytes(100'000), baggage_of_bytes(100'000), errc::ok, wide);
}

TEST(BaggageLimits, BG21_a_builder_takes_what_its_limits_allow) {
  const waybill::context whole = read_fields({list_of_members(70)}, wide).context;
  const baggage all(whole, wide);
  EXPECT_EQ(all.text(), list_of_members(70));
  const baggage usual(whole);
  EXPECT_EQ(usual.text(), list_of_members(64));
  EXPECT_EQ(usual.members(), 64U);
  const baggage_view view(whole);
  const baggage few_members(view, limits{.baggage_members_max = 3});
  EXPECT_EQ(few_members.text(), list_of_members(3));
  const baggage few_bytes(view, limits{.baggage_bytes_max = 10});
  EXPECT_EQ(few_bytes.text(), "k0=v,k1=v");
}

TEST(BaggageLimits, BG17_BG18_what_is_over_on_inject_costs_neither_trace_nor_tracestate) {
  const waybill::context whole = context_of(sample_trace, "s=1", list_of_members(65), wide);
  waybill::header_list list;
  const auto report = waybill::propagator().inject(whole, list);
  EXPECT_EQ(report.code, errc::too_many_members);
  EXPECT_EQ(list, http_headers({{"traceparent", sample_traceparent},
                                {"tracestate", "s=1"},
                                {"baggage", list_of_members(64)}}));
}

}  // namespace
}  // namespace waybill_test
