#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "waybill/detail/text_buffer.hpp"
#include "waybill/errc.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0::detail {

/// Cuts the next piece off a comma-separated text; the text becomes what is behind the comma.
[[nodiscard]] std::string_view next_piece(std::string_view& text) noexcept;

/// One member of a canonical list as views list it: at the place of the key's first appearance,
/// with what stands behind "=" in its last.
struct listed_member {
  std::string_view key;
  std::string_view rest;
  std::size_t at = std::string_view::npos;  // where the member begins; npos behind the last
  std::size_t next = std::string_view::npos;
};
[[nodiscard]] listed_member next_listed(std::string_view text, std::size_t from) noexcept;
/// The last member of this key.
[[nodiscard]] std::optional<std::string_view> find_rest(std::string_view text,
                                                        std::string_view key) noexcept;

[[nodiscard]] bool is_tracestate_key(std::string_view key) noexcept;
[[nodiscard]] bool is_tracestate_value(std::string_view value) noexcept;
/// Whether the text is a tracestate as it is written: 1 to 32 members, no white space around
/// commas, no empty members.
[[nodiscard]] bool is_canonical_tracestate(std::string_view text) noexcept;

/// Reads tracestate values one after another as if they were joined by commas.
class tracestate_cleaner {
 public:
  explicit tracestate_cleaner(const limits& limits) noexcept
      : raw_left_(limits.field_scan_bytes_max) {}
  void add(std::string_view value) noexcept;
  /// ok, malformed, too_many_members, too_large or no_memory; all but ok refuse the whole.
  [[nodiscard]] errc status() const noexcept { return status_; }
  [[nodiscard]] text_buffer& text() noexcept { return text_; }

 private:
  text_buffer text_;
  errc status_ = errc::ok;
  std::uint32_t members_ = 0;
  std::size_t raw_left_;
  bool begun_ = false;
};

/// Drops whole members of a canonical tracestate until it fits: those over 128 bytes first, from
/// the right, then from the right. Answers how many went; nothing when memory ran out.
[[nodiscard]] std::optional<std::uint32_t> truncate_tracestate(std::string_view text,
                                                               std::size_t bytes_max,
                                                               text_buffer& out) noexcept;

/// The number of members when the text is baggage as it is written and within the limits.
[[nodiscard]] std::optional<std::uint32_t> canonical_baggage_members(std::string_view text,
                                                                     const limits& limits) noexcept;

/// Reads baggage values one after another as if they were joined by commas: drops bad members,
/// stops at the first that would break a limit.
class baggage_cleaner {
 public:
  explicit baggage_cleaner(const limits& limits) noexcept
      : limits_(limits), raw_left_(limits.field_scan_bytes_max) {}
  void add(std::string_view value) noexcept;
  /// The first thing that went wrong: ok, malformed, too_many_members, too_large or no_memory.
  [[nodiscard]] errc status() const noexcept { return status_; }
  [[nodiscard]] std::uint32_t members() const noexcept { return members_; }
  [[nodiscard]] std::uint32_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] text_buffer& text() noexcept { return text_; }

 private:
  void add_member(std::string_view piece) noexcept;
  void fail(errc code) noexcept {
    if (status_ == errc::ok) status_ = code;
  }
  void stop(errc code) noexcept {
    fail(code);
    stopped_ = true;
  }

  const limits& limits_;
  text_buffer text_;
  errc status_ = errc::ok;
  std::uint32_t members_ = 0;
  std::uint32_t dropped_ = 0;
  std::size_t raw_left_;
  bool begun_ = false;
  bool stopped_ = false;
};

/// The longest beginning of canonical baggage that is within both limits, whole members only.
struct baggage_prefix {
  std::string_view text;
  std::uint32_t members = 0;
  errc status = errc::ok;
};
[[nodiscard]] baggage_prefix cut_baggage(std::string_view text, std::uint32_t members_max,
                                         std::size_t bytes_max) noexcept;

}  // namespace waybill::inline v0::detail
