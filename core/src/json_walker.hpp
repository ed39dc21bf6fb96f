#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "waybill/detail/text_buffer.hpp"

namespace waybill::inline v0::detail {

/// Objects and arrays within each other, the outermost included. What is deeper is not looked at.
/// As many as the widest-spread readers of JSON take by default.
inline constexpr std::size_t json_depth_max = 1'000;

/// One member of an object, as places in the text.
struct json_member {
  std::size_t begin = 0;        // the quote in front of the name
  std::size_t name_end = 0;     // behind the quote at its end
  std::size_t value_begin = 0;  // the first byte of the value
  std::size_t value_end = 0;    // behind its last byte
  std::size_t next = 0;         // the comma or the closing brace behind it
};

enum class json_step : std::uint8_t { good, end, malformed, too_deep };

/// Walks over the members of the object that a text is, and checks all of the text by the grammar
/// of RFC 8259 on the way. Bytes from 0x80 on are allowed within strings and not looked at.
/// Linear in the bytes, no recursion, no allocation.
class json_walker {
 public:
  explicit json_walker(std::string_view text) noexcept : text_(text) {}
  /// Walks on from a member of an object that is known to be good.
  json_walker(std::string_view text, std::size_t member_begin) noexcept
      : text_(text), at_(member_begin) {}

  /// Up to behind the opening brace; false when the text does not begin with one.
  bool open() noexcept;
  /// The next member; `end` when there is none, and nothing but white space behind the object.
  json_step next(json_member& member) noexcept;
  /// Where the walk is.
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  [[nodiscard]] bool is_at(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) noexcept;
  void skip_space() noexcept;
  bool skip_string() noexcept;
  bool skip_escape() noexcept;
  bool skip_digits() noexcept;
  bool skip_number() noexcept;
  bool skip_scalar() noexcept;
  bool skip_name() noexcept;
  bool skip_to_value() noexcept;
  json_step skip_value() noexcept;
  json_step close() noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_first_ = true;   // nothing but white space may be in front of the next member
  std::size_t depth_ = 0;  // of what is open within the member's value
  std::array<bool, json_depth_max> is_array_;
};

/// Appends what the text between a string's quotes stands for: escapes are decoded, and a
/// surrogate without its other half becomes U+FFFD. Stops behind `bytes_max` bytes.
/// False when memory ran out.
bool unescape_json(std::string_view inner, std::size_t bytes_max, text_buffer& into) noexcept;
/// Whether the text between a string's quotes stands for these bytes.
bool is_json_text_of(std::string_view inner, std::string_view expected) noexcept;
/// Appends a string with its quotes. False when memory ran out.
bool append_json_string(std::string_view bytes, text_buffer& into) noexcept;

}  // namespace waybill::inline v0::detail
