#include "counted_memory.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): glibc's names
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace waybill_test {

constinit thread_local counted_memory memory;

namespace {

bool has_memory(std::size_t bytes) noexcept {
  ++memory.allocations;
  memory.bytes += bytes;
  if (memory.is_out || memory.allocations_left == 0) return false;
  if (memory.allocations_left != SIZE_MAX) --memory.allocations_left;
  return true;
}

}  // namespace

}  // namespace waybill_test

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the library's are reserved
extern "C" void* malloc(std::size_t bytes) {
  return waybill_test::has_memory(bytes) ? __libc_malloc(bytes) : nullptr;
}
extern "C" void* calloc(std::size_t count, std::size_t bytes) {
  return waybill_test::has_memory(count * bytes) ? __libc_calloc(count, bytes) : nullptr;
}
extern "C" void* realloc(void* memory, std::size_t bytes) {
  return waybill_test::has_memory(bytes) ? __libc_realloc(memory, bytes) : nullptr;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
