#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <waybill/limits.hpp>

namespace waybill_fuzz {

/// Takes the bytes of an input apart: single bytes first, then lines.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  /// The next byte; 0 behind the end.
  unsigned byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  [[nodiscard]] bool has_more() const { return !rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  /// What is in front of the next line feed. The byte 0x1f stands for a line feed in it.
  std::string line() {
    const std::size_t end = rest_.find('\n');
    std::string text(rest_.substr(0, end));
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    for (char& each : text) {
      if (each == '\x1f') each = '\n';
    }
    return text;
  }

 private:
  std::string_view rest_;
};

/// Cuts the part in front of the next vertical tab off a line.
inline std::string next_part(std::string& line) {
  const std::size_t end = line.find('\v');
  std::string part = line.substr(0, end);
  line = end == std::string::npos ? std::string() : line.substr(end + 1);
  return part;
}

/// "0" gives the usual limits. The three lowest bits choose which limit is another one, the others
/// how much it is.
inline waybill::limits limits_of(unsigned choice) {
  const unsigned amount = choice / 8;
  waybill::limits limits;
  switch (choice % 8) {
    case 1:
      limits.tracestate_bytes_max = amount * 16;
      break;
    case 2:
      limits.baggage_members_max = amount;
      break;
    case 3:
      limits.baggage_bytes_max = amount * 8;
      break;
    case 4:
      limits.field_scan_bytes_max = amount * 8;
      break;
    case 5:
      limits = {amount * 8, amount, amount * 4, amount * 16};
      break;
    case 6:
      limits = {1'000'000, 1'000, 1'000'000, 1'000'000};
      break;
    case 7:
      limits = {0, 0, 0, amount};
      break;
    default:
      break;
  }
  return limits;
}

}  // namespace waybill_fuzz
