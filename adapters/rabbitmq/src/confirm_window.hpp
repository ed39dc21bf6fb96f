#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "waybill/messaging/tracer.hpp"
#include "waybill/span_context.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// A message that was published and has no outcome yet.
struct unconfirmed {
  std::uint64_t tag = 0;
  std::uint64_t fingerprint = 0;  // what a return is known by; 0: it cannot be returned
  span_context trace;
  span_handle span;
  void* token = nullptr;
};

/// The messages of one channel that have no outcome yet, by delivery tag. Tags only grow, so they
/// stand in their order in a ring; one that is answered before an older one leaves a hole until
/// the older ones are answered, or the room is wanted.
/// @par Cost      an answer is O(1) where every message was tracked, else O(log n); what is
///                answered by one confirm for many is walked once. Allocates only to grow.
/// @par Threads   one.
class confirm_window {
 public:
  explicit confirm_window(std::size_t messages_max) noexcept : messages_max_(messages_max) {}

  /// False when as many are waited for as may be, or memory ran out.
  bool add(const unconfirmed& message) noexcept {
    if (size_ >= messages_max_ || (used_ == capacity_ && !make_room())) return false;
    at(used_++) = {message, true};
    ++size_;
    return true;
  }

  /// Calls `finish(message)` for the message of this tag, or for all up to it, unless they have
  /// an outcome already. `finish` may add messages.
  template <class F>
  void settle(std::uint64_t tag, bool multiple, F&& finish) {
    if (!multiple) {
      if (const auto message = take(tag)) finish(*message);
      return;
    }
    // Tag 0 means all, in AMQP.
    const std::uint64_t last = tag == 0 && used_ != 0 ? at(used_ - 1).message.tag : tag;
    while (used_ != 0 && at(0).message.tag <= last) {
      const slot first = at(0);
      pop();
      if (!first.is_open) continue;
      --size_;
      finish(first.message);
    }
  }

  /// Takes the oldest message with this fingerprint out that was published behind the one that
  /// was taken so before: the broker returns messages in the order in which they were published.
  [[nodiscard]] std::optional<unconfirmed> take_returned(std::uint64_t fingerprint) noexcept {
    for (std::size_t i = position_behind(last_returned_); i < used_; ++i) {
      slot& each = at(i);
      if (!each.is_open || each.message.fingerprint != fingerprint) continue;
      last_returned_ = each.message.tag;
      return close(each);
    }
    return std::nullopt;
  }

  /// Takes the oldest message out, until there is none.
  [[nodiscard]] std::optional<unconfirmed> take_any() noexcept {
    drop_holes();
    return used_ == 0 ? std::nullopt : close(at(0));
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct slot {
    unconfirmed message;
    bool is_open = false;
  };

  [[nodiscard]] slot& at(std::size_t position) const noexcept {
    return slots_[(first_ + position) & (capacity_ - 1)];
  }
  void pop() noexcept {
    first_ = (first_ + 1) & (capacity_ - 1);
    --used_;
  }
  void drop_holes() noexcept {
    while (used_ != 0 && !at(0).is_open) pop();
  }

  /// How many slots hold tags up to this one. Tags that were not tracked only bring the others
  /// nearer to the front.
  [[nodiscard]] std::size_t position_behind(std::uint64_t tag) const noexcept {
    if (used_ == 0 || tag < at(0).message.tag) return 0;
    const std::uint64_t steps = tag - at(0).message.tag + 1;
    std::size_t high = steps < used_ ? static_cast<std::size_t>(steps) : used_;
    if (at(high - 1).message.tag <= tag) return high;
    std::size_t low = 0;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (at(middle).message.tag <= tag) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  [[nodiscard]] std::optional<unconfirmed> take(std::uint64_t tag) noexcept {
    const std::size_t behind = position_behind(tag);
    if (behind == 0) return std::nullopt;
    slot& found = at(behind - 1);
    return found.message.tag == tag && found.is_open ? close(found) : std::nullopt;
  }

  std::optional<unconfirmed> close(slot& open) noexcept {
    open.is_open = false;
    --size_;
    const unconfirmed message = open.message;
    drop_holes();
    return message;
  }

  /// Holes go when they are half of all, so that each slot is moved a few times at most.
  bool make_room() noexcept {
    if (size_ > capacity_ / 2 || capacity_ == 0) return grow();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      if (at(i).is_open) at(kept++) = at(i);
    }
    used_ = kept;
    return true;
  }

  bool grow() noexcept {
    constexpr std::size_t slots_at_first = 64;
    const std::size_t wanted = capacity_ == 0 ? slots_at_first : capacity_ * 2;
    std::unique_ptr<slot[]> larger(new (std::nothrow) slot[wanted]);
    if (larger == nullptr) return false;
    for (std::size_t i = 0; i < used_; ++i) larger[i] = at(i);
    slots_ = std::move(larger);
    capacity_ = wanted;
    first_ = 0;
    return true;
  }

  std::size_t messages_max_;
  std::unique_ptr<slot[]> slots_;
  std::size_t capacity_ = 0;  // a power of two, or none yet
  std::size_t first_ = 0;
  std::size_t used_ = 0;  // holes included
  std::size_t size_ = 0;
  std::uint64_t last_returned_ = 0;
};

}  // namespace waybill::inline v0::rabbitmq::detail
