#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "grammar.hpp"
#include "waybill/limits.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace waybill::inline v0::detail {

/// Sixteen characters of a list: bit i is set where character i may end a key, or ends a value.
/// A key's bits may stand at characters that are good in a key (their class is asked then), a
/// value's may not.
struct stops {
  std::uint32_t key = 0;
  std::uint32_t value = 0;
};

/// The two lists: which characters a key and a value may have, and sixteen of them looked at with
/// one vector. Both ways must answer alike.
struct baggage_grammar {
  static constexpr char_class key_class = class_token;
  static constexpr char_class value_class = class_baggage_octet;
#if defined(__SSE2__)
  static stops classify(__m128i text) noexcept;
#endif
};
struct tracestate_grammar {
  static constexpr char_class key_class = class_tracestate_key;
  static constexpr char_class value_class = class_tracestate_value;
#if defined(__SSE2__)
  static stops classify(__m128i text) noexcept;
#endif
};

#if defined(__SSE2__)
namespace sse2 {

inline __m128i is(__m128i text, char c) noexcept { return _mm_cmpeq_epi8(text, _mm_set1_epi8(c)); }

inline __m128i is_between(__m128i text, char first, char last) noexcept {
  const __m128i distance = _mm_sub_epi8(text, _mm_set1_epi8(first));
  const __m128i range = _mm_set1_epi8(static_cast<char>(last - first));
  return _mm_cmpeq_epi8(_mm_min_epu8(distance, range), distance);
}

inline __m128i either(__m128i a, __m128i b) noexcept { return _mm_or_si128(a, b); }

inline std::uint32_t mask(__m128i is_set) noexcept {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(is_set));
}

inline std::uint32_t inverse_mask(__m128i is_set) noexcept { return mask(is_set) ^ 0xffffU; }

}  // namespace sse2

inline stops baggage_grammar::classify(__m128i text) noexcept {
  using namespace sse2;  // NOLINT(google-build-using-namespace): a dozen names of one purpose
  // The letters, digits and marks that keys are made of in practice; the rest asks the table.
  const __m128i letter = is_between(_mm_or_si128(text, _mm_set1_epi8(0x20)), 'a', 'z');
  const __m128i good_in_key = either(either(letter, is_between(text, '0', '9')),
                                     either(is_between(text, '-', '.'), is(text, '_')));
  const __m128i visible = is_between(text, 0x21, 0x7e);
  const __m128i excluded =
      either(either(is(text, '"'), is(text, ',')), either(is(text, ';'), is(text, '\\')));
  return {inverse_mask(good_in_key), inverse_mask(visible) | mask(excluded)};
}

inline stops tracestate_grammar::classify(__m128i text) noexcept {
  using namespace sse2;  // NOLINT(google-build-using-namespace)
  const __m128i good_in_key = either(either(is_between(text, 'a', 'z'), is_between(text, '0', '9')),
                                     either(is(text, '-'), is(text, '_')));
  const __m128i printable = is_between(text, 0x20, 0x7e);
  const __m128i excluded = either(is(text, ','), is(text, '='));
  return {inverse_mask(good_in_key), inverse_mask(printable) | mask(excluded)};
}
#endif

/// Finds where keys and values of a list end, character by character.
template <class Grammar>
class portable_scanner {
 public:
  explicit portable_scanner(std::string_view text) noexcept : text_(text) {}
  /// The index of the first character at or behind `at` that cannot be in a key, or the size.
  [[nodiscard]] std::size_t end_of_key(std::size_t at) noexcept {
    return skip(text_, at, Grammar::key_class);
  }
  [[nodiscard]] std::size_t end_of_value(std::size_t at) noexcept {
    return skip(text_, at, Grammar::value_class);
  }

 private:
  std::string_view text_;
};

#if defined(__SSE2__)
/// The same, sixteen characters at a time. Goes forward: `at` is never smaller than before.
template <class Grammar>
class wide_scanner {
 public:
  explicit wide_scanner(std::string_view text) noexcept : text_(text) {}
  [[nodiscard]] std::size_t end_of_key(std::size_t at) noexcept {
    for (;;) {
      at = next_stop(at, &stops::key);
      if (at == text_.size() || !is_in(text_[at], Grammar::key_class)) return at;
      ++at;
    }
  }
  [[nodiscard]] std::size_t end_of_value(std::size_t at) noexcept {
    return next_stop(at, &stops::value);
  }

