// Destinations against a boundary, compared with looking through all entries one by one. Lines:
// "eNAME<VT>KEY" sets an entry for a destination, "pPREFIX" one for a prefix, "fFILTER" one for an
// MQTT filter, and any other first byte asks for NAME<VT>KEY.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <waybill/boundary.hpp>

#include "../../testing/support/reference/boundary.hpp"
#include "support/input.hpp"
#include "support/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using waybill_fuzz::require;
  waybill_fuzz::input from(data, size);
  waybill::boundary entries;
  waybill_test::reference::boundary expected;
  std::size_t lines = 0;
  while (from.has_more()) {
    std::string key = from.line();
    const char selector = key.empty() ? '\0' : key.front();
    if (!key.empty()) key.erase(0, 1);
    const std::string name = waybill_fuzz::next_part(key);
    const std::string label = "entry " + std::to_string(++lines);
    if (selector == 'e') {
      entries.set({name, key}, {.label = label});
      expected.set(name, key, label);
    } else if (selector == 'p') {
      entries.set_prefix(name, {.label = label});
      expected.set_prefix(name, label);
    } else if (selector == 'f') {
      entries.set_filter(name, {.label = label});
      expected.set_filter(name, label);
    }
    require(entries.find({name, key}).label == expected.find(name, key), "the same entry");
    require(entries.size() == expected.size() + 1, "an entry is replaced, not added twice");
  }
  const waybill::boundary copy = entries;
  const waybill::boundary moved = std::move(entries);
  require(copy.size() == moved.size(), "copies have the same entries");
  return 0;
}
