#include "run.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ostream>
#include <system_error>

#include "unique_descriptor.hpp"

namespace waybill_test {

namespace {

// Files in memory instead of pipes: a program that reads nothing can't block us, one that writes
// much can't block itself, and none of the two needs a loop here.
unique_descriptor memory_file() {
  unique_descriptor file(::memfd_create("waybill-test-run", MFD_CLOEXEC));
  if (file.get() < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  return file;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    if (size < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "standard input");
    }
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string read_from_start(int descriptor) {
  std::string text;
  std::array<char, 65536> block{};
  for (;;) {
    const ssize_t size =
        ::pread(descriptor, block.data(), block.size(), static_cast<off_t>(text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw std::system_error(errno, std::generic_category(), "captured output");
    if (size == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const run_result& result) {
  stream << to_string(result.status) << (result.timed_out ? " (killed at the deadline)" : "")
         << "\n-- standard output --\n"
         << result.standard_output << "\n-- standard error --\n"
         << result.standard_error;
  return stream;
}

run_result run(const std::vector<std::string>& arguments, std::string_view standard_input,
               std::chrono::milliseconds deadline) {
  const auto end = child_process::clock::now() + deadline;
  const unique_descriptor input = memory_file();
  const unique_descriptor output = memory_file();
  const unique_descriptor error = memory_file();
  write_all(input.get(), standard_input);
  if (::lseek(input.get(), 0, SEEK_SET) != 0) {
    throw std::system_error(errno, std::generic_category(), "standard input");
  }

  const child_process child(arguments, {input.get(), output.get(), error.get()});
  run_result result;
  result.timed_out = !child.wait_until(end);
  child.kill();
  result.status = child.status().value();
  result.standard_output = read_from_start(output.get());
  result.standard_error = read_from_start(error.get());
  return result;
}

}  // namespace waybill_test
