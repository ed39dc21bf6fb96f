#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace waybill::inline v0::detail {

/// The value of one lower-case hexadecimal digit, or -1. Upper case is no digit (HEXDIGLC).
[[nodiscard]] constexpr int hex_digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

[[nodiscard]] constexpr std::uint64_t load_little_endian(const char* at) noexcept {
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
  }
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  }
  return word;
}

/// Eight digits at once, one in each byte of a word: four bytes of output.
/// The additions cannot carry into the next byte because a byte with its high bit set is refused
/// and the largest sum is 0x7f + 0x50.
[[nodiscard]] constexpr bool from_hex_8(const char* digits, std::uint8_t* out) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = 0x80 * ones;
  const std::uint64_t text = load_little_endian(digits);
  const std::uint64_t low = text & ~high;
  const std::uint64_t at_least_0 = low + (0x80 - '0') * ones;
  const std::uint64_t above_9 = low + (0x80 - ('9' + 1)) * ones;
  const std::uint64_t at_least_a = low + (0x80 - 'a') * ones;
  const std::uint64_t above_f = low + (0x80 - ('f' + 1)) * ones;
  const std::uint64_t is_digit = at_least_0 & ~above_9 & high;
  const std::uint64_t is_letter = at_least_a & ~above_f & high;
  const std::uint64_t nibbles = (low & (0x0f * ones)) + (is_letter >> 7) * 9;
  // Pairs of nibbles become bytes, then the four bytes are moved together.
  std::uint64_t packed = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff00ff00ff00ffU;
  packed = (packed | (packed >> 8)) & 0x0000ffff0000ffffU;
  packed |= packed >> 16;
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(packed >> (8 * i));
  return ((is_digit | is_letter) & high) == high && (text & high) == 0;
}

/// Reads 2 * Bytes lower-case digits. False, with `out` unspecified, if one is none.
template <std::size_t Bytes>
[[nodiscard]] constexpr bool from_hex(const char* digits,
                                      std::span<std::uint8_t, Bytes> out) noexcept {
  if constexpr (Bytes % 4 == 0) {
    bool good = true;
    for (std::size_t i = 0; i < Bytes; i += 4) good &= from_hex_8(digits + 2 * i, out.data() + i);
    return good;
  } else {
    int good = 0;
    for (std::size_t i = 0; i < Bytes; ++i) {
      const int high = hex_digit_value(digits[2 * i]);
      const int low = hex_digit_value(digits[2 * i + 1]);
      good |= high | low;
      out[i] = static_cast<std::uint8_t>((high << 4) | (low & 0x0f));
    }
    return good >= 0;
  }
}

/// "00", "01" ... "ff": one look-up writes two digits.
inline constexpr std::array<char, 512> hex_pairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i >> 4];
    pairs[2 * i + 1] = digits[i & 0x0f];
  }
  return pairs;
}();

constexpr void write_hex(std::span<const std::uint8_t> bytes, char* out) noexcept {
  for (const std::uint8_t byte : bytes) {
    *out++ = hex_pairs[std::size_t{2} * byte];
    *out++ = hex_pairs[std::size_t{2} * byte + 1];
  }
}

template <std::size_t Bytes>
[[nodiscard]] constexpr std::array<char, 2 * Bytes> to_hex(
    const std::array<std::uint8_t, Bytes>& bytes) noexcept {
  std::array<char, 2 * Bytes> text{};
  write_hex(bytes, text.data());
  return text;
}

}  // namespace waybill::inline v0::detail
