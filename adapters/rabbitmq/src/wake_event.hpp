#pragma once

#include <chrono>

namespace waybill::inline v0::rabbitmq::detail {

/// Ends the waiting of one thread from another.
/// @par Threads   set(): any. The rest: one.
/// @par Errors    without a descriptor (EMFILE) set() does nothing.
class wake_event {
 public:
  wake_event() noexcept;
  wake_event(const wake_event&) = delete;
  wake_event& operator=(const wake_event&) = delete;
  ~wake_event();

  /// Ends the wait that is on, or else the next one.
  void set() const noexcept;
  /// Waits until the socket has something to read, set() was called, or the time is over. True: by
  /// set(), once for all calls so far. `hears_set` false: it is left for the next wait.
  [[nodiscard]] bool wait(int socket, std::chrono::milliseconds timeout,
                          bool hears_set) const noexcept;

 private:
  int descriptor_;
};

}  // namespace waybill::inline v0::rabbitmq::detail
