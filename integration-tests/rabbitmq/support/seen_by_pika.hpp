#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace waybill_test {

/// Takes all messages out of a queue of the shared broker, as Python's pika reads them: the objects
/// that read_queue.py prints. Unlike rabbitmq-c it reads tables of any depth.
std::vector<nlohmann::json> seen_by_pika(const std::string& queue);

}  // namespace waybill_test
