// A look-up in a boundary must not grow with its entries. Each look-up is for another destination,
// so that nothing is found in a cache because it was asked for a moment ago.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "waybill/boundary.hpp"

namespace waybill_benchmark {
namespace {

std::string name_of(std::size_t number) { return "orders." + std::to_string(100'000 + number); }

waybill::boundary make_boundary(std::size_t entries, bool are_prefixes) {
  waybill::boundary made;
  for (std::size_t i = 0; i < entries; ++i) {
    waybill::boundary_entry entry{.inbound = waybill::inbound_mode::link};
    if (are_prefixes) {
      made.set_prefix(name_of(i), std::move(entry));
    } else {
      made.set(name_of(i), std::move(entry));
    }
  }
  return made;
}

void find(benchmark::State& state, std::size_t first, const char* tail, bool are_prefixes) {
  constexpr std::size_t names = 64;
  const auto entries = static_cast<std::size_t>(state.range(0));
  const waybill::boundary boundary = make_boundary(entries, are_prefixes);
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < names; ++i) {
    asked.push_back(name_of(first + i * entries / names) + tail);
  }
  const allocation_counter allocations;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(boundary.find(asked[next++ % names]));
  }
  allocations.report(state);
}

void find_exact(benchmark::State& state) { find(state, 0, "", false); }
void find_prefix(benchmark::State& state) { find(state, 0, ".eu", true); }
void find_none(benchmark::State& state) { find(state, 500'000, "", false); }

BENCHMARK(find_exact)->Name("waybill/boundary/exact")->Arg(1)->Arg(8)->Arg(64)->Arg(1000);
BENCHMARK(find_prefix)->Name("waybill/boundary/prefix")->Arg(1)->Arg(8)->Arg(64)->Arg(1000);
BENCHMARK(find_none)->Name("waybill/boundary/none")->Arg(1)->Arg(8)->Arg(64)->Arg(1000);

}  // namespace
}  // namespace waybill_benchmark
