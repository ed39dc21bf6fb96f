// Where vectors do what portable code does too, both must answer alike, whatever the text.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <waybill/detail/hex.hpp>

#include "../src/scan.hpp"

namespace {

using namespace waybill::detail;  // NOLINT(google-build-using-namespace): what is tested

#if defined(__SSE2__)

/// A text of characters that the grammars care for, and now and then any byte.
std::string random_text(std::mt19937& random, std::size_t bytes_max) {
  constexpr std::string_view likely = "abcxyz019AZ,,,===;;--__..@*/%+ \t\"\\~{}";
  std::string text(random() % (bytes_max + 1), '\0');
  for (char& c : text) {
    c = random() % 50 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
  }
  return text;
}

template <class Grammar>
void expect_alike(const std::string& text) {
  for (std::size_t at = 0; at <= text.size(); ++at) {
    // A scanner goes forward only, so each question has one of its own.
    ASSERT_EQ(wide_scanner<Grammar>(text).end_of_key(at),
              portable_scanner<Grammar>(text).end_of_key(at))
        << text << " at " << at;
    ASSERT_EQ(wide_scanner<Grammar>(text).end_of_value(at),
              portable_scanner<Grammar>(text).end_of_value(at))
        << text << " at " << at;
  }
}

TEST(Wide, BG03_BG05_keys_and_values_of_baggage_end_where_the_portable_way_says) {
  std::mt19937 random(1);
  for (int i = 0; i < 3'000; ++i) expect_alike<baggage_grammar>(random_text(random, 70));
}

TEST(Wide, TS04_TS05_keys_and_values_of_tracestate_end_where_the_portable_way_says) {
  std::mt19937 random(2);
  for (int i = 0; i < 3'000; ++i) expect_alike<tracestate_grammar>(random_text(random, 70));
}

TEST(Wide, BG05_TS05_every_byte_ends_what_it_ends_at_every_place_of_a_block) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const std::size_t place : {0U, 7U, 15U, 16U, 31U, 33U}) {
      std::string text(34, 'a');
      text[place] = static_cast<char>(byte);
      expect_alike<baggage_grammar>(text);
      expect_alike<tracestate_grammar>(text);
    }
  }
}

TEST(Wide, BG02_TS02_whole_lists_are_canonical_or_not_as_the_portable_way_says) {
  std::mt19937 random(3);
  constexpr std::string_view pieces[] = {"a=1", "key-2=va%20lue",
                                         ";p",  ";p=q",
                                         ",",   ",",
                                         " ",   "=",
                                         "",    "x=0123456789abcdef0123456789abcdef"};
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 9; n > 0; --n) text += pieces[random() % std::size(pieces)];
    ASSERT_EQ(count_canonical_baggage<wide_scanner<baggage_grammar>>(text, 64),
              count_canonical_baggage<portable_scanner<baggage_grammar>>(text, 64))
        << text;
    ASSERT_EQ(is_canonical_tracestate_by<wide_scanner<tracestate_grammar>>(text),
              is_canonical_tracestate_by<portable_scanner<tracestate_grammar>>(text))
        << text;
  }
}

TEST(Wide, TP02_digits_are_read_as_the_portable_way_reads_them) {
  std::string text(16, '0');
  for (std::size_t place = 0; place < text.size(); ++place) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string changed = "0123456789abcdef";
      changed[place] = static_cast<char>(byte);
      const hex_word portable = decode_16_portable(changed.data());
      const hex_word wide = decode_16_wide(changed.data());
      ASSERT_EQ(wide.is_good, portable.is_good) << place << " " << byte;
      if (portable.is_good) {
        ASSERT_EQ(wide.bytes, portable.bytes) << changed;
      }
    }
  }
}

TEST(Wide, TP07_digits_are_written_as_the_portable_way_writes_them) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bytes = random();
    std::array<char, 16> portable{};
    std::array<char, 16> wide{};
    encode_16_portable(bytes, portable.data());
    encode_16_wide(bytes, wide.data());
    ASSERT_EQ(wide, portable);
    ASSERT_EQ(decode_16_portable(wide.data()).bytes, bytes);
  }
}

#endif

}  // namespace
