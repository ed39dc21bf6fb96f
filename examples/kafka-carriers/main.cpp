// Context in a program that has its own produce and poll calls and keeps them: one line more before
// rd_kafka_producev, one more after rd_kafka_consumer_poll.
//   kafka_carriers                   with librdkafka's own mock cluster, in this process
//   kafka_carriers HOST:PORT TOPIC   with a Kafka, and a topic that is there
// Prints what was sent and what came; ends with 0 if the context is the same.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <waybill/kafka/carrier.hpp>

namespace {

struct kafka_deleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using client_ptr = std::unique_ptr<rd_kafka_t, kafka_deleter>;
using message_ptr = std::unique_ptr<rd_kafka_message_t, kafka_deleter>;

client_ptr make_client(rd_kafka_type_t type, const char* brokers) {
  std::array<char, 256> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(error.data());
    }
  };
  if (brokers != nullptr) {
    set("bootstrap.servers", brokers);
  } else {
    set("test.mock.num.brokers", "1");  // the producer brings its Kafka along
  }
  if (type == RD_KAFKA_CONSUMER) set("group.id", "kafka-carriers");
  client_ptr client(rd_kafka_new(type, conf, error.data(), error.size()));
  if (client == nullptr) throw std::runtime_error(error.data());
  return client;
}

void print(const char* when, const rd_kafka_headers_t* list) {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    std::cout << when << ": " << name << " = "
              << std::string_view(static_cast<const char*>(value), bytes) << '\n';
  }
}

void send(rd_kafka_t* producer, const char* topic, const waybill::context& context,
          const waybill::propagation& propagation) {
  rd_kafka_headers_t* list = rd_kafka_headers_new(4);
  rd_kafka_header_add(list, "content-type", -1, "text/plain", -1);

  waybill::kafka::inject(context, *list, propagation, topic);  // the line more

  print("sent", list);
  std::string body = "3 packets of Darjeeling";
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(body.data(), body.size()),
      RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_headers_destroy(list);
    throw std::runtime_error(rd_kafka_err2str(error));
  }
  rd_kafka_flush(producer, 10'000);
}

/// The next message of the topic's first partition, from an offset on.
message_ptr receive(rd_kafka_t* consumer, const char* topic, std::int64_t offset) {
  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(partitions, topic, 0)->offset = offset;
  rd_kafka_assign(consumer, partitions);
  rd_kafka_topic_partition_list_destroy(partitions);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    message_ptr message(rd_kafka_consumer_poll(consumer, 100));
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return message;
  }
  throw std::runtime_error("no message within 10 s");
}

}  // namespace

int main(int argc, char** argv) try {
  const char* topic = argc > 2 ? argv[2] : "orders";
  const client_ptr producer = make_client(RD_KAFKA_PRODUCER, argc > 2 ? argv[1] : nullptr);
  const char* brokers =
      argc > 2 ? argv[1]
               : rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(producer.get()));
  const client_ptr consumer = make_client(RD_KAFKA_CONSUMER, brokers);
  std::int64_t oldest = 0;
  std::int64_t next = 0;

  const waybill::propagation propagation;
  const waybill::context context = waybill::context::new_root(true);
  rd_kafka_query_watermark_offsets(producer.get(), topic, 0, &oldest, &next, 10'000);
  send(producer.get(), topic, context, propagation);
  const message_ptr message = receive(consumer.get(), topic, next);

  const waybill::extraction taken = waybill::kafka::take(*message, propagation);  // the line more

  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(message.get(), &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    print("came", list);
  }
  const auto trace = waybill::to_traceparent(taken.context().span_context());
  std::cout << "context: " << std::string_view(trace.data(), trace.size()) << '\n';
  return taken.context() == context && rd_kafka_header_cnt(list) == 1 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "kafka_carriers: " << error.what() << '\n';
  return 1;
}
