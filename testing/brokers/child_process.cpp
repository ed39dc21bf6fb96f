#include "child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

#include "environment.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

constexpr int exec_failed_code = 127;

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::string path = environment_variable("PATH").value_or("/usr/bin:/bin");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string candidate = path.substr(begin, end - begin) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  throw std::system_error(ENOENT, std::generic_category(), "program on PATH: " + name);
}

// The parent reads the number that a failed exec leaves here; a successful exec closes the pipe.
int read_start_error(int descriptor) {
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(descriptor, &error, sizeof error);
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof error) ? error : 0;
}

exit_status to_status(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {std::nullopt, WTERMSIG(wait_status)};
  return {WEXITSTATUS(wait_status), std::nullopt};
}

}  // namespace

std::string to_string(const exit_status& status) {
  if (status.signal) return "signal " + std::to_string(*status.signal);
  return "exit code " + std::to_string(status.code.value_or(-1));
}

// Everything that allocates is done before fork: between fork and exec only calls that are safe in
// a signal handler are allowed, because another thread may have held any lock.
struct child_process::launch_plan {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<char*> argument_pointers;
  std::array<int, 3> streams{};
  unique_descriptor null_device;
  unique_descriptor error_reader;
  unique_descriptor error_writer;
  pid_t parent = ::getpid();

  launch_plan(const std::vector<std::string>& given, const child_streams& given_streams)
      : arguments(given) {
    if (arguments.empty()) throw std::invalid_argument("child_process: no program");
    program = find_program(arguments.front());
    for (std::string& argument : arguments) argument_pointers.push_back(argument.data());
    argument_pointers.push_back(nullptr);
    null_device = unique_descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
    std::array<int, 2> ends{};
    if (null_device.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "child_process");
    }
    error_reader = unique_descriptor(ends[0]);
    error_writer = unique_descriptor(ends[1]);
    const auto or_null = [&](int stream) { return stream >= 0 ? stream : null_device.get(); };
    streams = {or_null(given_streams.input), or_null(given_streams.output),
               or_null(given_streams.error)};
  }

  [[noreturn]] void become_child() const noexcept {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above; then no signal will ever come.
    if (::getppid() != parent) ::_exit(exec_failed_code);

    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);

    // First all above 2, so that no dup2 overwrites a stream that is still needed.
    std::array<int, 3> copies{};
    for (std::size_t i = 0; i < copies.size(); ++i) {
      copies[i] = ::fcntl(streams[i], F_DUPFD_CLOEXEC, 3);
    }
    const int error_copy = ::fcntl(error_writer.get(), F_DUPFD_CLOEXEC, 3);
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (::dup2(copies[i], static_cast<int>(i)) < 0) fail(error_copy);
    }
    // Sockets and files of the test must not live on in a broker.
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(program.c_str(), argument_pointers.data(), environ);
    fail(error_copy);
  }

  [[noreturn]] static void fail(int descriptor) noexcept {
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(descriptor, &error, sizeof error);
    ::_exit(exec_failed_code);
  }
};

child_process::child_process(const std::vector<std::string>& arguments, child_streams streams) {
  launch_plan plan(arguments, streams);
  keeper_ = std::thread([this, &plan] { keep(plan); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
  lock.unlock();
  plan.error_writer.reset();
  int error = start_error_;
  if (error == 0) error = read_start_error(plan.error_reader.get());
  if (error != 0) {
    keeper_.join();
    throw std::system_error(error, std::generic_category(), "can't start " + plan.program);
  }
}

child_process::~child_process() {
  kill();
  keeper_.join();
}

void child_process::keep(const launch_plan& plan) {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);

  const pid_t child = ::fork();
  if (child == 0) plan.become_child();
  {
    // From here on the constructor may go on, and `plan` may be gone.
    const std::lock_guard lock(mutex_);
    started_ = true;
    id_ = child;
    if (child < 0) {
      start_error_ = errno;
      status_ = exit_status{exec_failed_code, std::nullopt};
    }
    changed_.notify_all();
  }
  if (child < 0) return;

  // WNOWAIT leaves the zombie: the id can't be given to another process while a signal is sent.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  int wait_status = 0;
  while (::waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  status_ = to_status(wait_status);
  changed_.notify_all();
}

bool child_process::running() const { return !status().has_value(); }

std::optional<exit_status> child_process::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool child_process::wait_until(clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return status_.has_value(); });
}

void child_process::send_signal(int signal_number) const {
  const std::lock_guard lock(mutex_);
  if (!status_) ::kill(id_, signal_number);
}

void child_process::stop_and_wait() const {
  send_signal(SIGSTOP);
  // The signal reaches the threads one by one; the stop is reported once all of them have it. A
  // child that ended meanwhile is no child that can stop, and there is nothing to wait for.
  siginfo_t stopped{};
  while (::waitid(P_PID, static_cast<id_t>(id_), &stopped, WSTOPPED | WEXITED | WNOWAIT) == -1 &&
         errno == EINTR) {
  }
}

void child_process::kill() const {
  std::unique_lock lock(mutex_);
  // Before the child has made its group, -id names none; the id itself is always right.
  if (!status_) {
    ::kill(-id_, SIGKILL);
    ::kill(id_, SIGKILL);
  }
  changed_.wait(lock, [this] { return status_.has_value(); });
}

}  // namespace waybill_test
