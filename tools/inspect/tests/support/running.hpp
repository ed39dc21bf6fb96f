#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "command.hpp"

namespace waybill_test {

/// What the command did.
struct ran {
  int code = -1;
  std::string out;
  std::string err;
};

inline ran run_command(std::vector<std::string> arguments, const std::string& input = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  ran done;
  done.code = waybill::tool::run(std::move(arguments), in, out, err);
  done.out = out.str();
  done.err = err.str();
  return done;
}

inline ran inspect(std::vector<std::string> headers, const std::string& input = {}) {
  headers.insert(headers.begin(), "inspect");
  return run_command(std::move(headers), input);
}

inline ran inspect_as_json(std::vector<std::string> headers, const std::string& input = {}) {
  headers.insert(headers.begin(), {"inspect", "--json"});
  return run_command(std::move(headers), input);
}

/// The object in one line, its keys in the order in which they were written.
inline std::string in_one_line(const std::string& text) {
  const auto object = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  return object.is_discarded() ? "no JSON: " + text : object.dump();
}

inline std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// "k1=v,k2=v,..."
inline std::string numbered_members(int count) {
  std::string all;
  for (int i = 1; i <= count; ++i) all += (i > 1 ? ",k" : "k") + std::to_string(i) + "=v";
  return all;
}

}  // namespace waybill_test
