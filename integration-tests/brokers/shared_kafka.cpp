#include "shared_kafka.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>

#include "environment.hpp"
#include "kafka_admin.hpp"

namespace waybill_test {

namespace {

constexpr std::chrono::seconds topic_patience{30};

struct shared_state {
  std::optional<kafka_address> address;
  std::unique_ptr<kafka_broker> broker;
  std::exception_ptr failure;
};

shared_state& state() {
  static shared_state instance;
  return instance;
}

// Ends the broker before main returns; where tests are ended by exit, the static object does.
class shared_kafka_environment : public testing::Environment {
 public:
  void TearDown() override { state() = {}; }
};

[[maybe_unused]] const testing::Environment* const registered =
    testing::AddGlobalTestEnvironment(new shared_kafka_environment);

}  // namespace

void kafka_address::create_topic(const std::string& name, int partitions, int replication,
                                 const std::map<std::string, std::string>& configuration) const {
  kafka_admin(bootstrap_)
      .create_topic(name, partitions, replication, configuration, topic_patience);
}

std::optional<kafka_address> kafka_of_environment() {
  const std::string bootstrap = environment_variable("WAYBILL_TEST_KAFKA").value_or("");
  if (bootstrap.empty()) return std::nullopt;
  return kafka_address(bootstrap);
}

const kafka_address& shared_kafka() {
  shared_state& shared = state();
  if (!shared.address) shared.address = kafka_of_environment();
  if (!shared.address) shared.address.emplace(own_kafka().bootstrap());
  return *shared.address;
}

kafka_broker& own_kafka() {
  shared_state& shared = state();
  if (shared.failure) std::rethrow_exception(shared.failure);
  if (!shared.broker) {
    try {
      shared.broker = std::make_unique<kafka_broker>();
    } catch (...) {
      shared.failure = std::current_exception();
      throw;
    }
  }
  return *shared.broker;
}

}  // namespace waybill_test
