#include "shared_rabbitmq.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "environment.hpp"
#include "rabbitmq_broker.hpp"

namespace waybill_test {

namespace {

struct shared_state {
  std::unique_ptr<rabbitmq_broker> broker;
  std::optional<amqp_address> address;
  std::exception_ptr failure;
};

shared_state& state() {
  static shared_state instance;
  return instance;
}

// Ends the broker before main returns; where tests are ended by exit, the static object does.
class shared_rabbitmq_environment : public testing::Environment {
 public:
  void TearDown() override { state() = {}; }
};

[[maybe_unused]] const testing::Environment* const registered =
    testing::AddGlobalTestEnvironment(new shared_rabbitmq_environment);

amqp_address parse(const std::string& named) {
  const std::size_t colon = named.rfind(':');
  if (colon == std::string::npos) {
    throw std::runtime_error("WAYBILL_TEST_RABBITMQ is not host:port: " + named);
  }
  return {named.substr(0, colon), static_cast<std::uint16_t>(std::stoi(named.substr(colon + 1)))};
}

amqp_address find_broker(shared_state& shared) {
  const auto named = environment_variable("WAYBILL_TEST_RABBITMQ");
  if (named && !named->empty()) return parse(*named);
  shared.broker = std::make_unique<rabbitmq_broker>();
  return shared.broker->address();
}

}  // namespace

const amqp_address& shared_rabbitmq() {
  shared_state& shared = state();
  if (shared.failure) std::rethrow_exception(shared.failure);
  if (!shared.address) {
    try {
      shared.address = find_broker(shared);
    } catch (...) {
      shared.failure = std::current_exception();
      throw;
    }
  }
  return *shared.address;
}

}  // namespace waybill_test
