// Baggage and changes to it, compared with the reference after each step. Byte 0: limits. The
// first line is the text. Then "+key<VT>value" sets a member, with properties when "<VT>key=value"
// or "<VT>key" follow; "-key" removes one.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/baggage.hpp>

#include "../../testing/support/difference.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

namespace {

namespace reference = waybill_test::reference;
using waybill_fuzz::require;

void check(const waybill::baggage& items, const std::string& expected,
           const waybill::limits& limits) {
  require(items.text() == expected, "the same text");
  const waybill::baggage_view view(items);
  require(waybill_test::decoded_members(view) == reference::members_of(expected), "same members");
  const auto again = waybill::baggage::parse(items.text(), limits);
  // What was set may be longer than the raw limit lets a reader look.
  if (expected.size() > limits.field_scan_bytes_max) return;
  require(again.status == waybill::errc::ok && again.items == items, "valid on the wire");
  require(again.items.members() == items.members(), "the members are counted");
}

reference::member member_of(std::string line) {
  reference::member set;
  set.key = waybill_fuzz::next_part(line);
  set.value = waybill_fuzz::next_part(line);
  while (!line.empty()) {
    std::string part = waybill_fuzz::next_part(line);
    const std::size_t equals = part.find('=');
    reference::property property{part.substr(0, equals), std::nullopt};
    if (equals != std::string::npos) property.value = part.substr(equals + 1);
    set.properties.push_back(property);
  }
  return set;
}

waybill::errc set_in(waybill::baggage& items, const reference::member& set) {
  std::vector<waybill::baggage_property> properties;
  for (const auto& each : set.properties) properties.push_back({each.key, each.value});
  return items.set(set.key, set.value, properties);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  const std::string text = from.line();
  const waybill::baggage::parsed parsed = waybill::baggage::parse(text, limits);
  waybill::baggage items = parsed.items;
  std::string expected(items.text());
  if (text == reference::trimmed(text)) {  // else the raw limit counts what a carrier takes off
    const reference::list read = reference::read_baggage({text}, limits);
    require(parsed.status == read.status, "the same answer");
    require(parsed.members_dropped == read.dropped, "the same number was dropped");
    expected = read.text;
  }
  check(items, expected, limits);

  while (from.has_more()) {
    std::string line = from.line();
    const bool removes = line.starts_with('-');
    if (!line.empty()) line.erase(0, 1);
    if (removes) {
      const std::string rest = reference::join(reference::others(expected, line), ',');
      require(items.remove(line) == (rest != expected), "removes what is there");
      expected = rest;
    } else {
      const reference::member set = member_of(line);
      const auto [code, changed] = reference::with_baggage_member(expected, set, limits);
      require(set_in(items, set) == code, "the same answer to a change");
      expected = changed;
      if (code == waybill::errc::ok) require(items.get(set.key) == set.value, "is read as it was");
    }
    check(items, expected, limits);
  }
  return 0;
}
