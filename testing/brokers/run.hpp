#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "child_process.hpp"

namespace waybill_test {

/// What a program left behind.
struct run_result {
  exit_status status;
  bool timed_out = false;
  std::string standard_output;
  std::string standard_error;

  [[nodiscard]] bool succeeded() const { return !timed_out && status.code == 0; }
};

/// Prints everything, so that `EXPECT_TRUE(r.succeeded()) << r` says why.
std::ostream& operator<<(std::ostream& stream, const run_result& result);

/// Runs a program to its end, with its whole input given and its whole output kept.
/// @par Input  `arguments`: the program (looked up on PATH) and its arguments; no shell sees them.
/// @par Output The exit status and both output streams, byte for byte. A program that still runs
///             at the deadline is killed with its process group: `timed_out`, and the output so
///             far.
/// @par Errors Throws std::system_error if the program can't be started.
run_result run(const std::vector<std::string>& arguments, std::string_view standard_input = {},
               std::chrono::milliseconds deadline = std::chrono::seconds(30));

}  // namespace waybill_test
