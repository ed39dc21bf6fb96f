#include "printable.hpp"

#include <algorithm>
#include <cstdint>

#include "words.hpp"

namespace waybill::tool {

namespace {

constexpr std::size_t abridged_bytes_max = 60;
constexpr std::size_t bytes_before_the_mark = 40;
constexpr std::size_t bytes_behind_the_mark = 24;

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Of a character in UTF-8, behind its first byte.
bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

std::string hex(std::uint32_t number, std::size_t digits_min) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (; number != 0 || text.size() < digits_min; number >>= 4) {
    text.insert(text.begin(), digits[number & 0x0f]);
  }
  return text;
}

/// Two bytes for a letter or sign of U+00A1 to U+02FF: one column wide in every terminal, written
/// from left to right, and not a soft hyphen.
bool begins_latin(std::string_view text) {
  if (text.size() < 2 || byte_at(text, 0) < 0xc2 || byte_at(text, 0) > 0xcb) return false;
  if (!is_continuation(byte_at(text, 1))) return false;
  const unsigned code_point = ((byte_at(text, 0) & 0x1fU) << 6) | (byte_at(text, 1) & 0x3fU);
  return code_point > 0xa0 && code_point != 0xad;
}

/// What one step of a header's bytes looks like.
struct shown_step {
  std::string text;
  std::size_t bytes;
  std::size_t columns;
};

shown_step next_step(std::string_view rest) {
  const unsigned char byte = byte_at(rest, 0);
  if (byte == '\\') return {"\\\\", 1, 2};
  if (byte >= 0x20 && byte < 0x7f) return {std::string(rest.substr(0, 1)), 1, 1};
  if (begins_latin(rest)) return {std::string(rest.substr(0, 2)), 2, 1};
  return {concat({"\\x", hex(byte, 2)}), 1, 4};
}

/// Characters that steer: controls, and those that change the direction of writing or the line.
bool steers(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x061c ||
         (code_point >= 0x200b && code_point <= 0x200f) ||
         (code_point >= 0x2028 && code_point <= 0x202e) ||
         (code_point >= 0x2060 && code_point <= 0x206f) || code_point == 0xfeff ||
         (code_point >= 0xe0000 && code_point <= 0xe007f);
}

}  // namespace

std::string escaped(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const shown_step step = next_step(bytes);
    text += step.text;
    bytes.remove_prefix(step.bytes);
  }
  return text;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const unsigned char first = byte_at(text, 0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const std::size_t bytes = std::min(length, text.size());
    std::uint32_t code_point = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < bytes; ++i)
      code_point = (code_point << 6) | (byte_at(text, i) & 0x3fU);
    if (steers(code_point)) {
      out += concat({"\\u{", hex(code_point, 1), "}"});
    } else {
      if (first == '"' || first == '\\') out += '\\';
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out + '"';
}

std::string abridged(std::string_view bytes) {
  if (bytes.size() <= abridged_bytes_max) return std::string(bytes);
  return concat({bytes.substr(0, abridged_bytes_max), "..."});
}

marked_line marked(std::string_view value, std::size_t at, std::size_t bytes) {
  std::size_t begin = at > bytes_before_the_mark ? at - bytes_before_the_mark : 0;
  // Not in the middle of a character.
  while (begin > 0 && begin < at && is_continuation(byte_at(value, begin))) ++begin;
  const std::size_t mark_end = at + std::max<std::size_t>(bytes, 1);
  std::size_t end = std::min(value.size(), mark_end + bytes_behind_the_mark);
  while (end < value.size() && is_continuation(byte_at(value, end))) ++end;
  marked_line line;
  std::size_t column = 0;
  if (begin > 0) line.text = "...", column = 3;
  std::size_t first_column = 0;
  std::size_t end_column = 0;
  for (std::size_t i = begin; i < end;) {
    const shown_step step = next_step(value.substr(i, end - i));
    line.text += step.text;
    if (i + step.bytes > at && i < mark_end) {
      if (end_column == 0) first_column = column;
      end_column = column + step.columns;
    }
    column += step.columns;
    i += step.bytes;
  }
  if (end_column == 0) first_column = column, end_column = column + 1;  // behind the last byte
  if (end < value.size()) line.text += "...";
  line.carets =
      concat({std::string(first_column, ' '), std::string(end_column - first_column, '^')});
  return line;
}

}  // namespace waybill::tool
