#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <type_traits>

#include "waybill/config.hpp"
#include "waybill/detail/hex.hpp"
#include "waybill/result.hpp"

namespace waybill::inline v0 {

class span_context;

namespace detail {
template <class Decode>
constexpr errc parse_traceparent(std::string_view text, Decode decode, span_context& out) noexcept;
WAYBILL_API errc parse_traceparent_fast(std::string_view text, span_context& out) noexcept;
WAYBILL_API void encode_fast(const std::uint8_t* bytes, std::size_t size, char* out) noexcept;
}  // namespace detail

/// The hexadecimal digits of an id. Owns its text, so it may be used as a temporary:
/// `printf("%s", id.hex().c_str())`.
/// @par Shape   `Digits` lower-case digits, followed by a NUL.
template <std::size_t Digits>
class hex_text {
 public:
  /// Writes `Digits / 2` bytes as digits.
  explicit constexpr hex_text(const std::array<std::uint8_t, Digits / 2>& bytes) noexcept {
    if (!std::is_constant_evaluated()) {
      detail::encode_fast(bytes.data(), bytes.size(), digits_.data());
      return;
    }
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      detail::encode_16(detail::load_little_endian(bytes.data() + i), digits_.data() + 2 * i);
    }
  }

  /// The digits, with and without the NUL that follows them.
  /// @{
  [[nodiscard]] constexpr const char* c_str() const noexcept { return digits_.data(); }
  [[nodiscard]] constexpr const char* data() const noexcept { return digits_.data(); }
  [[nodiscard]] static constexpr std::size_t size() noexcept { return Digits; }
  // NOLINTNEXTLINE(*-explicit-*): it stands for its text
  constexpr operator std::string_view() const noexcept { return {digits_.data(), Digits}; }
  /// @}

  friend constexpr bool operator==(const hex_text& a, std::string_view b) noexcept {
    return std::string_view(a) == b;
  }
  friend constexpr bool operator==(const hex_text&, const hex_text&) noexcept = default;
  /// Writes the digits to a stream.
  template <class Traits>
  friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                                      const hex_text& text) {
    return out << std::string_view(text);
  }

 private:
  std::array<char, Digits + 1> digits_{};
};

/// Identifies a trace: 16 bytes in the order they are written. All zeros means none.
struct trace_id {
  std::array<std::uint8_t, 16> bytes{};  ///< The first one is written first.

  /// Whether a byte is not zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return (detail::load_little_endian(bytes.data()) |
            detail::load_little_endian(bytes.data() + 8)) != 0;
  }
  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] constexpr hex_text<32> hex() const noexcept { return hex_text<32>(bytes); }
  friend constexpr bool operator==(const trace_id&, const trace_id&) noexcept = default;
};

/// Identifies a span within its trace: 8 bytes in the order they are written. All zeros: none.
struct span_id {
  std::array<std::uint8_t, 8> bytes{};  ///< The first one is written first.

  /// Whether a byte is not zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return detail::load_little_endian(bytes.data()) != 0;
  }
  /// 16 lower-case hexadecimal digits.
  [[nodiscard]] constexpr hex_text<16> hex() const noexcept { return hex_text<16>(bytes); }
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

/// Whether a new trace says that its id is random (W3C's random flag). Several readers of before
/// 2026 drop a traceparent with that flag, so it is off unless an application asks for it.
enum class random_flag : std::uint8_t { off, on };

/// The place of a span: trace id, span id, flags. Trivially copyable, 32 bytes.
/// @par Threads   a value; const members may be called from any thread.
class alignas(8) span_context {  // copied by whole words
 public:
  /// No trace: is_valid() is false.
  constexpr span_context() noexcept = default;
  /// Bits of `flags` beyond flags_known are dropped; the sampling state follows the sampled bit.
  constexpr span_context(const waybill::trace_id& trace, const waybill::span_id& span,
                         std::uint8_t flags, bool remote = false) noexcept
      : trace_id_(trace),
        span_id_(span),
        flags_(flags & flags_known),
        sampling_((flags & flag_sampled) != 0 ? sampling_state::accept : sampling_state::deny),
        remote_(remote) {}

  /// A new trace: 16 random bytes and a random span id. The flags are 01 or 00; with
  /// random_flag::on they are 03 or 02.
  /// @par Cost      about 10 ns; the first call on a thread asks the operating system for a seed.
  /// @par Threads   any; each has a generator of its own, seeded again after fork().
  [[nodiscard]] WAYBILL_API static span_context new_root(
      bool sampled, random_flag random = random_flag::off) noexcept;
  /// A new span of the same trace: flags and sampling as here, not remote.
  /// Of an invalid span context: an invalid one.
  [[nodiscard]] WAYBILL_API span_context new_child() const noexcept;

