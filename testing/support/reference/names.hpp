#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "text.hpp"

namespace waybill_test::reference {

/// What a list of format names as in OTEL_PROPAGATORS chooses.
struct chosen_formats {
  std::vector<std::string> names{};
  std::vector<std::string> unknown{};
};

inline chosen_formats read_names(const std::string& text) {
  chosen_formats chosen;
  for (const std::string& piece : split(text, ',')) {
    const std::string written = trimmed(piece);
    const std::string name = lowered(written);
    if (name.empty() || name == "none") continue;
    if (name != "tracecontext" && name != "baggage") {
      chosen.unknown.push_back(written);
    } else if (std::find(chosen.names.begin(), chosen.names.end(), name) == chosen.names.end()) {
      chosen.names.push_back(name);
    }
  }
  return chosen;
}

}  // namespace waybill_test::reference
