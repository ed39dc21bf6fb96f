#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace waybill_test {

/// Sets an environment variable (or takes it away) for as long as the object lives.
class environment_variable {
 public:
  environment_variable(const char* name, const char* value) : name_(name) {
    // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs in these tests
    if (const char* const before = std::getenv(name)) before_ = before;
    assign(value);
  }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;
  ~environment_variable() { assign(before_.has_value() ? before_->c_str() : nullptr); }

 private:
  void assign(const char* value) {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }
  // NOLINTEND(concurrency-mt-unsafe)

  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace waybill_test
