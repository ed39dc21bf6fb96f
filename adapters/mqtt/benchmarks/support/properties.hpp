#pragma once

#include <MQTTAsync.h>
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "support/allocations.hpp"
#include "waybill/header_list.hpp"
#include "waybill/propagation.hpp"

/// What both sides send, and how it is done by hand.
namespace waybill_benchmark {

inline constexpr std::array<std::pair<std::string_view, std::string_view>, 3> fields{{
    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
    {"tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
    {"baggage", "userId=alice,serverNode=DF28,isProduction=false"},
}};

inline waybill::context make_context() {
  waybill::header_list headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return waybill::propagator().extract(headers);
}

inline void add_property(MQTTProperties& list, std::string_view name, std::string_view value) {
  MQTTProperty made{};
  made.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
  made.value.data = {static_cast<int>(name.size()), const_cast<char*>(name.data())};
  made.value.value = {static_cast<int>(value.size()), const_cast<char*>(value.data())};
  MQTTProperties_add(&list, &made);
}

/// What code does that knows nothing of waybill and has the values at hand.
inline void add_fields(MQTTProperties& list) {
  for (const auto& [name, value] : fields) add_property(list, name, value);
}

/// An application's own properties.
inline MQTTProperties make_list(std::int64_t count) {
  MQTTProperties list = MQTTProperties_initializer;
  for (std::int64_t i = 0; i < count; ++i) {
    add_property(list, "x-property-" + std::to_string(i), "application value");
  }
  return list;
}

/// Two properties, and the three fields.
inline MQTTProperties make_full_list() {
  MQTTProperties list = make_list(2);
  add_fields(list);
  return list;
}

template <class F>
void run(benchmark::State& state, F&& work) {
  allocation_counter allocations;
  for (auto _ : state) work();
  allocations.report(state);
}

/// The value of the first property of a name, by Paho's functions.
inline std::string_view find_by_hand(const MQTTProperties& list, std::string_view name) {
  auto& searched = const_cast<MQTTProperties&>(list);
  const int count = MQTTProperties_propertyCount(&searched, MQTTPROPERTY_CODE_USER_PROPERTY);
  for (int i = 0; i < count; ++i) {
    const MQTTProperty* each =
        MQTTProperties_getPropertyAt(&searched, MQTTPROPERTY_CODE_USER_PROPERTY, i);
    const MQTTLenString& its_name = each->value.data;
    if (name == std::string_view(its_name.data, static_cast<std::size_t>(its_name.len))) {
      return {each->value.value.data, static_cast<std::size_t>(each->value.value.len)};
    }
  }
  return {};
}

}  // namespace waybill_benchmark
