// The other side of propagation_benchmark.cpp: opentelemetry-cpp's own propagators on the same
// storage, configured as its users do: HttpTraceContext alone, or with BaggagePropagator in a
// CompositePropagator.
#include <benchmark/benchmark.h>
#include <opentelemetry/baggage/propagation/baggage_propagator.h>
#include <opentelemetry/context/propagation/composite_propagator.h>
#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/trace/propagation/http_trace_context.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/headers.hpp"

namespace waybill_benchmark {
namespace {

namespace otel = opentelemetry;
using otel::context::propagation::TextMapCarrier;
using otel::context::propagation::TextMapPropagator;

std::string_view to_std(otel::nostd::string_view text) { return {text.data(), text.size()}; }

// NOLINTBEGIN(readability-identifier-naming): the interface's names
class reader final : public TextMapCarrier {
 public:
  explicit reader(const five_headers& headers) : headers_(headers) {}
  otel::nostd::string_view Get(otel::nostd::string_view key) const noexcept override {
    const std::string_view value = headers_.find(to_std(key)).value_or(std::string_view{});
    return {value.data(), value.size()};
  }
  void Set(otel::nostd::string_view /*key*/, otel::nostd::string_view /*value*/) noexcept override {
  }

 private:
  const five_headers& headers_;
};

class writer final : public TextMapCarrier {
 public:
  explicit writer(five_slots& slots) : slots_(slots) {}
  otel::nostd::string_view Get(otel::nostd::string_view /*key*/) const noexcept override {
    return {};
  }
  void Set(otel::nostd::string_view key, otel::nostd::string_view value) noexcept override {
    slots_.set(to_std(key), to_std(value));
  }

 private:
  five_slots& slots_;
};
// NOLINTEND(readability-identifier-naming)

std::unique_ptr<TextMapPropagator> make_propagator(std::string_view formats) {
  auto trace = std::make_unique<otel::trace::propagation::HttpTraceContext>();
  if (formats == "trace") return trace;
  std::vector<std::unique_ptr<TextMapPropagator>> all;
  all.push_back(std::move(trace));
  all.push_back(std::make_unique<otel::baggage::propagation::BaggagePropagator>());
  return std::make_unique<otel::context::propagation::CompositePropagator>(std::move(all));
}

bool holds(const otel::context::Context& context, const message_case& message) {
  const auto trace = otel::trace::GetSpan(context)->GetContext();
  return trace.IsValid() == !message.traceparent.empty() &&
         trace.trace_state()->ToHeader() == message.tracestate &&
         otel::baggage::GetBaggage(context)->ToHeader() == message.baggage;
}

void extract_from(benchmark::State& state, const message_case& message, other_names others,
                  TextMapPropagator& formats) {
  const five_headers headers(message, others);
  const reader carrier(headers);
  otel::context::Context empty;
  if (!holds(formats.Extract(carrier, empty), message)) {
    state.SkipWithError("another context was read");
  }
  const allocation_counter allocations;
  for (auto _ : state) {
    const otel::context::Context context = formats.Extract(carrier, empty);
    benchmark::DoNotOptimize(context);
  }
  allocations.report(state);
}

void extract(benchmark::State& state, const message_case& message, TextMapPropagator& formats) {
  extract_from(state, message, other_names::usual, formats);
}

void extract_among_alike(benchmark::State& state, const message_case& message,
                         TextMapPropagator& formats) {
  extract_from(state, message, other_names::alike, formats);
}

void inject(benchmark::State& state, const message_case& message, TextMapPropagator& formats) {
  const five_headers headers(message);
  otel::context::Context empty;
  const otel::context::Context context = formats.Extract(reader(headers), empty);
  five_slots slots;
  writer carrier(slots);
  const allocation_counter allocations;
  for (auto _ : state) {
    formats.Inject(carrier, context);
    benchmark::DoNotOptimize(slots);
    benchmark::ClobberMemory();
  }
  allocations.report(state);
  if (!slots.holds(message)) state.SkipWithError("something else was written");
}

template <class F>
void add(const char* work, const message_case& message, const char* formats, F run) {
  const std::string name =
      std::string("opentelemetry/") + work + '/' + message.name + '/' + formats;
  benchmark::RegisterBenchmark(name.c_str(), [=, &message](benchmark::State& state) {
    run(state, message, *make_propagator(formats));
  });
}

[[maybe_unused]] const bool registered = [] {
  for (const message_case* each : {&nothing, &traceparent, &tracestate_of_2, &tracestate_of_3}) {
    add("extract", *each, "trace", &extract);
  }
  add("inject", traceparent, "trace", &inject);
  for (const message_case* each :
       {&nothing, &traceparent, &tracestate_of_2, &tracestate_of_3, &baggage_of_3, &baggage_of_8}) {
    add("extract", *each, "both", &extract);
  }
  add("extract-among-alike", nothing, "both", &extract_among_alike);
  add("extract-among-alike", traceparent, "both", &extract_among_alike);
  for (const message_case* each : {&traceparent, &baggage_of_3, &baggage_of_8}) {
    add("inject", *each, "both", &inject);
  }
  return true;
}();

}  // namespace
}  // namespace waybill_benchmark
