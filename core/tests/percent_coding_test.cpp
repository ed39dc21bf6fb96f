// The rules of docs/formats.md about percent-coding: BG-09 to BG-12 and BG-22.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

#include "support/reading.hpp"

namespace waybill_test {
namespace {

using waybill::baggage;
using waybill::errc;
using waybill::percent_decode;

constexpr std::string_view digits_upper = "0123456789ABCDEF";
constexpr std::string_view digits_lower = "0123456789abcdef";

std::string escape(unsigned byte, std::string_view digits) {
  return {'%', digits[byte >> 4], digits[byte & 0x0f]};
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += escape(static_cast<unsigned char>(byte), digits_upper);
  return text;
}

/// Replacement characters, one for each "?" of a pattern.
std::string with_replacements(std::string_view pattern) {
  std::string text;
  for (const char byte : pattern) text += byte == '?' ? "\xef\xbf\xbd" : std::string(1, byte);
  return text;
}

bool is_unreserved(unsigned byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/// The value as it is written when it is set.
std::string coded(std::string_view value) {
  baggage items;
  EXPECT_EQ(items.set("k", value), errc::ok);
  EXPECT_EQ(items.get("k"), value);
  return std::string(items.text().substr(2));
}

TEST(PercentCoding, BG09_every_escape_of_ascii_in_both_cases_of_digits) {
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const std::string expected(1, static_cast<char>(byte));
    EXPECT_EQ(percent_decode(escape(byte, digits_upper)), expected) << byte;
    EXPECT_EQ(percent_decode(escape(byte, digits_lower)), expected) << byte;
    EXPECT_EQ(percent_decode("a" + escape(byte, digits_upper) + "b"), "a" + expected + "b");
  }
  EXPECT_EQ(percent_decode("%4a%4A%2c%2C"), "JJ,,");
  EXPECT_EQ(percent_decode("%c3%Ab"), "\xc3\xab");
}

TEST(PercentCoding, BG09_utf8_of_every_length) {
  EXPECT_EQ(percent_decode("zo%C3%AB%20%2Cx"), "zo\xc3\xab ,x");
  EXPECT_EQ(percent_decode("%E2%82%AC"), "\xe2\x82\xac");
  EXPECT_EQ(percent_decode("%F0%9F%90%91"), "\xf0\x9f\x90\x91");
  EXPECT_EQ(percent_decode("%C2%80%DF%BF"), "\xc2\x80\xdf\xbf");
  EXPECT_EQ(percent_decode("%E0%A0%80%EF%BF%BF"), "\xe0\xa0\x80\xef\xbf\xbf");
  EXPECT_EQ(percent_decode("%ED%9F%BF%EE%80%80"), "\xed\x9f\xbf\xee\x80\x80");
  EXPECT_EQ(percent_decode("%F0%90%80%80%F4%8F%BF%BF"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("plain"), "plain");
}

TEST(PercentCoding, BG09_is_done_once) {
  EXPECT_EQ(percent_decode("%2541"), "%41");
  EXPECT_EQ(percent_decode("%25%34%31"), "%41");
  EXPECT_EQ(percent_decode("%2525"), "%25");
}

TEST(PercentCoding, BG10_an_escape_that_is_none_stays_as_it_is) {
  for (const char* text : {"%", "%%", "%4", "%G1", "%1G", "%g1", "a%", "a%4", "%zz", "% 41", "%-1",
                           "%u0041", "%+1", "%0x", "100%", "%%%", "%\xc3\xab"}) {
    EXPECT_EQ(percent_decode(text), text);
  }
  EXPECT_EQ(percent_decode("%%41"), "%A");
  EXPECT_EQ(percent_decode("%4%41"), "%4A");
  EXPECT_EQ(percent_decode("%G%41"), "%GA");
  EXPECT_EQ(percent_decode("%41%"), "A%");
  EXPECT_EQ(percent_decode("%41%4"), "A%4");
}

TEST(PercentCoding, BG10_an_escape_ends_where_the_text_does) {
  constexpr std::string_view text = "a%41%C3%AB";
  EXPECT_EQ(percent_decode(text.substr(0, 3)), "a%4");
  EXPECT_EQ(percent_decode(text.substr(0, 2)), "a%");
  EXPECT_EQ(percent_decode(text.substr(0, 7)), with_replacements("aA?"));
  EXPECT_EQ(percent_decode(text.substr(0, 9)), with_replacements("aA?%A"));
}

TEST(PercentCoding, BG10_every_byte_that_is_no_digit) {
  for (unsigned byte = 1; byte < 0x80; ++byte) {
    const char one = static_cast<char>(byte);
    const bool is_digit = digits_upper.find(one) != std::string_view::npos ||
                          digits_lower.find(one) != std::string_view::npos;
    const std::string second = std::string("%4") + one;
    const std::string first = std::string("%") + one + "1";
    EXPECT_EQ(percent_decode(second) == second, !is_digit) << byte;
    // "%81" and above decode to what is no UTF-8.
    EXPECT_EQ(percent_decode(first) == first, !is_digit) << byte;
  }
}

TEST(PercentCoding, BG11_a_plus_is_a_plus) {
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("+"), "+");
  EXPECT_EQ(percent_decode("%2B+%20"), "++ ");
  EXPECT_EQ(percent_decode("zo%C3%AB+%2Cx"), "zo\xc3\xab+,x");
}

TEST(PercentCoding, BG12_every_byte_from_80_alone_becomes_one_replacement) {
  for (unsigned byte = 0x80; byte <= 0xff; ++byte) {
    EXPECT_EQ(percent_decode(escape(byte, digits_upper)), with_replacements("?")) << byte;
    EXPECT_EQ(percent_decode("a" + escape(byte, digits_lower) + "b"), with_replacements("a?b"));
  }
}

struct invalid_utf8 {
  std::string_view bytes;
  std::string_view expected;
};

// The Unicode Standard's own tables of section 3.9, and what lies next to the ends of every range.
const std::vector<invalid_utf8>& invalid_texts() {
  static const std::vector<invalid_utf8> texts{
      // Forms that are longer than they need to be.
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "????????A"},
      // Surrogates.
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "????????A"},
      // Beyond U+10FFFF, and bytes that never occur.
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "?????A??B"},
      // Cut short.
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "????A"},
      {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "a???b?c??d"},
      {"\xC3", "?"},
      {"\xC3\x28", "?("},
      {"\xE2\x82", "?"},
      {"\xE2\x82\x41", "?A"},
      {"\xE2\x41\x82", "?A?"},
      {"\xF0\x9F\x90", "?"},
      {"\xF0\x9F\x90\xC3", "??"},
      {"\xC1\xBF", "??"},
      {"\xE0\x9F\xBF", "???"},
      {"\xE0\xA0", "?"},
      {"\xED\x9F", "?"},
      {"\xED\xA0", "??"},
      {"\xEF\xBF", "?"},
      {"\xF0\x8F\xBF\xBF", "????"},
      {"\xF0\x90\x80", "?"},
      {"\xF4\x8F\xBF", "?"},
      {"\xF4\x90\x80\x80", "????"},
      {"\xF5\x80\x80\x80", "????"},
      {"\xF8\x88\x80\x80\x80", "?????"},
      {"\xFE\xFF", "??"},
      {"\x80\x80\x80", "???"},
  };
  return texts;
}

