#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/context.hpp"

/// Messages of which everything follows from their number: nothing has to be kept to check one,
/// and whatever was swapped with another message's is noticed.
namespace waybill_test {

/// The finaliser of SplitMix64: neighbouring numbers get results that have nothing in common.
std::uint64_t mixed(std::uint64_t number);

waybill::span_context trace_of(std::uint64_t number);
/// The number that trace_of made this of; any number for a trace that it did not make.
std::uint64_t number_of(const waybill::span_context& trace);
/// With tracestate and baggage; every tenth is longer than a context holds without a block of its
/// own.
waybill::context context_of(std::uint64_t number);
std::string payload_of(std::uint64_t number);
/// The number of a payload, if it begins like one.
std::optional<std::uint64_t> number_in(std::string_view payload);

}  // namespace waybill_test
