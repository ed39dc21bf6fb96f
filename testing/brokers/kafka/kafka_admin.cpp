#include "kafka_admin.hpp"

#include <array>
#include <memory>
#include <span>
#include <stdexcept>

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

constexpr int poll_interval_milliseconds = 20;
constexpr int request_timeout_milliseconds = 5'000;

template <typename T>
using owned = std::unique_ptr<T, void (*)(T*)>;

int count_of(std::chrono::milliseconds duration) { return static_cast<int>(duration.count()); }

[[noreturn]] void fail(const std::string& topic, const std::string& reason) {
  throw std::runtime_error("can't create or delete topic " + topic + ": " + reason);
}

owned<rd_kafka_NewTopic_t> describe_topic(const std::string& name, int partitions, int replication,
                                          const std::map<std::string, std::string>& configuration) {
  std::array<char, 512> text{};
  owned<rd_kafka_NewTopic_t> topic(
      rd_kafka_NewTopic_new(name.c_str(), partitions, replication, text.data(), text.size()),
      rd_kafka_NewTopic_destroy);
  if (!topic) fail(name, text.data());
  for (const auto& [key, value] : configuration) {
    const rd_kafka_resp_err_t error =
        rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(name, rd_kafka_err2str(error));
  }
  return topic;
}

owned<rd_kafka_AdminOptions_t> options_of(rd_kafka_t* handle, rd_kafka_admin_op_t operation,
                                          const std::string& topic,
                                          std::chrono::milliseconds patience) {
  owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(handle, operation),
                                         rd_kafka_AdminOptions_destroy);
  std::array<char, 512> text{};
  for (const auto set :
       {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout}) {
    if (set(options.get(), count_of(patience), text.data(), text.size()) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      fail(topic, text.data());
    }
  }
  return options;
}

// Waits for the answer, which the request's own time limit ends, and looks at it: `topics_of` gives
// what it says of each topic.
template <class F>
void check_answer(rd_kafka_queue_t* queue, const std::string& topic, F topics_of) {
  const owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, -1), rd_kafka_event_destroy);
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(topic, rd_kafka_event_error_string(event.get()));
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** all = topics_of(event.get(), &count);
  if (all == nullptr || count == 0) fail(topic, "no answer");
  for (const rd_kafka_topic_result_t* each : std::span(all, count)) {
    if (rd_kafka_topic_result_error(each) == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* reason = rd_kafka_topic_result_error_string(each);
    fail(topic, reason != nullptr ? reason : rd_kafka_err2name(rd_kafka_topic_result_error(each)));
  }
}

}  // namespace

// A consumer's metadata requests don't create topics by themselves; a producer's do.
kafka_admin::kafka_admin(const std::string& bootstrap)
    : handle_(make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap)) {}

bool kafka_admin::answers(const std::string& cluster_id, int brokers,
                          std::chrono::milliseconds patience) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(handle_.get(), 0, nullptr, &raw, count_of(patience)) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const kafka_metadata data(raw);
  if (data->broker_cnt < brokers) return false;
  if (rd_kafka_controllerid(handle_.get(), count_of(patience)) < 0) return false;
  char* answered = rd_kafka_clusterid(handle_.get(), count_of(patience));
  const bool same = answered != nullptr && cluster_id == answered;
  if (answered != nullptr) rd_kafka_mem_free(handle_.get(), answered);
  return same;
}

void kafka_admin::create_topic(const std::string& name, int partitions, int replication,
                               const std::map<std::string, std::string>& configuration,
                               std::chrono::milliseconds patience) {
  const auto deadline = clock::now() + patience;
  const owned<rd_kafka_NewTopic_t> topic =
      describe_topic(name, partitions, replication, configuration);
  const owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle_.get()), rd_kafka_queue_destroy);
  const auto options = options_of(handle_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, name, patience);
  std::array<rd_kafka_NewTopic_t*, 1> topics = {topic.get()};
  rd_kafka_CreateTopics(handle_.get(), topics.data(), topics.size(), options.get(), queue.get());
  check_answer(queue.get(), name, [](rd_kafka_event_t* event, std::size_t* count) {
    const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(event);
    return result != nullptr ? rd_kafka_CreateTopics_result_topics(result, count) : nullptr;
  });

  while (!is_served(name, partitions)) {
    if (clock::now() >= deadline) fail(name, "it was made, but its leaders did not answer in time");
    rd_kafka_poll(handle_.get(), poll_interval_milliseconds);
  }
}

void kafka_admin::delete_topic(const std::string& name, std::chrono::milliseconds patience) {
  const owned<rd_kafka_DeleteTopic_t> topic(rd_kafka_DeleteTopic_new(name.c_str()),
                                            rd_kafka_DeleteTopic_destroy);
  const owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle_.get()), rd_kafka_queue_destroy);
  const auto options = options_of(handle_.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS, name, patience);
  std::array<rd_kafka_DeleteTopic_t*, 1> topics = {topic.get()};
  rd_kafka_DeleteTopics(handle_.get(), topics.data(), topics.size(), options.get(), queue.get());
  check_answer(queue.get(), name, [](rd_kafka_event_t* event, std::size_t* count) {
    const rd_kafka_DeleteTopics_result_t* result = rd_kafka_event_DeleteTopics_result(event);
    return result != nullptr ? rd_kafka_DeleteTopics_result_topics(result, count) : nullptr;
  });
}

int kafka_admin::leader_of(const std::string& topic, int partition,
                           std::chrono::milliseconds patience) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(handle_.get(), 1, nullptr, &raw, count_of(patience)) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  const kafka_metadata data(raw);
  for (const rd_kafka_metadata_topic_t& each :
       std::span(data->topics, static_cast<std::size_t>(data->topic_cnt))) {
    if (topic != each.topic) continue;
    for (const rd_kafka_metadata_partition_t& one :
         std::span(each.partitions, static_cast<std::size_t>(each.partition_cnt))) {
      if (one.id == partition) return one.leader;
    }
  }
  return -1;
}

bool kafka_admin::is_served(const std::string& topic, int partitions) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(handle_.get(), 1, nullptr, &raw, request_timeout_milliseconds) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const kafka_metadata data(raw);
  for (const rd_kafka_metadata_topic_t& each :
       std::span(data->topics, static_cast<std::size_t>(data->topic_cnt))) {
    if (topic != each.topic || each.partition_cnt != partitions) continue;
    for (const rd_kafka_metadata_partition_t& partition :
         std::span(each.partitions, static_cast<std::size_t>(each.partition_cnt))) {
      if (partition.leader < 0) return false;
      // A broker can say that it leads before it does: asking for the end of the partition is a
      // request that only a leader at work answers.
      std::int64_t begin = 0;
      std::int64_t end = 0;
      if (rd_kafka_query_watermark_offsets(handle_.get(), topic.c_str(), partition.id, &begin, &end,
                                           request_timeout_milliseconds) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
      }
    }
    return true;
  }
  return false;
}

}  // namespace waybill_test
