#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace waybill::inline v0::messaging {

/// Between the callbacks of a client, which come on any thread, and a `Target` that may go before
/// the client does.
/// @par Cost      no lock: detach() waits for the count of running calls.
/// @par Threads   any.
template <class Target>
class callback_link {
 public:
  /// False when there is a target already, or the last one is being detached still.
  [[nodiscard]] bool attach(Target& target) noexcept {
    if (detaching_.load() != 0) return false;
    Target* none = nullptr;
    return target_.compare_exchange_strong(none, &target);
  }
  /// Until the next attach() no call runs or begins afterwards. Not to be called from within one.
  void detach() noexcept {
    detaching_.fetch_add(1);
    target_.store(nullptr);
    for (std::uint32_t running = running_.load(); running != 0; running = running_.load()) {
      running_.wait(running);
    }
    detaching_.fetch_sub(1);
  }
  /// Calls `f(target)`, which must not throw, if there is a target.
  template <class F>
  void call(F&& f) noexcept {
    running_.fetch_add(1);
    if (Target* target = target_.load()) std::forward<F>(f)(*target);
    // Waking costs a look at a table of waiters: only when somebody detaches.
    if (running_.fetch_sub(1) == 1 && detaching_.load() != 0) running_.notify_all();
  }

 private:
  std::atomic<Target*> target_{nullptr};
  std::atomic<std::uint32_t> running_{0};
  std::atomic<std::uint32_t> detaching_{0};
};

}  // namespace waybill::inline v0::messaging
