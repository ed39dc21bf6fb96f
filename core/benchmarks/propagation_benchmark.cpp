// waybill's side of what opentelemetry_benchmark.cpp does too. A name is side/work/message/formats:
// `trace` is W3C Trace Context alone, `both` is that and W3C Baggage. Both sides are configured
// alike.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "support/allocations.hpp"
#include "support/headers.hpp"
#include "waybill/propagator.hpp"

namespace waybill_benchmark {
namespace {

using waybill::propagator;

/// A context or a view of one.
template <class Context>
bool holds(const Context& context, const message_case& message) {
  return context.has_trace() == !message.traceparent.empty() &&
         context.tracestate_text() == message.tracestate &&
         context.baggage_text() == message.baggage;
}

template <class Carrier>
void extract_from(benchmark::State& state, const Carrier& carrier, const message_case& message,
                  const propagator& formats) {
  if (!holds(formats.extract(carrier), message)) state.SkipWithError("another context was read");
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::context context = formats.extract(carrier);
    benchmark::DoNotOptimize(context);
  }
  allocations.report(state);
}

void extract(benchmark::State& state, const message_case& message, const propagator& formats) {
  extract_from(state, five_headers(message), message, formats);
}

void extract_among_alike(benchmark::State& state, const message_case& message,
                         const propagator& formats) {
  extract_from(state, five_headers(message, other_names::alike), message, formats);
}

void extract_by_name(benchmark::State& state, const message_case& message,
                     const propagator& formats) {
  const five_headers headers(message);
  extract_from(state, headers_by_name{headers}, message, formats);
}

void peek(benchmark::State& state, const message_case& message, const propagator& formats) {
  const five_headers carrier(message);
  const auto seen = formats.peek(carrier);
  if (!seen.has_value() || !holds(*seen, message)) state.SkipWithError("another context was read");
  const allocation_counter allocations;
  for (auto _ : state) {
    const auto context = formats.peek(carrier);
    benchmark::DoNotOptimize(context);
  }
  allocations.report(state);
}

void inject(benchmark::State& state, const message_case& message, const propagator& formats) {
  const waybill::context context = formats.extract(five_headers(message));
  five_slots carrier;
  const allocation_counter allocations;
  for (auto _ : state) {
    formats.inject(context, carrier);
    benchmark::DoNotOptimize(carrier);
    benchmark::ClobberMemory();
  }
  allocations.report(state);
  if (!carrier.holds(message)) state.SkipWithError("something else was written");
}

template <class F>
void add(const char* work, const message_case& message, const char* formats, F run) {
  const std::string name = std::string("waybill/") + work + '/' + message.name + '/' + formats;
  const std::string_view names =
      std::string_view(formats) == "trace" ? "tracecontext" : "tracecontext,baggage";
  benchmark::RegisterBenchmark(name.c_str(), [=, &message](benchmark::State& state) {
    run(state, message, propagator::from_names(names));
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
    add("extract-by-name", *each, "both", &extract_by_name);
    add("peek", *each, "both", &peek);
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
