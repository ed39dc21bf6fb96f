#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdint>

namespace waybill::inline v0::rabbitmq::detail {

/// Ends the waiting of one thread from another.
/// @par Threads   set(): any. The rest: one.
/// @par Errors    without a descriptor (EMFILE) set() does nothing.
class wake_event {
 public:
  wake_event() noexcept = default;
  wake_event(const wake_event&) = delete;
  wake_event& operator=(const wake_event&) = delete;
  ~wake_event() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  /// Ends the wait that is on, or else the next one.
  void set() const noexcept {
    // It fails only where it is set already, or without a descriptor.
    [[maybe_unused]] const int result = eventfd_write(descriptor_, 1);
  }
  /// Waits until the socket has something to read, set() was called, or the time is over. True: by
  /// set(), once for all calls so far. `hears_set` false: it is left for the next wait.
  [[nodiscard]] bool wait(int socket, std::chrono::milliseconds timeout,
                          bool hears_set) const noexcept {
    // poll() ignores negative descriptors.
    std::array<pollfd, 2> watched{{{socket, POLLIN, 0}, {hears_set ? descriptor_ : -1, POLLIN, 0}}};
    const auto wait_ms = std::clamp<std::int64_t>(timeout.count(), 0, INT_MAX);
    if (poll(watched.data(), watched.size(), static_cast<int>(wait_ms)) <= 0) return false;
    eventfd_t calls = 0;
    return watched[1].revents != 0 && eventfd_read(descriptor_, &calls) == 0;
  }

 private:
  int descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

}  // namespace waybill::inline v0::rabbitmq::detail
