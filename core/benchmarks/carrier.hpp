#pragma once

#include <opentelemetry/context/propagation/text_map_propagator.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace waybill_benchmark {

/// The carrier of both sides: five headers in a fixed array, three of them propagation fields.
struct array_carrier {
  struct header {
    std::string_view name;
    std::string_view value;
  };
  std::array<header, 5> headers;

  template <class F>
  void for_each(F&& visit) const {
    for (const header& each : headers) visit(each.name, each.value);
  }
};

/// Five slots with room for a value each; set() looks for the name as a map would.
struct slot_carrier {
  struct slot {
    std::string_view name;
    std::size_t bytes = 0;
    std::array<char, 1024> value{};
  };
  std::array<slot, 5> slots{
      {{"app-id"}, {"traceparent"}, {"tracestate"}, {"baggage"}, {"content-type"}}};

  void set(std::string_view name, std::string_view value) noexcept {
    for (slot& each : slots) {
      if (each.name != name) continue;
      each.bytes = value.size();
      std::memcpy(each.value.data(), value.data(), value.size());
      return;
    }
  }
  void erase(std::string_view name) noexcept {
    for (slot& each : slots) {
      if (each.name == name) each.bytes = 0;
    }
  }
};

/// The same carriers as opentelemetry-cpp wants them.
class otel_reader final : public opentelemetry::context::propagation::TextMapCarrier {
 public:
  explicit otel_reader(const array_carrier& carrier) : carrier_(carrier) {}
  opentelemetry::nostd::string_view Get(
      opentelemetry::nostd::string_view key) const noexcept override {
    for (const auto& each : carrier_.headers) {
      if (each.name == std::string_view(key.data(), key.size())) {
        return {each.value.data(), each.value.size()};
      }
    }
    return {};
  }
  void Set(opentelemetry::nostd::string_view, opentelemetry::nostd::string_view) noexcept override {
  }

 private:
  const array_carrier& carrier_;
};

class otel_writer final : public opentelemetry::context::propagation::TextMapCarrier {
 public:
  explicit otel_writer(slot_carrier& carrier) : carrier_(carrier) {}
  opentelemetry::nostd::string_view Get(opentelemetry::nostd::string_view) const noexcept override {
    return {};
  }
  void Set(opentelemetry::nostd::string_view key,
           opentelemetry::nostd::string_view value) noexcept override {
    carrier_.set({key.data(), key.size()}, {value.data(), value.size()});
  }

 private:
  slot_carrier& carrier_;
};

}  // namespace waybill_benchmark
