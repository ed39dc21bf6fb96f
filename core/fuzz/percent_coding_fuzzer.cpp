// Percent-coded values: decoded as the reference does, and what is written is read as it was.
// The input is the value.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <waybill/baggage.hpp>

#include "../../testing/support/reference/baggage.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace reference = waybill_test::reference;
  using waybill_fuzz::require;
  const std::string_view value = waybill_fuzz::input(data, size).rest();
  const std::string decoded = waybill::percent_decode(value);
  require(decoded == reference::percent_decoded(std::string(value)), "decoded alike");
  require(reference::is_utf8(decoded), "what was decoded is UTF-8");
  // One byte that is no UTF-8 takes three as an escape, and three as U+FFFD.
  require(decoded.size() <= 3 * value.size(), "decoding does not explode");

  waybill::limits limits;
  limits.baggage_bytes_max = UINT32_MAX;
  limits.field_scan_bytes_max = UINT32_MAX;
  waybill::baggage items(limits);
  const bool is_good = items.set("k", value) == waybill::errc::ok;
  require(is_good == reference::is_utf8(std::string(value)), "UTF-8 is taken, nothing else");
  if (is_good) {
    require(items.text() == "k=" + reference::percent_encoded(std::string(value)), "coded alike");
    require(items.get("k") == value, "read as it was");
  }
  require(items.set("k", decoded) == waybill::errc::ok, "what was decoded can be set");
  const auto again = waybill::baggage::parse(items.text(), limits);
  require(again.items.get("k") == decoded, "what was decoded is read as it was");
  return 0;
}
