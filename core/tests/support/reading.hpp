#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/context.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

namespace waybill_test {

/// What the default propagator reads from a carrier.
struct reading {
  waybill::context context;
  waybill::extract_report report;

  [[nodiscard]] waybill::errc of(std::string_view field) const {
    return report.fields[waybill::propagator().field_index(field)];
  }
  [[nodiscard]] bool is_repeated(std::string_view field) const {
    return ((report.repeated >> waybill::propagator().field_index(field)) & 1U) != 0;
  }
  [[nodiscard]] std::string tracestate() const { return std::string(context.tracestate_text()); }
  [[nodiscard]] std::string baggage() const { return std::string(context.baggage_text()); }
};

template <class Carrier>
reading read(const Carrier& carrier, const waybill::limits& limits = {}) {
  reading result;
  result.context = waybill::propagator().extract(carrier, limits, &result.report);
  return result;
}

/// HTTP headers in this order.
inline waybill::header_list http_headers(
    std::initializer_list<std::pair<std::string_view, std::string_view>> headers) {
  waybill::header_list list;
  for (const auto& [name, value] : headers) list.add(name, value);
  return list;
}

/// Every value under this exact name.
inline std::vector<std::string> values_of(const waybill::header_list& list, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& each : list) {
    if (each.name == name) values.push_back(each.value);
  }
  return values;
}

/// What the default propagator writes under this name for a context; nothing when no such field.
inline std::vector<std::string> written(const waybill::context& context, std::string_view name,
                                        const waybill::limits& limits = {}) {
  waybill::header_list list;
  waybill::propagator().inject(context, list, limits);
  return values_of(list, name);
}

}  // namespace waybill_test
