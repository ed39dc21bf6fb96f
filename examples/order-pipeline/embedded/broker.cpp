// A Kafka that needs no installation: librdkafka's own mock cluster, in a process of its own.
// Prints its address and runs until its standard input ends, so that it never outlives the run.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>

#include "support/kafka_client.hpp"

int main(int argc, char** argv) try {
  constexpr int brokers = 1;
  constexpr int partitions = 1;
  // The cluster lives in the threads of some client; this one never connects to anything.
  const order_pipeline::client_ptr host = order_pipeline::make_client(
      RD_KAFKA_PRODUCER, order_pipeline::configuration_ptr(rd_kafka_conf_new()));
  const std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> cluster(
      rd_kafka_mock_cluster_new(host.get(), brokers), &rd_kafka_mock_cluster_destroy);
  if (cluster == nullptr) throw std::runtime_error("the mock cluster did not start");
  for (int i = 1; i < argc; ++i) {
    if (rd_kafka_mock_topic_create(cluster.get(), argv[i], partitions, brokers) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error(std::string("cannot make the topic ") + argv[i]);
    }
  }
  std::cout << rd_kafka_mock_cluster_bootstraps(cluster.get()) << '\n' << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
} catch (const std::exception& error) {
  std::cerr << "broker: " << error.what() << '\n';
  return 1;
}
