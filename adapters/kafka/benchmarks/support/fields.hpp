#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/header_list.hpp"
#include "waybill/propagation.hpp"

/// What both sides send, and how it is done by hand.
namespace waybill_benchmark {

inline constexpr std::string_view traceparent =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
inline constexpr std::string_view tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
inline constexpr std::string_view baggage = "userId=alice,serverNode=DF28,isProduction=false";

inline waybill::context make_context() {
  waybill::header_list headers;
  headers.add("traceparent", traceparent);
  headers.add("tracestate", tracestate);
  headers.add("baggage", baggage);
  return waybill::propagator().extract(headers);
}

inline void add_header(rd_kafka_headers_t& list, std::string_view name, std::string_view value) {
  rd_kafka_header_add(&list, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

/// What code does that knows nothing of waybill and has the values at hand.
inline void add_fields(rd_kafka_headers_t& list) {
  add_header(list, "traceparent", traceparent);
  add_header(list, "tracestate", tracestate);
  add_header(list, "baggage", baggage);
}

/// An application's own headers.
class application_headers {
 public:
  explicit application_headers(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) names_.push_back("x-header-" + std::to_string(i));
  }
  /// With room for eight, as librdkafka's own examples make their lists.
  [[nodiscard]] rd_kafka_headers_t* make_list() const {
    rd_kafka_headers_t* list = rd_kafka_headers_new(8);
    for (const std::string& each : names_) add_header(*list, each, "application value");
    return list;
  }
  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }

 private:
  std::vector<std::string> names_;
};

}  // namespace waybill_benchmark
