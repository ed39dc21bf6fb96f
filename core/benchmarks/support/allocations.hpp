#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

#if defined(WAYBILL_COUNTS_ALLOCATIONS)
#include "support/counted_memory.hpp"
#endif

namespace waybill_benchmark {

/// Allocations of this thread from here on, reported as the counter `allocations`: how many there
/// are in one iteration. Only the executable that counts them reports it.
class allocation_counter {
 public:
  /// What is allocated between a pause and a resumption is not counted.
  void pause() noexcept {
    counted_ += so_far() - before_;
    before_ = so_far();
    is_paused_ = true;
  }
  void resume() noexcept {
    before_ = so_far();
    is_paused_ = false;
  }
  void report(benchmark::State& state) const {
    if (!counts || state.iterations() == 0) return;
    const std::size_t all = counted_ + (is_paused_ ? 0 : so_far() - before_);
    state.counters["allocations"] =
        static_cast<double>(all) / static_cast<double>(state.iterations());
  }

 private:
#if defined(WAYBILL_COUNTS_ALLOCATIONS)
  static constexpr bool counts = true;
  static std::size_t so_far() noexcept { return waybill_test::memory.allocations; }
#else
  static constexpr bool counts = false;
  static std::size_t so_far() noexcept { return 0; }
#endif

  std::size_t counted_ = 0;
  std::size_t before_ = so_far();
  bool is_paused_ = false;
};

}  // namespace waybill_benchmark
