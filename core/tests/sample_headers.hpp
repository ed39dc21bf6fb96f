#pragma once

#include <string_view>

#include "support/texts.hpp"
#include "waybill/context.hpp"
#include "waybill/header_list.hpp"

namespace waybill_test {

inline waybill::header_list full_headers() {
  waybill::header_list headers;
  headers.add("app", "1");
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1");
  headers.add("baggage", "user=a%20b;p=1,plan=b,user=c");
  return headers;
}

/// The context that full_headers() holds.
inline const waybill::context& full_context() {
  static const waybill::context sent =
      context_of(sample_trace, "rojo=1", "user=a%20b;p=1,plan=b,user=c");
  return sent;
}

/// Headers with these two fields, without those that are empty.
inline waybill::header_list headers_of(std::string_view traceparent, std::string_view baggage) {
  waybill::header_list headers;
  if (!traceparent.empty()) headers.add("traceparent", traceparent);
  if (!baggage.empty()) headers.add("baggage", baggage);
  return headers;
}

}  // namespace waybill_test
