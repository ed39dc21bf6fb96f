#include "clients.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

constexpr int poll_ms = 5;

std::optional<std::string> to_text(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  throw std::runtime_error(std::string(what) + ": " + rd_kafka_err2str(error));
}

}  // namespace

config::config() : conf_(rd_kafka_conf_new()) {
  rd_kafka_conf_set_log_cb(conf_.get(), nullptr);
  set("log_level", "0");
  set("reconnect.backoff.ms", "10");
  set("reconnect.backoff.max.ms", "100");
}

config& config::set(const char* name, const std::string& value) {
  std::array<char, 256> text{};
  if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), text.data(), text.size()) !=
      RD_KAFKA_CONF_OK) {
    throw std::runtime_error(text.data());
  }
  return *this;
}

owned_client make_client(rd_kafka_type_t type, config settings) {
  std::array<char, 256> text{};
  owned_client client(rd_kafka_new(type, settings.get(), text.data(), text.size()));
  if (client == nullptr) throw std::runtime_error(text.data());
  static_cast<void>(settings.release());
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client.get());
  return client;
}

config unreachable() {
  config made;
  // Nobody may listen on the port of tcpmux: what is sent there is refused at once.
  made.set("bootstrap.servers", "127.0.0.1:1").set("linger.ms", "0");
  return made;
}

bare_record to_record(const rd_kafka_message_t& message) {
  bare_record record;
  record.partition = message.partition;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  record.key = to_text(message.key, message.key_len);
  record.value = to_text(message.payload, message.len);
  record.headers = headers_of(message);
  return record;
}

mock_cluster::mock_cluster()
    : cluster_(rd_kafka_mock_cluster_new(make_client(RD_KAFKA_PRODUCER, config()).release(), 1)) {
  check(rd_kafka_mock_topic_create(cluster_, topic, partitions, 1), "create topic");
  sender_ = make_client(RD_KAFKA_PRODUCER,
                        std::move(producer_config().set("message.max.bytes", "4000000")));
}

config mock_cluster::producer_config() const {
  config made;
  made.set("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_));
  made.set("linger.ms", "0");
  return made;
}

void mock_cluster::admit(rd_kafka_t* client) const {
  if (rd_kafka_brokers_add(client, rd_kafka_mock_cluster_bootstraps(cluster_)) == 0) {
    throw std::runtime_error("the client takes no broker");
  }
}

config mock_cluster::consumer_config(const std::string& group) const {
  config made;
  made.set("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_));
  made.set("group.id", group);
  made.set("fetch.wait.max.ms", "5");
  made.set("fetch.error.backoff.ms", "5");
  made.set("auto.offset.reset", "earliest");
  made.set("enable.auto.commit", "false");
  return made;
}

owned_client mock_cluster::producer() const {
  return make_client(RD_KAFKA_PRODUCER, producer_config());
}

owned_client mock_cluster::consumer(std::int32_t partition) const {
  owned_client client = make_client(RD_KAFKA_CONSUMER, consumer_config());
  assign(client.get(), topic, partition);
  return client;
}

std::vector<bare_record> mock_cluster::read(std::size_t count) const {
  const owned_client client = make_client(RD_KAFKA_CONSUMER, consumer_config("bare-readers"));
  const owned_partitions all(rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(all.get(), topic, i)->offset = 0;
  }
  check(rd_kafka_assign(client.get(), all.get()), "assign");

  std::vector<bare_record> records;
  const auto deadline = clock::now() + patience;
  while (records.size() < count && clock::now() < deadline) {
    const owned_message message(rd_kafka_consumer_poll(client.get(), poll_ms));
    if (message == nullptr) continue;
    check(message->err, "poll");
    records.push_back(to_record(*message));
  }
  if (records.size() < count) throw std::runtime_error("some records did not come");
  std::sort(records.begin(), records.end(), [](const bare_record& a, const bare_record& b) {
    return a.partition != b.partition ? a.partition < b.partition : a.offset < b.offset;
  });
  return records;
}

void mock_cluster::send(const bare_headers& headers, const std::optional<std::string>& value,
                        const std::optional<std::string>& key, const char* to) const {
  owned_list list = headers.empty() ? nullptr : make_list(headers);
  const auto data = [](const std::optional<std::string>& text) {
    return text.has_value() ? const_cast<char*>(text->data()) : nullptr;
  };
  const auto bytes = [](const std::optional<std::string>& text) {
    return text.has_value() ? text->size() : std::size_t{0};
  };
  check(rd_kafka_producev(sender_.get(), RD_KAFKA_V_TOPIC(to), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE(data(value), bytes(value)),
                          RD_KAFKA_V_KEY(data(key), bytes(key)), RD_KAFKA_V_HEADERS(list.get()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
        "produce");
  static_cast<void>(list.release());
  if (!flush(sender_.get())) throw std::runtime_error("a record was not sent");
}

void assign(rd_kafka_t* client, const char* topic, std::int32_t partition, std::int64_t offset) {
  const owned_partitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic, partition)->offset = offset;
  check(rd_kafka_assign(client, list.get()), "assign");
}

owned_message receive(rd_kafka_t* client) {
  return owned_message(rd_kafka_consumer_poll(
      client, static_cast<int>(std::chrono::milliseconds(patience).count())));
}

bool wait_until(rd_kafka_t* client, const std::function<bool()>& condition) {
  const auto deadline = clock::now() + patience;
  while (!condition()) {
    if (clock::now() >= deadline) return false;
    rd_kafka_poll(client, poll_ms);
  }
  return true;
}

bool flush(rd_kafka_t* client) {
  return rd_kafka_flush(client, static_cast<int>(std::chrono::milliseconds(patience).count())) ==
         RD_KAFKA_RESP_ERR_NO_ERROR;
}

void purge(rd_kafka_t* client, int flags) {
  check(rd_kafka_purge(client, flags), "purge");
  if (!flush(client)) throw std::runtime_error("purged messages were not reported");
}

owned_topic learn_topic(rd_kafka_t* client, const char* topic, rd_kafka_topic_conf_t* conf) {
  owned_topic learnt(rd_kafka_topic_new(client, topic, conf));
  const rd_kafka_metadata_t* data = nullptr;
  check(rd_kafka_metadata(client, 0, learnt.get(), &data,
                          static_cast<int>(std::chrono::milliseconds(patience).count())),
        "metadata");
  rd_kafka_metadata_destroy(data);
  return learnt;
}

}  // namespace waybill_test
