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
#include <memory>
#include <stdexcept>
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

/// What is sent, in which context, and where it got to.
struct order {
  const char* text = nullptr;
  waybill::context sent{};
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  std::int64_t offset = RD_KAFKA_OFFSET_INVALID;
};

// waybill: called once for each message. It may take the place of the delivery report callback.
void remember_place(const waybill::kafka::delivery_report& told) {
  if (told.outcome != waybill::outcome_state::succeeded) {
    std::cerr << "an order was lost: " << rd_kafka_err2str(told.error) << '\n';
    return;
  }
  order& delivered = *static_cast<order*>(told.user_data);
  delivered.partition = told.message->partition;
  delivered.offset = told.message->offset;
}

}  // namespace

int main(int argc, char** argv) try {
  const char* topic = argc > 2 ? argv[2] : "orders";
  std::array<order, 3> orders = {{{"3 Darjeeling"}, {"1 Assam"}, {"2 Ceylon"}}};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, argc > 2 ? "bootstrap.servers" : "test.mock.num.brokers", argc > 2 ? argv[1] : "1");

  // waybill: before rd_kafka_new, so that the producer learns what becomes of its messages.
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(conf);

  const client_ptr client = make_client(RD_KAFKA_PRODUCER, conf);

  // waybill: once, after rd_kafka_new. The listener, which may be empty, runs on a thread of
  // librdkafka's; rd_kafka_flush waits for it.
  const waybill::propagation propagation(waybill::propagation_options{});
  waybill::kafka::producer producer(client.get(), propagation, observed, &remember_place);

  for (order& each : orders) {
    // waybill: a service has a current context while it handles what it was sent. Here it begins.
    const waybill::scope active(waybill::context::new_root(true));

    rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
    rd_kafka_header_add(headers, "content-type", -1, "text/plain", -1);

    // waybill: was rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(...),
    // RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
    // RD_KAFKA_V_OPAQUE(&each), RD_KAFKA_V_END).
    const rd_kafka_resp_err_t answer = producer.produce(
        {.topic = topic, .payload = each.text, .headers = headers}, {.user_data = &each});

    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_headers_destroy(headers);  // as ever: librdkafka owns them only after success
      throw std::runtime_error(rd_kafka_err2str(answer));
    }
    rd_kafka_poll(client.get(), 0);
    each.sent = waybill::current();
  }
  rd_kafka_flush(client.get(), 30'000);

  rd_kafka_conf_t* reading = rd_kafka_conf_new();
  set(reading, "bootstrap.servers",
      argc > 2 ? argv[1]
               : rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(client.get())));
  set(reading, "group.id", "kafka-producer-example");
  const client_ptr reader = make_client(RD_KAFKA_CONSUMER, reading);
  rd_kafka_topic_partition_list_t* places = rd_kafka_topic_partition_list_new(1);
  for (const order& each : orders) {
    if (rd_kafka_topic_partition_list_find(places, topic, each.partition) != nullptr) continue;
    rd_kafka_topic_partition_list_add(places, topic, each.partition)->offset = each.offset;
  }
  rd_kafka_assign(reader.get(), places);
  rd_kafka_topic_partition_list_destroy(places);
  waybill::kafka::consumer consumer(reader.get(), propagation);
  std::size_t right = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (right < orders.size() && std::chrono::steady_clock::now() < deadline) {
    const waybill::kafka::message came = consumer.poll(std::chrono::milliseconds(500));
    for (const order& each : orders) {
      const bool is_it =
          came.is_message() && came.partition() == each.partition && came.offset() == each.offset;
      if (!is_it || came.payload() != each.text || came.context() != each.sent) continue;
      std::cout << each.text << " in trace " << came.context().span_context().trace_id().hex()
                << '\n';
      ++right;
    }
  }
  return right == orders.size() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "kafka_producer: " << error.what() << '\n';
  return 1;
}
