#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "grammar.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0::detail {

/// Whether a list is as it is written (no white space around separators, no empty members), so
/// that its text can be taken as it is. The portable way, character by character; wide_lists.hpp
/// has the other one, and both must answer alike.

/// Walks one canonical baggage member; npos when the text at `at` is none.
[[nodiscard]] inline std::size_t skip_canonical_member(std::string_view text,
                                                       std::size_t at) noexcept {
  std::size_t end = skip(text, at, class_token);
  if (end == at || end == text.size() || text[end] != '=') return std::string_view::npos;
  at = skip(text, end + 1, class_baggage_octet);
  while (at < text.size() && text[at] == ';') {
    end = skip(text, at + 1, class_token);
    if (end == at + 1) return std::string_view::npos;
    const bool has_value = end < text.size() && text[end] == '=';
    at = has_value ? skip(text, end + 1, class_baggage_octet) : end;
  }
  return at;
}

/// How many members baggage has that is as it is written; 0 when it is not, or has more than
/// `members_max`.
[[nodiscard]] inline std::uint32_t count_canonical_baggage_portable(
    std::string_view text, std::uint32_t members_max) noexcept {
  std::size_t at = 0;
  for (std::uint32_t members = 1; members <= members_max; ++members) {
    at = skip_canonical_member(text, at);
    if (at == std::string_view::npos) return 0;
    if (at == text.size()) return members;
    if (text[at] != ',') return 0;
    ++at;
  }
  return 0;
}

/// Whether a text is a tracestate as it is written: 1 to 32 members.
[[nodiscard]] inline bool is_canonical_tracestate_portable(std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::uint32_t members = 1; members <= tracestate_members_max; ++members) {
    if (at >= text.size() || !is_in(text[at], class_key_begin)) return false;
    const std::size_t equals = skip(text, at, class_tracestate_key);
    if (equals - at > tracestate_key_bytes_max || equals >= text.size() || text[equals] != '=') {
      return false;
    }
    const std::size_t end = skip(text, equals + 1, class_tracestate_value);
    const std::size_t value_bytes = end - equals - 1;
    if (value_bytes == 0 || value_bytes > tracestate_value_bytes_max || text[end - 1] == ' ') {
      return false;
    }
    if (end == text.size()) return true;
    if (text[end] != ',') return false;
    at = end + 1;
  }
  return false;
}

}  // namespace waybill::inline v0::detail
