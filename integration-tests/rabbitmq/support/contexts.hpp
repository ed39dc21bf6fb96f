#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/context.hpp"

/// Contexts and messages of which everything follows from their number: nothing has to be kept to
/// check one, and whatever was swapped with another message's is noticed.
namespace waybill_test {

/// With tracestate and baggage; every tenth is longer than a context holds without a block.
waybill::context context_of(std::uint64_t number);
/// The number that context_of made this of.
std::uint64_t number_of(const waybill::trace_context& trace);
std::string traceparent_of(const waybill::context& context);

std::string body_of(std::uint64_t number);
/// The number of a body, if it begins like one.
std::optional<std::uint64_t> number_in(std::string_view body);

}  // namespace waybill_test
