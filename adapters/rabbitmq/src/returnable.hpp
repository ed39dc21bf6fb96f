#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "waybill/config.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// The messages of a channel that the broker may return, by what a returned message is recognised
/// by: basic.return has no delivery tag. The broker returns messages in the order in which they
/// were published, before it confirms them.
/// @par Cost      every message is looked at a few times at most, however many there are.
/// @par Threads   one.
class returnable {
 public:
  explicit returnable(std::size_t messages_max) noexcept : messages_max_(messages_max) {}

  /// A message was published. Where there are too many, or no memory, one is not recognised when it
  /// is returned, and the confirm that follows the return is its outcome.
  void add(std::uint64_t fingerprint, std::uint64_t tag) noexcept {
    if (waiting_.size() >= messages_max_) waiting_.pop_front();
    WAYBILL_TRY { waiting_.push_back({fingerprint, tag}); }
    WAYBILL_CATCH_ALL {}
  }
  /// All messages up to this tag were confirmed.
  void confirmed_to(std::uint64_t tag) noexcept {
    while (!waiting_.empty() && waiting_.front().tag <= tag) waiting_.pop_front();
  }
  /// The oldest message of this fingerprint. It and all that are older cannot be returned any more.
  [[nodiscard]] std::optional<std::uint64_t> take(std::uint64_t fingerprint) noexcept {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].fingerprint != fingerprint) continue;
      const std::uint64_t tag = waiting_[i].tag;
      confirmed_to(tag);
      return tag;
    }
    return std::nullopt;
  }

 private:
  struct message {
    std::uint64_t fingerprint;
    std::uint64_t tag;
  };
  std::size_t messages_max_;
  std::deque<message> waiting_;
};

}  // namespace waybill::inline v0::rabbitmq::detail
