#pragma once

#include <vector>

#include "faults.hpp"
#include "joined_values.hpp"

namespace waybill::tool {

/// Why core refused these traceparents with this code.
[[nodiscard]] fault traceparent_fault(const joined_values& values, errc code);
/// Why core refused this tracestate with this code.
[[nodiscard]] fault tracestate_fault(const joined_values& values, errc code,
                                     const inspection& seen);
/// Adds the bad members of a baggage, shown_members_max at most, and the limit that it broke.
void add_baggage_faults(const joined_values& values, std::vector<fault>& faults);

}  // namespace waybill::tool
