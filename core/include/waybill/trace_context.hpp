#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/detail/hex.hpp"
#include "waybill/result.hpp"

namespace waybill::inline v0 {

class trace_context;

namespace detail {
constexpr errc parse_traceparent(std::string_view text, trace_context& out) noexcept;
}  // namespace detail

/// Identifies a trace: 16 bytes in the order they are written. All zeros means none.
struct trace_id {
  std::array<std::uint8_t, 16> bytes{};  ///< The first one is written first.

  /// Whether a byte is not zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return (detail::load_little_endian(bytes.data()) |
            detail::load_little_endian(bytes.data() + 8)) != 0;
  }
  /// 32 lower-case hexadecimal digits, not NUL-terminated.
  [[nodiscard]] constexpr std::array<char, 32> to_hex() const noexcept {
    return detail::to_hex(bytes);
  }
  friend constexpr bool operator==(const trace_id&, const trace_id&) noexcept = default;
};

/// Identifies a span within its trace: 8 bytes in the order they are written. All zeros: none.
struct span_id {
  std::array<std::uint8_t, 8> bytes{};  ///< The first one is written first.

  /// Whether a byte is not zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return detail::load_little_endian(bytes.data()) != 0;
  }
  /// 16 lower-case hexadecimal digits, not NUL-terminated.
  [[nodiscard]] constexpr std::array<char, 16> to_hex() const noexcept {
    return detail::to_hex(bytes);
  }
  friend constexpr bool operator==(const span_id&, const span_id&) noexcept = default;
};

/// Bits of trace-flags. Test bits, never compare the byte.
/// @par Spec   W3C Trace Context Level 2, "trace-flags".
/// @{
inline constexpr std::uint8_t flag_sampled = 0x01;
inline constexpr std::uint8_t flag_random = 0x02;
/// @}
/// Every bit the specification gives a meaning to; others are read over and never written.
inline constexpr std::uint8_t flags_known = flag_sampled | flag_random;

/// What the sender decided about sampling. W3C knows deny and accept; B3 knows all four.
enum class sampling_state : std::uint8_t { defer = 0, deny = 1, accept = 2, debug = 3 };

/// One position in a trace: trace id, span id, flags. Trivially copyable, 32 bytes.
/// @par Threads   a value; const members may be called from any thread.
class alignas(8) trace_context {  // copied by whole words
 public:
  /// No trace: is_valid() is false.
  constexpr trace_context() noexcept = default;
  /// Bits of `flags` beyond flags_known are dropped; the sampling state follows the sampled bit.
  constexpr trace_context(const trace_id& trace, const span_id& span, std::uint8_t flags,
                          bool remote = false) noexcept
      : trace_(trace),
        span_(span),
        flags_(flags & flags_known),
        sampling_((flags & flag_sampled) != 0 ? sampling_state::accept : sampling_state::deny),
        remote_(remote) {}

  /// A new trace: 16 random bytes, a random span id, the random bit set.
  /// @par Cost      about 10 ns; the first call on a thread asks the operating system for a seed.
  /// @par Threads   any; each has a generator of its own, seeded again after fork().
  [[nodiscard]] WAYBILL_API static trace_context new_root(bool sampled) noexcept;
  /// A new span of the same trace: flags and sampling as here, not remote.
  /// Of an invalid context: an invalid one.
  [[nodiscard]] WAYBILL_API trace_context new_child() const noexcept;

  /// The parts it was made of.
  /// @{
  [[nodiscard]] constexpr const trace_id& trace() const noexcept { return trace_; }
  [[nodiscard]] constexpr const span_id& span() const noexcept { return span_; }
  [[nodiscard]] constexpr std::uint8_t flags() const noexcept { return flags_; }
  [[nodiscard]] constexpr sampling_state sampling() const noexcept { return sampling_; }
  /// @}
  /// Whether neither id is zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return trace_.is_valid() && span_.is_valid();
  }
  /// Whether the flag is set.
  /// @{
  [[nodiscard]] constexpr bool is_sampled() const noexcept { return (flags_ & flag_sampled) != 0; }
  [[nodiscard]] constexpr bool is_random() const noexcept { return (flags_ & flag_random) != 0; }
  /// @}
  /// True when it was read from a carrier, false for what this process made.
  [[nodiscard]] constexpr bool is_remote() const noexcept { return remote_; }

  /// The same position with another decision; the sampled bit follows (accept and debug set it).
  [[nodiscard]] constexpr trace_context with_sampling(sampling_state state) const noexcept {
    trace_context changed = *this;
    const bool sampled = state == sampling_state::accept || state == sampling_state::debug;
    changed.flags_ =
        static_cast<std::uint8_t>((flags_ & flag_random) | (sampled ? flag_sampled : 0));
    changed.sampling_ = state;
    return changed;
  }

  /// Equal ids, flags and sampling; whether it is remote does not matter.
  friend constexpr bool operator==(const trace_context& a, const trace_context& b) noexcept {
    return a.trace_ == b.trace_ && a.span_ == b.span_ && a.flags_ == b.flags_ &&
           a.sampling_ == b.sampling_;
  }

 private:
  friend constexpr errc detail::parse_traceparent(std::string_view text,
                                                  trace_context& out) noexcept;

  trace_id trace_;
  span_id span_;
  std::uint8_t flags_ = 0;
  sampling_state sampling_ = sampling_state::defer;
  bool remote_ = false;
  // Named, so that a copy is two wide moves and not two that overlap.
  [[maybe_unused]] std::array<std::uint8_t, 5> unused_{};
};

