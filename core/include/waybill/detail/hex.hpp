#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
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

/// Eight bytes as a number whose lowest byte is the first: how the functions below hand bytes over.
struct hex_word {
  std::uint64_t bytes = 0;
  bool is_good = false;
};

/// Eight digits, one in each byte of a word, become four bytes.
/// The additions cannot carry into the next byte because a byte with its high bit set is refused
/// and the largest sum is 0x7f + 0x50.
[[nodiscard]] constexpr hex_word decode_8(const char* digits) noexcept {
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
  packed = (packed | (packed >> 16)) & 0x00000000ffffffffU;
  return {packed, (is_digit | is_letter) == high && (text & high) == 0};
}

/// Three times eight bytes, as hex_word has them: the two halves of a trace id and a span id.
struct hex_words {
  std::array<std::uint64_t, 3> bytes{};
  bool is_good = false;
};

/// Three times sixteen digits become three times eight bytes.
[[nodiscard]] constexpr hex_words decode_3x16(const char* first, const char* second,
                                              const char* third) noexcept {
  hex_words words;
  words.is_good = true;
  const char* const all[] = {first, second, third};
  for (std::size_t i = 0; i < 3; ++i) {
    const hex_word begin = decode_8(all[i]);
    const hex_word end = decode_8(all[i] + 8);
    words.bytes[i] = begin.bytes | (end.bytes << 32);
    words.is_good = words.is_good && begin.is_good && end.is_good;
  }
  return words;
}

/// Eight bytes become sixteen digits.
constexpr void encode_16(std::uint64_t bytes, char* out) noexcept {
  for (unsigned i = 0; i < 16; ++i) {
    const auto nibble = static_cast<char>((bytes >> (8 * (i / 2) + (i % 2 == 0 ? 4 : 0))) & 0x0f);
    out[i] = static_cast<char>(nibble + (nibble > 9 ? 'a' - 10 : '0'));
  }
}

/// Two digits, or -1.
[[nodiscard]] constexpr int decode_2(const char* digits) noexcept {
  const int high = hex_digit_value(digits[0]);
  const int low = hex_digit_value(digits[1]);
  return (high | low) < 0 ? -1 : (high << 4) | low;
}

constexpr void store_little_endian(std::uint64_t word, std::uint8_t* out) noexcept {
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    __builtin_memcpy(out, &word, sizeof word);
    return;
  }
  for (unsigned i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

[[nodiscard]] constexpr std::uint64_t load_little_endian(const std::uint8_t* at) noexcept {
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
  }
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{at[i]} << (8 * i);
  return word;
}

}  // namespace waybill::inline v0::detail
