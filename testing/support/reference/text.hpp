#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// A second reading of docs/formats.md, as plain and slow as can be, that the library is compared
// with by random texts and by the fuzzers. It shares no code with it.
namespace waybill_test::reference {

inline bool is_one_of(char byte, std::string_view bytes) {
  return bytes.find(byte) != std::string_view::npos;
}

inline bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
inline bool is_lower(char byte) { return byte >= 'a' && byte <= 'z'; }
inline bool is_upper(char byte) { return byte >= 'A' && byte <= 'Z'; }

inline std::string lowered(std::string text) {
  for (char& byte : text) {
    if (is_upper(byte)) byte = static_cast<char>(byte - 'A' + 'a');
  }
  return text;
}

inline std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// "a,b" gives "a" and "b"; "" gives one empty piece.
inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> pieces(1);
  for (const char byte : text) {
    if (byte == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += byte;
    }
  }
  return pieces;
}

inline std::string join(const std::vector<std::string>& pieces, char separator) {
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += separator;
    text += pieces[i];
  }
  return text;
}

/// The values of one field as one: white space at their ends does not count, unless a value is
/// over the raw limit by itself.
inline std::string joined_values(std::vector<std::string> values, std::size_t raw_bytes_max) {
  for (std::string& value : values) {
    if (value.size() <= raw_bytes_max) value = trimmed(value);
  }
  return join(values, ',');
}

}  // namespace waybill_test::reference
