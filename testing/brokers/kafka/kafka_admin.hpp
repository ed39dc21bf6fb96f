#pragma once

#include <chrono>
#include <map>
#include <string>

#include "bare_kafka.hpp"

namespace waybill_test {

/// What is asked of a broker or cluster by its own protocol.
/// @par Threads One at a time.
class kafka_admin {
 public:
  explicit kafka_admin(const std::string& bootstrap);

  /// True once a metadata request is answered by the cluster of that id, with at least `brokers`
  /// live brokers and a controller.
  bool answers(const std::string& cluster_id, int brokers, std::chrono::milliseconds patience);

  /// Makes a topic and waits until every partition has a leader that answers.
  /// @par Errors Throws std::runtime_error with the broker's text.
  void create_topic(const std::string& name, int partitions, int replication,
                    const std::map<std::string, std::string>& configuration,
                    std::chrono::milliseconds patience);

  /// Deletes a topic. The cluster knows that it is gone when this returns; clients learn it from
  /// their next metadata.
  /// @par Errors Throws std::runtime_error with the broker's text.
  void delete_topic(const std::string& name, std::chrono::milliseconds patience);

  /// The node that leads a partition, or -1 if there is none or nobody answers.
  int leader_of(const std::string& topic, int partition, std::chrono::milliseconds patience);

 private:
  bool is_served(const std::string& topic, int partitions);

  kafka_handle handle_;
};

}  // namespace waybill_test
