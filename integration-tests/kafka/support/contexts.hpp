#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bare_kafka.hpp"
#include "waybill/context.hpp"

namespace waybill_test {

/// A sampled context whose trace id and span id follow from `number`, and from no other number.
/// @par Errors Throws std::invalid_argument if one of the texts is not what waybill would write.
waybill::context make_context(std::uint64_t number, std::string_view tracestate = {},
                              std::string_view baggage = {});

/// The traceparent of make_context(number).
std::string traceparent_of(std::uint64_t number);
std::string traceparent_of(const waybill::context& context);

/// Whether this is a name of one of the fields, in any spelling.
bool is_field_name(std::string_view name);

/// The headers that are not fields, in order.
std::vector<bare_header> application_headers(const std::vector<bare_header>& headers);

/// What has to be on the wire: the application's headers, then each field of the context once.
std::vector<bare_header> on_wire(std::vector<bare_header> application,
                                 const waybill::context& context);

}  // namespace waybill_test
