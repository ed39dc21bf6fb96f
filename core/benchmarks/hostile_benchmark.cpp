// How the cost grows with what a stranger may send: fields of up to 100 MB, and many of them.
// Reading goes on to limits::field_scan_bytes_max; beyond it the time must not grow.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/allocations.hpp"
#include "support/headers.hpp"
#include "waybill/propagator.hpp"

namespace waybill_benchmark {
namespace {

/// A traceparent, and one value under a name as often as is wanted.
struct hostile_headers {
  std::string_view name;
  std::string_view value;
  std::size_t count = 1;
  waybill::carrier_rules rules = waybill::http_rules;

  template <class F>
  void for_each(F&& visit) const {
    visit(std::string_view("traceparent"), traceparent_value);
    for (std::size_t i = 0; i < count; ++i) visit(name, value);
  }
};

/// `bytes` of a piece again and again. The text of the last call is kept: 100 MB take a while.
std::string_view repeated(std::string_view piece, std::size_t bytes) {
  static std::string text;
  static std::string_view made_of;
  if (made_of.data() != piece.data() || text.size() < bytes) {
    made_of = piece;
    text.clear();
    while (text.size() < bytes) text.append(piece);
  }
  return std::string_view(text).substr(0, bytes);
}

void extract_from(benchmark::State& state, const hostile_headers& carrier) {
  const waybill::propagator formats;
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::context context = formats.extract(carrier);
    benchmark::DoNotOptimize(context);
  }
  allocations.report(state);
}

struct hostile_piece {
  const char* name;
  std::string_view text;
};

constexpr hostile_piece pieces[] = {
    {"commas", ","},
    {"members", "k=v,"},
    {"one-value", "k"},
    {"properties", "k=v;p;p=1,"},
    {"percent-coding", "k=%25%2525%E2%82%AC,"},
    {"white-space", "k=v \t,\t "},
    {"bad-members", "k v,=,"},
    {"CR-LF", "k=v\r\n"},
    {"NUL", std::string_view("k=v\0", 4)},
};

void add_sizes(std::string_view field, const hostile_piece& piece) {
  const std::string name = "waybill/hostile/" + std::string(field) + '/' + piece.name;
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 const auto bytes = static_cast<std::size_t>(state.range(0));
                                 extract_from(state, {field, repeated(piece.text, bytes)});
                               })
      ->Arg(1'000)
      ->Arg(4'000)
      ->Arg(8'000)
      ->Arg(16'000)
      ->Arg(32'000)
      ->Arg(65'536)
      ->Arg(100'000)
      ->Arg(1'000'000)
      ->Arg(10'000'000)
      ->Arg(100'000'000);
}

/// The same bytes in 1 to 10,000 headers of one name: 10 kB each, 100 MB at the most.
void add_repeats(std::string_view field, const char* label, waybill::carrier_rules rules) {
  constexpr std::size_t bytes_each = 10'000;
  const std::string name = "waybill/hostile/" + std::string(field) + "/repeated-" + label;
  benchmark::RegisterBenchmark(
      name.c_str(),
      [=](benchmark::State& state) {
        const auto count = static_cast<std::size_t>(state.range(0));
        extract_from(state, {field, repeated("k=%25v,", bytes_each), count, rules});
      })
      ->RangeMultiplier(10)
      ->Range(1, 10'000);
}

[[maybe_unused]] const bool registered = [] {
  for (const std::string_view field : {"traceparent", "tracestate", "baggage"}) {
    for (const hostile_piece& each : pieces) add_sizes(field, each);
    add_repeats(field, "joined", waybill::http_rules);
    add_repeats(field, "last-counts", waybill::broker_rules);
  }
  return true;
}();

}  // namespace
}  // namespace waybill_benchmark
