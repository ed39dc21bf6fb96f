// Where vectors do what portable code does too, both must answer alike, whatever the text.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/detail/hex.hpp>

#include "../src/canonical.hpp"
#include "../src/wide_hex.hpp"
#include "../src/wide_lists.hpp"

namespace {

using namespace waybill::detail;  // NOLINT(google-build-using-namespace): what is tested

#if WAYBILL_HAS_WIDE_LISTS

/// A list of pieces that the grammars care for, and now and then any byte.
std::string random_list(std::mt19937& random, std::size_t pieces_max) {
  constexpr std::string_view pieces[] = {"a=1",    "key-2=va%20lue",
                                         "k@9=v~", "x=0123456789abcdef0123456789abcdef",
                                         ";p",     ";p=q",
                                         ",",      ",",
                                         ",",      "=",
                                         "a",      " ",
                                         ";",      ""};
  std::string text;
  for (std::size_t n = random() % (pieces_max + 1); n > 0; --n) {
    text += pieces[random() % std::size(pieces)];
    if (random() % 200 == 0) text += static_cast<char>(random());
  }
  return text;
}

/// Good members, so that the wide way is mostly asked for lists that it has to walk to their end.
std::string good_list(std::mt19937& random, std::size_t bytes, bool with_properties) {
  std::string text;
  while (text.size() < bytes) {
    if (!text.empty()) text += ',';
    text += static_cast<char>('a' + random() % 26);
    text += std::string(random() % 30, 'k') + "=" + std::string(1 + random() % 40, 'v');
    if (with_properties && random() % 4 == 0) text += ";p" + std::string(random() % 9, 'q');
    if (with_properties && random() % 4 == 0) text += ";key=value";
  }
  return text;
}

void expect_alike(std::string_view text) {
  if (text.size() < wide_list_bytes_min) return;
  // A copy of its own size: what is read beyond it is seen by the address sanitizer.
  const std::vector<char> own(text.begin(), text.end());
  const std::string_view asked(own.data(), own.size());
  for (const std::uint32_t members_max : {1U, 3U, 64U, 1'000U}) {
    ASSERT_EQ(count_canonical_baggage_wide(asked, members_max),
              count_canonical_baggage_portable(asked, members_max))
        << text;
  }
  ASSERT_EQ(is_canonical_tracestate_wide(asked), is_canonical_tracestate_portable(asked)) << text;
}

TEST(Wide, BG02_BG06_BG08_BG14_TS02_TS03_TS06_TS07_lists_of_anything_are_answered_alike) {
  ASSERT_TRUE(can_use_wide_lists());
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) ASSERT_NO_FATAL_FAILURE(expect_alike(random_list(random, 30)));
}

TEST(Wide,
     BG02_BG03_TS02_TS04_good_lists_with_one_byte_changed_are_answered_as_the_portable_way_does) {
  constexpr std::string_view bytes = ",=; \t\"a_A~/@\x7f";
  std::mt19937 random(2);
  for (int i = 0; i < 30'000; ++i) {
    std::string text = good_list(random, 16 + random() % 300, i % 2 == 0);
    ASSERT_NO_FATAL_FAILURE(expect_alike(text));
    text[random() % text.size()] = bytes[random() % bytes.size()];
    ASSERT_NO_FATAL_FAILURE(expect_alike(text));
  }
}

TEST(Wide, BG03_BG05_TS04_TS05_every_byte_at_every_place_of_a_block_is_answered_alike) {
  for (const std::string_view part : {"abc=def", "abc=def;p=qrs;t"}) {
    std::string good;
    while (good.size() < 140) good += (good.empty() ? "" : ",") + std::string(part);
    for (std::size_t place = 0; place < good.size(); ++place) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string text = good;
        text[place] = static_cast<char>(byte);
        ASSERT_NO_FATAL_FAILURE(expect_alike(text));
      }
    }
  }
}

TEST(Wide, BG06_BG08_TS06_TS07_lists_may_end_anywhere_in_a_block) {
  const std::string texts[] = {"abc=def,gh=i;p,j=klm;p=q;r,s=tu", "a=b,c=d,e=f,g=h", "key=value;p",
                               "key=one two "};
  for (const std::string& text : texts) {
    for (std::size_t before = 0; before < 140; ++before) {
      // One long value in front moves the rest through the blocks; every prefix is a list's end.
      const std::string whole = "k=" + std::string(before, 'v') + "," + text;
      for (std::size_t size = before; size <= whole.size(); ++size) {
        ASSERT_NO_FATAL_FAILURE(expect_alike(std::string_view(whole).substr(0, size)));
      }
    }
  }
}

TEST(Wide, TS04_TS05_keys_and_values_at_their_limits_are_answered_alike) {
  for (const std::size_t key : {1U, 255U, 256U, 257U, 300U}) {
    for (const std::size_t value : {0U, 1U, 255U, 256U, 257U, 320U}) {
      const std::string member = std::string(key, 'k') + "=" + std::string(value, 'v');
      for (const std::string& text :
           {member, "a=b," + member, member + ",a=b", member + ",a=b," + member, member + ";p=q"}) {
        ASSERT_NO_FATAL_FAILURE(expect_alike(text));
      }
    }
  }
  EXPECT_TRUE(is_canonical_tracestate_wide(std::string(256, 'k') + "=" + std::string(256, 'v')));
  EXPECT_FALSE(is_canonical_tracestate_wide(std::string(257, 'k') + "=" + std::string(256, 'v')));
  EXPECT_FALSE(is_canonical_tracestate_wide(std::string(256, 'k') + "=" + std::string(257, 'v')));
}

TEST(Wide, TS10_BG17_numbers_of_members_at_their_limits_are_answered_alike) {
  for (const std::size_t members : {31U, 32U, 33U, 63U, 64U, 65U, 999U, 1'000U, 1'001U}) {
    std::string text;
    for (std::size_t i = 0; i < members; ++i) text += (i == 0 ? "" : ",") + std::string("key=v");
    ASSERT_NO_FATAL_FAILURE(expect_alike(text));
    EXPECT_EQ(is_canonical_tracestate_wide(text), members <= 32);
    EXPECT_EQ(count_canonical_baggage_wide(text, 64), members <= 64 ? members : 0);
  }
}

#endif

#if WAYBILL_HAS_WIDE_HEX

TEST(Wide, TP01_TP02_digits_are_read_as_the_portable_way_reads_them) {
  const std::string good = "0123456789abcdeffedcba9876543210a1b2c3d4e5f60718";
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[place] = static_cast<char>(byte);
      const char* digits = changed.data();
      const hex_words portable = decode_3x16(digits, digits + 16, digits + 32);
      const hex_words wide = decode_3x16_wide(digits, digits + 16, digits + 32);
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
    encode_16(bytes, portable.data());
    encode_16_wide(bytes, wide.data());
    ASSERT_EQ(wide, portable);
    ASSERT_EQ(decode_3x16(wide.data(), wide.data(), wide.data()).bytes[1], bytes);
  }
}

#endif

}  // namespace
