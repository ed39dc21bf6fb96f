// Makes topics of one partition on a real Kafka, or takes them away again:
//   kafka-topics create|delete BROKERS TOPIC...

#include <array>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

#include "support/kafka_client.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

struct admin_deleter {
  void operator()(rd_kafka_event_t* event) const noexcept { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_queue_t* queue) const noexcept { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_NewTopic_t* topic) const noexcept { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const noexcept {
    rd_kafka_DeleteTopic_destroy(topic);
  }
};
template <class T>
using owned = std::unique_ptr<T, admin_deleter>;

void ask_for(std::string_view command, rd_kafka_t* client, const char* topic,
             rd_kafka_queue_t* queue) {
  if (command == "create") {
    constexpr int partitions = 1;
    constexpr int replicas = -1;  // the broker's own default
    std::array<char, 256> error{};
    const owned<rd_kafka_NewTopic_t> wanted(
        rd_kafka_NewTopic_new(topic, partitions, replicas, error.data(), error.size()));
    if (wanted == nullptr) throw std::runtime_error(error.data());
    rd_kafka_NewTopic_t* one = wanted.get();
    rd_kafka_CreateTopics(client, &one, 1, nullptr, queue);
  } else {
    const owned<rd_kafka_DeleteTopic_t> unwanted(rd_kafka_DeleteTopic_new(topic));
    rd_kafka_DeleteTopic_t* one = unwanted.get();
    rd_kafka_DeleteTopics(client, &one, 1, nullptr, queue);
  }
}

std::span<const rd_kafka_topic_result_t*> answers_in(rd_kafka_event_t* event) {
  std::size_t count = 0;
  const rd_kafka_topic_result_t** answers = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event)) {
    answers = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event)) {
    answers = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  }
  return {answers, count};
}

void check(rd_kafka_resp_err_t error, const std::string& where) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  throw std::runtime_error(where + ": " + rd_kafka_err2str(error));
}

void run(std::string_view command, const std::string& brokers, std::span<char*> topics) {
  const client_ptr client = make_client(RD_KAFKA_PRODUCER, make_configuration(brokers));
  const owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  const int timeout_ms = static_cast<int>(std::chrono::milliseconds(patience).count());
  for (const char* topic : topics) {
    ask_for(command, client.get(), topic, queue.get());
    const owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), timeout_ms));
    if (event == nullptr) throw std::runtime_error("no Kafka answers at " + brokers);
    check(rd_kafka_event_error(event.get()), brokers);
    for (const auto* answer : answers_in(event.get())) {
      check(rd_kafka_topic_result_error(answer), topic);
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view command = argc > 3 ? argv[1] : "";
  if (command != "create" && command != "delete") {
    throw std::runtime_error("usage: kafka-topics create|delete BROKERS TOPIC...");
  }
  run(command, argv[2], std::span(argv + 3, static_cast<std::size_t>(argc - 3)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "kafka-topics: " << error.what() << '\n';
  return 1;
}
