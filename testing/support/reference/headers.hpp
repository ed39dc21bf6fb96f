#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>
#include <waybill/carrier.hpp>
#include <waybill/errc.hpp>
#include <waybill/limits.hpp>

#include "baggage.hpp"
#include "traceparent.hpp"
#include "tracestate.hpp"

namespace waybill_test::reference {

struct header {
  std::string name;
  std::string value;
  waybill::value_kind kind = waybill::value_kind::text;
};

/// What the carrier's rules make of one field: the values that count, or why none does.
struct chosen_values {
  waybill::errc state = waybill::errc::ok;
  std::vector<std::string> values{};
  bool is_repeated = false;
};

inline chosen_values choose(const std::vector<header>& headers, const std::string& field,
                            bool is_list, waybill::carrier_rules rules) {
  using waybill::duplicate_rule;
  std::vector<header> every_spelling;
  std::vector<header> exact;
  for (const header& each : headers) {
    if (each.name == field) exact.push_back(each);
    if (lowered(each.name) == field) every_spelling.push_back(each);
  }
  if (rules.names == waybill::name_rule::exact) every_spelling = exact;
  const bool takes_exact = rules.names == waybill::name_rule::prefer_exact && !exact.empty();
  std::vector<header> counting = takes_exact ? exact : every_spelling;

  chosen_values chosen;
  const bool combines = rules.duplicates == duplicate_rule::combine;
  chosen.is_repeated = every_spelling.size() > 1 && !(combines && is_list);
  if (combines) {
    std::erase_if(counting, [](const header& h) { return h.kind == waybill::value_kind::null; });
  } else if (counting.size() > 1 && rules.duplicates == duplicate_rule::first) {
    counting = {counting.front()};
  } else if (counting.size() > 1) {
    counting = {counting.back()};
  }
  chosen.state = counting.empty() ? waybill::errc::absent : waybill::errc::ok;
  for (const header& each : counting) {
    chosen.values.push_back(each.value);
    if (each.kind == waybill::value_kind::null) chosen.state = waybill::errc::absent;
    if (each.kind == waybill::value_kind::not_text) chosen.state = waybill::errc::malformed;
  }
  if (rules.duplicates == duplicate_rule::reject && every_spelling.size() > 1) {
    chosen.state = waybill::errc::duplicate;
  }
  return chosen;
}

/// What tracecontext and baggage read from headers. Of each field: what may be reported.
struct extraction {
  position trace{};
  std::set<waybill::errc> traceparent{};
  std::set<waybill::errc> tracestate{};
  std::set<waybill::errc> baggage{};
  list state{};
  list items{};
  bool is_traceparent_repeated = false;
  bool is_tracestate_repeated = false;
  bool is_baggage_repeated = false;
};

inline void extract_traceparent(const chosen_values& found, const waybill::limits& limits,
                                extraction& out) {
  out.is_traceparent_repeated = found.is_repeated;
  out.traceparent = {found.state};
  if (found.state != waybill::errc::ok) return;
  std::set<waybill::errc> wrong;
  for (const std::string& value : found.values) {
    if (value.size() > limits.field_scan_bytes_max) wrong.insert(waybill::errc::too_large);
    if (trimmed(value) != trimmed(found.values[0])) wrong.insert(waybill::errc::duplicate);
  }
  // Whether two values that are too large differ need not be looked at.
  if (found.values.size() > 1 && wrong.contains(waybill::errc::too_large)) {
    wrong.insert(waybill::errc::duplicate);
  }
  if (wrong.empty()) {
    out.trace = read_traceparent(trimmed(found.values[0]));
    wrong.insert(out.trace.code);
  }
  out.traceparent = wrong;
}

inline void extract_tracestate(const chosen_values& found, const waybill::limits& limits,
                               extraction& out) {
  out.is_tracestate_repeated = found.is_repeated;
  out.tracestate = {found.state};
  if (found.state != waybill::errc::ok) return;
  if (!out.trace.is_good()) {
    bool is_empty = true;
    for (const std::string& value : found.values) {
      // White space over the raw limit is not looked at.
      const bool is_over = value.size() > limits.field_scan_bytes_max;
      is_empty = is_empty && !is_over && trimmed(value).empty();
    }
    if (!is_empty) out.tracestate = {waybill::errc::no_traceparent};
    return;
  }
  out.state = read_tracestate(found.values, limits);
  out.tracestate = out.state.reasons;
  out.tracestate.insert(out.state.status);
}

inline extraction extract(const std::vector<header>& headers, waybill::carrier_rules rules,
                          const waybill::limits& limits) {
  extraction out;
  extract_traceparent(choose(headers, "traceparent", false, rules), limits, out);
  extract_tracestate(choose(headers, "tracestate", true, rules), limits, out);
  const chosen_values found = choose(headers, "baggage", true, rules);
  out.is_baggage_repeated = found.is_repeated;
  out.baggage = {found.state};
  if (found.state == waybill::errc::ok) {
    out.items = read_baggage(found.values, limits);
    out.baggage = {out.items.status};
  }
  return out;
}

}  // namespace waybill_test::reference
