// Core as a program without exceptions and run-time types uses it: compiled and linked with both
// switched off, so every public header is included here.

#include <cstdio>
#include <string_view>

#include "waybill/baggage.hpp"
#include "waybill/boundary.hpp"
#include "waybill/carrier.hpp"
#include "waybill/context.hpp"
#include "waybill/current.hpp"
#include "waybill/diagnostics.hpp"
#include "waybill/errc.hpp"
#include "waybill/format.hpp"
#include "waybill/header_list.hpp"
#include "waybill/limits.hpp"
#include "waybill/propagation.hpp"
#include "waybill/propagator.hpp"
#include "waybill/result.hpp"
#include "waybill/span_context.hpp"
#include "waybill/tracestate.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this program shows nothing when exceptions or run-time types are on"
#endif

int main() {
  constexpr std::string_view traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  constexpr std::string_view tracestate = "rojo=00f067aa0ba902b7";
  constexpr std::string_view baggage = "user=alice";
  waybill::header_list received;
  received.add("traceparent", traceparent);
  received.add("tracestate", tracestate);
  received.add("baggage", baggage);
  const waybill::propagation propagation;
  const waybill::extraction taken = waybill::take(received, propagation, waybill::any_destination);

  const waybill::scope active(taken.context());
  waybill::header_list sent;
  waybill::inject(waybill::current(), sent, propagation, waybill::any_destination);

  const bool is_same = received.is_empty() && sent.get("traceparent") == traceparent &&
                       sent.get("tracestate") == tracestate && sent.get("baggage") == baggage;
  if (!is_same) std::fputs("what was sent is not what was received\n", stderr);
  return is_same ? 0 : 1;
}
