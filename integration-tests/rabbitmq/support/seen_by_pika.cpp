#include "seen_by_pika.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "run.hpp"
#include "shared_rabbitmq.hpp"

namespace waybill_test {

std::vector<nlohmann::json> seen_by_pika(const std::string& queue) {
  const amqp_address address = shared_rabbitmq();
  // Debian's own: what stands first on PATH may not know Debian's packages.
  const run_result result = run(
      {"/usr/bin/python3", WAYBILL_READ_QUEUE, address.host, std::to_string(address.port), queue});
  EXPECT_TRUE(result.succeeded()) << result;
  std::vector<nlohmann::json> messages;
  std::istringstream lines(result.standard_output);
  for (std::string line; std::getline(lines, line);)
    messages.push_back(nlohmann::json::parse(line));
  return messages;
}

}  // namespace waybill_test