 private:
  static constexpr std::size_t block_bytes = sizeof(__m128i);

  std::size_t next_stop(std::size_t at, std::uint32_t stops::*which) noexcept {
    while (at < text_.size()) {
      if (at >= block_end_) load(at);
      const std::uint32_t left = stops_.*which >> (at - (block_end_ - block_bytes));
      if (left != 0) return at + static_cast<std::size_t>(std::countr_zero(left));
      at = block_end_;
    }
    return text_.size();
  }

  /// Looks at the block that holds `at`. The last block of a text begins before its place, so
  /// that nothing is read beyond the end; a text shorter than a block goes the portable way.
  void load(std::size_t at) noexcept {
    const std::size_t begin = at - at % block_bytes;
    block_end_ = begin + block_bytes;
    if (text_.size() >= block_end_) {
      stops_ = Grammar::classify(block_at(begin));
    } else if (text_.size() >= block_bytes) {
      const auto before = static_cast<unsigned>(block_end_ - text_.size());
      const stops whole = Grammar::classify(block_at(text_.size() - block_bytes));
      // What is behind the end counts as a stop, as it would be if it were NUL.
      const std::uint32_t behind = 0xffffU << (block_bytes - before);
      stops_ = {(whole.key >> before) | behind, (whole.value >> before) | behind};
    } else {
      stops_ = {};
      for (std::size_t i = 0; i < block_bytes; ++i) {
        const bool is_inside = i < text_.size();
        const std::uint32_t bit = std::uint32_t{1} << i;
        if (!is_inside || !is_in(text_[i], Grammar::key_class)) stops_.key |= bit;
        if (!is_inside || !is_in(text_[i], Grammar::value_class)) stops_.value |= bit;
      }
    }
  }

  [[nodiscard]] __m128i block_at(std::size_t begin) const noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + begin));
  }

  std::string_view text_;
  std::size_t block_end_ = 0;
  stops stops_;
};

template <class Grammar>
using scanner = wide_scanner<Grammar>;
#else
template <class Grammar>
using scanner = portable_scanner<Grammar>;
#endif

/// Walks one canonical baggage member; npos when the text at `at` is none.
template <class Scanner>
[[nodiscard]] std::size_t skip_canonical_member(std::string_view text, Scanner& scan,
                                                std::size_t at) noexcept {
  std::size_t end = scan.end_of_key(at);
  if (end == at || end == text.size() || text[end] != '=') return std::string_view::npos;
  at = scan.end_of_value(end + 1);
  while (at < text.size() && text[at] == ';') {
    end = scan.end_of_key(at + 1);
    if (end == at + 1) return std::string_view::npos;
    at = end < text.size() && text[end] == '=' ? scan.end_of_value(end + 1) : end;
  }
  return at;
}

/// How many members baggage has that is as it is written; 0 when it is not, or has more than
/// `members_max`.
template <class Scanner>
[[nodiscard]] std::uint32_t count_canonical_baggage(std::string_view text,
                                                    std::uint32_t members_max) noexcept {
  Scanner scan(text);
  std::size_t at = 0;
  for (std::uint32_t members = 1; members <= members_max; ++members) {
    at = skip_canonical_member(text, scan, at);
    if (at == std::string_view::npos) return 0;
    if (at == text.size()) return members;
    if (text[at] != ',') return 0;
    ++at;
  }
  return 0;
}

/// Whether a text is a tracestate as it is written.
template <class Scanner>
[[nodiscard]] bool is_canonical_tracestate_by(std::string_view text) noexcept {
  Scanner scan(text);
  std::size_t at = 0;
  for (std::uint32_t members = 1; members <= tracestate_members_max; ++members) {
    if (at >= text.size() || !is_in(text[at], class_key_begin)) return false;
    const std::size_t equals = scan.end_of_key(at);
    if (equals - at > tracestate_key_bytes_max || equals >= text.size() || text[equals] != '=') {
      return false;
    }
    const std::size_t end = scan.end_of_value(equals + 1);
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
