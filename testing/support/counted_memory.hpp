#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

/// Every allocation of the calling thread, those of C libraries included: counted_memory.cpp
/// replaces malloc, and operator new of the standard library calls that. Not for a build whose
/// sanitizer brings its own malloc.
namespace waybill_test {

struct counted_memory {
  std::size_t allocations = 0;
  std::size_t bytes = 0;
  bool is_out = false;                      ///< Every allocation fails.
  std::size_t allocations_left = SIZE_MAX;  ///< Those behind them fail.
};
/// Of this thread.
extern constinit thread_local counted_memory memory;

struct memory_use {
  std::size_t allocations = 0;
  std::size_t bytes = 0;
};

template <class F>
memory_use memory_use_in(F&& work) {
  const memory_use before{memory.allocations, memory.bytes};
  std::forward<F>(work)();
  return {memory.allocations - before.allocations, memory.bytes - before.bytes};
}

}  // namespace waybill_test
