#pragma once

#include <cstdint>

namespace waybill::inline v0 {

/// W3C Trace Context Level 2, "tracestate Header Field Values", "list": at most 32 list-members.
inline constexpr std::uint32_t tracestate_members_max = 32;
/// The same section, "Key" and "Value": at most 256 characters each.
inline constexpr std::uint32_t tracestate_key_bytes_max = 256;
inline constexpr std::uint32_t tracestate_value_bytes_max = 256;
/// 32 members of the longest kind and 31 commas: no valid tracestate is longer.
inline constexpr std::uint32_t tracestate_bytes_ceiling =
    tracestate_members_max * (tracestate_key_bytes_max + 1 + tracestate_value_bytes_max) +
    (tracestate_members_max - 1);
static_assert(tracestate_bytes_ceiling == 16'447);

/// How much of each field is read and written. The defaults are the specifications' own numbers;
/// an application may lower or raise them. All sizes are in bytes of the text as it is written,
/// after white space around separators is gone, but for field_scan_bytes_max. 0 lets nothing pass.
struct limits {
  /// A longer tracestate is truncated by whole members: first those over 128 bytes, then from the
  /// right (W3C Trace Context Level 2, "tracestate Limits"). 16,447 cuts no valid one; W3C asks
  /// for 512 at least.
  std::uint32_t tracestate_bytes_max = tracestate_bytes_ceiling;
  /// W3C Baggage, "Limits", condition 1.
  std::uint32_t baggage_members_max = 64;
  /// W3C Baggage, "Limits", condition 2: the members and the commas between them.
  std::uint32_t baggage_bytes_max = 8'192;
  /// Raw bytes of one field, over all its values, that are looked at before anything else: what
  /// bounds the time a sender can cost.
  std::uint32_t field_scan_bytes_max = 65'536;
  /// The header block of a frame (envelope.hpp), written and read. Its size has two bytes.
  std::uint32_t envelope_block_bytes_max = 65'535;
  /// A longer payload is not looked into for members of JSON. MQTT 5, 2.1.4: no packet is longer.
  std::uint32_t envelope_json_bytes_max = 268'435'455;
};

}  // namespace waybill::inline v0
