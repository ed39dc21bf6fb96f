#include "contexts.hpp"

namespace waybill_test {

property_pairs on_wire(property_pairs application, const waybill::context& context) {
  const auto add = [&application](const char* name, std::string_view value) {
    if (!value.empty()) application.emplace_back(name, value);
  };
  if (context.has_trace()) add("traceparent", traceparent_of(context));
  add("tracestate", context.tracestate_text());
  add("baggage", context.baggage_text());
  return application;
}

}  // namespace waybill_test
