#include "words.hpp"

namespace waybill::tool {

std::string flags_of(const span_context& trace) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[trace.flags() >> 4], digits[trace.flags() & 0x0f]};
}

std::string concat(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view each : pieces) text += each;
  return text;
}

std::string counted(std::size_t number, std::string_view noun) {
  return concat({std::to_string(number), " ", noun, number == 1 ? "" : "s"});
}

}  // namespace waybill::tool
