#include "paho_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace waybill_test {

namespace {

constexpr int patience_milliseconds = 30'000;
// Debian's packages are for Debian's own Python, whatever else is on PATH.
constexpr const char* python = "/usr/bin/python3";

}  // namespace

paho_reader::paho_reader(const mqtt_address& server, const std::string& filter, int count)
    : count_(count) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  output_ = unique_descriptor(ends[0]);
  const unique_descriptor writer(ends[1]);
  process_ = std::make_unique<child_process>(
      std::vector<std::string>{python, WAYBILL_MQTT_SUPPORT "/paho_reader.py", server.host,
                               std::to_string(server.port), filter, std::to_string(count)},
      child_streams{-1, writer.get(), STDERR_FILENO});
  if (read_line() != "ready") throw std::runtime_error("paho_reader.py did not subscribe");
}

std::vector<nlohmann::json> paho_reader::messages() {
  std::vector<nlohmann::json> all;
  for (int i = 0; i < count_; ++i) {
    const std::string line = read_line();
    if (line.empty()) break;
    all.push_back(nlohmann::json::parse(line));
  }
  return all;
}

std::string paho_reader::read_line() {
  std::string line;
  char character = 0;
  pollfd entry{output_.get(), POLLIN, 0};
  while (::poll(&entry, 1, patience_milliseconds) == 1 &&
         ::read(output_.get(), &character, 1) == 1) {
    if (character == '\n') return line;
    line += character;
  }
  return {};
}

}  // namespace waybill_test
