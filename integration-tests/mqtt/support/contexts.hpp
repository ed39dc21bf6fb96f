#pragma once

#include <string>
#include <utility>
#include <vector>

#include "numbered_context.hpp"

namespace waybill_test {

/// User properties in their order.
using property_pairs = std::vector<std::pair<std::string, std::string>>;

/// What has to be on the wire: the application's own, then each field of the context once.
property_pairs on_wire(property_pairs application, const waybill::context& context);

}  // namespace waybill_test
