// The table of messages in flight compared with a plain one. Byte 0 is its bound. Then each `t`
// takes the message of the key in the next byte out, each `x` takes any, and any other byte adds a
// message of the key in the next byte.

#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>
#include <waybill/messaging/in_flight.hpp>

#include "../../core/fuzz/support/input.hpp"
#include "../../core/fuzz/support/require.hpp"

namespace {

using waybill::messaging::in_flight_message;
using waybill::messaging::in_flight_table;
using waybill_fuzz::require;

/// Messages by age. Each is known by its user data, which points at itself.
using reference = std::list<std::pair<std::uint64_t, std::uint64_t>>;  // key, number

reference::iterator find(reference& all, std::uint64_t key) {
  auto at = all.begin();
  while (at != all.end() && at->first != key) ++at;
  return at;
}

std::uint64_t number_of(const in_flight_message& message) {
  return reinterpret_cast<std::uintptr_t>(message.user_data);
}

/// Forgets the message of a number; false when it is not known.
bool forget(reference& all, std::uint64_t number) {
  for (auto at = all.begin(); at != all.end(); ++at) {
    if (at->second != number) continue;
    all.erase(at);
    return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const std::size_t messages_max = from.byte() % 64 + 1;
  in_flight_table table(messages_max);
  reference expected;
  std::uint64_t added = 0;
  while (from.has_more()) {
    const unsigned what = from.byte();
    if (what == 'x') {
      const auto any = table.take_any();
      require(any.has_value() == !expected.empty(), "there is one as long as one is left");
      if (any.has_value()) require(forget(expected, number_of(*any)), "it was in flight");
      continue;
    }
    const std::uint64_t key = std::uint64_t{from.byte()} * 64;  // as addresses
    const auto known = find(expected, key);
    if (what == 't') {
      const auto taken = table.take(key);
      require(taken.has_value() == (known != expected.end()), "what was added is found");
      if (!taken.has_value()) continue;
      require(number_of(*taken) == known->second, "as it was added");
      expected.erase(known);
      continue;
    }
    ++added;
    const auto given_up = table.add(key, {{}, {}, reinterpret_cast<void*>(std::uintptr_t{added})});
    if (known != expected.end()) {
      require(given_up.has_value() && number_of(*given_up) == known->second,
              "a key that comes again gives up its older message");
      expected.erase(known);
    } else if (expected.size() == messages_max) {
      require(given_up.has_value(), "a full table gives one up");
      require(forget(expected, number_of(*given_up)), "which was in flight before");
    } else {
      require(!given_up.has_value(), "otherwise none is given up");
    }
    expected.emplace_back(key, added);
    require(table.size() == expected.size(), "the bound holds");
  }
  return 0;
}
