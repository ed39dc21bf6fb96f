#include "log_file.hpp"

#include <charconv>
#include <stdexcept>

namespace order_pipeline {

namespace {

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text.substr(i, 2) == "\\x" &&
        std::from_chars(text.data() + i + 2, text.data() + std::min(i + 4, text.size()), value, 16)
                .ec == std::errc()) {
      bytes += static_cast<char>(value);
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::string_view next_column(std::string_view& line) {
  const std::size_t end = std::min(line.find('\t'), line.size());
  const std::string_view column = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return column;
}

}  // namespace

std::string escape(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte == 0x7f || each == '\\') {
      text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      text += each;
    }
  }
  return text;
}

log_entry& log_entry::add(std::string_view name, std::string_view value) {
  values_.emplace_back(name, value);
  return *this;
}

log_entry& log_entry::add(const header& added) {
  add("header", added.name);
  return added.value.has_value() ? add("value", *added.value) : add("null", "");
}

std::string log_entry::get(std::string_view name) const {
  for (const auto& [each, value] : values_) {
    if (each == name) return value;
  }
  return {};
}

std::vector<std::string> log_entry::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [each, value] : values_) {
    if (each == name) found.push_back(value);
  }
  return found;
}

std::vector<header> log_entry::headers() const {
  std::vector<header> found;
  for (const auto& [name, value] : values_) {
    if (name == "header") found.push_back({value, std::nullopt});
    if (name == "value" && !found.empty()) found.back().value = value;
  }
  return found;
}

std::string log_entry::to_line() const {
  std::string line = escape(kind_);
  for (const auto& [name, value] : values_) line += '\t' + name + '=' + escape(value);
  return line;
}

log_entry log_entry::from_line(std::string_view line) {
  log_entry entry(unescape(next_column(line)));
  while (!line.empty()) {
    const std::string_view column = next_column(line);
    const std::size_t equals = std::min(column.find('='), column.size());
    entry.add(column.substr(0, equals),
              unescape(column.substr(std::min(equals + 1, column.size()))));
  }
  return entry;
}

log_file::log_file(const std::string& path) : out_(path) {
  if (!out_) throw std::runtime_error("cannot write " + path);
}

void log_file::append(const log_entry& entry) {
  const std::lock_guard lock(mutex_);
  out_ << entry.to_line() << '\n' << std::flush;
}

std::vector<log_entry> read_log(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<log_entry> entries;
  for (std::string line; std::getline(in, line);) entries.push_back(log_entry::from_line(line));
  return entries;
}

}  // namespace order_pipeline
