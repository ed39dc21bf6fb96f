#pragma once

#include <string>
#include <vector>

#include "rabbitmq_broker.hpp"

namespace waybill_test {

/// Runs RabbitMQ's command line tool on a running broker of the test's own.
/// @par Errors  Throws std::runtime_error with the tool's output when it fails.
/// @par Cost    about 2 s: the tool starts an Erlang of its own.
void rabbitmqctl(const rabbitmq_broker& broker, const std::vector<std::string>& arguments);

}  // namespace waybill_test
