#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/carrier.hpp>

#include "../../../testing/support/carriers.hpp"
#include "../../../testing/support/reference/headers.hpp"
#include "input.hpp"

namespace waybill_fuzz {

/// "0" and "l": HTTP. "5" and "e": brokers.
inline waybill::carrier_rules rules_of(unsigned choice) {
  return {static_cast<waybill::duplicate_rule>(choice % 4),
          static_cast<waybill::name_rule>(choice / 4 % 3)};
}

/// Repeated values make long headers of short inputs, up to this.
constexpr std::size_t value_bytes_max = 100'000;
constexpr std::size_t all_values_bytes_max = 400'000;

/// The name that a line's first byte stands for; ":" is followed by a name and "=".
inline std::string take_name(std::string& line) {
  const char selector = line.empty() ? '\0' : line.front();
  if (!line.empty()) line.erase(0, 1);
  switch (selector) {
    case 't':
      return "traceparent";
    case 'T':
      return "TraceParent";
    case 's':
      return "tracestate";
    case 'S':
      return "TRACESTATE";
    case 'b':
      return "baggage";
    case 'B':
      return "Baggage";
    case ':': {
      const std::size_t equals = line.find('=');
      std::string name = line.substr(0, equals);
      line = equals == std::string::npos ? std::string() : line.substr(equals + 1);
      return name;
    }
    default:
      return "application";
  }
}

/// One header of a line: "!" in front makes its value null, "#" one that is no text, and "*" with
/// another byte repeats the value up to 127 times.
inline waybill_test::reference::header header_of(std::string line) {
  waybill_test::reference::header made;
  std::size_t times = 1;
  for (;;) {
    if (line.starts_with('!')) {
      made.kind = waybill::value_kind::null;
      line.erase(0, 1);
    } else if (line.starts_with('#')) {
      made.kind = waybill::value_kind::not_text;
      line.erase(0, 1);
    } else if (line.starts_with('*') && line.size() > 1) {
      times = static_cast<unsigned char>(line[1]) % 128;
      line.erase(0, 2);
    } else {
      break;
    }
  }
  made.name = take_name(line);
  if (made.kind != waybill::value_kind::text) return made;
  for (std::size_t i = 0; i < times && made.value.size() + line.size() <= value_bytes_max; ++i) {
    made.value += line;
  }
  return made;
}

/// What a rules byte from "a" on puts in front of all headers, so that a fuzzer need not keep it.
constexpr std::string_view good_traceparent =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

inline std::vector<waybill_test::reference::header> headers_of(input& from, unsigned rules_choice) {
  std::vector<waybill_test::reference::header> headers;
  if (rules_choice >= 'a') headers.push_back({"traceparent", std::string(good_traceparent)});
  std::size_t bytes = 0;
  while (from.has_more() && bytes <= all_values_bytes_max) {
    headers.push_back(header_of(from.line()));
    bytes += headers.back().value.size();
  }
  return headers;
}

inline waybill_test::broker_headers carrier_of(
    const std::vector<waybill_test::reference::header>& headers, waybill::carrier_rules rules) {
  waybill_test::broker_headers carrier(rules);
  for (const auto& each : headers) {
    if (each.kind == waybill::value_kind::text) {
      carrier.add(each.name, each.value);
    } else {
      carrier.add(each.name, each.kind);
    }
  }
  return carrier;
}

/// The headers of a carrier that are no field in any spelling.
inline std::vector<waybill_test::broker_headers::header> without_fields(
    const waybill_test::broker_headers& carrier) {
  std::vector<waybill_test::broker_headers::header> rest;
  for (const auto& each : carrier.headers()) {
    const std::string name = waybill_test::reference::lowered(each.name);
    if (name != "traceparent" && name != "tracestate" && name != "baggage") rest.push_back(each);
  }
  return rest;
}

}  // namespace waybill_fuzz
