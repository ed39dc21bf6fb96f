#include "wake_event.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>

namespace waybill::inline v0::rabbitmq::detail {

wake_event::wake_event() noexcept : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

wake_event::~wake_event() {
  if (descriptor_ >= 0) close(descriptor_);
}

void wake_event::set() const noexcept {
  const std::uint64_t one = 1;
  // It fails only where it is set already, or without a descriptor.
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
}

bool wake_event::wait(int socket, std::chrono::milliseconds timeout,
                      bool hears_set) const noexcept {
  // poll() ignores negative descriptors.
  std::array<pollfd, 2> watched{{{socket, POLLIN, 0}, {hears_set ? descriptor_ : -1, POLLIN, 0}}};
  const auto wait_ms = std::clamp<std::int64_t>(timeout.count(), 0, INT_MAX);
  if (poll(watched.data(), watched.size(), static_cast<int>(wait_ms)) <= 0) return false;
  std::uint64_t calls = 0;
  return watched[1].revents != 0 && read(descriptor_, &calls, sizeof calls) > 0;
}

}  // namespace waybill::inline v0::rabbitmq::detail
