#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace waybill_test {

/// How a process ended: exactly one of the two is set.
struct exit_status {
  std::optional<int> code;
  std::optional<int> signal;

  friend bool operator==(const exit_status&, const exit_status&) = default;
};

/// "exit code 3" or "signal 9".
std::string to_string(const exit_status& status);

/// Where a child's standard streams go: descriptors that stay the caller's, -1 for /dev/null.
struct child_streams {
  int input = -1;
  int output = -1;
  int error = -1;
};

/// A program that runs as a direct child and never outlives its parent.
///
/// Each child has a thread that starts it, waits for it and reaps it. The kernel's parent-death
/// signal fires when the *thread* that forked ends, not the process: a child that were started by a
/// thread of a test would die with that thread. The child's own thread lives exactly as long as
/// the child, so the signal comes when this process dies, however it dies.
///
/// @par Errors   The constructor throws std::system_error if the program can't be started.
/// @par Threads  All members but the destructor may be called from any thread.
/// @par Lifetime The destructor kills the child with its process group and waits for its end.
class child_process {
 public:
  using clock = std::chrono::steady_clock;

  /// @par Input `arguments`: the program (looked up on PATH) and its arguments, at least one.
  /// No shell sees them. The environment is this process's.
  explicit child_process(const std::vector<std::string>& arguments, child_streams streams = {});
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  /// The process id: after the child's end it is only a number, which may be another's by then.
  [[nodiscard]] pid_t id() const noexcept { return id_; }
  [[nodiscard]] bool running() const;
  /// How it ended; empty while it runs.
  [[nodiscard]] std::optional<exit_status> status() const;

  /// Waits for the end; false if it still runs at the deadline.
  bool wait_until(clock::time_point deadline) const;
  /// Sends a signal to the child alone; does nothing after its end.
  void send_signal(int signal_number) const;
  /// Stops the child until SIGCONT, and waits until all its threads stand still.
  void stop_and_wait() const;
  /// Ends the child and what it started in its process group with SIGKILL, and waits. Does nothing
  /// after its end.
  void kill() const;

 private:
  struct launch_plan;
  void keep(const launch_plan& plan);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool started_ = false;
  int start_error_ = 0;
  std::optional<exit_status> status_;
  pid_t id_ = -1;
  std::thread keeper_;
};

}  // namespace waybill_test
