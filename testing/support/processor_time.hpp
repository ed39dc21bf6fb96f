#pragma once

#include <ctime>

namespace waybill_test {

/// The processor time that the calling thread has had, in seconds: what other programs take of the
/// machine does not count.
inline double processor_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

}  // namespace waybill_test
