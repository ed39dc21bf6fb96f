#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/context.hpp>
#include <waybill/propagator.hpp>
#include <waybill/tracestate.hpp>

#include "reference_formats.hpp"

namespace waybill_test {

/// The members of a context's baggage with everything decoded.
inline std::vector<reference::member> decoded_members(const waybill::baggage_view& items) {
  std::vector<reference::member> members;
  for (const waybill::baggage_member& each : items) {
    reference::member read{std::string(each.key), each.value(), {}};
    for (const waybill::baggage_property& property : each.properties()) {
      read.properties.push_back({property.key, property.value});
    }
    members.push_back(std::move(read));
  }
  return members;
}

inline std::vector<std::pair<std::string, std::string>> listed_members(
    const waybill::tracestate_view& state) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const waybill::tracestate_member& each : state) members.emplace_back(each.key, each.value);
  return members;
}

/// The first thing in which a context and its report are not what the reference reads; empty when
/// there is none. `formats` has both formats.
inline std::string first_difference(const reference::extraction& expected,
                                    const waybill::context& got,
                                    const waybill::extract_report& report,
                                    const waybill::propagator& formats = {}) {
  const auto is_reported = [&](std::string_view field, const std::set<waybill::errc>& codes) {
    return codes.contains(report.fields[formats.field_index(field)]);
  };
  const auto is_repeated = [&](std::string_view field) {
    return ((report.repeated >> formats.field_index(field)) & 1U) != 0;
  };
  if (!is_reported("traceparent", expected.traceparent)) return "what became of traceparent";
  if (!is_reported("tracestate", expected.tracestate)) return "what became of tracestate";
  if (!is_reported("baggage", expected.baggage)) return "what became of baggage";
  if (is_repeated("traceparent") != expected.is_traceparent_repeated) return "traceparent repeated";
  if (is_repeated("tracestate") != expected.is_tracestate_repeated) return "tracestate repeated";
  if (is_repeated("baggage") != expected.is_baggage_repeated) return "baggage repeated";
  if (report.members_dropped != expected.state.dropped + expected.items.dropped) return "dropped";

  if (got.has_trace() != expected.trace.is_good()) return "has a trace";
  if (got.has_trace()) {
    const auto written = waybill::to_traceparent(got.span_context());
    if (std::string(written.data(), written.size()) != expected.trace.written()) return "trace";
    if (!got.span_context().is_remote()) return "remote";
    if (got.span_context().is_sampled() != (expected.trace.flags % 2 != 0)) return "sampled";
    if (got.span_context().is_random() != (expected.trace.flags / 2 != 0)) return "random";
  }
  if (got.tracestate_text() != expected.state.text) return "tracestate text";
  if (got.baggage_text() != expected.items.text) return "baggage text";
  if (got.baggage_members() != expected.items.members) return "baggage members";

  const waybill::tracestate_view state(got);
  const auto state_members = reference::listed(expected.state.text);
  if (listed_members(state) != state_members) return "tracestate members";
  const bool finds_each = std::all_of(state_members.begin(), state_members.end(), [&](auto& each) {
    return state.get(each.first) == each.second;
  });
  if (!finds_each) return "tracestate get";
  const waybill::baggage_view items(got);
  const auto members = reference::members_of(expected.items.text);
  if (decoded_members(items) != members) return "baggage decoded";
  for (const reference::member& each : members) {
    if (items.get(each.key) != each.value) return "baggage get";
  }
  return {};
}

}  // namespace waybill_test
