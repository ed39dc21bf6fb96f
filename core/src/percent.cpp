#include "percent.hpp"

#include "grammar.hpp"
#include "waybill/baggage.hpp"

namespace waybill::inline v0 {

namespace {

/// RFC 3986, 2.1: the digits of an escape may be of either case, other than those of ids.
int escape_digit_value(char c) noexcept { return detail::hex_digit_value(detail::to_lower(c)); }

/// One step through UTF-8: how many bytes belong together and whether they are a character.
/// When they are none, `bytes` is a maximal subpart: the longest beginning of a well-formed
/// sequence, or one byte (Unicode 15, 3.9, "U+FFFD Substitution of Maximal Subparts").
struct utf8_step {
  std::size_t bytes;
  bool well_formed;
};

utf8_step next_utf8(std::string_view text) noexcept {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte_at(0);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
  unsigned char second_low = 0x80;
  unsigned char second_high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) second_low = 0xa0;
    if (first == 0xed) second_high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) second_low = 0x90;
    if (first == 0xf4) second_high = 0x8f;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned char low = i == 1 ? second_low : 0x80;
    const unsigned char high = i == 1 ? second_high : 0xbf;
    if (i >= text.size() || byte_at(i) < low || byte_at(i) > high) return {i, false};
  }
  return {length, true};
}

std::string replace_invalid_utf8(std::string bytes) {
  if (detail::is_utf8(bytes)) return bytes;
  std::string text;
  text.reserve(bytes.size());
  for (std::string_view rest = bytes; !rest.empty();) {
    const utf8_step step = next_utf8(rest);
    text.append(step.well_formed ? rest.substr(0, step.bytes) : std::string_view("\xef\xbf\xbd"));
    rest.remove_prefix(step.bytes);
  }
  return text;
}

}  // namespace

namespace detail {

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const utf8_step step = next_utf8(text);
    if (!step.well_formed) return false;
    text.remove_prefix(step.bytes);
  }
  return true;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_in(c, class_unreserved)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0x0f];
    }
  }
}

}  // namespace detail

std::string percent_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = escape_digit_value(text[i + 1]);
      const int low = escape_digit_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        bytes += static_cast<char>((high << 4) | low);
        i += 2;
        continue;
      }
    }
    bytes += text[i];
  }
  return replace_invalid_utf8(std::move(bytes));
}

}  // namespace waybill::inline v0
