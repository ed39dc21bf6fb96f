// A consumer on librdkafka's C interface, as many programs have one, with waybill around it. What
// is new or changed for that stands behind "waybill:"; all the rest was there before.
//   kafka_consumer                   with librdkafka's own mock cluster, in this process
//   kafka_consumer HOST:PORT TOPIC   with a Kafka, and a topic that nobody else sends to
// Sends itself three orders; ends with 0 if each was handled once, in the context it was sent with.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <waybill/current.hpp>
#include <waybill/kafka/consumer.hpp>
#include <waybill/kafka/producer.hpp>

namespace {

struct client_deleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using client_ptr = std::unique_ptr<rd_kafka_t, client_deleter>;

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  std::array<char, 256> error{};
  if (rd_kafka_conf_set(conf, name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
    throw std::runtime_error(error.data());
  }
}

client_ptr make_client(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, 256> error{};
  client_ptr client(rd_kafka_new(type, conf, error.data(), error.size()));
  if (client == nullptr) throw std::runtime_error(error.data());
  return client;
}

/// The other end: what was sent, and in which context.
std::map<std::string, waybill::context, std::less<>> send_orders(
    rd_kafka_t* client, const char* topic, const waybill::propagation& propagation) {
  std::map<std::string, waybill::context, std::less<>> sent;
  waybill::kafka::producer producer(client, propagation);
  for (const char* order : {"3 Darjeeling", "1 Assam", "2 Ceylon"}) {
    const waybill::scope active(waybill::context::new_root(true));
    if (producer.produce({.topic = topic, .payload = order}) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      sent.emplace(order, waybill::current());
    }
  }
  rd_kafka_flush(client, 30'000);
  return sent;
}

/// Code far away from the consumer: it only knows the current context.
void pack(std::string_view order) {
  std::cout << "packed " << order << " in trace "
            << waybill::current().span_context().trace_id().hex() << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const char* topic = argc > 2 ? argv[2] : "orders";
  rd_kafka_conf_t* sending = rd_kafka_conf_new();
  set(sending, argc > 2 ? "bootstrap.servers" : "test.mock.num.brokers", argc > 2 ? argv[1] : "1");
  const client_ptr sender = make_client(RD_KAFKA_PRODUCER, sending);
  const waybill::propagation propagation(waybill::propagation_options{});  // waybill: its settings
  auto sent = send_orders(sender.get(), topic, propagation);
  bool is_right = sent.size() == 3;

  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers",
      argc > 2 ? argv[1]
               : rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(sender.get())));
  set(conf, "group.id", "kafka-consumer-example");
  set(conf, "auto.offset.reset", "earliest");
  set(conf, "enable.auto.offset.store", "false");  // at least once: stored when it was handled
  const client_ptr client = make_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(client.get());
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client.get(), topics);
  rd_kafka_topic_partition_list_destroy(topics);

  {
    // waybill: once, behind rd_kafka_new. It goes before its client, and so do its messages.
    waybill::kafka::consumer consumer(client.get(), propagation,
                                      {.settle = waybill::kafka::settle_mode::store_offset});

    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!sent.empty() && std::chrono::steady_clock::now() < deadline) {
      // waybill: was rd_kafka_consumer_poll(client, 500) and rd_kafka_message_destroy(received).
      waybill::kafka::message received = consumer.poll(std::chrono::milliseconds(500));
      if (!received.is_message()) {
        if (received) std::cerr << rd_kafka_err2str(received.error()) << '\n';
        continue;
      }

      // waybill: was pack(...) and rd_kafka_offsets_store(...). What the handler throws goes
      // through and nothing is stored; what it sends by a kafka::producer is in the same trace.
      consumer.handle(received, [&](waybill::kafka::message& order) {
        const std::string_view body = order.payload().value_or("");
        pack(body);
        const auto expected = sent.find(body);
        is_right = is_right && expected != sent.end() && expected->second == waybill::current();
        if (expected != sent.end()) sent.erase(expected);
      });
    }
  }
  rd_kafka_consumer_close(client.get());
  return is_right && sent.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "kafka_consumer: " << error.what() << '\n';
  return 1;
}