/// Length of a traceparent of version 00, in bytes.
inline constexpr std::size_t traceparent_bytes = 55;

namespace detail {
/// What waybill::parse_traceparent is made of; `out` is set only when the answer is ok.
[[nodiscard]] constexpr errc parse_traceparent(std::string_view text, trace_context& out) noexcept {
  if (text.size() < traceparent_bytes) return errc::malformed;
  const char* at = text.data();
  const hex_words ids = decode_3x16(at + 3, at + 19, at + 36);
  const bool has_dashes = at[2] == '-' && at[35] == '-' && at[52] == '-';
  const int version = at[0] == '0' && at[1] == '0' ? 0 : decode_2(at);
  const int flags =
      at[53] == '0' && at[54] >= '0' && at[54] <= '9' ? at[54] - '0' : decode_2(at + 53);
  if ((version | flags) < 0 || !has_dashes || !ids.is_good) return errc::malformed;
  if (version == 0xff) return errc::forbidden_version;
  if (text.size() > traceparent_bytes && (version == 0 || at[traceparent_bytes] != '-')) {
    return errc::malformed;
  }
  if ((ids.bytes[0] | ids.bytes[1]) == 0 || ids.bytes[2] == 0) return errc::zero_id;
  // To its place at once: a copy right behind such stores would wait for them.
  store_little_endian(ids.bytes[0], out.trace_.bytes.data());
  store_little_endian(ids.bytes[1], out.trace_.bytes.data() + 8);
  store_little_endian(ids.bytes[2], out.span_.bytes.data());
  out.flags_ = static_cast<std::uint8_t>(flags & flags_known);
  out.sampling_ = (flags & flag_sampled) != 0 ? sampling_state::accept : sampling_state::deny;
  out.remote_ = true;
  return errc::ok;
}
}  // namespace detail

/// Parses one W3C `traceparent` value.
/// @par Input    exactly 55 bytes for version 00; for 01 to fe 55 bytes, or more with "-" as the
///               56th. No white space around it.
/// @par Output   a remote trace_context; flags beyond 0x03 are dropped.
/// @par Errors   malformed, forbidden_version (ff), zero_id. Never throws.
/// @par Cost     O(1), reads at most 56 bytes, no allocation, usable in constant expressions.
/// @par Spec     W3C Trace Context Level 2, "traceparent Header Field Values" and "Versioning of
///               traceparent". Deviations: none.
/// @par BNF      traceparent = 2HEXDIGLC "-" 32HEXDIGLC "-" 16HEXDIGLC "-" 2HEXDIGLC
[[nodiscard]] constexpr result<trace_context> parse_traceparent(std::string_view text) noexcept {
  trace_context context;
  const errc code = detail::parse_traceparent(text, context);
  if (code != errc::ok) return code;
  return context;
}

/// Writes the 55 bytes of a version 00 traceparent, not NUL-terminated.
/// @par Cost   O(1), no allocation, usable in constant expressions.
[[nodiscard]] constexpr std::array<char, traceparent_bytes> to_traceparent(
    const trace_context& context) noexcept {
  std::array<char, traceparent_bytes> text{};
  char* out = text.data();
  out[0] = '0';
  out[1] = '0';
  out[2] = '-';
  detail::encode_16(detail::load_little_endian(context.trace().bytes.data()), out + 3);
  detail::encode_16(detail::load_little_endian(context.trace().bytes.data() + 8), out + 19);
  out[35] = '-';
  detail::encode_16(detail::load_little_endian(context.span().bytes.data()), out + 36);
  out[52] = '-';
  // Only the two lowest bits are ever set.
  out[53] = '0';
  out[54] = static_cast<char>('0' + context.flags());
  return text;
}
static_assert(flags_known < 10, "to_traceparent writes the flags as one digit");

}  // namespace waybill::inline v0
