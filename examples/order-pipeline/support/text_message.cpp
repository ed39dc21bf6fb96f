#include "text_message.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace order_pipeline {

text_message read_text_message(const std::string& path) {
  std::ifstream in(path);
  text_message read;
  if (!std::getline(in, read.first_line)) throw std::runtime_error("cannot read " + path);
  for (std::string line; std::getline(in, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error(path + " has a line without a colon");
    const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    read.headers.push_back({line.substr(0, colon), line.substr(value)});
  }
  read.body.assign(std::istreambuf_iterator<char>(in), {});
  if (read.body.ends_with('\n')) read.body.pop_back();
  return read;
}

}  // namespace order_pipeline
