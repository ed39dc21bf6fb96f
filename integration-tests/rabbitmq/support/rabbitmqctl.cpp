#include "rabbitmqctl.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "run.hpp"

namespace waybill_test {

namespace {

constexpr const char* tool = "/usr/lib/rabbitmq/bin/rabbitmqctl";
constexpr std::chrono::seconds tool_patience{60};

/// The tool finds the node by its name, by the port of its port mapper and by the secret in its
/// home folder. Only the node knows all of them.
bool is_needed(std::string_view variable) {
  for (const std::string_view name :
       {"HOME=", "PATH=", "LC_ALL=", "RABBITMQ_NODENAME=", "RABBITMQ_CONF_ENV_FILE=",
        "ERL_EPMD_ADDRESS=", "ERL_EPMD_PORT="}) {
    if (variable.starts_with(name)) return true;
  }
  return false;
}

}  // namespace

void rabbitmqctl(const rabbitmq_broker& broker, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"env", "-i"};
  std::ifstream environment("/proc/" + std::to_string(broker.process_id()) + "/environ");
  for (std::string variable; std::getline(environment, variable, '\0');) {
    if (is_needed(variable)) command.push_back(variable);
  }
  command.emplace_back(tool);
  command.insert(command.end(), arguments.begin(), arguments.end());
  const run_result result = run(command, {}, tool_patience);
  if (result.succeeded()) return;
  std::ostringstream why;
  why << "rabbitmqctl: " << result;
  throw std::runtime_error(why.str());
}

}  // namespace waybill_test
