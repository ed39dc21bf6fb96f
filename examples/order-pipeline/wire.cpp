// librdkafka alone, to see what really is on the wire: this program knows nothing of waybill.
//   wire read BROKERS TOPIC MESSAGES LOG     writes every message with its headers to a log
//   wire send BROKERS TOPIC FILE             sends a file's head lines and body as one message,
//   each
//                                            header appended: what becomes of a message that is
//                                            sent again by clients that never take a header away

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>

#include "kafka_client.hpp"

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
    entry.add("topic", topic);
    entry.add("order", {static_cast<const char*>(message->key), message->key_len});
    entry.add("body", {static_cast<const char*>(message->payload), message->len});
    for (const header& each : headers_of(*message)) entry.add(each);
    log.append(entry);
    ++seen;
  }
}

void send(const std::string& brokers, const std::string& topic, const std::string& path) {
  std::ifstream in(path);
  std::string key;
  if (!std::getline(in, key)) throw std::runtime_error("cannot read " + path);
  rd_kafka_headers_t* list = rd_kafka_headers_new(8);
  for (std::string line; std::getline(in, line) && !line.empty();) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    rd_kafka_header_add(list, line.data(), static_cast<ssize_t>(colon), line.data() + value,
                        static_cast<ssize_t>(line.size() - value));
  }
  std::string body(std::istreambuf_iterator<char>(in), {});
  const client_ptr client = make_client(RD_KAFKA_PRODUCER, make_configuration(brokers));
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(body.data(), body.size()),
      RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
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
        "usage: wire read BROKERS TOPIC MESSAGES LOG, or wire send BROKERS TOPIC FILE");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  run(std::span(argv + 1, static_cast<std::size_t>(argc - 1)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "wire: " << error.what() << '\n';
  return 1;
}
