#include "shared_kafka.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>

namespace waybill_test {

namespace {

struct shared_state {
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

kafka_broker& shared_kafka() {
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
