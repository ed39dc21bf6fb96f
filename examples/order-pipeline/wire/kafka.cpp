// librdkafka alone, to see what really is on the wire: this program knows nothing of waybill.
//   kafka-wire read BROKERS TOPIC MESSAGES LOG   writes every message with its headers to a log
//   kafka-wire send BROKERS TOPIC FILE           sends a file's head lines and body as one message,
//                                                each header appended: what becomes of a message
//                                                that clients send again which never take a header
//                                                away

#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

#include "support/kafka_client.hpp"
#include "support/text_message.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void read(const std::string& brokers, const std::string& topic, int messages,
          const std::string& log_path) {
  log_file log(log_path);
  const client_ptr client = make_reader(brokers, topic, "waybill-demo-wire");
  const deadline patience_ends;
  for (int seen = 0; seen < messages;) {
    const message_ptr message(rd_kafka_consumer_poll(client.get(), 100));
    patience_ends.check("not all messages of " + topic + " came");
    if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    log_entry entry("wire");
    entry.add("where", "Kafka topic " + topic);
    entry.add("by", "librdkafka alone, without waybill");
    entry.add("order", {static_cast<const char*>(message->key), message->key_len});
    entry.add("body", {static_cast<const char*>(message->payload), message->len});
    for (const header& each : headers_of(*message)) entry.add(each);
    log.append(entry);
    ++seen;
  }
}

void send(const std::string& brokers, const std::string& topic, const std::string& path) {
  text_message message = read_text_message(path);
  rd_kafka_headers_t* list = rd_kafka_headers_new(message.headers.size());
  for (const header& each : message.headers) {
    const std::string value = each.value.value_or("");
    rd_kafka_header_add(list, each.name.data(), static_cast<ssize_t>(each.name.size()),
                        value.data(), static_cast<ssize_t>(value.size()));
  }
  const std::string& key = message.first_line;
  const client_ptr client = make_client(RD_KAFKA_PRODUCER, make_configuration(brokers));
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(message.body.data(), message.body.size()), RD_KAFKA_V_HEADERS(list),
      RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_headers_destroy(list);  // librdkafka takes it only when it takes the message
    throw std::runtime_error(rd_kafka_err2str(error));
  }
  flush(*client);
}

void run(std::span<char*> arguments) {
  const std::string_view command = arguments.empty() ? "" : arguments[0];
  if (command == "read" && arguments.size() == 5) {
    read(arguments[1], arguments[2], std::stoi(arguments[3]), arguments[4]);
  } else if (command == "send" && arguments.size() == 4) {
    send(arguments[1], arguments[2], arguments[3]);
  } else {
    throw std::runtime_error(
        "usage: kafka-wire read BROKERS TOPIC MESSAGES LOG, or kafka-wire send BROKERS TOPIC FILE");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  run(std::span(argv + 1, static_cast<std::size_t>(argc - 1)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "kafka-wire: " << error.what() << '\n';
  return 1;
}
