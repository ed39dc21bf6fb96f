#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/errc.hpp>
#include <waybill/limits.hpp>

#include "list.hpp"

namespace waybill_test::reference {

// W3C Trace Context Level 2, "tracestate Header Field Values".

inline bool is_tracestate_key(const std::string& key) {
  if (key.empty() || key.size() > 256) return false;
  if (!is_lower(key[0]) && !is_digit(key[0])) return false;
  for (const char byte : key) {
    if (!is_lower(byte) && !is_digit(byte) && !is_one_of(byte, "_-*/@")) return false;
  }
  return true;
}

inline bool is_tracestate_value(const std::string& value) {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  for (const char byte : value) {
    if (byte < 0x20 || byte > 0x7e || byte == ',' || byte == '=') return false;
  }
  return true;
}

/// `member` is trimmed.
inline bool is_tracestate_member(const std::string& member) {
  const std::size_t equals = member.find('=');
  return equals != std::string::npos && is_tracestate_key(member.substr(0, equals)) &&
         is_tracestate_value(member.substr(equals + 1));
}

/// Drops whole members until the rest fits ("tracestate Limits").
inline list truncated(std::vector<std::string> members, std::size_t bytes_max) {
  list result;
  for (const std::size_t longer_than : {std::size_t{128}, std::size_t{0}}) {
    for (std::size_t i = members.size(); i-- > 0;) {
      if (join(members, ',').size() <= bytes_max) break;
      if (members[i].size() <= longer_than) continue;
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
      ++result.dropped;
    }
  }
  result.text = join(members, ',');
  result.members = static_cast<std::uint32_t>(members.size());
  if (result.dropped > 0) result.status = waybill::errc::too_large;
  return result;
}

inline list read_tracestate(const std::vector<std::string>& values,
                            const waybill::limits& limits = {}) {
  const std::string text = joined_values(values, limits.field_scan_bytes_max);
  std::vector<std::string> members;
  list result;
  const auto refuse = [&](waybill::errc code) {
    if (result.status == waybill::errc::ok) result.status = code;
    result.reasons.insert(code);
  };
  if (text.size() > limits.field_scan_bytes_max) refuse(waybill::errc::too_large);
  for (const std::string& piece : split(text, ',')) {
    const std::string member = trimmed(piece);
    if (member.empty()) continue;
    if (!is_tracestate_member(member)) refuse(waybill::errc::malformed);
    if (members.size() == 32) refuse(waybill::errc::too_many_members);
    members.push_back(member);
  }
  if (result.status != waybill::errc::ok) return result;
  return truncated(members, limits.tracestate_bytes_max);
}

/// "Mutating the tracestate Field": what a written tracestate is after a member was set.
inline std::string with_member(const std::string& text, const std::string& key,
                               const std::string& value) {
  std::vector<std::string> members{key + "=" + value};
  for (const std::string& member : others(text, key)) {
    if (members.size() < 32) members.push_back(member);
  }
  return join(members, ',');
}

}  // namespace waybill_test::reference
