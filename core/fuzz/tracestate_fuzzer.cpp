// One tracestate and changes to it, compared with the reference after each step. Byte 0: limits.
// The first line is the text. Then "+key<VT>value" sets a member, "-key" removes one.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <waybill/tracestate.hpp>

#include "../../testing/support/reference/tracestate.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

namespace {

namespace reference = waybill_test::reference;
using waybill_fuzz::require;

void check(const waybill::tracestate& state, const std::string& expected) {
  require(state.text() == expected, "the same text");
  require(state.is_empty() == expected.empty(), "empty when there is no text");
  std::size_t i = 0;
  const auto members = reference::listed(expected);
  for (const waybill::tracestate_member& member : waybill::tracestate_view(state)) {
    require(i < members.size(), "not more members");
    require(member.key == members[i].first && member.value == members[i].second, "same member");
    require(state.get(member.key) == member.value, "what is listed is found");
    ++i;
  }
  require(i == members.size(), "not fewer members");
  const auto again = waybill::tracestate::parse(state.text());
  require(again.has_value() && *again == state, "every state it can be in is valid on the wire");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  waybill::limits limits = waybill_fuzz::limits_of(from.byte());
  limits.tracestate_bytes_max = waybill::tracestate_bytes_ceiling;  // parse does not truncate
  const std::string text = from.line();
  // Raw bytes are those that were given: parse is told about one value, untrimmed.
  reference::list expected = reference::read_tracestate({text}, limits);
  const auto parsed = waybill::tracestate::parse(text, limits);
  if (text.size() > limits.field_scan_bytes_max) {
    require(parsed.error() == waybill::errc::too_large, "over the raw limit");
    expected = {};
  } else {
    require(expected.may_report(parsed.error()), "the same answer");
  }
  waybill::tracestate state = parsed.value();
  check(state, expected.text);

  while (from.has_more()) {
    std::string line = from.line();
    const bool removes = line.starts_with('-');
    if (!line.empty()) line.erase(0, 1);
    const std::string key = waybill_fuzz::next_part(line);
    if (removes) {
      const std::string rest = reference::join(reference::others(expected.text, key), ',');
      require(state.remove(key) == (rest != expected.text), "removes what is there");
      expected.text = rest;
    } else if (!reference::is_tracestate_key(key)) {
      require(state.set(key, line) == waybill::errc::invalid_key, "refuses the key");
    } else if (!reference::is_tracestate_value(line)) {
      require(state.set(key, line) == waybill::errc::invalid_value, "refuses the value");
    } else {
      require(state.set(key, line) == waybill::errc::ok, "takes what is good");
      expected.text = reference::with_member(expected.text, key, line);
      require(state.get(key) == line, "what was set is read");
    }
    check(state, expected.text);
  }
  return 0;
}
