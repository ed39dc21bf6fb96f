#pragma once

#include <string>
#include <vector>

#include "log_file.hpp"

namespace order_pipeline {

/// A request or message written down as text: a first line, lines of "Name: value", an empty line,
/// and a body that ends before the last line break.
struct text_message {
  std::string first_line;
  std::vector<header> headers;
  std::string body;
};

/// @par Errors   throws std::runtime_error.
[[nodiscard]] text_message read_text_message(const std::string& path);

}  // namespace order_pipeline
