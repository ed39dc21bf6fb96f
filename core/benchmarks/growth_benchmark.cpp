// How the cost grows with headers, members and bytes of what is good.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/allocations.hpp"
#include "support/headers.hpp"
#include "waybill/propagator.hpp"

namespace waybill_benchmark {
namespace {

/// Any number of headers, the three fields at the end.
class many_headers {
 public:
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  many_headers(std::size_t others, std::string_view tracestate, std::string_view baggage)
      : names_(others), tracestate_(tracestate), baggage_(baggage) {
    // As long as the names of fields now and then.
    for (std::size_t i = 0; i < others; ++i) names_[i] = std::string(6 + i % 8, 'h');
  }
  template <class F>
  void for_each(F&& visit) const {
    for (const std::string& each : names_) visit(each, std::string_view("value"));
    visit(std::string_view("traceparent"), traceparent_value);
    if (!tracestate_.empty()) visit(std::string_view("tracestate"), std::string_view(tracestate_));
    if (!baggage_.empty()) visit(std::string_view("baggage"), std::string_view(baggage_));
  }

 private:
  std::vector<std::string> names_;
  std::string tracestate_;
  std::string baggage_;
};

/// A carrier that only looks at what it is given.
struct counting_writer {
  std::size_t bytes = 0;

  void set(std::string_view name, std::string_view value) noexcept {
    bytes += name.size() + value.size();
    benchmark::DoNotOptimize(value.data());
  }
  void erase(std::string_view name) noexcept { bytes += name.size(); }
};

/// "aa=1,ab=1,...": four bytes and a comma for each member.
std::string make_members(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += static_cast<char>('a' + i / 26 % 26);
    text += static_cast<char>('a' + i % 26);
    text += "=1";
  }
  return text;
}

/// Eight members of `bytes` altogether, commas included.
std::string make_bytes(std::size_t bytes) {
  constexpr std::size_t members = 8;
  std::string text;
  for (std::size_t i = 0; i < members; ++i) {
    if (i > 0) text += ',';
    text += static_cast<char>('a' + i);
    text += '=';
    text.append((bytes - text.size() - (members - 1 - i) * 4) / (members - i), 'v');
  }
  return text;
}

void extract_from(benchmark::State& state, const many_headers& carrier) {
  const waybill::propagator formats;
  const allocation_counter allocations;
  for (auto _ : state) {
    const waybill::context context = formats.extract(carrier);
    benchmark::DoNotOptimize(context);
  }
  allocations.report(state);
}

void inject_what_came(benchmark::State& state, const many_headers& carrier) {
  const waybill::propagator formats;
  const waybill::context context = formats.extract(carrier);
  counting_writer out;
  const allocation_counter allocations;
  for (auto _ : state) {
    formats.inject(context, out);
    benchmark::DoNotOptimize(out);
  }
  allocations.report(state);
}

std::size_t argument(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void extract_headers(benchmark::State& state) {
  extract_from(state, many_headers(argument(state), tracestate_2, baggage_3));
}
void extract_tracestate_members(benchmark::State& state) {
  extract_from(state, many_headers(2, make_members(argument(state)), {}));
}
void extract_baggage_members(benchmark::State& state) {
  extract_from(state, many_headers(2, {}, make_members(argument(state))));
}
void inject_baggage_members(benchmark::State& state) {
  inject_what_came(state, many_headers(2, {}, make_members(argument(state))));
}
void extract_tracestate_bytes(benchmark::State& state) {
  extract_from(state, many_headers(2, make_bytes(argument(state)), {}));
}
void extract_baggage_bytes(benchmark::State& state) {
  extract_from(state, many_headers(2, {}, make_bytes(argument(state))));
}
void inject_baggage_bytes(benchmark::State& state) {
  inject_what_came(state, many_headers(2, {}, make_bytes(argument(state))));
}

void each_of(benchmark::internal::Benchmark* growing, const std::vector<std::int64_t>& numbers) {
  for (const std::int64_t each : numbers) growing->Arg(each);
}
void header_counts(benchmark::internal::Benchmark* growing) {
  each_of(growing, {1, 2, 3, 5, 8, 10, 20, 32, 50, 64, 100, 200, 500, 1000, 2000, 5000, 10'000});
}
/// Around 1, 8, 32 and 64, where an array inside might end.
void member_counts(benchmark::internal::Benchmark* growing) {
  each_of(growing, {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 12, 16, 20, 24, 28,
                    31, 32, 33, 34, 40, 48, 56, 62, 63, 64, 65, 66, 96, 128});
}
/// A value of eight in a tracestate ends at 256 bytes; baggage at 8,192.
void tracestate_sizes(benchmark::internal::Benchmark* growing) {
  each_of(growing, {64, 128, 256, 320, 340, 360, 512, 1024, 1536, 2000});
}
void baggage_sizes(benchmark::internal::Benchmark* growing) {
  each_of(growing, {64, 128, 256, 320, 340, 360, 512, 1024, 2048, 4096, 6144, 8192});
}

BENCHMARK(extract_headers)->Name("waybill/growth/extract/headers")->Apply(header_counts);
BENCHMARK(extract_tracestate_members)
    ->Name("waybill/growth/extract/tracestate-members")
    ->Apply(member_counts);
BENCHMARK(extract_baggage_members)
    ->Name("waybill/growth/extract/baggage-members")
    ->Apply(member_counts);
BENCHMARK(inject_baggage_members)
    ->Name("waybill/growth/inject/baggage-members")
    ->Apply(member_counts);
BENCHMARK(extract_tracestate_bytes)
    ->Name("waybill/growth/extract/tracestate-bytes")
    ->Apply(tracestate_sizes);
BENCHMARK(extract_baggage_bytes)
    ->Name("waybill/growth/extract/baggage-bytes")
    ->Apply(baggage_sizes);
BENCHMARK(inject_baggage_bytes)->Name("waybill/growth/inject/baggage-bytes")->Apply(baggage_sizes);

}  // namespace
}  // namespace waybill_benchmark
