#include "kafka_client.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

namespace order_pipeline {

namespace {
constexpr int patience_ms = static_cast<int>(std::chrono::milliseconds(patience).count());
}  // namespace

void set(rd_kafka_conf_t& configuration, const char* name, const std::string& value) {
  std::array<char, 256> error{};
  if (rd_kafka_conf_set(&configuration, name, value.c_str(), error.data(), error.size()) !=
      RD_KAFKA_CONF_OK) {
    throw std::runtime_error(error.data());
  }
}

configuration_ptr make_configuration(const std::string& brokers) {
  configuration_ptr configuration(rd_kafka_conf_new());
  set(*configuration, "bootstrap.servers", brokers);
  return configuration;
}

client_ptr make_client(rd_kafka_type_t type, configuration_ptr configuration) {
  std::array<char, 256> error{};
  client_ptr client(rd_kafka_new(type, configuration.get(), error.data(), error.size()));
  if (client == nullptr) throw std::runtime_error(error.data());
  static_cast<void>(configuration.release());  // the client's, once there is one
  return client;
}

void know_topic(rd_kafka_t& client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(&client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(&client, 0, handle, &metadata, patience_ms);
  rd_kafka_topic_destroy(handle);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  rd_kafka_metadata_destroy(metadata);
}

client_ptr make_reader(const std::string& brokers, const std::string& topic,
                       const std::string& group) {
  configuration_ptr configuration = make_configuration(brokers);
  set(*configuration, "group.id", group);
  set(*configuration, "client.id", group);
  set(*configuration, "enable.auto.commit", "false");
  set(*configuration, "fetch.wait.max.ms", "50");
  client_ptr client = make_client(RD_KAFKA_CONSUMER, std::move(configuration));
  rd_kafka_poll_set_consumer(client.get());
  know_topic(*client, topic);

  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(1);
  // The topic is a new one. Asking for its first offset would take librdkafka half a second more.
  rd_kafka_topic_partition_list_add(partitions, topic.c_str(), 0)->offset = 0;
  const rd_kafka_resp_err_t error = rd_kafka_assign(client.get(), partitions);
  rd_kafka_topic_partition_list_destroy(partitions);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  return client;
}

void flush(rd_kafka_t& producer) {
  const rd_kafka_resp_err_t error = rd_kafka_flush(&producer, patience_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
}

std::vector<header> headers_of(const rd_kafka_message_t& message) {
  std::vector<header> found;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(&message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    header& added = found.emplace_back(header{name, std::nullopt});
    if (value != nullptr) added.value = std::string(static_cast<const char*>(value), bytes);
  }
  return found;
}

void deadline::check(const std::string& nothing_came) const {
  if (std::chrono::steady_clock::now() < at_) return;
  throw std::runtime_error(nothing_came + " within " + std::to_string(patience.count()) + " s");
}

}  // namespace order_pipeline