  /// The parts it was made of.
  /// @{
  [[nodiscard]] constexpr const waybill::trace_id& trace_id() const& noexcept { return trace_id_; }
  [[nodiscard]] constexpr waybill::trace_id trace_id() const&& noexcept { return trace_id_; }
  [[nodiscard]] constexpr const waybill::span_id& span_id() const& noexcept { return span_id_; }
  [[nodiscard]] constexpr waybill::span_id span_id() const&& noexcept { return span_id_; }
  [[nodiscard]] constexpr std::uint8_t flags() const noexcept { return flags_; }
  [[nodiscard]] constexpr sampling_state sampling() const noexcept { return sampling_; }
  /// @}
  /// Whether neither id is zero.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return trace_id_.is_valid() && span_id_.is_valid();
  }
  /// Whether the flag is set.
  /// @{
  [[nodiscard]] constexpr bool is_sampled() const noexcept { return (flags_ & flag_sampled) != 0; }
  [[nodiscard]] constexpr bool is_random() const noexcept { return (flags_ & flag_random) != 0; }
  /// @}
  /// True when it was read from a carrier, false for what this process made.
  [[nodiscard]] constexpr bool is_remote() const noexcept { return remote_; }

  /// The same span context with another decision; the sampled bit follows (accept and debug set
  /// it).
  [[nodiscard]] constexpr span_context with_sampling(sampling_state state) const noexcept {
    span_context changed = *this;
    const bool sampled = state == sampling_state::accept || state == sampling_state::debug;
    changed.flags_ =
        static_cast<std::uint8_t>((flags_ & flag_random) | (sampled ? flag_sampled : 0));
    changed.sampling_ = state;
    return changed;
  }

  /// Equal ids, flags and sampling; whether it is remote does not matter.
  friend constexpr bool operator==(const span_context& a, const span_context& b) noexcept {
    return a.trace_id_ == b.trace_id_ && a.span_id_ == b.span_id_ && a.flags_ == b.flags_ &&
           a.sampling_ == b.sampling_;
  }

 private:
  template <class Decode>
  friend constexpr errc detail::parse_traceparent(std::string_view text, Decode decode,
                                                  span_context& out) noexcept;

  waybill::trace_id trace_id_;
  waybill::span_id span_id_;
  std::uint8_t flags_ = 0;
  sampling_state sampling_ = sampling_state::defer;
  bool remote_ = false;
  // Named, so that a copy is two wide moves and not two that overlap.
  [[maybe_unused]] std::array<std::uint8_t, 5> unused_{};
};

/// Length of a traceparent of version 00, in bytes.
inline constexpr std::size_t traceparent_bytes = 55;

namespace detail {
/// What waybill::parse_traceparent is made of; `out` is set only when the answer is ok. `decode`
/// reads the digits of the ids as decode_3x16 does.
template <class Decode>
[[nodiscard]] constexpr errc parse_traceparent(std::string_view text, Decode decode,
                                               span_context& out) noexcept {
  if (text.size() < traceparent_bytes) return errc::malformed;
  const char* at = text.data();
  const hex_words ids = decode(at + 3, at + 19, at + 36);
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
  // To its place at once: a copy right after such stores would wait for them.
  store_little_endian(ids.bytes[0], out.trace_id_.bytes.data());
  store_little_endian(ids.bytes[1], out.trace_id_.bytes.data() + 8);
  store_little_endian(ids.bytes[2], out.span_id_.bytes.data());
  out.flags_ = static_cast<std::uint8_t>(flags & flags_known);
  out.sampling_ = (flags & flag_sampled) != 0 ? sampling_state::accept : sampling_state::deny;
  out.remote_ = true;
  return errc::ok;
}
}  // namespace detail

/// Parses one W3C `traceparent` value.
/// @par Input    exactly 55 bytes for version 00; for 01 to fe 55 bytes, or more with "-" as the
///               56th. No white space around it.
/// @par Output   a remote span_context; flags beyond 0x03 are dropped.
/// @par Errors   malformed, forbidden_version (ff), zero_id. Never throws.
/// @par Cost     O(1), reads at most 56 bytes, no allocation, usable in constant expressions.
/// @par Spec     W3C Trace Context Level 2, "traceparent Header Field Values" and "Versioning of
///               traceparent". Deviations: none.
/// @par BNF      traceparent = 2HEXDIGLC "-" 32HEXDIGLC "-" 16HEXDIGLC "-" 2HEXDIGLC
[[nodiscard]] constexpr result<span_context> parse_traceparent(std::string_view text) noexcept {
  span_context read;
  errc code = errc::ok;
  if (std::is_constant_evaluated()) {
    code = detail::parse_traceparent(text, &detail::decode_3x16, read);
  } else {
    code = detail::parse_traceparent_fast(text, read);
  }
  if (code != errc::ok) return code;
  return read;
}

/// Writes the 55 bytes of a version 00 traceparent, not NUL-terminated.
/// @par Cost   O(1), no allocation, usable in constant expressions.
[[nodiscard]] constexpr std::array<char, traceparent_bytes> to_traceparent(
    const span_context& written) noexcept {
  std::array<char, traceparent_bytes> text{};
  char* out = text.data();
  const auto encode = [](const auto& bytes, char* to) {
    const hex_text<2 * std::tuple_size_v<std::remove_cvref_t<decltype(bytes)>>> digits(bytes);
    for (std::size_t i = 0; i < digits.size(); ++i) to[i] = digits.data()[i];
  };
  out[0] = '0';
  out[1] = '0';
  out[2] = '-';
  encode(written.trace_id().bytes, out + 3);
  out[35] = '-';
  encode(written.span_id().bytes, out + 36);
  out[52] = '-';
  // Only the two lowest bits are ever set.
  out[53] = '0';
  out[54] = static_cast<char>('0' + written.flags());
  return text;
}
static_assert(flags_known < 10, "to_traceparent writes the flags as one digit");

}  // namespace waybill::inline v0
