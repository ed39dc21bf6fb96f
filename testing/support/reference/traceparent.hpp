#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/errc.hpp>

#include "text.hpp"

namespace waybill_test::reference {

/// W3C Trace Context Level 2, "traceparent Header Field Values" and "Versioning of traceparent".
struct position {
  waybill::errc code = waybill::errc::absent;
  std::string trace_id{};  ///< Lower-case digits.
  std::string span_id{};
  int flags = 0;  ///< The two that are known.

  [[nodiscard]] bool is_good() const { return code == waybill::errc::ok; }
  /// As it is written: version 00, without unknown flags, without a tail.
  [[nodiscard]] std::string written() const {
    return "00-" + trace_id + "-" + span_id + "-0" + std::to_string(flags);
  }
};

inline position refused_position(waybill::errc code) {
  position refused;
  refused.code = code;
  return refused;
}

/// `text` is trimmed.
inline position read_traceparent(const std::string& text) {
  constexpr std::string_view shape = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
  if (text.size() < shape.size()) return refused_position(waybill::errc::malformed);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char byte = text[i];
    const bool is_hex = is_digit(byte) || (byte >= 'a' && byte <= 'f');
    if (shape[i] == 'h' ? !is_hex : byte != '-') return refused_position(waybill::errc::malformed);
  }
  const std::string version = text.substr(0, 2);
  if (version == "ff") return refused_position(waybill::errc::forbidden_version);
  const bool has_tail = text.size() > shape.size();
  if (has_tail && (version == "00" || text[shape.size()] != '-')) {
    return refused_position(waybill::errc::malformed);
  }
  position good;
  good.code = waybill::errc::ok;
  good.trace_id = text.substr(3, 32);
  good.span_id = text.substr(36, 16);
  if (good.trace_id == std::string(32, '0') || good.span_id == std::string(16, '0')) {
    return refused_position(waybill::errc::zero_id);
  }
  const char last = text[54];
  good.flags = (is_digit(last) ? last - '0' : last - 'a' + 10) % 4;
  return good;
}

}  // namespace waybill_test::reference
