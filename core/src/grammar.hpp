#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "waybill/detail/ascii.hpp"
#include "waybill/detail/hex.hpp"

namespace waybill::inline v0::detail {

/// Classes of characters, one bit each, from the grammars named beside them.
enum char_class : std::uint8_t {
  class_ows = 0x01,               // RFC 9110, 5.6.3: SP / HTAB
  class_token = 0x02,             // RFC 9110, 5.6.2: tchar; the keys of baggage
  class_baggage_octet = 0x04,     // W3C Baggage, "value"
  class_tracestate_key = 0x08,    // W3C Trace Context Level 2, "Key": lcalpha / DIGIT / _ - * / @
  class_tracestate_value = 0x10,  // "Value": %x20-2B / %x2D-3C / %x3E-7E
  class_unreserved = 0x20,        // RFC 3986, 2.3: what no reader anywhere decodes differently
  class_printable = 0x40,         // %x20-7E
  class_key_begin = 0x80,         // the first character of a tracestate key: lcalpha / DIGIT
};

inline constexpr std::array<std::uint8_t, 256> char_classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool alpha = lower || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    const auto is_one_of = [c](std::string_view set) {
      return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    unsigned bits = 0;
    if (c == ' ' || c == '\t') bits |= class_ows;
    if (alpha || digit || is_one_of("!#$%&'*+-.^_`|~")) bits |= class_token;
    if (c == 0x21 || (c >= 0x23 && c <= 0x2b) || (c >= 0x2d && c <= 0x3a) ||
        (c >= 0x3c && c <= 0x5b) || (c >= 0x5d && c <= 0x7e)) {
      bits |= class_baggage_octet;
    }
    if (lower || digit || is_one_of("_-*/@")) bits |= class_tracestate_key;
    if (c >= 0x20 && c <= 0x7e && c != ',' && c != '=') bits |= class_tracestate_value;
    if (alpha || digit || is_one_of("-._~")) bits |= class_unreserved;
    if (c >= 0x20 && c <= 0x7e) bits |= class_printable;
    if (lower || digit) bits |= class_key_begin;
    table[c] = static_cast<std::uint8_t>(bits);
  }
  return table;
}();

[[nodiscard]] constexpr bool is_in(char c, char_class which) noexcept {
  return (char_classes[static_cast<unsigned char>(c)] & which) != 0;
}

/// The index of the first character at or behind `at` that is not of the class.
[[nodiscard]] constexpr std::size_t skip(std::string_view text, std::size_t at,
                                         char_class which) noexcept {
  while (at < text.size() && is_in(text[at], which)) ++at;
  return at;
}

[[nodiscard]] constexpr bool is_all(std::string_view text, char_class which) noexcept {
  return skip(text, 0, which) == text.size();
}

/// Without the spaces and tabs at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_in(text.front(), class_ows)) text.remove_prefix(1);
  while (!text.empty() && is_in(text.back(), class_ows)) text.remove_suffix(1);
  return text;
}

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && is_all(text, class_token);
}

/// Whether both are the same `bytes` bytes. Names are short: two words that overlap say it sooner
/// than a call of memcmp.
[[nodiscard]] inline bool equals(const char* a, const char* b, std::size_t bytes) noexcept {
  if (bytes >= 8 && bytes <= 16) {
    const std::uint64_t begin = load_little_endian(a) ^ load_little_endian(b);
    const std::uint64_t end = load_little_endian(a + bytes - 8) ^ load_little_endian(b + bytes - 8);
    return (begin | end) == 0;
  }
  if (bytes >= 4 && bytes < 8) {
    std::uint32_t words[4];
    std::memcpy(&words[0], a, 4);
    std::memcpy(&words[1], b, 4);
    std::memcpy(&words[2], a + bytes - 4, 4);
    std::memcpy(&words[3], b + bytes - 4, 4);
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
  }
  bool is_equal = true;
  for (std::size_t i = 0; i < bytes; ++i) is_equal &= a[i] == b[i];
  return is_equal;
}

}  // namespace waybill::inline v0::detail
