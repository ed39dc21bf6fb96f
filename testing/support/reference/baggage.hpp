#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <waybill/errc.hpp>
#include <waybill/limits.hpp>

#include "list.hpp"
#include "percent.hpp"

namespace waybill_test::reference {

// W3C Baggage, "Definition" and "Limits".

inline bool is_token(const std::string& text) {
  for (const char byte : text) {
    const bool is_good =
        is_lower(byte) || is_upper(byte) || is_digit(byte) || is_one_of(byte, "!#$%&'*+-.^_`|~");
    if (!is_good) return false;
  }
  return !text.empty();
}

inline bool is_baggage_value(const std::string& text) {
  for (const char byte : text) {
    if (byte <= 0x20 || byte >= 0x7f || is_one_of(byte, "\",;\\")) return false;
  }
  return true;
}

/// The member as it is to be written, or nothing when it is bad.
inline std::string cleaned_baggage_member(const std::string& member) {
  std::string cleaned;
  const std::vector<std::string> parts = split(member, ';');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string::npos && i == 0) return {};
    const std::string key = trimmed(parts[i].substr(0, equals));
    if (!is_token(key)) return {};
    if (i > 0) cleaned += ';';
    cleaned += key;
    if (equals == std::string::npos) continue;
    const std::string value = trimmed(parts[i].substr(equals + 1));
    if (!is_baggage_value(value)) return {};
    cleaned += "=" + value;
  }
  return cleaned;
}

/// What is looked at of a text over the raw limit: the members that a comma ends within it.
inline std::string readable_part(const std::string& text, std::size_t raw_bytes_max) {
  if (text.size() <= raw_bytes_max) return text;
  const std::size_t comma = text.substr(0, raw_bytes_max + 1).rfind(',');
  return comma == std::string::npos ? std::string() : text.substr(0, comma);
}

inline list read_baggage(const std::vector<std::string>& values, const waybill::limits& limits) {
  list result;
  const auto fail = [&](waybill::errc code) {
    if (result.status == waybill::errc::ok) result.status = code;
  };
  const std::string raw = joined_values(values, limits.field_scan_bytes_max);
  const std::string text = readable_part(raw, limits.field_scan_bytes_max);
  bool stopped = false;
  for (const std::string& piece : split(text, ',')) {
    if (trimmed(piece).empty()) continue;
    const std::string member = cleaned_baggage_member(piece);
    if (member.empty()) {
      fail(waybill::errc::malformed);
      ++result.dropped;
      continue;
    }
    const std::string longer = result.text.empty() ? member : result.text + "," + member;
    if (result.members >= limits.baggage_members_max) {
      fail(waybill::errc::too_many_members);
      stopped = true;
    } else if (longer.size() > limits.baggage_bytes_max) {
      fail(waybill::errc::too_large);
      stopped = true;
    }
    if (stopped) break;
    result.text = longer;
    ++result.members;
  }
  if (!stopped && text.size() < raw.size()) fail(waybill::errc::too_large);
  return result;
}

struct property {
  std::string key;
  std::optional<std::string> value;  ///< Decoded.
  friend bool operator==(const property&, const property&) = default;
};

struct member {
  std::string key;
  std::string value;  ///< Decoded.
  std::vector<property> properties;
  friend bool operator==(const member&, const member&) = default;
};

/// The members of written baggage as a reader sees them, each name once.
inline std::vector<member> members_of(const std::string& text) {
  std::vector<member> members;
  for (const auto& [key, rest] : listed(text)) {
    const std::vector<std::string> parts = split(rest, ';');
    member read{key, percent_decoded(parts[0]), {}};
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::size_t equals = parts[i].find('=');
      property found{parts[i].substr(0, equals), std::nullopt};
      if (equals != std::string::npos) found.value = percent_decoded(parts[i].substr(equals + 1));
      read.properties.push_back(found);
    }
    members.push_back(read);
  }
  return members;
}

/// What written baggage is after a member was set, or why it cannot be.
inline std::pair<waybill::errc, std::string> with_baggage_member(const std::string& text,
                                                                 const member& set,
                                                                 const waybill::limits& limits) {
  if (!is_token(set.key)) return {waybill::errc::invalid_key, text};
  if (!is_utf8(set.value)) return {waybill::errc::invalid_value, text};
  std::string made = set.key + "=" + percent_encoded(set.value);
  for (const property& each : set.properties) {
    if (!is_token(each.key)) return {waybill::errc::invalid_key, text};
    made += ";" + each.key;
    if (!each.value.has_value()) continue;
    if (!is_utf8(*each.value)) return {waybill::errc::invalid_value, text};
    made += "=" + percent_encoded(*each.value);
  }
  std::vector<std::string> members;
  bool is_placed = false;
  for (const std::string& old : text.empty() ? std::vector<std::string>{} : split(text, ',')) {
    if (old.substr(0, old.find('=')) != set.key) {
      members.push_back(old);
    } else if (!is_placed) {
      members.push_back(made);
      is_placed = true;
    }
  }
  if (!is_placed) members.push_back(made);
  if (members.size() > limits.baggage_members_max) return {waybill::errc::too_many_members, text};
  const std::string changed = join(members, ',');
  if (changed.size() > limits.baggage_bytes_max) return {waybill::errc::too_large, text};
  return {waybill::errc::ok, changed};
}

}  // namespace waybill_test::reference
