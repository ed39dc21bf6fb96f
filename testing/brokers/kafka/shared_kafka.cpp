#include "shared_kafka.hpp"

#include <chrono>

#include "environment.hpp"
#include "kafka_admin.hpp"
#include "shared_broker.hpp"

namespace waybill_test {

namespace {

constexpr std::chrono::seconds topic_patience{30};

}  // namespace

void kafka_address::create_topic(const std::string& name, int partitions, int replication,
                                 const std::map<std::string, std::string>& configuration) const {
  kafka_admin(bootstrap_)
      .create_topic(name, partitions, replication, configuration, topic_patience);
}

void kafka_address::delete_topic(const std::string& name) const {
  kafka_admin(bootstrap_).delete_topic(name, topic_patience);
}

std::optional<kafka_address> kafka_of_environment() {
  const auto named = address_of_environment("WAYBILL_TEST_KAFKA");
  if (!named) return std::nullopt;
  return kafka_address(named->host + ":" + std::to_string(named->port));
}

kafka_address shared_kafka() {
  if (const auto named = kafka_of_environment()) return *named;
  return kafka_address(own_kafka().bootstrap());
}

kafka_broker& own_kafka() { return shared_broker<kafka_broker>::get(); }

}  // namespace waybill_test