TEST(PercentCoding, BG12_one_replacement_for_each_maximal_subpart) {
  for (const invalid_utf8& each : invalid_texts()) {
    EXPECT_EQ(percent_decode(escaped(each.bytes)), with_replacements(each.expected))
        << escaped(each.bytes);
  }
}

TEST(PercentCoding, BG12_bytes_that_are_not_coded_count_alike) {
  for (const invalid_utf8& each : invalid_texts()) {
    EXPECT_EQ(percent_decode(each.bytes), with_replacements(each.expected)) << escaped(each.bytes);
  }
  EXPECT_EQ(percent_decode("\xC3%AB"), "\xC3\xAB");
  EXPECT_EQ(percent_decode("%C3\xAB"), "\xC3\xAB");
}

TEST(PercentCoding, BG12_what_follows_a_cut_sequence_is_kept) {
  EXPECT_EQ(percent_decode("%C3"), with_replacements("?"));
  EXPECT_EQ(percent_decode("%C3%"), with_replacements("?%"));
  EXPECT_EQ(percent_decode("%C3%A"), with_replacements("?%A"));
  EXPECT_EQ(percent_decode("%C3%G1"), with_replacements("?%G1"));
  EXPECT_EQ(percent_decode("%C3x%AB"), with_replacements("?x?"));
  EXPECT_EQ(percent_decode("%E2%82%C3%AB"), with_replacements("?") + "\xc3\xab");
}

TEST(PercentCoding, BG12_a_replacement_that_was_sent_stays_one) {
  EXPECT_EQ(percent_decode("%EF%BF%BD"), with_replacements("?"));
}

TEST(PercentCoding, BG22_every_ascii_byte_is_coded_unless_it_is_unreserved) {
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    EXPECT_EQ(coded(value), is_unreserved(byte) ? value : escape(byte, digits_upper)) << byte;
  }
}

TEST(PercentCoding, BG22_utf8_is_coded_byte_by_byte_with_upper_case_digits) {
  EXPECT_EQ(coded("zo\xc3\xab ,x+y%\"\\"), "zo%C3%AB%20%2Cx%2By%25%22%5C");
  EXPECT_EQ(coded("\xe2\x82\xac"), "%E2%82%AC");
  EXPECT_EQ(coded("\xf0\x9f\x90\x91"), "%F0%9F%90%91");
  EXPECT_EQ(coded("\xc2\x80\xf4\x8f\xbf\xbf\xef\xbf\xbd"), "%C2%80%F4%8F%BF%BF%EF%BF%BD");
  EXPECT_EQ(coded(""), "");
  EXPECT_EQ(coded("\t \"';=asdf!@#$%^&*()"),
            "%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29");
}

TEST(PercentCoding, BG22_what_looks_like_an_escape_is_read_back_as_it_was) {
  for (const char* value : {"%41", "%", "%25", "%G1", "100%", "a+b c", "k=v,k=v;p"}) {
    EXPECT_EQ(percent_decode(coded(value)), value);
  }
  EXPECT_EQ(coded("%41"), "%2541");
}

}  // namespace
}  // namespace waybill_test
