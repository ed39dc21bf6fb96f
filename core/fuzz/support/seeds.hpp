#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

namespace waybill_fuzz {

/// The value of a lower-case or upper-case hexadecimal digit, or -1.
inline int seed_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One line of a file of seeds as the bytes it stands for: \n \r \t \v \0 \\ and \xHH.
inline std::string unescaped(const std::string& line) {
  std::string bytes;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      bytes += line[i];
      continue;
    }
    const char letter = line[++i];
    const std::string letters = "nrtv0\\";
    const std::size_t known = letters.find(letter);
    if (known != std::string::npos) {
      bytes += std::string("\n\r\t\v\0\\", 6)[known];
    } else if (letter == 'x' && i + 2 < line.size() && seed_digit(line[i + 1]) >= 0 &&
               seed_digit(line[i + 2]) >= 0) {
      bytes += static_cast<char>(16 * seed_digit(line[i + 1]) + seed_digit(line[i + 2]));
      i += 2;
    } else {
      bytes += '\\';
      bytes += letter;
    }
  }
  return bytes;
}

/// The other way: how an input is written as one line.
inline std::string escaped(const std::string& bytes) {
  const std::string digits = "0123456789abcdef";
  std::string line;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto code = static_cast<unsigned char>(bytes[i]);
    if (bytes[i] == '\n') {
      line += "\\n";
    } else if (bytes[i] == '\\') {
      line += "\\\\";
    } else if (code < 0x20 || code > 0x7e || (i == 0 && bytes[i] == '#')) {
      line += "\\x";
      line += digits[code / 16];
      line += digits[code % 16];
    } else {
      line += bytes[i];
    }
  }
  return line;
}

/// The inputs of a file of seeds: one a line; empty lines and those that begin with # are none.
inline std::vector<std::string> read_seeds(std::istream& file) {
  std::vector<std::string> seeds;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') seeds.push_back(unescaped(line));
  }
  return seeds;
}

}  // namespace waybill_fuzz
