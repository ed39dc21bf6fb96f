#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace waybill_fuzz {

/// Ends the program with the rule that does not hold: what a fuzzer takes for a finding.
inline void require(bool holds, std::string_view rule) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(rule.size()), rule.data());
  std::abort();
}

}  // namespace waybill_fuzz
