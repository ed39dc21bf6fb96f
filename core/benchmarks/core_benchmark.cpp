#include <benchmark/benchmark.h>
#include <opentelemetry/baggage/propagation/baggage_propagator.h>
#include <opentelemetry/context/propagation/composite_propagator.h>
#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/trace/propagation/http_trace_context.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "carrier.hpp"
#include "waybill/propagator.hpp"

namespace {

std::atomic<std::size_t> allocations{0};

}  // namespace

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using waybill_benchmark::array_carrier;
using waybill_benchmark::otel_reader;
using waybill_benchmark::otel_writer;
using waybill_benchmark::slot_carrier;

constexpr std::string_view traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view tracestate_2 = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";
constexpr std::string_view tracestate_3 =
    "dd=s:2;o:rum;t.dm:-4,congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";
constexpr std::string_view baggage_3 = "userId=alice,serverNode=DF28,isProduction=false";
constexpr std::string_view baggage_8 =
    "userId=alice,serverNode=DF28,isProduction=false,tenant=acme-corp,region=eu-west-1,"
    "session=8f14e45fceea167a5a36dedd4bea2543,cart=3f2b8c,plan=gold;ttl=60";

array_carrier carrier_with(int kind) {
  array_carrier carrier{{{{"app-id", "orders"},
                          {"x-a", ""},
                          {"x-b", ""},
                          {"x-c", ""},
                          {"content-type", "application/json"}}}};
  if (kind >= 1) carrier.headers[1] = {"traceparent", traceparent};
  if (kind >= 2) carrier.headers[2] = {"tracestate", kind % 2 == 0 ? tracestate_2 : tracestate_3};
  if (kind >= 4) carrier.headers[3] = {"baggage", kind == 4 ? baggage_3 : baggage_8};
  return carrier;
}

opentelemetry::context::propagation::CompositePropagator otel_propagator() {
  std::vector<std::unique_ptr<opentelemetry::context::propagation::TextMapPropagator>> all;
  all.push_back(std::make_unique<opentelemetry::trace::propagation::HttpTraceContext>());
  all.push_back(std::make_unique<opentelemetry::baggage::propagation::BaggagePropagator>());
  return opentelemetry::context::propagation::CompositePropagator(std::move(all));
}

void count_allocations(benchmark::State& state, std::size_t before) {
  state.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations.load() - before) /
                                                static_cast<double>(state.iterations()));
}

void waybill_extract(benchmark::State& state) {
  const array_carrier carrier = carrier_with(static_cast<int>(state.range(0)));
  const waybill::propagator propagator;
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    const waybill::context context = propagator.extract(carrier);
    benchmark::DoNotOptimize(&context);
  }
  count_allocations(state, before);
}
void waybill_peek(benchmark::State& state) {
  const array_carrier carrier = carrier_with(static_cast<int>(state.range(0)));
  const waybill::propagator propagator;
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    const auto context = propagator.peek(carrier);
    benchmark::DoNotOptimize(&context);
  }
  count_allocations(state, before);
}
void otel_extract(benchmark::State& state) {
  const array_carrier carrier = carrier_with(static_cast<int>(state.range(0)));
  auto propagator = otel_propagator();
  const otel_reader reader(carrier);
  opentelemetry::context::Context empty;
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    auto context = propagator.Extract(reader, empty);
    benchmark::DoNotOptimize(&context);
  }
  count_allocations(state, before);
}

void waybill_inject(benchmark::State& state) {
  const array_carrier carrier = carrier_with(static_cast<int>(state.range(0)));
  const waybill::propagator propagator;
  const waybill::context context = propagator.extract(carrier);
  slot_carrier out;
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    propagator.inject(context, out);
    benchmark::DoNotOptimize(&out);
    benchmark::ClobberMemory();
  }
  count_allocations(state, before);
}
void otel_inject(benchmark::State& state) {
  const array_carrier carrier = carrier_with(static_cast<int>(state.range(0)));
  auto propagator = otel_propagator();
  const otel_reader reader(carrier);
  opentelemetry::context::Context empty;
  const auto context = propagator.Extract(reader, empty);
  slot_carrier out;
  otel_writer writer(out);
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    propagator.Inject(writer, context);
    benchmark::DoNotOptimize(&out);
    benchmark::ClobberMemory();
  }
  count_allocations(state, before);
}

BENCHMARK(waybill_extract)->Arg(0)->Arg(1)->Arg(2)->Arg(3)->Arg(4)->Arg(5);
BENCHMARK(waybill_peek)->Arg(0)->Arg(1)->Arg(2)->Arg(3)->Arg(4)->Arg(5);
BENCHMARK(otel_extract)->Arg(0)->Arg(1)->Arg(2)->Arg(3)->Arg(4)->Arg(5);
BENCHMARK(waybill_inject)->Arg(1)->Arg(4)->Arg(5);
BENCHMARK(otel_inject)->Arg(1)->Arg(4)->Arg(5);

}  // namespace

BENCHMARK_MAIN();
