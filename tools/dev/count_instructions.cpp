// Makes callgrind count the code that a benchmark times, and nothing else. tools/dev/instructions
// builds this file as a library and preloads it under valgrind, where it replaces functions of
// Google Benchmark and of the C library.
//
// It also fixes the number of iterations, for which Google Benchmark 1.7 has no option: the
// processor clock stands still, so Google Benchmark runs each row with 1, 10, 100 and 1000
// iterations, until this file lets the clock jump. Only the last run of a row is counted.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <cstddef>
#include <cstdio>
#include <ctime>

namespace {

constexpr benchmark::IterationCount wanted_iterations = 1'000;
// A row whose next run would take more processor time than this is counted in that run, whatever
// its iterations. Far more than translating the code for the first run takes, so that cheap rows
// have the same number of iterations on both sides.
constexpr double run_seconds_max = 0.5;
// More than the --benchmark_min_time that tools/dev/instructions passes.
constexpr std::time_t jump_seconds = 1'000'000;
// The instructions inside malloc and free depend on the history of the heap, which differs from run
// to run when librdkafka's threads allocate too. So each call counts as a fixed number.
constexpr int allocation_instructions = 100;
constexpr int release_instructions = 50;

struct {
  benchmark::State* state = nullptr;  // set while the loop of a benchmark runs
  bool is_counted = false;            // this run
  bool is_collecting = false;
  int runs = 0;   // of this row, before this one
  int reads = 0;  // of the processor clock, by the benchmark itself in this run
  double begin = 0;
  double last_seconds = 0;
  benchmark::IterationCount last_iterations = 0;
} row;
std::time_t processor_seconds = 0;
int inside_library = 0;
// In the initial block of thread-local storage, because reading it must not allocate.
[[gnu::tls_model("initial-exec")]] thread_local bool is_benchmark_thread = false;

class inside {
 public:
  inside() { ++inside_library; }
  ~inside() { --inside_library; }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
};

double real_processor_seconds() {
  timespec time{};
  syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void collect(bool on) {
  if (!row.is_counted || row.is_collecting == on) return;
  row.is_collecting = on;
  CALLGRIND_TOGGLE_COLLECT;
}

/// Executes and counts this many instructions.
inline void spend(int instructions) {
  for (int i = instructions; i > 0; i -= 2) asm volatile("");  // two of them: subtract and jump
}

template <class F>
auto uncounted(int price, F&& work) {
  const bool was_collecting = is_benchmark_thread && row.is_collecting;
  if (was_collecting) CALLGRIND_TOGGLE_COLLECT;
  const auto result = work();
  if (was_collecting) {
    CALLGRIND_TOGGLE_COLLECT;
    spend(price);
  }
  return result;
}

void call(benchmark::State* state, const char* symbol) {
  const inside guard;
  const auto real = reinterpret_cast<void (*)(benchmark::State*)>(dlsym(RTLD_NEXT, symbol));
  real(state);
}

}  // namespace

void benchmark::State::StartKeepRunning() {
  if (max_iterations == 1) row.runs = 0;  // the first run of the next row
  call(this, "_ZN9benchmark5State16StartKeepRunningEv");
  is_benchmark_thread = true;
  row.state = this;
  row.reads = 0;
  row.is_counted = row.runs > 0 && (max_iterations >= wanted_iterations ||
                                    row.last_iterations >= wanted_iterations ||
                                    row.last_seconds * 10 > run_seconds_max);
  if (row.is_counted) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
  }
  row.begin = real_processor_seconds();
  collect(true);
}

void benchmark::State::FinishKeepRunning() {
  collect(false);
  row.last_seconds = real_processor_seconds() - row.begin;
  row.state = nullptr;
  if (row.is_counted) processor_seconds += jump_seconds;
  call(this, "_ZN9benchmark5State17FinishKeepRunningEv");
  row.last_iterations = iterations();  // zero until then
  ++row.runs;
  if (row.is_counted) {
    CALLGRIND_DUMP_STATS;
    CALLGRIND_STOP_INSTRUMENTATION;
    std::fprintf(stderr, "counted iterations: %lld\n", static_cast<long long>(row.last_iterations));
  }
}

void benchmark::State::PauseTiming() {
  if (inside_library == 0) collect(false);
  call(this, "_ZN9benchmark5State11PauseTimingEv");
}

void benchmark::State::ResumeTiming() {
  call(this, "_ZN9benchmark5State12ResumeTimingEv");
  if (inside_library == 0) collect(true);
}

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void __libc_free(void* memory);

void* malloc(std::size_t bytes) {
  return uncounted(allocation_instructions, [&] { return __libc_malloc(bytes); });
}
void* calloc(std::size_t count, std::size_t bytes) {
  return uncounted(allocation_instructions, [&] { return __libc_calloc(count, bytes); });
}
void* realloc(void* memory, std::size_t bytes) {
  return uncounted(allocation_instructions, [&] { return __libc_realloc(memory, bytes); });
}
void free(void* memory) {
  uncounted(release_instructions, [&] {
    __libc_free(memory);
    return true;
  });
}

// A benchmark with manual time reads the processor clock before and after the code that it times.
int clock_gettime(clockid_t id, timespec* time) noexcept {
  if (id != CLOCK_THREAD_CPUTIME_ID && id != CLOCK_PROCESS_CPUTIME_ID) {
    return static_cast<int>(syscall(SYS_clock_gettime, id, time));
  }
  time->tv_sec = processor_seconds;
  time->tv_nsec = 0;
  if (row.state == nullptr || inside_library > 0 || !is_benchmark_thread) return 0;
  ++row.reads;
  const bool is_begin = row.reads % 2 == 1;
  // What was done before the first reading is not timed.
  if (row.is_counted && row.reads == 1) CALLGRIND_ZERO_STATS;
  if (row.is_counted && is_begin) processor_seconds += jump_seconds;
  collect(is_begin);
  return 0;
}

}  // extern "C"
