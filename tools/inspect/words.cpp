#include "words.hpp"

namespace waybill::tool {

std::string hex_of(const trace_id& id) {
  const auto digits = id.to_hex();
  return {digits.data(), digits.size()};
}

std::string hex_of(const span_id& id) {
  const auto digits = id.to_hex();
  return {digits.data(), digits.size()};
}

std::string flags_of(const trace_context& trace) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[trace.flags() >> 4], digits[trace.flags() & 0x0f]};
}

std::string counted(std::size_t number, std::string_view noun) {
  std::string text = std::to_string(number) + " ";
  text += noun;
  if (number != 1) text += 's';
  return text;
}

}  // namespace waybill::tool
