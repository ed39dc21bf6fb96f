#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/result.hpp"

namespace waybill::inline v0 {

// docs/envelope.md describes the frame byte by byte:
//
//   magic (4) | version (1) | bytes of the block (2) | block | CRC-32C (4) | payload as it was
//   block = pairs of: bytes of the name (1) | name | bytes of the value (2) | value
//
// The checksum is of everything between the magic and itself. Numbers are big endian.

/// How a frame begins. 0xfe begins no UTF-8 text, and no protobuf, CBOR, gzip or zstd either.
inline constexpr std::string_view frame_magic = "\xfewbl";
/// The only version there is.
inline constexpr std::uint8_t frame_version = 1;
/// What a frame adds to its block.
inline constexpr std::size_t frame_overhead_bytes = 11;
/// What a pair adds to its name and its value.
inline constexpr std::size_t frame_pair_overhead_bytes = 3;
/// The largest number that fits into the two bytes of the block's size.
inline constexpr std::size_t frame_block_bytes_max = 65'535;
/// The largest number that fits into the byte of a name's size.
inline constexpr std::size_t frame_name_bytes_max = 255;

/// Whether a payload begins as a frame does: such a one is always wrapped before it is sent.
[[nodiscard]] constexpr bool looks_like_frame(std::string_view payload) noexcept {
  return payload.substr(0, frame_magic.size()) == frame_magic;
}

/// A frame that was received: its pairs, which are a carrier, and the payload behind them.
/// @par Lifetime   as long as the bytes that were parsed.
class frame_view {
 public:
  /// Of nothing.
  constexpr frame_view() noexcept = default;

  /// The payload as it was before it was wrapped: a part of the bytes that were parsed.
  [[nodiscard]] std::string_view payload() const noexcept { return payload_; }
  /// The pairs as bytes.
  [[nodiscard]] std::string_view block() const noexcept { return block_; }
  /// Calls `visit(name, value)` for each pair in order.
  template <class F>
  void for_each(F&& visit) const {
    // The sizes were checked when the frame was parsed.
    const auto number = [this](std::size_t at) { return static_cast<unsigned char>(block_[at]); };
    for (std::size_t at = 0; at < block_.size();) {
      const std::size_t name_bytes = number(at);
      const std::size_t size_at = at + 1 + name_bytes;
      const std::size_t value_bytes = number(size_at) * std::size_t{256} + number(size_at + 1);
      visit(block_.substr(at + 1, name_bytes), block_.substr(size_at + 2, value_bytes));
      at = size_at + 2 + value_bytes;
    }
  }
  /// As on brokers: the last value counts, the lower-case name is preferred.
  [[nodiscard]] static constexpr carrier_rules rules() noexcept { return broker_rules; }

 private:
  friend class frame_header;
  friend WAYBILL_API result<frame_view> parse_frame(std::string_view received,
                                                    std::size_t block_bytes_max) noexcept;
  constexpr frame_view(std::string_view block, std::string_view payload) noexcept
      : block_(block), payload_(payload) {}

  std::string_view block_;
  std::string_view payload_;
};
/// It is a view itself.
template <>
inline constexpr bool is_borrowed_carrier<frame_view> = true;

/// Reads the frame that a payload may begin with.
/// @par Errors   absent: the payload does not begin with the magic, and is none. unknown_version,
///               too_large (a block over `block_bytes_max`), bad_checksum, malformed (cut off, or
///               pairs that do not fill the block): it begins like one, and is none. Never throws.
/// @par Cost     grows with the block and never with the payload; without the magic four bytes
///               are looked at. No allocation.
[[nodiscard]] WAYBILL_API result<frame_view> parse_frame(
    std::string_view received, std::size_t block_bytes_max = frame_block_bytes_max) noexcept;

/// What goes in front of a payload: a carrier that keeps its pairs as bytes of a frame. What is
/// given to set and erase must not be a part of the header itself.
/// @par Cost     no allocation up to inline_bytes_max; set and erase look at every pair.
/// @par Errors   nothing throws; error() says what was left out.
class WAYBILL_API frame_header {
 public:
  /// Bytes of a whole header that need no memory of their own; usual contexts are below it.
  static constexpr std::size_t inline_bytes_max = 512;

  /// `block_bytes_max` is at most frame_block_bytes_max; a larger one counts as that.
  explicit frame_header(std::size_t block_bytes_max = frame_block_bytes_max) noexcept;
  /// Leaves `other` without pairs.
  /// @{
  frame_header(frame_header&& other) noexcept;
  frame_header& operator=(frame_header&& other) noexcept;
  /// @}
  ~frame_header() = default;

  /// Replaces every pair of this name, in any spelling, by one at the end. A name that is empty or
  /// over frame_name_bytes_max, and a pair that does not fit any more, is left out.
  void set(std::string_view name, std::string_view value) noexcept;
  /// Takes every pair of this name, in any spelling, away.
  void erase(std::string_view name) noexcept;
  /// Calls `visit(name, value)` for each pair in order.
  template <class F>
  void for_each(F&& visit) const {
    pairs().for_each(visit);
  }
  /// As of frame_view.
  [[nodiscard]] static constexpr carrier_rules rules() noexcept { return broker_rules; }

  /// Whether there is no pair.
  [[nodiscard]] bool is_empty() const noexcept { return size_ == prefix_bytes; }
  /// Why a pair was left out: invalid_key, dropped_for_size or no_memory; ok while none was.
  [[nodiscard]] errc error() const noexcept { return error_; }
  /// The header from the magic to the checksum, for this state of the pairs.
  /// @par Lifetime   until the next change.
  [[nodiscard]] std::string_view close() & noexcept;
  /// What close() answered last.
  [[nodiscard]] std::string_view bytes() const& noexcept {
    return {data(), is_closed_ ? size_ + checksum_bytes : 0};
  }
  std::string_view bytes() const&& = delete;

 private:
  static constexpr std::size_t prefix_bytes = 7;
  static constexpr std::size_t checksum_bytes = 4;

  [[nodiscard]] char* data() noexcept { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] const char* data() const noexcept { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] frame_view pairs() const noexcept;
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept;
  void take(frame_header& other) noexcept;

  std::size_t block_bytes_max_;
  std::size_t capacity_ = inline_bytes_max;
  std::size_t size_ = prefix_bytes;  // up to the end of the pairs
  errc error_ = errc::ok;
  bool is_closed_ = false;
  std::unique_ptr<char[]> heap_;  // NOLINT(*-avoid-c-arrays): bytes that grow
  std::array<char, inline_bytes_max> inline_;
};

}  // namespace waybill::inline v0
