#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/errc.hpp>
#include <waybill/limits.hpp>

// A second reading of docs/formats.md, as plain and slow as can be, that the library is compared
// with. It shares no code with it, and knows nothing of raw limits.
namespace waybill_test::reference {

struct list {
  std::string text;
  std::uint32_t members = 0;
  std::uint32_t dropped = 0;
  waybill::errc status = waybill::errc::ok;
};

inline list refused(waybill::errc status) { return {"", 0, 0, status}; }

inline bool is_one_of(char byte, std::string_view bytes) {
  return bytes.find(byte) != std::string_view::npos;
}

inline bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
inline bool is_lower(char byte) { return byte >= 'a' && byte <= 'z'; }
inline bool is_upper(char byte) { return byte >= 'A' && byte <= 'Z'; }

inline std::string trimmed(std::string text) {
  while (!text.empty() && is_one_of(text.front(), " \t")) text.erase(0, 1);
  while (!text.empty() && is_one_of(text.back(), " \t")) text.pop_back();
  return text;
}

/// "a,b" gives "a" and "b"; "" gives one empty piece.
inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> pieces(1);
  for (const char byte : text) {
    if (byte == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += byte;
    }
  }
  return pieces;
}

inline std::string join(const std::vector<std::string>& pieces, char separator) {
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += separator;
    text += pieces[i];
  }
  return text;
}

inline bool is_tracestate_member(const std::string& member) {
  const std::size_t equals = member.find('=');
  if (equals == std::string::npos) return false;
  const std::string key = member.substr(0, equals);
  const std::string value = member.substr(equals + 1);
  if (key.empty() || key.size() > 256 || value.empty() || value.size() > 256) return false;
  if (!is_lower(key[0]) && !is_digit(key[0])) return false;
  for (const char byte : key) {
    if (!is_lower(byte) && !is_digit(byte) && !is_one_of(byte, "_-*/@")) return false;
  }
  for (const char byte : value) {
    if (byte < 0x20 || byte > 0x7e || byte == '=') return false;
  }
  return true;
}

inline list read_tracestate(const std::vector<std::string>& values) {
  std::vector<std::string> members;
  for (const std::string& piece : split(join(values, ','), ',')) {
    const std::string member = trimmed(piece);
    if (member.empty()) continue;
    if (!is_tracestate_member(member) || member.back() == '=') {
      return refused(waybill::errc::malformed);
    }
    const std::string value = member.substr(member.find('=') + 1);
    if (trimmed(value).empty()) return refused(waybill::errc::malformed);
    if (members.size() == 32) return refused(waybill::errc::too_many_members);
    members.push_back(member);
  }
  list result;
  result.text = join(members, ',');
  result.members = static_cast<std::uint32_t>(members.size());
  return result;
}

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

inline list read_baggage(const std::vector<std::string>& values, const waybill::limits& limits) {
  list result;
  const auto fail = [&](waybill::errc code) {
    if (result.status == waybill::errc::ok) result.status = code;
  };
  for (const std::string& piece : split(join(values, ','), ',')) {
    if (trimmed(piece).empty()) continue;
    const std::string member = cleaned_baggage_member(piece);
    if (member.empty()) {
      fail(waybill::errc::malformed);
      ++result.dropped;
      continue;
    }
    const std::string longer = result.text.empty() ? member : result.text + "," + member;
    if (result.members == limits.baggage_members_max) {
      fail(waybill::errc::too_many_members);
      break;
    }
    if (longer.size() > limits.baggage_bytes_max) {
      fail(waybill::errc::too_large);
      break;
    }
    result.text = longer;
    ++result.members;
  }
  return result;
}

/// Key and what stands behind its "=", once for each key: at its first place, as it was last.
inline std::vector<std::pair<std::string, std::string>> listed(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> members;
  if (text.empty()) return members;
  std::map<std::string, std::size_t> places;
  for (const std::string& member : split(text, ',')) {
    const std::size_t equals = member.find('=');
    const std::string key = member.substr(0, equals);
    const auto [place, is_new] = places.emplace(key, members.size());
    if (is_new) members.emplace_back(key, "");
    members[place->second].second = member.substr(equals + 1);
  }
  return members;
}

/// The flags that survive, or -1 for a traceparent that is to be refused.
inline int traceparent_flags(const std::string& value) {
  const std::string text = trimmed(value);
  constexpr std::string_view shape = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
  if (text.size() < shape.size()) return -1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char byte = text[i];
    const bool is_hex = is_digit(byte) || (byte >= 'a' && byte <= 'f');
    if (shape[i] == 'h' ? !is_hex : byte != '-') return -1;
  }
  const std::string version = text.substr(0, 2);
  if (version == "ff" || (version == "00" && text.size() != shape.size())) return -1;
  if (text.size() > shape.size() && text[shape.size()] != '-') return -1;
  if (text.substr(3, 32) == std::string(32, '0') || text.substr(36, 16) == std::string(16, '0')) {
    return -1;
  }
  const char last = text[54];
  return (is_digit(last) ? last - '0' : last - 'a' + 10) & 0x03;
}

}  // namespace waybill_test::reference
