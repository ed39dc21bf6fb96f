#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

namespace {

using waybill::percent_decode;

struct decoding {
  std::string_view text;
  std::string_view decoded;
};

void expect_decoded(const std::vector<decoding>& cases) {
  for (const decoding& each : cases)
    EXPECT_EQ(percent_decode(each.text), each.decoded) << each.text;
}

TEST(PercentCoding, BG09_escapes_of_both_cases_are_decoded) {
  expect_decoded(
      {{"", ""},
       {"plain", "plain"},
       {"%41", "A"},
       {"%c3%a9", "\xc3\xa9"},
       {"%C3%A9", "\xc3\xa9"},
       {"a%20b%2Cc%3bd", "a b,c;d"},
       {"%25", "%"},
       {"%2541", "%41"},
       {"%00", std::string_view("\0", 1)},
       {"%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29", "\t \"';=asdf!@#$%^&*()"}});
}

TEST(PercentCoding, BG10_an_escape_that_is_none_stays_as_it_is) {
  expect_decoded({{"%", "%"},
                  {"%4", "%4"},
                  {"%G1", "%G1"},
                  {"%1G", "%1G"},
                  {"%%41", "%A"},
                  {"100%", "100%"},
                  {"%4%41", "%4A"},
                  {"% 41", "% 41"},
                  {"%u0041", "%u0041"}});
}

TEST(PercentCoding, BG11_a_plus_is_a_plus) { expect_decoded({{"a+b", "a+b"}, {"%2B+", "++"}}); }

TEST(PercentCoding, BG12_each_maximal_subpart_that_is_no_utf8_becomes_one_replacement) {
  constexpr std::string_view r = "\xef\xbf\xbd";
  const std::string one(r);
  expect_decoded({
      {"%FF", one},
      {"%80", one},
      {"a%FFb", "a" + one + "b"},
      // The Unicode Standard, 3.9: examples of maximal subparts.
      {"%C0%AF%E0%80%BF%F0%81%82A", one + one + one + one + one + one + one + one + "A"},
      {"%ED%A0%80%ED%BF%BF%ED%AFA", one + one + one + one + one + one + one + one + "A"},
      {"%F4%91%92%93%FFA%80%BFB", one + one + one + one + one + "A" + one + one + "B"},
      {"%E1%80%E2%F0%91%92%F1%BFA", one + one + one + one + "A"},
      // Sequences that end too early count once, however long they are.
      {"%C3", one},
      {"%E2%82", one},
      {"%F0%9F%98", one},
      {"%F0%9F%98%80", "\xf0\x9f\x98\x80"},
      // The edges of what is well-formed.
      {"%C2%80", "\xc2\x80"},
      {"%DF%BF", "\xdf\xbf"},
      {"%E0%A0%80", "\xe0\xa0\x80"},
      {"%ED%9F%BF", "\xed\x9f\xbf"},
      {"%EE%80%80", "\xee\x80\x80"},
      {"%EF%BF%BF", "\xef\xbf\xbf"},
      {"%F0%90%80%80", "\xf0\x90\x80\x80"},
      {"%F4%8F%BF%BF", "\xf4\x8f\xbf\xbf"},
      {"%F4%90%80%80", one + one + one + one},
      {"%F5", one},
      {"%C1%BF", one + one},
  });
}

TEST(PercentCoding, BG12_bytes_that_were_not_coded_are_replaced_too) {
  EXPECT_EQ(percent_decode("zo\xc3\xab"), "zo\xc3\xab");
  EXPECT_EQ(percent_decode("zo\xeb"), "zo\xef\xbf\xbd");
}

TEST(PercentCoding, BG22_every_byte_but_the_unreserved_is_coded_in_upper_case) {
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (unsigned char c = 0; c < 0x80; ++c) {
    const std::string value(1, static_cast<char>(c));
    waybill::baggage items;
    ASSERT_EQ(items.set("k", value), waybill::errc::ok);
    std::string expected = value;
    if (unreserved.find(value) == std::string_view::npos) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      expected = std::string("%") + digits[c >> 4] + digits[c & 0x0f];
    }
    EXPECT_EQ(items.text(), "k=" + expected) << static_cast<int>(c);
    EXPECT_EQ(items.get("k"), value) << static_cast<int>(c);
  }
}

TEST(PercentCoding, BG22_text_beyond_ascii_is_coded_by_its_bytes_and_read_back) {
  waybill::baggage items;
  ASSERT_EQ(items.set("user", "zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80"), waybill::errc::ok);
  EXPECT_EQ(items.text(), "user=zo%C3%AB%20%E2%82%AC%20%F0%9F%98%80");
  EXPECT_EQ(items.get("user"), "zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
}

}  // namespace
