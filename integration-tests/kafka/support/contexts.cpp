#include "contexts.hpp"

#include <algorithm>
#include <utility>

#include "waybill/baggage.hpp"
#include "waybill/tracestate.hpp"

namespace waybill_test {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_field_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower == "traceparent" || lower == "tracestate" || lower == "baggage";
}

std::vector<bare_header> application_headers(const std::vector<bare_header>& headers) {
  std::vector<bare_header> kept;
  std::ranges::copy_if(headers, std::back_inserter(kept),
                       [](const bare_header& header) { return !is_field_name(header.name); });
  return kept;
}

std::vector<bare_header> on_wire(std::vector<bare_header> application,
                                 const waybill::context& context) {
  const auto add = [&application](const char* name, std::string_view value) {
    if (!value.empty()) application.push_back({name, std::string(value)});
  };
  if (context.has_trace()) add("traceparent", traceparent_of(context));
  add("tracestate", context.tracestate_text());
  add("baggage", context.baggage_text());
  return application;
}

}  // namespace waybill_test
