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
  /// False when there is a target already.
  [[nodiscard]] bool attach(Target& target) noexcept {
    Target* none = nullptr;
    return target_.compare_exchange_strong(none, &target);
  }
  /// Afterwards no call runs or begins. Not to be called from within one.
  void detach() noexcept {
    target_.store(nullptr);
    for (std::uint32_t running = running_.load(); running != 0; running = running_.load()) {
      running_.wait(running);
    }
  }
  /// Calls `f(target)`, which must not throw, if there is a target.
  template <class F>
  void call(F&& f) noexcept {
    running_.fetch_add(1);
    if (Target* target = target_.load()) std::forward<F>(f)(*target);
    // Waking costs a look at a table of waiters: only when somebody detaches.
    if (running_.fetch_sub(1) == 1 && target_.load() == nullptr) running_.notify_all();
  }

 private:
  std::atomic<Target*> target_{nullptr};
  std::atomic<std::uint32_t> running_{0};
};

}  // namespace waybill::inline v0::messaging
