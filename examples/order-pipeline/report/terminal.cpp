#include "terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace order_pipeline {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

terminal::terminal()
    : has_colours_(isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() &&
                   environment("TERM") != "dumb" && !environment("TERM").empty()),
      has_utf8_(locale_is_utf8()) {}

std::string terminal::paint(std::string_view code, std::string_view text) const {
  if (!has_colours_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t columns) {
  const std::size_t used = width(text);
  return std::string(text) + std::string(used < columns ? columns - used : 1, ' ');
}

}  // namespace order_pipeline
