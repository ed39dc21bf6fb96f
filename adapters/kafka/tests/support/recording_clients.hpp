#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "recording_handle.hpp"

/// Objects with librdkafka's C++ interface that note what is called and answer something.
namespace waybill_test {

class recording_producer : public recording_handle<RdKafka::Producer> {
 public:
  using recording_handle::recording_handle;

  RdKafka::ErrorCode produce(RdKafka::Topic* topic, int32_t partition, int flags, void* payload,
                             size_t len, const std::string* key, void* opaque) override {
    return note(code_answer, "produce 1", topic, partition, flags, payload, len, key, opaque);
  }
  RdKafka::ErrorCode produce(RdKafka::Topic* topic, int32_t partition, int flags, void* payload,
                             size_t len, const void* key, size_t key_len, void* opaque) override {
    return note(code_answer, "produce 2", topic, partition, flags, payload, len, key, key_len,
                opaque);
  }
  RdKafka::ErrorCode produce(const std::string topic, int32_t partition, int flags, void* payload,
                             size_t len, const void* key, size_t key_len, int64_t timestamp,
                             void* opaque) override {
    return note(code_answer, "produce 3", topic, partition, flags, payload, len, key, key_len,
                timestamp, opaque);
  }
  RdKafka::ErrorCode produce(const std::string topic, int32_t partition, int flags, void* payload,
                             size_t len, const void* key, size_t key_len, int64_t timestamp,
                             RdKafka::Headers* headers, void* opaque) override {
    return note(code_answer, "produce 4", topic, partition, flags, payload, len, key, key_len,
                timestamp, headers, opaque);
  }
  RdKafka::ErrorCode produce(RdKafka::Topic* topic, int32_t partition,
                             const std::vector<char>* payload, const std::vector<char>* key,
                             void* opaque) override {
    return note(code_answer, "produce 5", topic, partition, payload, key, opaque);
  }
  RdKafka::ErrorCode flush(int timeout_ms) override {
    return note(code_answer, "flush", timeout_ms);
  }
  RdKafka::ErrorCode purge(int flags) override { return note(code_answer, "purge", flags); }
  RdKafka::Error* init_transactions(int timeout_ms) override {
    return note(token<RdKafka::Error>(), "init_transactions", timeout_ms);
  }
  RdKafka::Error* begin_transaction() override {
    return note(token<RdKafka::Error>(), "begin_transaction");
  }
  RdKafka::Error* send_offsets_to_transaction(const std::vector<RdKafka::TopicPartition*>& offsets,
                                              const RdKafka::ConsumerGroupMetadata* group,
                                              int timeout_ms) override {
    return note(token<RdKafka::Error>(), "send_offsets_to_transaction", &offsets, group,
                timeout_ms);
  }
  RdKafka::Error* commit_transaction(int timeout_ms) override {
    return note(token<RdKafka::Error>(), "commit_transaction", timeout_ms);
  }
  RdKafka::Error* abort_transaction(int timeout_ms) override {
    return note(token<RdKafka::Error>(), "abort_transaction", timeout_ms);
  }
};

class recording_consumer : public recording_handle<RdKafka::KafkaConsumer> {
 public:
  using recording_handle::recording_handle;
  using partitions = std::vector<RdKafka::TopicPartition*>;

