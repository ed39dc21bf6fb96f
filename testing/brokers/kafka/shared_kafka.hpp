#pragma once

#include <map>
#include <optional>
#include <string>

#include "kafka_broker.hpp"

namespace waybill_test {

/// A Kafka that somebody runs somewhere: all that is known of it is where it answers.
/// @par Errors  create_topic and delete_topic throw std::runtime_error with the broker's text.
/// @par Threads Any, one call at a time.
class kafka_address {
 public:
  explicit kafka_address(std::string bootstrap) : bootstrap_(std::move(bootstrap)) {}

  /// "HOST:PORT".
  [[nodiscard]] const std::string& bootstrap() const noexcept { return bootstrap_; }
  void create_topic(const std::string& name, int partitions = 1, int replication = 1,
                    const std::map<std::string, std::string>& configuration = {}) const;
  void delete_topic(const std::string& name) const;

 private:
  std::string bootstrap_;
};

/// What WAYBILL_TEST_KAFKA (HOST:PORT) names; nothing when it is not set, or empty.
/// @par Errors  Throws as address_of_environment does.
std::optional<kafka_address> kafka_of_environment();

/// The broker that all tests of this executable share: the one of kafka_of_environment, which other
/// executables share too, else own_kafka. Tests use topics and groups of their own (unique_topic).
/// @par Errors  Throws as own_kafka and kafka_of_environment do.
/// @par Threads Any, one call at a time.
kafka_address shared_kafka();

/// The process that all tests of this executable share which have to see more of a broker than its
/// protocol shows, such as its data folder: started by the first call, ended when the tests have
/// run. Tests that stop, pause or configure a broker make one of their own.
/// @par Errors  Throws as shared_broker does.
/// @par Threads Any, one call at a time.
kafka_broker& own_kafka();

}  // namespace waybill_test
