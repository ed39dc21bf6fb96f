#pragma once

#include <cstdint>

#include "waybill/detail/hex.hpp"

// Words of 64 bits are moved to and from vectors, which 32-bit x86 cannot do.
#if defined(__SSE2__) && defined(__x86_64__)
#define WAYBILL_HAS_WIDE_HEX 1
#include <emmintrin.h>
#else
#define WAYBILL_HAS_WIDE_HEX 0
#endif

namespace waybill::inline v0::detail {

#if WAYBILL_HAS_WIDE_HEX
/// Sixteen digits become the low bytes of eight words; a byte of `good` is cleared where there is
/// no digit.
[[nodiscard]] inline __m128i decode_16_wide(const char* digits, __m128i& good) noexcept {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(digits));
  const __m128i digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  const __m128i letter = _mm_sub_epi8(text, _mm_set1_epi8('a'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
  const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
  good = _mm_and_si128(good, _mm_or_si128(is_digit, is_letter));
  // The low half of '0' is 0 and that of 'a' is 1.
  const __m128i nibbles = _mm_add_epi8(_mm_and_si128(text, _mm_set1_epi8(0x0f)),
                                       _mm_and_si128(is_letter, _mm_set1_epi8(9)));
  return _mm_and_si128(_mm_or_si128(_mm_slli_epi16(nibbles, 4), _mm_srli_epi16(nibbles, 8)),
                       _mm_set1_epi16(0xff));
}

/// The same with vectors of sixteen bytes.
[[nodiscard]] inline hex_words decode_3x16_wide(const char* first, const char* second,
                                                const char* third) noexcept {
  __m128i good = _mm_set1_epi8(-1);
  const __m128i words[] = {decode_16_wide(first, good), decode_16_wide(second, good),
                           decode_16_wide(third, good)};
  const __m128i pair = _mm_packus_epi16(words[0], words[1]);
  const __m128i last = _mm_packus_epi16(words[2], words[2]);
  return {{static_cast<std::uint64_t>(_mm_cvtsi128_si64(pair)),
           static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(pair, pair))),
           static_cast<std::uint64_t>(_mm_cvtsi128_si64(last))},
          _mm_movemask_epi8(good) == 0xffff};
}

inline void encode_16_wide(std::uint64_t bytes, char* out) noexcept {
  const __m128i low_mask = _mm_set1_epi8(0x0f);
  const __m128i packed = _mm_cvtsi64_si128(static_cast<long long>(bytes));
  const __m128i high = _mm_and_si128(_mm_srli_epi16(packed, 4), low_mask);
  const __m128i nibbles = _mm_unpacklo_epi8(high, _mm_and_si128(packed, low_mask));
  const __m128i above_9 = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
  const __m128i text = _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')),
                                    _mm_and_si128(above_9, _mm_set1_epi8('a' - 10 - '0')));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), text);
}
#endif

/// Reads with vectors where the processor has them. Gives what decode_3x16 gives.
[[nodiscard]] inline hex_words decode_3x16_fast(const char* first, const char* second,
                                                const char* third) noexcept {
#if WAYBILL_HAS_WIDE_HEX
  return decode_3x16_wide(first, second, third);
#else
  return decode_3x16(first, second, third);
#endif
}

/// Writes with vectors where the processor has them. Gives what encode_16 gives.
inline void encode_16_fast(std::uint64_t bytes, char* out) noexcept {
#if WAYBILL_HAS_WIDE_HEX
  encode_16_wide(bytes, out);
#else
  encode_16(bytes, out);
#endif
}

}  // namespace waybill::inline v0::detail
