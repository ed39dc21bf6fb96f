// One traceparent: read as the reference reads it, and written and read as the same, its digits
// too. The input is the text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <waybill/span_context.hpp>

#include "../../testing/support/reference/traceparent.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using waybill_fuzz::require;
  const std::string_view text = waybill_fuzz::input(data, size).rest();
  const auto expected = waybill_test::reference::read_traceparent(std::string(text));
  const auto parsed = waybill::parse_traceparent(text);
  require(parsed.error() == expected.code, "the same answer");
  if (parsed.has_value()) {
    const auto written = waybill::to_traceparent(*parsed);
    const std::string_view again(written.data(), written.size());
    require(again == expected.written(), "the same span context");
    require(waybill::parse_traceparent(again).value() == *parsed, "reads as it was written");
    require(parsed->trace_id().hex() == expected.trace_id, "trace id in hex");
    require(parsed->span_id().hex() == expected.span_id, "span id in hex");
    require(parsed->is_valid() && parsed->is_remote(), "what was read is valid and remote");
  }
  return 0;
}
