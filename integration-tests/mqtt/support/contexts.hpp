#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/context.hpp"

namespace waybill_test {

/// A sampled context whose trace id and span id follow from `number`, and from no other number.
/// @par Errors Throws std::invalid_argument if one of the texts is not what waybill would write.
waybill::context make_context(std::uint64_t number, std::string_view tracestate = {},
                              std::string_view baggage = {});

std::string traceparent_of(const waybill::context& context);

/// User properties in their order.
using property_pairs = std::vector<std::pair<std::string, std::string>>;

/// What has to be on the wire: the application's own, then each field of the context once.
property_pairs on_wire(property_pairs application, const waybill::context& context);

}  // namespace waybill_test
