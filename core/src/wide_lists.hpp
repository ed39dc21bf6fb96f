#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "grammar.hpp"
#include "waybill/limits.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define WAYBILL_HAS_WIDE_LISTS 1
#include <tmmintrin.h>
#else
#define WAYBILL_HAS_WIDE_LISTS 0
#endif

#if WAYBILL_HAS_WIDE_LISTS

// A processor of this level (x86-64-v2, from about 2009 on) is asked for at run time.
#define WAYBILL_WIDE __attribute__((target("ssse3,popcnt")))

namespace waybill::inline v0::detail {

/// canonical.hpp's questions answered sixty-four characters at a time. Sixteen characters are
/// looked up in tables with one shuffle and become a bit each in a mask for each class; then the
/// grammar is checked with arithmetic on masks instead of a walk from character to character. An
/// addition is what finds the ends of all keys at once: a 1 at the first character of a run of
/// ones is carried to the place behind the run.

[[nodiscard]] inline bool can_use_wide_lists() noexcept {
  return __builtin_cpu_supports("ssse3") != 0 && __builtin_cpu_supports("popcnt") != 0;
}

/// A shorter text goes the portable way.
inline constexpr std::size_t wide_list_bytes_min = 16;

/// Which characters are in a class, in a form that two shuffles can ask: `of_low[l]` has the bit
/// h when the character 0xhl is in it. No class has characters beyond ASCII.
struct alignas(16) shuffle_table {
  std::array<char, 16> of_low{};
};

template <class InClass>
[[nodiscard]] constexpr shuffle_table make_shuffle_table(InClass in_class) noexcept {
  shuffle_table table;
  for (unsigned c = 0; c < 0x80; ++c) {
    if (!in_class(static_cast<char>(c))) continue;
    char& bits = table.of_low[c & 0x0f];
    bits = static_cast<char>(static_cast<unsigned char>(bits) | (1U << (c >> 4)));
  }
  return table;
}

/// Sixteen characters of a text, and what the tables say of them.
class sixteen {
 public:
  WAYBILL_WIDE explicit sixteen(const char* at) noexcept
      : text_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {
    // A character beyond ASCII finds no bit: its high half is 8 or more.
    const __m128i bit_of_high =
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, static_cast<char>(0x80), 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i high = _mm_and_si128(_mm_srli_epi16(text_, 4), _mm_set1_epi8(0x0f));
    high_ = _mm_shuffle_epi8(bit_of_high, high);
  }
  [[nodiscard]] WAYBILL_WIDE std::uint64_t equal(char c) const noexcept {
    return mask(_mm_cmpeq_epi8(text_, _mm_set1_epi8(c)));
  }
  [[nodiscard]] WAYBILL_WIDE __m128i outside(const shuffle_table& table) const noexcept {
    const __m128i of_low = _mm_load_si128(reinterpret_cast<const __m128i*>(table.of_low.data()));
    const __m128i found = _mm_and_si128(_mm_shuffle_epi8(of_low, text_), high_);
    return _mm_cmpeq_epi8(found, _mm_setzero_si128());
  }
  [[nodiscard]] WAYBILL_WIDE std::uint64_t inside(const shuffle_table& table) const noexcept {
    return mask(outside(table)) ^ 0xffff;
  }

 private:
  WAYBILL_WIDE static std::uint64_t mask(__m128i bytes) noexcept {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
  }
  __m128i text_;
  __m128i high_;
};

/// Shows a text to `Masks` in blocks of up to sixty-four characters. The last sixteen of a text
/// are read from its end, so that nothing beyond it is touched; what overlaps is shifted out.
template <class Masks>
[[nodiscard]] WAYBILL_WIDE inline Masks masks_of(std::string_view text, std::size_t begin,
                                                 __m128i& bad) noexcept {
  Masks masks;
  for (unsigned place = 0; place < 64 && begin < text.size(); place += 16, begin += 16) {
    if (text.size() - begin >= 16) {
      masks.add(sixteen(text.data() + begin), 0, place, bad);
    } else {
      const auto overlap = static_cast<unsigned>(16 - (text.size() - begin));
      masks.add(sixteen(text.data() + text.size() - 16), overlap, place, bad);
    }
  }
  return masks;
}

/// Adds with the carry of the block before, and leaves the carry for the next one.
[[nodiscard]] inline std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b,
                                                  std::uint64_t& carry) noexcept {
  std::uint64_t sum = 0;
  const bool first = __builtin_add_overflow(a, b, &sum);
  const bool second = __builtin_add_overflow(sum, carry, &sum);
  carry = first || second ? 1 : 0;
  return sum;
}

/// Moves a mask up by one character, with the last character of the block before.
[[nodiscard]] inline std::uint64_t shift_with_carry(std::uint64_t mask,
                                                    std::uint64_t& carry) noexcept {
  const std::uint64_t shifted = (mask << 1) | carry;
  carry = mask >> 63;
  return shifted;
}

struct baggage_masks {
  static constexpr shuffle_table in_key =
      make_shuffle_table([](char c) { return is_in(c, class_token); });
  static constexpr shuffle_table in_list = make_shuffle_table(
      [](char c) { return is_in(c, class_baggage_octet) || c == ',' || c == ';'; });

  std::uint64_t key = 0;
  std::uint64_t equals = 0;
  std::uint64_t comma = 0;
  std::uint64_t semicolon = 0;

  WAYBILL_WIDE void add(const sixteen& text, unsigned overlap, unsigned place,
                        __m128i& bad) noexcept {
    bad = _mm_or_si128(bad, text.outside(in_list));
    key |= (text.inside(in_key) >> overlap) << place;
    equals |= (text.equal('=') >> overlap) << place;
    comma |= (text.equal(',') >> overlap) << place;
    semicolon |= (text.equal(';') >> overlap) << place;
  }
};

