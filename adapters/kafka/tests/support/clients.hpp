#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bare_headers.hpp"

/// librdkafka's clients and its loopback mock cluster, each owned by an object.
namespace waybill_test {

/// Long enough for the slowest machine under a sanitizer; no test waits for it when all is well.
inline constexpr std::chrono::seconds patience{30};

/// A configuration that writes no log.
class config {
 public:
  config();
  explicit config(rd_kafka_conf_t* conf) noexcept : conf_(conf) {}

  /// @par Errors   throws std::runtime_error with librdkafka's text.
  config& set(const char* name, const std::string& value);
  [[nodiscard]] rd_kafka_conf_t* get() const noexcept { return conf_.get(); }
  [[nodiscard]] rd_kafka_conf_t* release() noexcept { return conf_.release(); }

 private:
  struct deleter {
    void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
  };
  std::unique_ptr<rd_kafka_conf_t, deleter> conf_;
};

struct client_deleter {
  void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_queue_t* queue) const noexcept { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const noexcept { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using owned_client = std::unique_ptr<rd_kafka_t, client_deleter>;
using owned_topic = std::unique_ptr<rd_kafka_topic_t, client_deleter>;
using owned_message = std::unique_ptr<rd_kafka_message_t, client_deleter>;
using owned_queue = std::unique_ptr<rd_kafka_queue_t, client_deleter>;
using owned_event = std::unique_ptr<rd_kafka_event_t, client_deleter>;
using owned_partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, client_deleter>;

/// @par Errors   throws std::runtime_error with librdkafka's text; `with` is destroyed then.
owned_client make_client(rd_kafka_type_t type, config settings);

/// A producer's configuration whose broker refuses every connection: messages stay in the queue.
config unreachable();

/// What a bare consumer sees of a message.
struct bare_record {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bare_headers headers;
};
bare_record to_record(const rd_kafka_message_t& message);

/// librdkafka's own cluster of one broker on the loopback interface.
/// It lives until the process ends: to destroy one takes librdkafka a second or two.
class mock_cluster {
 public:
  static constexpr const char* topic = "orders";
  static constexpr std::int32_t partitions = 2;

  /// There is one topic, "orders", of two partitions.
  mock_cluster();

  [[nodiscard]] config producer_config() const;
  /// Shows a client made with unreachable() the cluster. Until then it knows no partitions: it
  /// takes messages for ones that do not exist, and tells of their failure later.
  void admit(rd_kafka_t* client) const;
  /// No group is joined: use assign().
  [[nodiscard]] config consumer_config(const std::string& group = "readers") const;
  [[nodiscard]] owned_client producer() const;
  /// A consumer that has partition `partition` of the topic, from its begin.
  [[nodiscard]] owned_client consumer(std::int32_t partition = 0) const;

  /// Waits until `count` records are there in all partitions of the topic, and reads them: by
  /// partition, then by offset.
  [[nodiscard]] std::vector<bare_record> read(std::size_t count) const;
  /// Sends with librdkafka alone, to partition 0, and waits for the answer.
  void send(const bare_headers& headers, const std::optional<std::string>& value = "value",
            const std::optional<std::string>& key = "key", const char* to = topic) const;

  [[nodiscard]] rd_kafka_mock_cluster_t* get() const noexcept { return cluster_; }

 private:
  rd_kafka_mock_cluster_t* cluster_;
  owned_client sender_;
};

/// Assigns one partition from an offset on. A number takes half a second less than a name such as
/// RD_KAFKA_OFFSET_BEGINNING, which librdkafka asks the broker for.
void assign(rd_kafka_t* client, const char* topic, std::int32_t partition, std::int64_t offset = 0);

/// The next message or error report of a consumer; null when patience ends.
owned_message receive(rd_kafka_t* client);

/// Serves a producer's callbacks until the condition holds. False when patience ends.
bool wait_until(rd_kafka_t* client, const std::function<bool()>& condition);
/// Waits until every message of the client has its answer.
bool flush(rd_kafka_t* client);
/// Throws away what the client has not sent, and what it has.
void purge(rd_kafka_t* client, int flags = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
/// Waits until the client knows the topic's partitions: from then on produce calls the partitioner.
/// @par Lifetime   the client may forget the topic when the handle goes.
[[nodiscard]] owned_topic learn_topic(rd_kafka_t* client, const char* topic = mock_cluster::topic,
                                      rd_kafka_topic_conf_t* conf = nullptr);

}  // namespace waybill_test
