#include "environment.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

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

std::optional<network_address> address_of_environment(const char* name) {
  const std::string text = environment_variable(name).value_or("");
  if (text.empty()) return std::nullopt;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon != 0) {
    network_address address{text.substr(0, colon)};
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error == std::errc{} && parsed == end && address.port != 0) return address;
  }
  throw std::runtime_error(std::string(name) + " is not host:port: " + text);
}

changed_variable::changed_variable(const char* name, const std::optional<std::string>& value)
    : name_(name), old_value_(environment_variable(name)) {
  set_variable(name, value);
}

changed_variable::~changed_variable() { set_variable(name_, old_value_); }

}  // namespace waybill_test
