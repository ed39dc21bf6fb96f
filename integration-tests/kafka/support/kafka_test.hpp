#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bare_kafka.hpp"
#include "shared_kafka.hpp"

namespace waybill_test {

/// A test on a broker that it shares with others.
class kafka_test : public testing::Test {
 protected:
  /// On the shared one, unless told.
  explicit kafka_test(kafka_address broker = shared_kafka()) : broker_(std::move(broker)) {}

  std::string new_topic(int partitions = 1,
                        const std::map<std::string, std::string>& configuration = {}) {
    std::string topic = unique_topic("waybill");
    broker_.create_topic(topic, partitions, 1, configuration);
    return topic;
  }
  void delete_topic(const std::string& topic) const { broker_.delete_topic(topic); }
  [[nodiscard]] std::string bootstrap() const { return broker_.bootstrap(); }
  /// All that is in a topic, read by a client that knows nothing of waybill.
  [[nodiscard]] std::vector<bare_record> records_of(const std::string& topic) const {
    return bare_consumer(bootstrap(), topic).take_all();
  }

 private:
  kafka_address broker_;
};

/// A test that looks into the files of its broker, which therefore is a process of ours.
class kafka_files_test : public kafka_test {
 protected:
  kafka_files_test() : kafka_test(kafka_address(own_kafka().bootstrap())) {}

  [[nodiscard]] static const std::filesystem::path& data_folder() {
    return own_kafka().data_folder();
  }
};

}  // namespace waybill_test
