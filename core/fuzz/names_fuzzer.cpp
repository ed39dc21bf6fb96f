// A list of format names, as in OTEL_PROPAGATORS. The input is the list.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/propagator.hpp>

#include "../../testing/support/reference/names.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

namespace {

namespace reference = waybill_test::reference;
using waybill_fuzz::require;

std::vector<std::string> names_of(const waybill::propagator& formats) {
  std::vector<std::string> names;
  for (const waybill::format* each : formats.formats()) names.emplace_back(each->name());
  return names;
}

void check_fields(const waybill::propagator& formats) {
  for (std::size_t i = 0; i < formats.fields().size(); ++i) {
    require(formats.field_index(formats.fields()[i].name) == i, "a field is found by its name");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(waybill_fuzz::input(data, size).rest());
  const reference::chosen_formats expected = reference::read_names(text);
  waybill::names_report report;
  const waybill::propagator formats = waybill::propagator::from_names(text, &report);
  require(names_of(formats) == expected.names, "the same formats");
  require(report.unknown == expected.unknown.size(), "unknown names are counted");
  require(report.unknown == 0 || report.first_unknown == expected.unknown[0], "the first is told");
  check_fields(formats);
  require(formats.field_index(text) <= formats.fields().size(), "any text may be asked for");

  const std::string value = text.substr(0, text.find('\0'));
  ::setenv("OTEL_PROPAGATORS", value.c_str(), 1);
  const bool is_empty = reference::trimmed(value).empty();
  const auto from_value = reference::read_names(is_empty ? "tracecontext,baggage" : value);
  require(names_of(waybill::propagator::from_environment()) == from_value.names,
          "the environment chooses likewise");
  return 0;
}
