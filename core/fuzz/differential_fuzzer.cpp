// Headers under any rules and limits: extract gives what the slow, plain reference reads, to the
// last code, text and decoded value. README.md says how an input is laid out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/propagator.hpp>

#include "../../testing/support/difference.hpp"
#include "support/headers.hpp"
#include "support/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const unsigned choice = from.byte();
  const waybill::carrier_rules rules = waybill_fuzz::rules_of(choice);
  const waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  const auto headers = waybill_fuzz::headers_of(from, choice);
  const auto carrier = waybill_fuzz::carrier_of(headers, rules);

  waybill::extract_report report;
  const waybill::context got = waybill::propagator().extract(carrier, limits, &report);
  const auto expected = waybill_test::reference::extract(headers, rules, limits);
  const std::string difference = waybill_test::first_difference(expected, got, report);
  waybill_fuzz::require(difference.empty(), difference);
  return 0;
}
