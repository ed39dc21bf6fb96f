// One traceparent: read as the reference reads it, written and read as the same, and the digits
// decoded alike by the portable and the wide way. The input is the text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <waybill/trace_context.hpp>

#include "../tests/support/reference/traceparent.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

namespace {

using waybill_fuzz::require;

void check_digits(std::string_view text) {
  namespace detail = waybill::detail;
  for (std::size_t at = 0; at + 16 <= text.size(); ++at) {
    const detail::hex_word portable = detail::decode_16_portable(text.data() + at);
    const detail::hex_word chosen = detail::decode_16(text.data() + at);
    require(portable.is_good == chosen.is_good, "both ways know a digit");
    if (!portable.is_good) continue;
    require(portable.bytes == chosen.bytes, "both ways decode alike");
    char written[16];
    detail::encode_16(chosen.bytes, written);
    require(text.substr(at, 16) == std::string_view(written, 16), "what was decoded is written");
    detail::encode_16_portable(chosen.bytes, written);
    require(text.substr(at, 16) == std::string_view(written, 16), "both ways encode alike");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = waybill_fuzz::input(data, size).rest();
  const auto expected = waybill_test::reference::read_traceparent(std::string(text));
  const auto parsed = waybill::parse_traceparent(text);
  require(parsed.error() == expected.code, "the same answer");
  if (parsed.has_value()) {
    const auto written = waybill::to_traceparent(*parsed);
    const std::string_view again(written.data(), written.size());
    require(again == expected.written(), "the same position");
    require(waybill::parse_traceparent(again).value() == *parsed, "reads as it was written");
    require(parsed->is_valid() && parsed->is_remote(), "what was read is valid and remote");
  }
  check_digits(text);
  return 0;
}
