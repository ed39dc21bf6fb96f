#pragma once

#include "faults.hpp"

namespace waybill::tool::sections {

inline constexpr section traceparent_values{
    "W3C Trace Context Level 2, \"traceparent Header Field Values\"",
    "https://www.w3.org/TR/trace-context-2/#traceparent-header-field-values"};
inline constexpr section version{"W3C Trace Context Level 2, \"version\"",
                                 "https://www.w3.org/TR/trace-context-2/#version"};
inline constexpr section version_format{"W3C Trace Context Level 2, \"version-format\"",
                                        "https://www.w3.org/TR/trace-context-2/#version-format"};
inline constexpr section trace_id{"W3C Trace Context Level 2, \"trace-id\"",
                                  "https://www.w3.org/TR/trace-context-2/#trace-id"};
inline constexpr section parent_id{"W3C Trace Context Level 2, \"parent-id\"",
                                   "https://www.w3.org/TR/trace-context-2/#parent-id"};
inline constexpr section trace_flags{"W3C Trace Context Level 2, \"trace-flags\"",
                                     "https://www.w3.org/TR/trace-context-2/#trace-flags"};
inline constexpr section traceparent_versions{
    "W3C Trace Context Level 2, \"Versioning of traceparent\"",
    "https://www.w3.org/TR/trace-context-2/#versioning-of-traceparent"};
inline constexpr section tracestate_values{
    "W3C Trace Context Level 2, \"tracestate Header Field Values\"",
    "https://www.w3.org/TR/trace-context-2/#tracestate-header-field-values"};
inline constexpr section list_members{"W3C Trace Context Level 2, \"list-members\"",
                                      "https://www.w3.org/TR/trace-context-2/#list-members"};
inline constexpr section tracestate_key{"W3C Trace Context Level 2, \"Key\"",
                                        "https://www.w3.org/TR/trace-context-2/#key"};
inline constexpr section tracestate_value{"W3C Trace Context Level 2, \"Value\"",
                                          "https://www.w3.org/TR/trace-context-2/#value"};
inline constexpr section tracestate_limits{
    "W3C Trace Context Level 2, \"tracestate Limits\"",
    "https://www.w3.org/TR/trace-context-2/#tracestate-limits"};
inline constexpr section no_traceparent{
    "W3C Trace Context Level 2, \"A traceparent is Not Received\"",
    "https://www.w3.org/TR/trace-context-2/#a-traceparent-is-not-received"};
inline constexpr section bad_traceparent{
    "W3C Trace Context Level 2, \"A traceparent is Received\"",
    "https://www.w3.org/TR/trace-context-2/#a-traceparent-is-received"};
inline constexpr section baggage_definition{"W3C Baggage, \"Definition\"",
                                            "https://www.w3.org/TR/baggage/#definition"};
inline constexpr section baggage_key{"W3C Baggage, \"key\"", "https://www.w3.org/TR/baggage/#key"};
inline constexpr section baggage_value{"W3C Baggage, \"value\"",
                                       "https://www.w3.org/TR/baggage/#value"};
inline constexpr section baggage_property{"W3C Baggage, \"property\"",
                                          "https://www.w3.org/TR/baggage/#property"};
inline constexpr section baggage_limits{"W3C Baggage, \"Limits\"",
                                        "https://www.w3.org/TR/baggage/#limits"};
inline constexpr section field_order{"RFC 9110 (HTTP Semantics), 5.3 \"Field Order\"",
                                     "https://www.rfc-editor.org/rfc/rfc9110.html#section-5.3"};

}  // namespace waybill::tool::sections
