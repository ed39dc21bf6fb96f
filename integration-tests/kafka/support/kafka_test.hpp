#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "bare_kafka.hpp"
#include "shared_kafka.hpp"

namespace waybill_test {

/// A test on the broker that this executable shares.
class kafka_test : public testing::Test {
 protected:
  std::string new_topic(int partitions = 1,
                        const std::map<std::string, std::string>& configuration = {}) {
    std::string topic = unique_topic("waybill");
    broker_.create_topic(topic, partitions, 1, configuration);
    return topic;
  }
  [[nodiscard]] std::string bootstrap() const { return broker_.bootstrap(); }
  /// All that is in a topic, read by a client that knows nothing of waybill.
  [[nodiscard]] std::vector<bare_record> records_of(const std::string& topic) const {
    return bare_consumer(bootstrap(), topic).take_all();
  }

  kafka_broker& broker_ = shared_kafka();
};

}  // namespace waybill_test
