#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/context.hpp"

namespace waybill_test {

/// A sampled context whose trace id and span id follow from `number`, and from no other number.
/// @par Errors Throws std::invalid_argument if one of the texts is not what waybill would write.
waybill::context make_context(std::uint64_t number, std::string_view tracestate = {},
                              std::string_view baggage = {});

/// The traceparent of make_context(number), or of a context.
std::string traceparent_of(std::uint64_t number);
std::string traceparent_of(const waybill::context& context);

}  // namespace waybill_test
