#pragma once

#include <cstddef>
#include <string_view>

/// Names of headers without regard to ASCII case, for core and the adapters.
namespace waybill::inline v0::detail {

[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Whether both differ in ASCII case at most.
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  // Two spellings of a letter differ in one bit, so most characters cost one comparison.
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int difference = a[i] ^ b[i];
    if (difference == 0) continue;
    const int letter = a[i] | 0x20;
    if (difference != 0x20 || letter < 'a' || letter > 'z') return false;
  }
  return true;
}

}  // namespace waybill::inline v0::detail
