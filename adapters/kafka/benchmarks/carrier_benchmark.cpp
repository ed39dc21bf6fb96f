// The carrier functions on a header list, beside what librdkafka's own functions take for the same.
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <cstddef>

#include "support/allocations.hpp"
#include "support/fields.hpp"
#include "waybill/kafka/carrier.hpp"

namespace waybill_benchmark {
namespace {

constexpr std::int64_t application_count = 2;

/// Five headers, three of them fields.
rd_kafka_headers_t* make_full_list() {
  rd_kafka_headers_t* list = application_headers(application_count).make_list();
  add_fields(*list);
  return list;
}

template <class F>
void run(benchmark::State& state, F&& work) {
  allocation_counter allocations;
  for (auto _ : state) work();
  allocations.report(state);
}

void extract(benchmark::State& state) {
  const waybill::propagation settings;
  rd_kafka_headers_t* list = make_full_list();
  run(state, [&] { benchmark::DoNotOptimize(waybill::kafka::extract(list, settings, "orders")); });
  rd_kafka_headers_destroy(list);
}
void peek(benchmark::State& state) {
  const waybill::propagation settings;
  rd_kafka_headers_t* list = make_full_list();
  run(state, [&] { benchmark::DoNotOptimize(waybill::kafka::peek(list, settings, "orders")); });
  rd_kafka_headers_destroy(list);
}
/// Finds the three values and does not read them.
void find_by_hand(benchmark::State& state) {
  rd_kafka_headers_t* list = make_full_list();
  run(state, [&] {
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      const void* value = nullptr;
      std::size_t bytes = 0;
      rd_kafka_header_get_last(list, name, &value, &bytes);
      benchmark::DoNotOptimize(value);
      benchmark::DoNotOptimize(bytes);
    }
  });
  rd_kafka_headers_destroy(list);
}

void inject(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  const application_headers own(application_count);
  run(state, [&] {
    rd_kafka_headers_t* list = own.make_list();
    waybill::kafka::inject(context, *list, settings, "orders");
    rd_kafka_headers_destroy(list);
  });
}
void add_by_hand(benchmark::State& state) {
  const application_headers own(application_count);
  run(state, [&] {
    rd_kafka_headers_t* list = own.make_list();
    add_fields(*list);
    rd_kafka_headers_destroy(list);
  });
}

/// The fields are there already and are replaced.
void inject_again(benchmark::State& state) {
  const waybill::propagation settings;
  const waybill::context context = make_context();
  rd_kafka_headers_t* list = make_full_list();
  run(state, [&] { waybill::kafka::inject(context, *list, settings, "orders"); });
  rd_kafka_headers_destroy(list);
}
void replace_by_hand(benchmark::State& state) {
  rd_kafka_headers_t* list = make_full_list();
  run(state, [&] {
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      rd_kafka_header_remove(list, name);
    }
    add_fields(*list);
  });
  rd_kafka_headers_destroy(list);
}

void strip(benchmark::State& state) {
  const waybill::propagation settings;
  rd_kafka_headers_t* full = make_full_list();
  run(state, [&] {
    rd_kafka_headers_t* list = rd_kafka_headers_copy(full);
    waybill::kafka::strip(list, settings, "orders");
    rd_kafka_headers_destroy(list);
  });
  rd_kafka_headers_destroy(full);
}
void remove_by_hand(benchmark::State& state) {
  rd_kafka_headers_t* full = make_full_list();
  run(state, [&] {
    rd_kafka_headers_t* list = rd_kafka_headers_copy(full);
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      rd_kafka_header_remove(list, name);
    }
    rd_kafka_headers_destroy(list);
  });
  rd_kafka_headers_destroy(full);
}

BENCHMARK(extract)->Name("waybill/kafka/extract");
BENCHMARK(peek)->Name("waybill/kafka/peek");
BENCHMARK(find_by_hand)->Name("by-hand/kafka/find");
BENCHMARK(inject)->Name("waybill/kafka/list-and-inject");
BENCHMARK(add_by_hand)->Name("by-hand/kafka/list-and-inject");
BENCHMARK(inject_again)->Name("waybill/kafka/inject-again");
BENCHMARK(replace_by_hand)->Name("by-hand/kafka/inject-again");
BENCHMARK(strip)->Name("waybill/kafka/copy-and-strip");
BENCHMARK(remove_by_hand)->Name("by-hand/kafka/copy-and-strip");

}  // namespace
}  // namespace waybill_benchmark
