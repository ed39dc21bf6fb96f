#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kafka_broker.hpp"

namespace waybill_test {

/// Several nodes of Apache Kafka that are one cluster: every one of them broker and controller.
/// Topics have a copy on each node, and a message is acknowledged (acks=all) once most nodes have
/// it, so one of three may die at any moment.
///
/// @par Errors   As kafka_broker.
/// @par Cost     Three nodes: 6 s to be ready on two processors, 1 GB of memory.
/// @par Threads  One at a time.
/// @par Lifetime The destructor kills the nodes and removes their data.
class kafka_cluster {
 public:
  /// @par Input `properties`: added to those of every node.
  explicit kafka_cluster(int nodes = 3, const std::map<std::string, std::string>& properties = {});

  /// "127.0.0.1:PORT" of every node.
  [[nodiscard]] std::string bootstrap() const;
  /// A node by Kafka's own number: 1 is the first.
  [[nodiscard]] kafka_broker& node(int id) { return *nodes_.at(static_cast<std::size_t>(id - 1)); }

  /// Makes a topic with a copy on each node, and waits until its leaders answer.
  void create_topic(const std::string& name, int partitions = 1) const;
  /// Waits until a partition is led by a live node that is not `other_than`.
  /// @par Output That node.
  /// @par Errors Throws std::runtime_error if there is none in time.
  [[nodiscard]] int leader_of(const std::string& topic, int partition, int other_than = -1) const;

 private:
  [[nodiscard]] int count() const { return static_cast<int>(nodes_.size()); }

  std::vector<loopback_port> controller_ports_;
  std::vector<std::unique_ptr<kafka_broker>> nodes_;
};

}  // namespace waybill_test
