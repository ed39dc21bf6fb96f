// The smallest use of waybill behind librdkafka's C++ interface: a producer and a topic of it.

#include <iostream>
#include <memory>
#include <string>
#include <waybill/kafka/rdkafkacpp.hpp>

int main() {
  std::string error;
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  conf->set("bootstrap.servers", "127.0.0.1:1", error);
  conf->set("log_level", "0", error);
  const std::unique_ptr<RdKafka::Producer> producer =
      waybill::kafka::create_producer(conf.get(), error);
  if (producer == nullptr) return std::cerr << error << '\n', 1;
  const auto topic = waybill::kafka::create_topic(producer.get(), "orders", nullptr, error);
  if (topic == nullptr) return std::cerr << error << '\n', 1;
  std::cout << producer->name() << " has the topic " << topic->name() << '\n';
  return 0;
}
