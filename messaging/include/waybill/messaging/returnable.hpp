#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "waybill/config.hpp"

namespace waybill::inline v0::messaging {

/// The messages of a sender that the broker may return without their number, as AMQP's basic.return
/// does, by a fingerprint of what a returned message has. The broker returns messages in the order
/// in which they were sent, before it confirms them.
/// @par Cost      every message is looked at once, however many there are, and whatever is
///                returned.
/// @par Threads   one.
class returnable {
 public:
  /// Beyond so many messages the oldest is forgotten; at least one is kept.
  explicit returnable(std::size_t messages_max) noexcept : messages_max_(messages_max) {}

  /// A message was sent. Where there are too many, or no memory, one is not recognised when it
  /// is returned, and the confirm that follows the return is its outcome.
  void add(std::uint64_t fingerprint, std::uint64_t tag) noexcept {
    if (!waiting_.empty() && waiting_.size() >= messages_max_) forget_oldest();
    WAYBILL_TRY {
      std::uint32_t& count = counts_[fingerprint];
      waiting_.push_back({fingerprint, tag});
      ++count;
    }
    WAYBILL_CATCH_ALL {}
  }
  /// All messages up to this tag were confirmed.
  void confirmed_to(std::uint64_t tag) noexcept {
    while (!waiting_.empty() && waiting_.front().tag <= tag) forget_oldest();
  }
  /// The oldest message of this fingerprint. It and all that are older cannot be returned any more.
  [[nodiscard]] std::optional<std::uint64_t> take(std::uint64_t fingerprint) noexcept {
    const auto known = counts_.find(fingerprint);
    if (known == counts_.end() || known->second == 0) return std::nullopt;
    while (!waiting_.empty()) {
      const message oldest = waiting_.front();
      forget_oldest();
      if (oldest.fingerprint == fingerprint) return oldest.tag;
    }
    return std::nullopt;
  }

 private:
  struct message {
    std::uint64_t fingerprint;
    std::uint64_t tag;
  };
  void forget_oldest() noexcept {
    const auto found = counts_.find(waiting_.front().fingerprint);
    if (--found->second == 0) counts_.erase(found);
    waiting_.pop_front();
  }

  std::size_t messages_max_;
  std::deque<message> waiting_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;  // by fingerprint
};

}  // namespace waybill::inline v0::messaging
