#include "waybill/diagnostics.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace waybill::inline v0 {

namespace {

constexpr std::size_t stripes = 4;  // threads that meet events at once seldom share a cache line
constexpr std::size_t directions = 2;

using numbers = std::array<std::array<std::atomic<std::uint64_t>, errc_count>, directions>;

std::size_t stripe_of_thread() noexcept {
  // Each thread's own variable has an address of its own; they lie at like distances, so the
  // address is mixed (Fibonacci hashing) before its top bits choose.
  thread_local const char marker = 0;
  const auto address = std::uint64_t{reinterpret_cast<std::uintptr_t>(&marker)};
  return ((address * 0x9e3779b97f4a7c15U) >> 32) % stripes;
}

}  // namespace

struct diagnostics::counters {
  struct alignas(64) stripe {
    std::array<numbers, entries_max> entries{};
  };
  std::array<stripe, stripes> striped{};
  std::atomic<std::uint64_t> callback_failures{0};
};

diagnostics::diagnostics(callback call, void* state)
    : counters_(std::make_unique<counters>()), call_(call), state_(state) {}

diagnostics::~diagnostics() = default;

void diagnostics::record(const diagnostic_event& event) noexcept {
  const std::size_t entry = std::min(event.boundary_index, entries_max - 1);
  const auto code = static_cast<std::size_t>(event.code);
  if (code >= errc_count) return;
  counters_->striped[stripe_of_thread()]
      .entries[entry][static_cast<std::size_t>(event.way)][code]
      .fetch_add(event.count, std::memory_order_relaxed);
  if (call_ == nullptr) return;
  WAYBILL_TRY { call_(state_, event); }
  WAYBILL_CATCH_ALL { counters_->callback_failures.fetch_add(1, std::memory_order_relaxed); }
}

std::uint64_t diagnostics::count(direction way, errc code) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t entry = 0; entry < entries_max; ++entry) sum += count(way, code, entry);
  return sum;
}

std::uint64_t diagnostics::count(direction way, errc code,
                                 std::size_t boundary_index) const noexcept {
  const std::size_t entry = std::min(boundary_index, entries_max - 1);
  const auto index = static_cast<std::size_t>(code);
  if (index >= errc_count) return 0;
  std::uint64_t sum = 0;
  for (const counters::stripe& each : counters_->striped) {
    sum +=
        each.entries[entry][static_cast<std::size_t>(way)][index].load(std::memory_order_relaxed);
  }
  return sum;
}

std::uint64_t diagnostics::total() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t code = 0; code < errc_count; ++code) {
    sum += count(direction::inbound, static_cast<errc>(code));
    sum += count(direction::outbound, static_cast<errc>(code));
  }
  return sum;
}

std::uint64_t diagnostics::callback_failures() const noexcept {
  return counters_->callback_failures.load(std::memory_order_relaxed);
}

}  // namespace waybill::inline v0
