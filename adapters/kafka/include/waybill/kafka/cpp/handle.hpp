#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "waybill/config.hpp"

static_assert(RD_KAFKA_VERSION >= 0x020002ff,
              "waybill needs librdkafka 2.0.2 or newer to stand in for its C++ interface");

namespace waybill::inline v0::kafka {

/// What every handle of ours can say: which of librdkafka's it stands for.
class cpp_decorated {
 public:
  cpp_decorated(const cpp_decorated&) = delete;
  cpp_decorated& operator=(const cpp_decorated&) = delete;
  /// The handle it forwards to, which may be one of ours again.
  [[nodiscard]] virtual RdKafka::Handle& wrapped_handle() noexcept = 0;

 protected:
  cpp_decorated() = default;
  ~cpp_decorated() = default;
};

/// Forwards everything of RdKafka::Handle to the object it owns.
/// Header-only, as all that derives from a class of librdkafka's: its C++ library grows virtual
/// functions and keeps its name.
/// @par Threads   as the object it owns.
template <class Interface>
class cpp_handle : public Interface, public cpp_decorated {
 public:
  /// `wrapped` is not null.
  explicit cpp_handle(std::unique_ptr<Interface> wrapped) noexcept : wrapped_(std::move(wrapped)) {}

  /// The object it owns.
  /// @{
  [[nodiscard]] Interface& wrapped() const noexcept { return *wrapped_; }
  [[nodiscard]] RdKafka::Handle& wrapped_handle() noexcept final { return *wrapped_; }
  /// @}

  /// As of the object it owns.
  /// @{
  std::string name() const override { return wrapped_->name(); }
  std::string memberid() const override { return wrapped_->memberid(); }
  int poll(int timeout_ms) override { return wrapped_->poll(timeout_ms); }
  int outq_len() override { return wrapped_->outq_len(); }
  RdKafka::ErrorCode metadata(bool all_topics, const RdKafka::Topic* only, RdKafka::Metadata** made,
                              int timeout_ms) override {
    return wrapped_->metadata(all_topics, only, made, timeout_ms);
  }
  RdKafka::ErrorCode pause(std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped_->pause(partitions);
  }
  RdKafka::ErrorCode resume(std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped_->resume(partitions);
  }
  RdKafka::ErrorCode query_watermark_offsets(const std::string& topic, std::int32_t partition,
                                             std::int64_t* low, std::int64_t* high,
                                             int timeout_ms) override {
    return wrapped_->query_watermark_offsets(topic, partition, low, high, timeout_ms);
  }
  RdKafka::ErrorCode get_watermark_offsets(const std::string& topic, std::int32_t partition,
                                           std::int64_t* low, std::int64_t* high) override {
    return wrapped_->get_watermark_offsets(topic, partition, low, high);
  }
  RdKafka::ErrorCode offsetsForTimes(std::vector<RdKafka::TopicPartition*>& offsets,
                                     int timeout_ms) override {
    return wrapped_->offsetsForTimes(offsets, timeout_ms);
  }
  RdKafka::Queue* get_partition_queue(const RdKafka::TopicPartition* partition) override {
    return wrapped_->get_partition_queue(partition);
  }
  RdKafka::ErrorCode set_log_queue(RdKafka::Queue* queue) override {
    return wrapped_->set_log_queue(queue);
  }
  void yield() override { wrapped_->yield(); }
  std::string clusterid(int timeout_ms) override { return wrapped_->clusterid(timeout_ms); }
  rd_kafka_s* c_ptr() override { return wrapped_->c_ptr(); }
  std::int32_t controllerid(int timeout_ms) override { return wrapped_->controllerid(timeout_ms); }
  RdKafka::ErrorCode fatal_error(std::string& errstr) const override {
    return wrapped_->fatal_error(errstr);
  }
  RdKafka::ErrorCode oauthbearer_set_token(const std::string& token, std::int64_t lifetime_ms,
                                           const std::string& principal,
                                           const std::list<std::string>& extensions,
                                           std::string& errstr) override {
    return wrapped_->oauthbearer_set_token(token, lifetime_ms, principal, extensions, errstr);
  }
  RdKafka::ErrorCode oauthbearer_set_token_failure(const std::string& errstr) override {
    return wrapped_->oauthbearer_set_token_failure(errstr);
  }
  RdKafka::Error* sasl_background_callbacks_enable() override {
    return wrapped_->sasl_background_callbacks_enable();
  }
  RdKafka::Queue* get_sasl_queue() override { return wrapped_->get_sasl_queue(); }
  RdKafka::Queue* get_background_queue() override { return wrapped_->get_background_queue(); }
  void* mem_malloc(std::size_t size) override { return wrapped_->mem_malloc(size); }
  void mem_free(void* memory) override { wrapped_->mem_free(memory); }
  RdKafka::Error* sasl_set_credentials(const std::string& username,
                                       const std::string& password) override {
    return wrapped_->sasl_set_credentials(username, password);
  }
  /// @}

 private:
  std::unique_ptr<Interface> wrapped_;
};

/// librdkafka's own handle behind one that may be ours, for functions of librdkafka's that cast
/// what they are given to their own classes.
[[nodiscard]] inline RdKafka::Handle* bare_handle(RdKafka::Handle* handle) noexcept {
  while (auto* ours = dynamic_cast<cpp_decorated*>(handle)) handle = &ours->wrapped_handle();
  return handle;
}

/// RdKafka::Topic::create for any handle; librdkafka's own crashes when it is given one of ours.
/// @par Output     null, and the reason in `errstr`, as from librdkafka.
/// @par Lifetime   the topic goes before its handle.
[[nodiscard]] inline std::unique_ptr<RdKafka::Topic> create_topic(RdKafka::Handle* base,
                                                                  const std::string& topic,
                                                                  const RdKafka::Conf* conf,
                                                                  std::string& errstr) {
  return std::unique_ptr<RdKafka::Topic>(
      RdKafka::Topic::create(bare_handle(base), topic, conf, errstr));
}

/// RdKafka::Queue::create for any handle; librdkafka's own crashes when it is given one of ours.
/// @par Lifetime   the queue goes before its handle.
[[nodiscard]] inline std::unique_ptr<RdKafka::Queue> create_queue(RdKafka::Handle* base) {
  return std::unique_ptr<RdKafka::Queue>(RdKafka::Queue::create(bare_handle(base)));
}

}  // namespace waybill::inline v0::kafka
