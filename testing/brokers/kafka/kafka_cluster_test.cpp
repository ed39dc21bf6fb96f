#include "kafka_cluster.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bare_kafka.hpp"

namespace waybill_test {
namespace {

TEST(kafka_cluster, goes_on_with_all_it_has_acknowledged_when_a_leader_is_killed) {
  kafka_cluster cluster;
  const std::string topic = unique_topic("cluster");
  cluster.create_topic(topic);
  const bare_producer producer(cluster.bootstrap(), {{"enable.idempotence", "true"}});
  producer.produce(topic, {"key", "before", {}});

  const int first = cluster.leader_of(topic, 0);
  cluster.node(first).kill();
  EXPECT_NE(cluster.leader_of(topic, 0, first), first);
  producer.produce(topic, {"key", "without it", {}});

  cluster.node(first).start();
  producer.produce(topic, {"key", "again with it", {}});
  std::vector<std::string> values;
  for (const bare_record& record : bare_consumer(cluster.bootstrap(), topic).take_all()) {
    values.push_back(record.value.value());
  }
  EXPECT_EQ(values, (std::vector<std::string>{"before", "without it", "again with it"}));
}

}  // namespace
}  // namespace waybill_test
