#pragma once

#include <ctime>

namespace waybill_benchmark {

/// The processor's time of this thread: what the calls cost, and not what other programs or
/// librdkafka's own threads take meanwhile.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const noexcept { return now() - begin_; }

 private:
  static double now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  double begin_ = now();
};

}  // namespace waybill_benchmark
