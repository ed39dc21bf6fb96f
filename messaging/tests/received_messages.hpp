#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "support/recording_tracer.hpp"
#include "waybill/header_list.hpp"
#include "waybill/messaging/receiving.hpp"

namespace waybill_test {

inline constexpr auto describe = [] { return waybill::operation_details{.system = "test"}; };

inline waybill::propagation taking(waybill::inbound_mode mode,
                                   std::shared_ptr<recording_tracer> tracer = nullptr) {
  return waybill::propagation(
      {.boundary = waybill::boundary({.inbound = mode}), .tracer = std::move(tracer)});
}

/// The extraction of a message from "orders".
inline waybill::extraction received(const waybill::propagation& settings) {
  waybill::header_list headers;
  headers.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  headers.add("baggage", "tenant=42");
  return waybill::extract(waybill::reader_ref(headers), settings, "orders");
}

/// A message as an adapter has one.
class test_message : public waybill::messaging::received {
 public:
  test_message() noexcept = default;
  explicit test_message(const waybill::propagation& settings)
      : received([&] { return waybill_test::received(settings); }) {}
  using received::taken;
};

}  // namespace waybill_test
