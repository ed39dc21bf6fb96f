#include "broker_watch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace waybill_test {

std::vector<std::string> processes_with(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    if (command.find(text) != std::string::npos) found.push_back(entry.path().filename());
  }
  return found;
}

unique_descriptor listen_on(std::uint16_t port) {
  unique_descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 1) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen_on");
  }
  return listener;
}

bool readable_in_time(int descriptor, std::chrono::milliseconds patience) {
  pollfd entry{descriptor, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) == 1;
}

std::string read_line(int descriptor, std::chrono::milliseconds patience) {
  std::string line;
  char character = 0;
  while (readable_in_time(descriptor, patience) && ::read(descriptor, &character, 1) == 1) {
    if (character == '\n') return line;
    line += character;
  }
  throw std::runtime_error("no whole line came: " + line);
}

unique_descriptor open_process(pid_t id) {
  // By its number, because glibc 2.36 declares the function without extern "C".
  unique_descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  if (process.get() < 0) throw std::system_error(errno, std::generic_category(), "open_process");
  return process;
}

}  // namespace waybill_test