/// See count_canonical_baggage_portable.
[[nodiscard]] WAYBILL_WIDE inline std::uint32_t count_canonical_baggage_wide(
    std::string_view text, std::uint32_t members_max) noexcept {
  __m128i bad = _mm_setzero_si128();
  std::uint64_t member_begins = 1;    // at the next character
  std::uint64_t property_begins = 0;  // likewise
  std::uint64_t in_member_key = 0;    // a key goes on in the next block
  std::uint64_t in_property_key = 0;
  std::uint64_t wrong = 0;
  std::uint64_t members = 1;
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const auto is = masks_of<baggage_masks>(text, at, bad);
    const std::uint64_t member_keys = shift_with_carry(is.comma, member_begins);
    const std::uint64_t property_keys = shift_with_carry(is.semicolon, property_begins);
    wrong |= (member_keys | property_keys) & ~is.key;  // an empty key
    const std::uint64_t member_ends =
        add_with_carry(is.key, member_keys & is.key, in_member_key) & ~is.key;
    const std::uint64_t property_ends =
        add_with_carry(is.key, property_keys & is.key, in_property_key) & ~is.key;
    // The place behind the text ends a property as well.
    const std::uint64_t behind =
        text.size() - at < 64 ? ~std::uint64_t{0} << (text.size() - at) : 0;
    wrong |= member_ends & ~is.equals;
    wrong |= property_ends & ~(is.equals | is.comma | is.semicolon | behind);
    members += static_cast<std::uint64_t>(__builtin_popcountll(is.comma));
  }
  wrong |= member_begins | property_begins | in_member_key;
  const bool is_good = wrong == 0 && _mm_movemask_epi8(bad) == 0 && members <= members_max;
  return is_good ? static_cast<std::uint32_t>(members) : 0;
}

struct tracestate_masks {
  static constexpr shuffle_table in_key =
      make_shuffle_table([](char c) { return is_in(c, class_tracestate_key); });
  static constexpr shuffle_table begins_key =
      make_shuffle_table([](char c) { return is_in(c, class_key_begin); });
  static constexpr shuffle_table in_list =
      make_shuffle_table([](char c) { return is_in(c, class_printable); });

  std::uint64_t key = 0;
  std::uint64_t key_begin = 0;
  std::uint64_t equals = 0;
  std::uint64_t comma = 0;
  std::uint64_t space = 0;

  WAYBILL_WIDE void add(const sixteen& text, unsigned overlap, unsigned place,
                        __m128i& bad) noexcept {
    bad = _mm_or_si128(bad, text.outside(in_list));
    key |= (text.inside(in_key) >> overlap) << place;
    key_begin |= (text.inside(begins_key) >> overlap) << place;
    equals |= (text.equal('=') >> overlap) << place;
    comma |= (text.equal(',') >> overlap) << place;
    space |= (text.equal(' ') >> overlap) << place;
  }
};

/// The longest keys and values between the separators of a list whose members are all key=value.
class longest_parts {
 public:
  void add(const tracestate_masks& is, std::size_t begin) noexcept {
    for (std::uint64_t left = is.equals | is.comma; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(__builtin_ctzll(left));
      const bool ends_key = ((is.equals >> bit) & 1) != 0;
      end_part(begin + bit, ends_key);
    }
  }
  void end_part(std::size_t at, bool ends_key) noexcept {
    std::size_t& longest = ends_key ? key_ : value_;
    if (at - from_ > longest) longest = at - from_;
    from_ = at + 1;
  }
  [[nodiscard]] bool is_within_limits() const noexcept {
    return key_ <= tracestate_key_bytes_max && value_ <= tracestate_value_bytes_max;
  }

 private:
  std::size_t from_ = 0;
  std::size_t key_ = 0;
  std::size_t value_ = 0;
};

/// See is_canonical_tracestate_portable.
[[nodiscard]] WAYBILL_WIDE inline bool is_canonical_tracestate_wide(
    std::string_view text) noexcept {
  const bool may_be_too_long = text.size() > tracestate_key_bytes_max;
  static_assert(tracestate_key_bytes_max <= tracestate_value_bytes_max);
  __m128i bad = _mm_setzero_si128();
  std::uint64_t member_begins = 1;  // at the next character
  std::uint64_t value_begins = 0;   // likewise
  std::uint64_t after_space = 0;
  std::uint64_t in_key = 0;  // a key goes on in the next block
  std::uint64_t wrong = 0;
  std::uint64_t members = 1;
  longest_parts longest;
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const auto is = masks_of<tracestate_masks>(text, at, bad);
    const std::uint64_t keys = shift_with_carry(is.comma, member_begins);
    wrong |= keys & ~is.key_begin;
    // Every key ends at a "=", and no "=" is anywhere else.
    wrong |= (add_with_carry(is.key, keys & is.key, in_key) & ~is.key) ^ is.equals;
    const std::uint64_t behind =
        text.size() - at < 64 ? ~std::uint64_t{0} << (text.size() - at) : 0;
    wrong |= shift_with_carry(is.equals, value_begins) & (is.comma | behind);  // an empty value
    wrong |= shift_with_carry(is.space, after_space) & (is.comma | behind);
    members += static_cast<std::uint64_t>(__builtin_popcountll(is.comma));
    if (may_be_too_long) longest.add(is, at);
  }
  if (may_be_too_long) longest.end_part(text.size(), false);
  wrong |= member_begins | value_begins | after_space | in_key;
  return wrong == 0 && _mm_movemask_epi8(bad) == 0 && members <= tracestate_members_max &&
         longest.is_within_limits();
}

}  // namespace waybill::inline v0::detail

#undef WAYBILL_WIDE
#endif
