#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include "broker_watch.hpp"
#include "child_process.hpp"
#include "environment.hpp"
#include "temporary_folder.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {

/// A broker in a process of its own, which a test kills to see that the broker ends with it. The
/// process (hold_brokers.cpp) keeps its data in `folder`, prints the broker's name, process id and
/// address, and ends when its standard input does.
/// @par Errors   std::system_error; std::runtime_error when no broker comes up.
class held_broker {
 public:
  held_broker(const std::string& program, const std::string& kind, const temporary_folder& folder)
      : temporary_("TMPDIR", folder.path().string()),
        holder_({program, kind}, {input_.reading.get(), output_.writing.get(), STDERR_FILENO}) {
    output_.writing.reset();
    // The brokers' own patience is two minutes.
    std::istringstream line(read_line(output_.reading.get(), std::chrono::seconds(150)));
    std::string name;
    if (!(line >> name >> process_ >> address_)) throw std::runtime_error("no broker came up");
    // Opened while the broker lives: the number can't have become another process's.
    broker_ = open_process(process_);
  }

  /// The broker's, not the holder's.
  [[nodiscard]] pid_t process() const { return process_; }
  [[nodiscard]] const std::string& address() const { return address_; }

  /// Kills only the holder: child_process::kill() would end its whole process group. Returns
  /// whether the broker ended, too.
  [[nodiscard]] bool ends_with_its_holder() {
    holder_.send_signal(SIGKILL);
    return holder_.wait_until(child_process::clock::now() + std::chrono::seconds(30)) &&
           readable_in_time(broker_.get());
  }

 private:
  struct pipe_ends {
    pipe_ends() {
      std::array<int, 2> ends{};
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe2");
      }
      reading = unique_descriptor(ends[0]);
      writing = unique_descriptor(ends[1]);
    }
    unique_descriptor reading;
    unique_descriptor writing;
  };

  pipe_ends output_;
  pipe_ends input_;
  changed_variable temporary_;
  child_process holder_;
  pid_t process_ = -1;
  std::string address_;
  unique_descriptor broker_;
};

}  // namespace waybill_test
