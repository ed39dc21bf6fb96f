#pragma once

#include <string>

#include "inspection.hpp"

namespace waybill::tool {

/// One JSON object in UTF-8 and a line break. docs/inspect.md describes it.
[[nodiscard]] std::string to_json(const inspection& seen);

}  // namespace waybill::tool
