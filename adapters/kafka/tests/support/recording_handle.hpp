#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "call_log.hpp"

namespace waybill_test {

inline constexpr RdKafka::ErrorCode code_answer = RdKafka::ERR__FS;

/// The functions of RdKafka::Handle, noted and answered.
template <class Interface>
class recording_handle : public Interface {
 public:
  explicit recording_handle(call_log& log) : log_(&log) {}

  rd_kafka_s* client = nullptr;  // what c_ptr() answers

  std::string name() const override { return note(text_answer, "name"); }
  std::string memberid() const override { return note(text_answer, "memberid"); }
  int poll(int timeout_ms) override { return note(number_answer, "poll", timeout_ms); }
  int outq_len() override { return note(number_answer, "outq_len"); }
  RdKafka::ErrorCode metadata(bool all, const RdKafka::Topic* only, RdKafka::Metadata** made,
                              int timeout_ms) override {
    return note(code_answer, "metadata", all, only, made, timeout_ms);
  }
  RdKafka::ErrorCode pause(std::vector<RdKafka::TopicPartition*>& which) override {
    return note(code_answer, "pause", &which);
  }
  RdKafka::ErrorCode resume(std::vector<RdKafka::TopicPartition*>& which) override {
    return note(code_answer, "resume", &which);
  }
  RdKafka::ErrorCode query_watermark_offsets(const std::string& topic, int32_t partition,
                                             int64_t* low, int64_t* high, int timeout_ms) override {
    return note(code_answer, "query_watermark_offsets", topic, partition, low, high, timeout_ms);
  }
  RdKafka::ErrorCode get_watermark_offsets(const std::string& topic, int32_t partition,
                                           int64_t* low, int64_t* high) override {
    return note(code_answer, "get_watermark_offsets", topic, partition, low, high);
  }
  RdKafka::ErrorCode offsetsForTimes(std::vector<RdKafka::TopicPartition*>& offsets,
                                     int timeout_ms) override {
    return note(code_answer, "offsetsForTimes", &offsets, timeout_ms);
  }
  RdKafka::Queue* get_partition_queue(const RdKafka::TopicPartition* partition) override {
    return note(token<RdKafka::Queue>(), "get_partition_queue", partition);
  }
  RdKafka::ErrorCode set_log_queue(RdKafka::Queue* queue) override {
    return note(code_answer, "set_log_queue", queue);
  }
  void yield() override { log_->note("yield"); }
  std::string clusterid(int timeout_ms) override {
    return note(text_answer, "clusterid", timeout_ms);
  }
  rd_kafka_s* c_ptr() override { return note(client, "c_ptr"); }
  int32_t controllerid(int timeout_ms) override {
    return note(number_answer, "controllerid", timeout_ms);
  }
  RdKafka::ErrorCode fatal_error(std::string& errstr) const override {
    return note(code_answer, "fatal_error", &errstr);
  }
  RdKafka::ErrorCode oauthbearer_set_token(const std::string& value, int64_t lifetime_ms,
                                           const std::string& principal,
                                           const std::list<std::string>& extensions,
                                           std::string& errstr) override {
    return note(code_answer, "oauthbearer_set_token", value, lifetime_ms, principal, &extensions,
                &errstr);
  }
  RdKafka::ErrorCode oauthbearer_set_token_failure(const std::string& errstr) override {
    return note(code_answer, "oauthbearer_set_token_failure", errstr);
  }
  RdKafka::Error* sasl_background_callbacks_enable() override {
    return note(token<RdKafka::Error>(), "sasl_background_callbacks_enable");
  }
  RdKafka::Queue* get_sasl_queue() override {
    return note(token<RdKafka::Queue>(1), "get_sasl_queue");
  }
  RdKafka::Queue* get_background_queue() override {
    return note(token<RdKafka::Queue>(2), "get_background_queue");
  }
  void* mem_malloc(size_t size) override { return note(token<void>(), "mem_malloc", size); }
  void mem_free(void* memory) override { log_->note("mem_free", memory); }
  RdKafka::Error* sasl_set_credentials(const std::string& username,
                                       const std::string& password) override {
    return note(token<RdKafka::Error>(), "sasl_set_credentials", username, password);
  }

 protected:
  template <class Answer, class... Arguments>
  Answer note(Answer answer, const char* function, const Arguments&... arguments) const {
    log_->note(function, arguments...);
    return answer;
  }

 private:
  call_log* log_;
};

}  // namespace waybill_test
