// A producer on librdkafka's C interface, as many programs have one, with waybill around it. What
// is new or changed for that stands behind "waybill:"; all the rest was there before.
//   kafka_producer                   with librdkafka's own mock cluster, in this process
//   kafka_producer HOST:PORT TOPIC   with a Kafka
// Reads its orders back; ends with 0 if each has the context that it was sent with.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
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

}  // namespace

int main(int argc, char** argv) try {
  const char* topic = argc > 2 ? argv[2] : "orders";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, argc > 2 ? "bootstrap.servers" : "test.mock.num.brokers", argc > 2 ? argv[1] : "1");

  // waybill: before rd_kafka_new, so that the producer learns what becomes of its messages.
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(conf);

  const client_ptr client = make_client(RD_KAFKA_PRODUCER, conf);

  // waybill: once, behind rd_kafka_new. The listener, which may be left out, runs on a thread of
  // librdkafka's.
  std::mutex guard;
  std::map<std::int32_t, std::int64_t> first_offsets;  // of each partition
  waybill::kafka::producer_options options;
  options.on_delivery = [&](const waybill::kafka::delivery& told) {
    if (told.state != waybill::outcome_state::succeeded) return;
    const std::lock_guard lock(guard);
    first_offsets.emplace(told.message->partition, told.message->offset);
  };
  waybill::kafka::producer producer(client.get(), waybill::propagation(), observed, options);

  std::map<std::string, waybill::context, std::less<>> sent;
  for (const char* order : {"3 Darjeeling", "1 Assam", "2 Ceylon"}) {
    // waybill: a service has a current context while it handles what it was sent. Here it begins.
    const waybill::scope active(waybill::context::new_root(true));

    rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
    rd_kafka_header_add(headers, "content-type", -1, "text/plain", -1);

    // waybill: was rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(...),
    // RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END).
    const rd_kafka_resp_err_t answer =
        producer.produce({.topic = topic, .value = order, .headers = headers});

    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_headers_destroy(headers);  // as ever: librdkafka owns them only after success
      throw std::runtime_error(rd_kafka_err2str(answer));
    }
    rd_kafka_poll(client.get(), 0);
    sent.emplace(order, waybill::current());
  }
  rd_kafka_flush(client.get(), 30'000);

  rd_kafka_conf_t* reading = rd_kafka_conf_new();
  set(reading, "bootstrap.servers",
      argc > 2 ? argv[1]
               : rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(client.get())));
  set(reading, "group.id", "kafka-producer-example");
  const client_ptr reader = make_client(RD_KAFKA_CONSUMER, reading);
  rd_kafka_topic_partition_list_t* places = rd_kafka_topic_partition_list_new(1);
  for (const std::lock_guard lock(guard); const auto& [partition, offset] : first_offsets) {
    rd_kafka_topic_partition_list_add(places, topic, partition)->offset = offset;
  }
  rd_kafka_assign(reader.get(), places);
  rd_kafka_topic_partition_list_destroy(places);
  waybill::kafka::consumer consumer(reader.get(), waybill::propagation());
  bool is_right = true;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!sent.empty() && std::chrono::steady_clock::now() < deadline) {
    const waybill::kafka::message came = consumer.poll(std::chrono::milliseconds(500));
    if (!came.is_message()) continue;
    const auto expected = sent.find(came.payload().value_or(""));
    if (expected == sent.end()) continue;  // somebody else's
    is_right = is_right && expected->second == came.context();
    const auto trace = waybill::to_traceparent(came.context().trace());
    std::cout << came.payload().value_or("") << " in "
              << std::string_view(trace.data(), trace.size()) << '\n';
    sent.erase(expected);
  }
  return is_right && sent.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "kafka_producer: " << error.what() << '\n';
  return 1;
}
