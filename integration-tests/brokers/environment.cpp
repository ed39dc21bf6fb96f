#include "environment.hpp"

#include <cstdlib>

namespace waybill_test {

namespace {

void set_variable(const char* name, const std::optional<std::string>& value) {
  if (value) {
    ::setenv(name, value->c_str(), 1);  // NOLINT(concurrency-mt-unsafe): said in the header
  } else {
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): said in the header
  }
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): said in the header
  if (value == nullptr) return std::nullopt;
  return value;
}

changed_variable::changed_variable(const char* name, const std::optional<std::string>& value)
    : name_(name), old_value_(environment_variable(name)) {
  set_variable(name, value);
}

changed_variable::~changed_variable() { set_variable(name_, old_value_); }

}  // namespace waybill_test
