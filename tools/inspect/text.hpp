#pragma once

#include <string>

#include "headers.hpp"
#include "inspection.hpp"

namespace waybill::tool {

/// What was understood, what is sent on, and what was wrong and where, for people.
[[nodiscard]] std::string to_text(const given_headers& headers, const inspection& seen);

}  // namespace waybill::tool
