#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bare_kafka.hpp"
#include "numbered_context.hpp"

namespace waybill_test {

/// Whether this is a name of one of the fields, in any spelling.
bool is_field_name(std::string_view name);

/// The headers that are not fields, in order.
std::vector<bare_header> application_headers(const std::vector<bare_header>& headers);

/// What has to be on the wire: the application's headers, then each field of the context once.
std::vector<bare_header> on_wire(std::vector<bare_header> application,
                                 const waybill::context& context);

}  // namespace waybill_test