  RdKafka::ErrorCode assignment(partitions& found) override {
    return note(code_answer, "assignment", &found);
  }
  RdKafka::ErrorCode subscription(std::vector<std::string>& topics) override {
    return note(code_answer, "subscription", &topics);
  }
  RdKafka::ErrorCode subscribe(const std::vector<std::string>& topics) override {
    return note(code_answer, "subscribe", &topics);
  }
  RdKafka::ErrorCode unsubscribe() override { return note(code_answer, "unsubscribe"); }
  RdKafka::ErrorCode assign(const partitions& which) override {
    return note(code_answer, "assign", &which);
  }
  RdKafka::ErrorCode unassign() override { return note(code_answer, "unassign"); }
  RdKafka::Message* consume(int timeout_ms) override {
    return note(token<RdKafka::Message>(), "consume", timeout_ms);
  }
  RdKafka::ErrorCode commitSync() override { return note(code_answer, "commitSync"); }
  RdKafka::ErrorCode commitAsync() override { return note(code_answer, "commitAsync"); }
  RdKafka::ErrorCode commitSync(RdKafka::Message* message) override {
    return note(code_answer, "commitSync message", message);
  }
  RdKafka::ErrorCode commitAsync(RdKafka::Message* message) override {
    return note(code_answer, "commitAsync message", message);
  }
  RdKafka::ErrorCode commitSync(partitions& offsets) override {
    return note(code_answer, "commitSync offsets", &offsets);
  }
  RdKafka::ErrorCode commitAsync(const partitions& offsets) override {
    return note(code_answer, "commitAsync offsets", &offsets);
  }
  RdKafka::ErrorCode commitSync(RdKafka::OffsetCommitCb* callback) override {
    return note(code_answer, "commitSync callback", callback);
  }
  RdKafka::ErrorCode commitSync(partitions& offsets, RdKafka::OffsetCommitCb* callback) override {
    return note(code_answer, "commitSync offsets callback", &offsets, callback);
  }
  RdKafka::ErrorCode committed(partitions& found, int timeout_ms) override {
    return note(code_answer, "committed", &found, timeout_ms);
  }
  RdKafka::ErrorCode position(partitions& found) override {
    return note(code_answer, "position", &found);
  }
  RdKafka::ErrorCode close() override { return note(code_answer, "close"); }
  RdKafka::ErrorCode seek(const RdKafka::TopicPartition& partition, int timeout_ms) override {
    return note(code_answer, "seek", &partition, timeout_ms);
  }
  RdKafka::ErrorCode offsets_store(partitions& offsets) override {
    return note(code_answer, "offsets_store", &offsets);
  }
  RdKafka::ConsumerGroupMetadata* groupMetadata() override {
    return note(token<RdKafka::ConsumerGroupMetadata>(), "groupMetadata");
  }
  bool assignment_lost() override { return note(true, "assignment_lost"); }
  std::string rebalance_protocol() override { return note(text_answer, "rebalance_protocol"); }
  RdKafka::Error* incremental_assign(const partitions& which) override {
    return note(token<RdKafka::Error>(), "incremental_assign", &which);
  }
  RdKafka::Error* incremental_unassign(const partitions& which) override {
    return note(token<RdKafka::Error>(), "incremental_unassign", &which);
  }
  RdKafka::Error* close(RdKafka::Queue* queue) override {
    return note(token<RdKafka::Error>(), "close queue", queue);
  }
  bool closed() override { return note(true, "closed"); }
};

class recording_message : public RdKafka::Message {
 public:
  explicit recording_message(call_log& log) : log_(&log) {}

  rd_kafka_message_s* raw = nullptr;  // what c_ptr() answers
  const std::string key_answer = "key";

  std::string errstr() const override { return note(text_answer, "errstr"); }
  RdKafka::ErrorCode err() const override { return note(code_answer, "err"); }
  RdKafka::Topic* topic() const override { return note(token<RdKafka::Topic>(), "topic"); }
  std::string topic_name() const override { return note(text_answer, "topic_name"); }
  int32_t partition() const override { return note(number_answer, "partition"); }
  void* payload() const override { return note(token<void>(), "payload"); }
  size_t len() const override { return note(std::size_t{number_answer}, "len"); }
  const std::string* key() const override { return note(&key_answer, "key"); }
  const void* key_pointer() const override { return note(token<void>(1), "key_pointer"); }
  size_t key_len() const override { return note(std::size_t{number_answer}, "key_len"); }
  int64_t offset() const override { return note(std::int64_t{number_answer}, "offset"); }
  RdKafka::MessageTimestamp timestamp() const override {
    return note(RdKafka::MessageTimestamp{RdKafka::MessageTimestamp::MSG_TIMESTAMP_LOG_APPEND_TIME,
                                          number_answer},
                "timestamp");
  }
  void* msg_opaque() const override { return note(token<void>(2), "msg_opaque"); }
  int64_t latency() const override { return note(std::int64_t{number_answer}, "latency"); }
  rd_kafka_message_s* c_ptr() override { return note(raw, "c_ptr"); }
  Status status() const override { return note(MSG_STATUS_POSSIBLY_PERSISTED, "status"); }
  RdKafka::Headers* headers() override { return note(token<RdKafka::Headers>(), "headers"); }
  RdKafka::Headers* headers(RdKafka::ErrorCode* err) override {
    *err = code_answer;
    return note(token<RdKafka::Headers>(1), "headers err", err);
  }
  int32_t broker_id() const override { return note(number_answer, "broker_id"); }
#if RD_KAFKA_VERSION >= 0x020100ff
  int32_t leader_epoch() const override { return note(number_answer, "leader_epoch"); }
  RdKafka::Error* offset_store() override { return note(token<RdKafka::Error>(), "offset_store"); }
#endif

 private:
  template <class Answer, class... Arguments>
  Answer note(Answer answer, const char* function, const Arguments&... arguments) const {
    log_->note(function, arguments...);
    return answer;
  }

  call_log* log_;
};

}  // namespace waybill_test
