// The rules TP of docs/formats.md.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/span_context.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::parse_traceparent;
using waybill::sampling_state;

constexpr std::string_view good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::array<std::size_t, 3> dash_positions{2, 35, 52};

std::string with_byte(std::string_view text, std::size_t position, int byte) {
  std::string changed(text);
  changed[position] = static_cast<char>(byte);
  return changed;
}

std::string with_version(std::string_view version, std::string_view tail = {}) {
  return std::string(version) + std::string(good.substr(2)) + std::string(tail);
}

std::string two_digits(unsigned byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[byte >> 4], digits[byte & 0x0f]};
}

std::string with_flags(unsigned flags) {
  return std::string(good.substr(0, 53)) + two_digits(flags);
}

bool is_lower_hex(int byte) { return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'); }

bool is_dash_position(std::size_t position) {
  return position == dash_positions[0] || position == dash_positions[1] ||
         position == dash_positions[2];
}

errc error_of(std::string_view text) { return parse_traceparent(text).error(); }

// What holds in constant expressions, too.
static_assert(parse_traceparent(good).has_value());
static_assert(parse_traceparent(good)->trace_id().bytes[0] == 0x0a);
static_assert(parse_traceparent(good)->trace_id().bytes[15] == 0x9c);
static_assert(parse_traceparent(good)->span_id().bytes[0] == 0xb7);
static_assert(parse_traceparent(good)->span_id().bytes[7] == 0x31);
static_assert(parse_traceparent(good)->flags() == 0x01);
static_assert(parse_traceparent("").error() == errc::malformed);
static_assert(parse_traceparent(good.substr(0, 54)).error() == errc::malformed);
static_assert(parse_traceparent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                  .error() == errc::malformed);
// Digits with their highest bit set.
static_assert(parse_traceparent("00-\xb0"
                                "af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                  .error() == errc::malformed);
static_assert(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\xb1-01")
                  .error() == errc::malformed);
static_assert(parse_traceparent("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                  .error() == errc::forbidden_version);
static_assert(parse_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01")
                  .error() == errc::zero_id);
static_assert(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-x")
                  ->flags() == 0x03);
constexpr auto rewritten = waybill::to_traceparent(parse_traceparent(good).value());
static_assert(std::string_view(rewritten.data(), rewritten.size()) == good);

TEST(Traceparent, TP01_ids_and_flags_are_read_byte_for_byte) {
  const auto parsed = parse_traceparent("00-0123456789abcdeffedcba9876543210-f0e1d2c3b4a59687-03");
  ASSERT_TRUE(parsed.has_value());
  const std::array<std::uint8_t, 16> trace{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                           0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
  const std::array<std::uint8_t, 8> span{0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87};
  EXPECT_EQ(parsed->trace_id().bytes, trace);
  EXPECT_EQ(parsed->span_id().bytes, span);
  EXPECT_EQ(parsed->flags(), 0x03);
}

TEST(Traceparent, TP01_every_other_length_is_malformed) {
  const std::string longer = std::string(good) + std::string(good);
  for (std::size_t bytes = 0; bytes <= longer.size(); ++bytes) {
    EXPECT_EQ(error_of(std::string_view(longer).substr(0, bytes)),
              bytes == 55 ? errc::ok : errc::malformed)
        << bytes;
  }
}

TEST(Traceparent, TP01_TP02_every_wrong_byte_at_every_position_is_malformed) {
  for (std::size_t position = 0; position < good.size(); ++position) {
    for (int byte = 0; byte < 256; ++byte) {
      const bool fits = is_dash_position(position) ? byte == '-' : is_lower_hex(byte);
      EXPECT_EQ(error_of(with_byte(good, position, byte)), fits ? errc::ok : errc::malformed)
          << "byte " << byte << " at " << position;
    }
  }
}

TEST(Traceparent, TP01_every_digit_at_every_position_has_its_value) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t position = 3; position < good.size(); ++position) {
    if (is_dash_position(position) || position == 53) continue;  // 53: flags beyond 0x03
    for (const char digit : digits) {
      if (position == 54 && digit > '3') continue;
      const std::string text = with_byte(good, position, digit);
      const auto parsed = parse_traceparent(text);
      ASSERT_TRUE(parsed.has_value()) << text;
      EXPECT_EQ(traceparent_of(*parsed), text);
    }
  }
}

TEST(Traceparent, TP01_parts_that_are_too_long_or_too_short_are_malformed) {
  for (const char* text : {
           "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "0000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c0-b7ad6b716920333-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033311-1",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-001",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010",
           // The flags of JavaScript without an SDK for 0x10.
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-",
           "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
       }) {
    EXPECT_EQ(error_of(text), errc::malformed) << text;
    EXPECT_EQ(read(http_headers({{"traceparent", text}})).of("traceparent"), errc::malformed);
  }
}

TEST(Traceparent, TP02_upper_case_is_malformed_at_every_position_of_every_version) {
  for (const char* version : {"00", "01", "cc", "fe"}) {
    const std::string text = with_version(version);
    for (std::size_t position = 0; position < text.size(); ++position) {
      if (is_dash_position(position)) continue;
      for (char digit = 'A'; digit <= 'F'; ++digit) {
        EXPECT_EQ(error_of(with_byte(text, position, digit)), errc::malformed)
            << digit << " at " << position;
      }
    }
  }
  EXPECT_EQ(error_of("FF-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), errc::malformed);
}

TEST(Traceparent, TP03_version_ff_is_forbidden) {
  for (const char* tail : {"", "-", "-what-the-future-will-be-like"}) {
    EXPECT_EQ(error_of(with_version("ff", tail)), errc::forbidden_version) << tail;
  }
  const reading got = read(http_headers({{"traceparent", with_version("ff")}}));
  EXPECT_EQ(got.of("traceparent"), errc::forbidden_version);
  EXPECT_FALSE(got.context.has_trace());
}

TEST(Traceparent, TP04_version_00_with_any_tail_is_malformed) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(error_of(with_version("00", std::string(1, static_cast<char>(byte)))),
              errc::malformed)
        << byte;
  }
  EXPECT_EQ(error_of(with_version("00", "-")), errc::malformed);
  EXPECT_EQ(error_of(with_version("00", "-x")), errc::malformed);
  EXPECT_EQ(error_of(with_version("00", "-what-the-future-will-be-like")), errc::malformed);
}

TEST(Traceparent, TP05_ids_of_zeros_alone_are_refused) {
  for (const char* version : {"00", "01", "cc", "fe"}) {
    const std::string start = version;
    EXPECT_EQ(error_of(start + "-00000000000000000000000000000000-b7ad6b7169203331-01"),
              errc::zero_id);
    EXPECT_EQ(error_of(start + "-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
              errc::zero_id);
    EXPECT_EQ(error_of(start + "-00000000000000000000000000000000-0000000000000000-00"),
              errc::zero_id);
  }
  const reading got = read(http_headers({{"traceparent",
                                          "00-00000000000000000000000000000000-"
                                          "b7ad6b7169203331-01"}}));
  EXPECT_EQ(got.of("traceparent"), errc::zero_id);
  EXPECT_FALSE(got.context.has_trace());
}

TEST(Traceparent, TP05_one_bit_anywhere_makes_an_id_valid) {
  const std::string zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
  for (std::size_t position = 3; position < 35; ++position) {
    EXPECT_EQ(error_of(with_byte(zero_trace, position, '1')), errc::ok) << position;
  }
  const std::string zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
  for (std::size_t position = 36; position < 52; ++position) {
    EXPECT_EQ(error_of(with_byte(zero_span, position, '8')), errc::ok) << position;
  }
}

TEST(Traceparent, TP06_versions_01_to_fe_are_read_at_the_offsets_of_00) {
  for (unsigned version = 0x01; version <= 0xfe; ++version) {
    for (const char* tail : {"", "-", "-x", "--", "-01", "-what-the-future-will-be-like"}) {
      const auto parsed = parse_traceparent(with_version(two_digits(version), tail));
      ASSERT_TRUE(parsed.has_value()) << version << tail;
      EXPECT_EQ(*parsed, *parse_traceparent(good));
    }
    EXPECT_EQ(error_of(with_version(two_digits(version)).substr(0, 54)), errc::malformed);
  }
}

TEST(Traceparent, TP06_a_tail_of_a_higher_version_begins_with_a_dash) {
  for (const char* version : {"01", "cc", "fe"}) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string tail(1, static_cast<char>(byte));
      const errc expected = byte == '-' ? errc::ok : errc::malformed;
      EXPECT_EQ(error_of(with_version(version, tail)), expected) << byte;
      EXPECT_EQ(error_of(with_version(version, tail + "-x")), expected) << byte;
    }
  }
}

TEST(Traceparent, TP06_what_follows_the_dash_is_not_looked_at) {
  std::string tail = "-";
  for (int byte = 0; byte < 256; ++byte) tail += static_cast<char>(byte);
  EXPECT_EQ(error_of(with_version("01", tail)), errc::ok);
  EXPECT_EQ(error_of(with_version("cc", "-" + std::string(10'000, 'z'))), errc::ok);
}

TEST(Traceparent, TP06_every_wrong_byte_at_every_position_of_a_higher_version_is_malformed) {
  const std::string higher = with_version("cc", "-tail");
  for (std::size_t position = 0; position <= 55; ++position) {
    const bool is_dash = is_dash_position(position) || position == 55;
    for (int byte = 0; byte < 256; ++byte) {
      const bool fits = is_dash ? byte == '-' : is_lower_hex(byte);
      EXPECT_EQ(error_of(with_byte(higher, position, byte)), fits ? errc::ok : errc::malformed)
          << "byte " << byte << " at " << position;
    }
  }
}

TEST(Traceparent, TP07_every_version_is_written_as_00_without_a_tail) {
  for (const char* text : {"00", "01", "cc", "fe"}) {
    const bool is_higher = std::string_view(text) != "00";
    const std::string came = with_version(text, is_higher ? "-future" : "");
    const reading got = read(http_headers({{"traceparent", came}}));
    EXPECT_EQ(written(got.context, "traceparent"), std::vector<std::string>{std::string(good)});
  }
}

TEST(Traceparent, TP08_TP09_every_flag_byte) {
  for (unsigned flags = 0; flags <= 0xff; ++flags) {
    for (const char* version : {"00", "01"}) {
      const auto parsed = parse_traceparent(version + with_flags(flags).substr(2));
      ASSERT_TRUE(parsed.has_value());
      EXPECT_EQ(parsed->flags(), flags & 0x03U);
      EXPECT_EQ(parsed->is_sampled(), (flags & 0x01U) != 0);
      EXPECT_EQ(parsed->is_random(), (flags & 0x02U) != 0);
      EXPECT_EQ(parsed->sampling(),
                (flags & 0x01U) != 0 ? sampling_state::accept : sampling_state::deny);
      EXPECT_EQ(traceparent_of(*parsed), with_flags(flags & 0x03U));
    }
  }
}

TEST(Traceparent, TP08_unknown_flags_cannot_be_made_either) {
  const auto position = *parse_traceparent(good);
  const waybill::span_context made(position.trace_id(), position.span_id(), 0xff);
  EXPECT_EQ(made.flags(), 0x03);
  EXPECT_EQ(traceparent_of(made), with_flags(0x03));
}

TEST(Traceparent, TP09_a_changed_decision_changes_the_sampled_bit_alone) {
  for (const unsigned flags : {0U, 1U, 2U, 3U}) {
    const auto position = *parse_traceparent(with_flags(flags));
    EXPECT_EQ(position.with_sampling(sampling_state::accept).flags(), flags | 0x01U);
    EXPECT_EQ(position.with_sampling(sampling_state::debug).flags(), flags | 0x01U);
    EXPECT_EQ(position.with_sampling(sampling_state::deny).flags(), flags & 0x02U);
    EXPECT_EQ(position.with_sampling(sampling_state::defer).flags(), flags & 0x02U);
  }
}

TEST(Traceparent, TP10_spaces_and_tabs_around_the_value_are_taken_off) {
  for (const std::string before : {"", " ", "\t", " \t \t"}) {
    for (const std::string after : {"", " ", "\t", "\t \t "}) {
      const std::string text = before + std::string(good) + after;
      const reading got = read(http_headers({{"traceparent", text}}));
      EXPECT_EQ(got.of("traceparent"), errc::ok);
      EXPECT_EQ(traceparent_of(got.context.span_context()), good);
      EXPECT_EQ(error_of(text), text == good ? errc::ok : errc::malformed);
    }
  }
}

TEST(Traceparent, TP10_other_bytes_around_the_value_and_white_space_within_are_malformed) {
  for (const char* around : {"\r", "\n", "\v", "\f", "\r\n", "\xc2\xa0", "\"", ","}) {
    for (const std::string& text : {around + std::string(good), std::string(good) + around}) {
      const reading got = read(http_headers({{"traceparent", text}}));
      EXPECT_EQ(got.of("traceparent"), errc::malformed);
      EXPECT_TRUE(got.context.is_empty());
    }
  }
  const std::string nul(1, '\0');
  for (const std::string& text :
       {nul + std::string(good), std::string(good) + nul, "00 " + std::string(good.substr(2)),
        std::string(good.substr(0, 53)) + " 01"}) {
    EXPECT_EQ(read(http_headers({{"traceparent", text}})).of("traceparent"), errc::malformed);
  }
}

TEST(Traceparent, TP10_a_tail_of_a_higher_version_loses_the_white_space_at_its_end_alone) {
  EXPECT_EQ(read(http_headers({{"traceparent", with_version("cc", " \t")}})).of("traceparent"),
            errc::ok);
  EXPECT_EQ(read(http_headers({{"traceparent", with_version("cc", " -x")}})).of("traceparent"),
            errc::malformed);
}

TEST(Traceparent, TP11_an_empty_value_is_malformed_and_not_absent) {
  for (const char* text : {"", " ", "\t", " \t "}) {
    EXPECT_EQ(read(http_headers({{"traceparent", text}})).of("traceparent"), errc::malformed);
  }
  EXPECT_EQ(read(http_headers({})).of("traceparent"), errc::absent);
  EXPECT_EQ(read(http_headers({{"other", good}})).of("traceparent"), errc::absent);
}

TEST(Traceparent, TP12_identical_repeats_count_as_one) {
  const std::string spaced = " \t" + std::string(good) + "\t ";
  for (const auto& list :
       {http_headers({{"traceparent", good}, {"traceparent", good}}),
        http_headers({{"traceparent", good}, {"Traceparent", spaced}}),
        http_headers(
            {{"TRACEPARENT", spaced}, {"traceparent", good}, {"x", "y"}, {"traceparent", good}})}) {
    const reading got = read(list);
    EXPECT_EQ(got.of("traceparent"), errc::ok);
    EXPECT_EQ(traceparent_of(got.context.span_context()), good);
    EXPECT_TRUE(got.is_repeated("traceparent"));
  }
}

TEST(Traceparent, TP12_different_repeats_are_refused_together) {
  const std::string other_flags = with_flags(0x00);
  const std::string same_but_unknown_flag = with_flags(0x05);
  const std::string same_but_version = with_version("01");
  for (const std::string& second : {other_flags, same_but_unknown_flag, same_but_version,
                                    std::string(other_traceparent), std::string()}) {
    for (const auto& list :
         {http_headers({{"traceparent", good}, {"traceparent", second}}),
          http_headers({{"traceparent", second}, {"traceparent", good}}),
          http_headers({{"traceparent", good}, {"traceparent", second}, {"traceparent", good}}),
          http_headers({{"traceparent", good}, {"traceparent", good}, {"traceparent", second}})}) {
      const reading got = read(list);
      EXPECT_EQ(got.of("traceparent"), errc::duplicate) << second;
      EXPECT_FALSE(got.context.has_trace());
      EXPECT_TRUE(got.is_repeated("traceparent"));
    }
  }
}

TEST(Traceparent, TP12_values_that_one_field_joined_are_malformed) {
  const std::string joined = std::string(good) + "," + std::string(good);
  EXPECT_EQ(read(http_headers({{"traceparent", joined}})).of("traceparent"), errc::malformed);
}

TEST(Traceparent, TP13_what_is_read_is_remote_and_what_is_made_is_not) {
  const reading got = read(http_headers({{"traceparent", good}}));
  EXPECT_TRUE(got.context.span_context().is_remote());
  EXPECT_FALSE(got.context.new_child().span_context().is_remote());
  EXPECT_FALSE(waybill::span_context::new_root(true).is_remote());
}

TEST(Traceparent, TP14_a_refused_one_leaves_no_trace_and_no_tracestate_but_the_baggage) {
  for (const std::string& bad :
       {std::string(), with_version("ff"), with_version("00", "-"), with_byte(good, 3, 'A'),
        std::string("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
        std::string("00-00000000000000000000000000000000-b7ad6b7169203331-01")}) {
    const reading got =
        read(http_headers({{"tracestate", "a=1"}, {"traceparent", bad}, {"baggage", "k=v"}}));
    EXPECT_FALSE(got.context.has_trace()) << bad;
    EXPECT_EQ(got.context.span_context(), waybill::span_context())
        << bad << ": no half of it either";
    EXPECT_EQ(got.tracestate(), "") << bad;
    EXPECT_EQ(got.baggage(), "k=v") << bad;
    EXPECT_EQ(got.of("baggage"), errc::ok) << bad;
  }
}

TEST(Traceparent, TP15_more_than_65536_raw_bytes_are_refused) {
  const std::string at = with_version("cc", "-" + std::string(65'536 - 56, 'x'));
  ASSERT_EQ(at.size(), 65'536U);
  EXPECT_EQ(read(http_headers({{"traceparent", at}})).of("traceparent"), errc::ok);
  for (const std::string& over : {at + "x", std::string(good) + std::string(65'536, ' ')}) {
    const reading got = read(http_headers({{"traceparent", over}, {"tracestate", "a=1"}}));
    EXPECT_EQ(got.of("traceparent"), errc::too_large);
    EXPECT_EQ(got.of("tracestate"), errc::no_traceparent);
    EXPECT_TRUE(got.context.is_empty());
  }
}

}  // namespace
}  // namespace waybill_test
