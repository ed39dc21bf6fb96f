#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

namespace waybill_test::reference {

/// The well-formed sequences of UTF-8, each byte as a range (the Unicode Standard, table 3-7).
using byte_ranges = std::vector<std::pair<int, int>>;
inline const std::vector<byte_ranges>& utf8_table() {
  static const std::vector<byte_ranges> table{
      {{0x00, 0x7f}},
      {{0xc2, 0xdf}, {0x80, 0xbf}},
      {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
      {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
      {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
      {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
      {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
      {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
      {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
  };
  return table;
}

/// How many bytes from `at` on begin a sequence of this kind.
inline std::size_t matching_bytes(const std::string& bytes, std::size_t at,
                                  const byte_ranges& ranges) {
  std::size_t matching = 0;
  while (matching < ranges.size() && at + matching < bytes.size()) {
    const int byte = static_cast<unsigned char>(bytes[at + matching]);
    if (byte < ranges[matching].first || byte > ranges[matching].second) break;
    ++matching;
  }
  return matching;
}

/// Each maximal subpart that is no character becomes U+FFFD (the Unicode Standard, 3.9).
inline std::string with_replacements(const std::string& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t longest = 0;
    bool is_character = false;
    for (const byte_ranges& ranges : utf8_table()) {
      const std::size_t matching = matching_bytes(bytes, at, ranges);
      if (matching < longest || matching == 0) continue;
      longest = matching;
      is_character = matching == ranges.size();
    }
    longest = std::max<std::size_t>(longest, 1);
    text += is_character ? bytes.substr(at, longest) : "\xef\xbf\xbd";
    at += longest;
  }
  return text;
}

inline bool is_utf8(const std::string& bytes) { return with_replacements(bytes) == bytes; }

/// The value of a hexadecimal digit of either case, or -1.
inline int escape_digit(char byte) {
  const std::string digits = "0123456789abcdef";
  const std::size_t found = digits.find(lowered(std::string(1, byte)));
  return found == std::string::npos ? -1 : static_cast<int>(found);
}

/// W3C Baggage, "value": an escape that is none stays, a plus is a plus.
inline std::string percent_decoded(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           escape_digit(text[i + 1]) >= 0 && escape_digit(text[i + 2]) >= 0;
    if (is_escape) {
      bytes += static_cast<char>(16 * escape_digit(text[i + 1]) + escape_digit(text[i + 2]));
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return with_replacements(bytes);
}

/// What waybill writes for a value that was set: everything but the unreserved bytes as escapes.
inline std::string percent_encoded(const std::string& text) {
  const std::string digits = "0123456789ABCDEF";
  std::string coded;
  for (const char byte : text) {
    if (is_lower(byte) || is_upper(byte) || is_digit(byte) || is_one_of(byte, "-._~")) {
      coded += byte;
    } else {
      const auto code = static_cast<unsigned char>(byte);
      coded += {'%', digits[code / 16], digits[code % 16]};
    }
  }
  return coded;
}

}  // namespace waybill_test::reference
