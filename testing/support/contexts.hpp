#pragma once

#include <string>
#include <string_view>

#include "waybill/baggage.hpp"
#include "waybill/context.hpp"
#include "waybill/tracestate.hpp"

/// Contexts with known texts, and their texts.
namespace waybill_test {

inline constexpr std::string_view traceparent_a =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
inline constexpr std::string_view traceparent_b =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";

inline std::string traceparent_text(const waybill::span_context& trace) {
  const auto text = waybill::to_traceparent(trace);
  return {text.data(), text.size()};
}
inline std::string traceparent_text(const waybill::context& context) {
  return traceparent_text(context.span_context());
}

/// Texts that are not needed may be empty.
inline waybill::context make_context(std::string_view traceparent, std::string_view tracestate = {},
                                     std::string_view baggage = {}) {
  waybill::context made;
  if (!traceparent.empty()) {
    made = waybill::context(waybill::parse_traceparent(traceparent).value());
  }
  if (!tracestate.empty()) {
    made = made.with_tracestate(waybill::tracestate::parse(tracestate).value());
  }
  if (!baggage.empty()) made = made.with_baggage(waybill::baggage::parse(baggage).items);
  return made;
}

}  // namespace waybill_test
