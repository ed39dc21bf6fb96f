#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "waybill/config.hpp"

namespace waybill::inline v0 {

/// What became of a field, a call or a message. The numbers are frozen: a value is never reused
/// or renumbered, so they may be stored and compared across versions.
/// Absent, empty and invalid are three different answers.
enum class errc : std::uint8_t {
  ok = 0,                  ///< The field was there and good, or the call did what it says.
  absent = 1,              ///< The field is not there, or is there with a null value.
  malformed = 2,           ///< Breaks the grammar, or its value type carries no text.
  forbidden_version = 3,   ///< A traceparent of version ff.
  zero_id = 4,             ///< A trace id or span id of zeros alone.
  duplicate = 5,           ///< The field came more than once where only one may.
  no_traceparent = 6,      ///< A tracestate without a usable traceparent: not read.
  too_large = 7,           ///< More bytes than the limit.
  too_many_members = 8,    ///< More list members than the limit.
  needs_copy = 9,          ///< Good, but a borrowed view cannot show it: use extract.
  invalid_key = 10,        ///< A key given to the API breaks the grammar of keys.
  invalid_value = 11,      ///< A value given to the API breaks the grammar of values.
  unknown_format = 12,     ///< No format of this name is known.
  no_memory = 13,          ///< An allocation failed; the message goes on without the part.
  carrier_failed = 14,     ///< The carrier's own function threw.
  dropped_for_size = 15,   ///< Left out because the message would not have fitted.
  dropped_by_policy = 16,  ///< Left out because the boundary says so.
  unknown_version = 17,    ///< Begins like an envelope of a later version: left as it is.
  bad_checksum = 18,       ///< Begins like an envelope, and its checksum is wrong: left as it is.
  no_envelope = 19,        ///< The payload cannot hold the envelope that was asked for.
  listener_failed = 20,    ///< The application's own listener threw an exception.
  too_many_fields = 21,    ///< Removing the fields would take too long: they were left.
  unused_context = 22,     ///< A context was taken off a message and then never used.
  given_up = 23,           ///< The table of messages in flight was full: the oldest was given up.
};

/// The number of values of errc, for tables indexed by it.
inline constexpr std::size_t errc_count = 24;

/// The value's name as written in the source ("forbidden_version"). Static text.
[[nodiscard]] WAYBILL_API std::string_view name(errc code) noexcept;

/// One sentence for people. Static text that never carries data of a message.
[[nodiscard]] WAYBILL_API std::string_view message(errc code) noexcept;

/// The library's version, "0.1.0". Static text.
[[nodiscard]] WAYBILL_API std::string_view version() noexcept;

}  // namespace waybill::inline v0
