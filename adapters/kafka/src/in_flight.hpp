#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "waybill/tracer.hpp"

namespace waybill::inline v0::kafka::detail {

/// A message that was handed over and has no outcome yet.
struct in_flight_message {
  trace_context trace;
  span_handle span;
};

/// The messages of one producer that have no outcome yet, by the span id they carry: that is what
/// an acknowledgement shows. Messages with the same span id differ in nothing that is kept here,
/// unless a tracer gave each its own. Those without one share the id of zeros.
/// @par Threads   any; the lock of a shard is held for a look-up.
class in_flight_table {
 public:
  explicit in_flight_table(std::size_t messages_max) noexcept : messages_max_(messages_max) {}

  /// False when the table is full or memory ran out.
  bool add(const in_flight_message& message) noexcept {
    if (size_.fetch_add(1, std::memory_order_relaxed) >= messages_max_) {
      size_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    const std::uint64_t key = key_of(message.trace.span());
    shard& home = shard_of(key);
    WAYBILL_TRY {
      const std::lock_guard lock(home.mutex);
      home.messages.emplace(key, message);
      return true;
    }
    WAYBILL_CATCH_ALL {
      size_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
  }

  /// Takes one message that carries this span id out.
  [[nodiscard]] std::optional<in_flight_message> take(const span_id& span) noexcept {
    return take_if(span, [](const in_flight_message&) { return true; });
  }

  /// The same, but the message with this span, as long as no other's outcome has taken it.
  [[nodiscard]] std::optional<in_flight_message> take(const span_id& span,
                                                      span_handle preferred) noexcept {
    auto own = take_if(
        span, [&](const in_flight_message& each) { return each.span.state == preferred.state; });
    return own.has_value() ? own : take(span);
  }

  /// Takes any message out, until there is none.
  [[nodiscard]] std::optional<in_flight_message> take_any() noexcept {
    for (shard& each : shards_) {
      const std::lock_guard lock(each.mutex);
      if (each.messages.empty()) continue;
      const in_flight_message message = each.messages.begin()->second;
      each.messages.erase(each.messages.begin());
      size_.fetch_sub(1, std::memory_order_relaxed);
      return message;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  // Threads that produce and librdkafka's threads that acknowledge seldom meet in one of 16.
  static constexpr std::size_t shard_count = 16;
  struct alignas(64) shard {
    std::mutex mutex;
    std::unordered_multimap<std::uint64_t, in_flight_message> messages;
  };

  template <class Predicate>
  std::optional<in_flight_message> take_if(const span_id& span, Predicate&& is_wanted) noexcept {
    const std::uint64_t key = key_of(span);
    shard& home = shard_of(key);
    const std::lock_guard lock(home.mutex);
    const auto [first, last] = home.messages.equal_range(key);
    for (auto each = first; each != last; ++each) {
      if (!is_wanted(each->second)) continue;
      const in_flight_message message = each->second;
      home.messages.erase(each);
      size_.fetch_sub(1, std::memory_order_relaxed);
      return message;
    }
    return std::nullopt;
  }

  static std::uint64_t key_of(const span_id& span) noexcept {
    std::uint64_t key = 0;
    std::memcpy(&key, span.bytes.data(), sizeof key);
    return key;
  }
  // Neighbours' span ids need not be random in every byte.
  shard& shard_of(std::uint64_t key) noexcept { return shards_[(key * 0x9e3779b97f4a7c15U) >> 60]; }

  std::size_t messages_max_;
  std::atomic<std::size_t> size_{0};
  std::array<shard, shard_count> shards_;
};

}  // namespace waybill::inline v0::kafka::detail
