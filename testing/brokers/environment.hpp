#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace waybill_test {

/// A variable of this process's environment, or nothing.
/// @par Threads Any, while no changed_variable begins or ends.
std::optional<std::string> environment_variable(const char* name);

struct network_address {
  std::string host;
  std::uint16_t port = 0;
};

/// The HOST:PORT that a variable of this process's environment names; nothing when it is not set,
/// or empty.
/// @par Errors  Throws std::runtime_error for text that is no HOST:PORT.
/// @par Threads As environment_variable.
std::optional<network_address> address_of_environment(const char* name);

/// Sets a variable of this process's environment, or removes it (nullopt), and puts the old value
/// back at its end. Programs that are started meanwhile see the change.
/// @par Threads Only while no other thread looks at the environment.
class changed_variable {
 public:
  changed_variable(const char* name, const std::optional<std::string>& value);
  changed_variable(const changed_variable&) = delete;
  changed_variable& operator=(const changed_variable&) = delete;
  ~changed_variable();

 private:
  const char* name_;
  std::optional<std::string> old_value_;
};

}  // namespace waybill_test
