#include "kafka_cluster.hpp"

#include <future>
#include <stdexcept>

#include "kafka_admin.hpp"

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

constexpr int heap_mebibytes = 256;
constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds answer_patience{500};

kafka_broker_options options_of(const kafka_membership& membership,
                                const std::map<std::string, std::string>& properties) {
  const std::string copies = std::to_string(membership.controller_ports.size());
  const std::string most = std::to_string(membership.controller_ports.size() / 2 + 1);
  kafka_broker_options options;
  options.heap_mebibytes = heap_mebibytes;
  options.membership = membership;
  options.properties = {{"default.replication.factor", copies},
                        {"offsets.topic.replication.factor", copies},
                        {"transaction.state.log.replication.factor", copies},
                        {"min.insync.replicas", most},
                        {"transaction.state.log.min.isr", most}};
  for (const auto& [name, value] : properties) options.properties[name] = value;
  return options;
}

}  // namespace

kafka_cluster::kafka_cluster(int nodes, const std::map<std::string, std::string>& properties)
    : controller_ports_(static_cast<std::size_t>(nodes)) {
  kafka_membership membership{random_cluster_id(), 0, {}};
  for (const loopback_port& port : controller_ports_) {
    membership.controller_ports.push_back(port.number());
  }
  // All at once: no node is ready before most of them are there.
  std::vector<std::future<std::unique_ptr<kafka_broker>>> starting;
  for (; membership.node < membership.controller_ports.size(); ++membership.node) {
    starting.push_back(
        std::async(std::launch::async, [options = options_of(membership, properties)] {
          return std::make_unique<kafka_broker>(options);
        }));
  }
  for (auto& each : starting) nodes_.push_back(each.get());

  kafka_admin admin(bootstrap());
  const auto deadline = clock::now() + patience;
  while (!admin.answers(membership.cluster_id, nodes, answer_patience)) {
    if (clock::now() >= deadline) throw std::runtime_error("not all nodes joined their cluster");
  }
}

std::string kafka_cluster::bootstrap() const {
  std::string all;
  for (const auto& node : nodes_) all += (all.empty() ? "" : ",") + node->bootstrap();
  return all;
}

void kafka_cluster::create_topic(const std::string& name, int partitions) const {
  kafka_admin(bootstrap()).create_topic(name, partitions, count(), {}, patience);
}

int kafka_cluster::leader_of(const std::string& topic, int partition, int other_than) const {
  kafka_admin admin(bootstrap());
  const auto deadline = clock::now() + patience;
  while (clock::now() < deadline) {
    const int leader = admin.leader_of(topic, partition, answer_patience);
    if (leader > 0 && leader != other_than) return leader;
  }
  throw std::runtime_error("no node leads partition " + std::to_string(partition) + " of " + topic);
}

}  // namespace waybill_test
