#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "waybill/messaging/tracer.hpp"
#include "waybill/span_context.hpp"

namespace waybill::inline v0::messaging {

/// A message that was handed to the client library and has no outcome yet.
struct in_flight_message {
  span_context sent;               ///< What its headers carry.
  span_handle span;                ///< Its send span, if there is one.
  void* user_data = nullptr;       ///< The application's own.
  std::size_t boundary_index = 0;  ///< The entry of the boundary that holds for its destination.
  std::uint64_t key = 0;           ///< The key that in_flight_table::add() got it with.
};

/// The messages of one sender that have no outcome yet, by the client library's own identity of a
/// message: never by what its headers say, because many messages may carry one context.
/// @par Shape     bounded by messages_max, and one more for each thread that adds at the same time.
/// A
///                table that is full gives up its oldest message, so it hears of new ones for ever.
/// @par Cost      O(1) for every call, whatever messages carry: one look-up under a lock that 1 of
///                16 messages shares. Memory grows with the messages in flight and is kept.
/// @par Threads   any.
class WAYBILL_API in_flight_table {
 public:
  /// `messages_max` is at least 1.
  explicit in_flight_table(std::size_t messages_max);
  in_flight_table(const in_flight_table&) = delete;
  in_flight_table& operator=(const in_flight_table&) = delete;
  ~in_flight_table();

  /// Remembers a message.
  /// @par Output   the message that was given up for it, which the caller reports as unknown: the
  ///               older one of the same key, or the oldest where the table is full, or this one
  ///               where memory ran out.
  [[nodiscard]] std::optional<in_flight_message> add(std::uint64_t key,
                                                     const in_flight_message& message) noexcept;
  /// Takes the message of this key out; none where it is not known.
  [[nodiscard]] std::optional<in_flight_message> take(std::uint64_t key) noexcept;
  /// Whether the message of this key is in flight.
  [[nodiscard]] bool contains(std::uint64_t key) const noexcept;
  /// Takes any message out; empty when the table is.
  [[nodiscard]] std::optional<in_flight_message> take_any() noexcept;

  /// Messages in flight.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  /// Entries that look-ups have walked over so far: a measure of their cost, for tests.
  [[nodiscard]] std::uint64_t steps() const noexcept;

 private:
  struct shard;
  static constexpr std::size_t shards_max = 16;
  [[nodiscard]] static std::size_t shard_of(std::uint64_t hash) noexcept { return hash >> 60; }
  [[nodiscard]] std::optional<in_flight_message> take_oldest(std::uint64_t newest) noexcept;

  std::size_t messages_max_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> added_{0};
  std::unique_ptr<shard[]> shards_;  // NOLINT(*-avoid-c-arrays): their number is fixed
};

}  // namespace waybill::inline v0::messaging
