#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "waybill/kafka/cpp/handle.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill::inline v0::kafka {

/// An RdKafka::Producer that sends every message with the current context in its headers. All five
/// produce functions answer what librdkafka's answer, and what they take is librdkafka's only when
/// they succeed; everything else is forwarded to the producer it owns.
/// @par Threads   any, as librdkafka's. Not to be destroyed in a callback.
class cpp_producer final : public cpp_handle<RdKafka::Producer> {
 public:
  /// A wrapped producer without a C handle (a test double) sends for itself, without context.
  /// @{
  cpp_producer(std::unique_ptr<RdKafka::Producer> wrapped, waybill::propagation settings,
               producer_options options)
      : cpp_handle(std::move(wrapped)) {
    rd_kafka_t* client = c_ptr();
    if (client != nullptr) sender_.emplace(client, std::move(settings), options);
  }
  /// The same, with outcomes; see producer.
  cpp_producer(std::unique_ptr<RdKafka::Producer> wrapped, waybill::propagation settings,
               const instrumentation& observed, delivery_listener on_delivery_report,
               producer_options options)
      : cpp_handle(std::move(wrapped)) {
    rd_kafka_t* client = c_ptr();
    if (client == nullptr) return;
    sender_.emplace(client, std::move(settings), observed, std::move(on_delivery_report), options);
  }
  /// @}

  /// What sends: for explicit contexts and modes, batches, and whether outcomes are known. Null
  /// where the wrapped producer has no C handle.
  [[nodiscard]] producer* sender() noexcept { return sender_.has_value() ? &*sender_ : nullptr; }

  /// Sends with the current context; what it takes and answers is librdkafka's. Headers are deleted
  /// when producing succeeds; otherwise they are the caller's, unchanged.
  /// @{
  RdKafka::ErrorCode produce(RdKafka::Topic* topic, std::int32_t partition, int msgflags,
                             void* payload, std::size_t len, const std::string* key,
                             void* msg_opaque) override {
    if (!sender_) {
      return wrapped().produce(topic, partition, msgflags, payload, len, key, msg_opaque);
    }
    return send({.topic_handle = handle_of(topic),
                 .partition = partition,
                 .payload = bytes(payload, len),
                 .key = key != nullptr ? std::optional<std::string_view>(*key) : std::nullopt,
                 .flags = msgflags},
                msg_opaque);
  }

  RdKafka::ErrorCode produce(RdKafka::Topic* topic, std::int32_t partition, int msgflags,
                             void* payload, std::size_t len, const void* key, std::size_t key_len,
                             void* msg_opaque) override {
    if (!sender_) {
      return wrapped().produce(topic, partition, msgflags, payload, len, key, key_len, msg_opaque);
    }
    return send({.topic_handle = handle_of(topic),
                 .partition = partition,
                 .payload = bytes(payload, len),
                 .key = bytes(key, key_len),
                 .flags = msgflags},
                msg_opaque);
  }

  RdKafka::ErrorCode produce(const std::string topic_name, std::int32_t partition, int msgflags,
                             void* payload, std::size_t len, const void* key, std::size_t key_len,
                             std::int64_t timestamp, void* msg_opaque) override {
    if (!sender_) {
      return wrapped().produce(topic_name, partition, msgflags, payload, len, key, key_len,
                               timestamp, msg_opaque);
    }
    return send({.topic = topic_name.c_str(),
                 .partition = partition,
                 .payload = bytes(payload, len),
                 .key = bytes(key, key_len),
                 .timestamp_ms = timestamp,
                 .flags = msgflags},
                msg_opaque);
  }

  RdKafka::ErrorCode produce(const std::string topic_name, std::int32_t partition, int msgflags,
                             void* payload, std::size_t len, const void* key, std::size_t key_len,
                             std::int64_t timestamp, RdKafka::Headers* headers,
                             void* msg_opaque) override {
    kafka::headers list;
    // A copy that there is no memory for is no reason to refuse the message.
    if (!sender_ || !copy(headers, list)) {
      return wrapped().produce(topic_name, partition, msgflags, payload, len, key, key_len,
                               timestamp, headers, msg_opaque);
    }
    const RdKafka::ErrorCode answer = send({.topic = topic_name.c_str(),
                                            .partition = partition,
                                            .payload = bytes(payload, len),
                                            .key = bytes(key, key_len),
                                            .timestamp_ms = timestamp,
                                            .flags = msgflags},
                                           msg_opaque, list);
    if (answer == RdKafka::ERR_NO_ERROR) delete headers;
    return answer;
  }

  RdKafka::ErrorCode produce(RdKafka::Topic* topic, std::int32_t partition,
                             const std::vector<char>* payload, const std::vector<char>* key,
                             void* msg_opaque) override {
    if (!sender_) return wrapped().produce(topic, partition, payload, key, msg_opaque);
    return send({.topic_handle = handle_of(topic),
                 .partition = partition,
                 .payload = bytes(payload),
                 .key = bytes(key),
                 .flags = RK_MSG_COPY},
                msg_opaque);
  }

  /// @}

  /// As of the producer it owns.
  /// @{
  RdKafka::ErrorCode flush(int timeout_ms) override { return wrapped().flush(timeout_ms); }
  RdKafka::ErrorCode purge(int purge_flags) override { return wrapped().purge(purge_flags); }
  RdKafka::Error* init_transactions(int timeout_ms) override {
    return wrapped().init_transactions(timeout_ms);
  }
  RdKafka::Error* begin_transaction() override { return wrapped().begin_transaction(); }
  RdKafka::Error* send_offsets_to_transaction(const std::vector<RdKafka::TopicPartition*>& offsets,
                                              const RdKafka::ConsumerGroupMetadata* group,
                                              int timeout_ms) override {
    return wrapped().send_offsets_to_transaction(offsets, group, timeout_ms);
  }
  RdKafka::Error* commit_transaction(int timeout_ms) override {
    return wrapped().commit_transaction(timeout_ms);
  }
  RdKafka::Error* abort_transaction(int timeout_ms) override {
    return wrapped().abort_transaction(timeout_ms);
  }
  /// @}

 private:
  static rd_kafka_topic_t* handle_of(RdKafka::Topic* topic) {
    return topic != nullptr ? topic->c_ptr() : nullptr;
  }
  static std::optional<std::string_view> bytes(const void* data, std::size_t size) noexcept {
    if (data == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data), size);
  }
  /// A null pointer is null; an empty vector is empty, whether it ever held anything or not.
  static std::optional<std::string_view> bytes(const std::vector<char>* data) noexcept {
    if (data == nullptr) return std::nullopt;
    return data->empty() ? std::string_view("") : std::string_view(data->data(), data->size());
  }
  /// RdKafka::Headers has no C handle in its interface, only copies of its headers.
  static bool copy(const RdKafka::Headers* from, kafka::headers& list) noexcept {
    if (from == nullptr) return true;
    WAYBILL_TRY {
      for (const RdKafka::Headers::Header& each : from->get_all()) {
        if (each.value() == nullptr) {
          list.add_null(each.key());
        } else {
          list.add(each.key(), {static_cast<const char*>(each.value()), each.value_size()});
        }
      }
    }
    WAYBILL_CATCH_ALL { return false; }
    return true;
  }
  RdKafka::ErrorCode send(const record& message, void* msg_opaque) noexcept {
    return static_cast<RdKafka::ErrorCode>(sender_->produce(message, {.user_data = msg_opaque}));
  }
  RdKafka::ErrorCode send(const record& message, void* msg_opaque, kafka::headers& list) noexcept {
    return static_cast<RdKafka::ErrorCode>(
        sender_->produce(message, list, {.user_data = msg_opaque}));
  }

  std::optional<producer> sender_;  // goes before the client that it borrows
};

static_assert(!std::is_abstract_v<cpp_producer>,
              "this librdkafka's RdKafka::Producer has functions that this version of waybill does "
              "not forward: a newer waybill is needed");

/// Sends through a producer that librdkafka made, without learning outcomes. Null for null.
[[nodiscard]] inline std::unique_ptr<cpp_producer> producer_of(
    std::unique_ptr<RdKafka::Producer> wrapped, waybill::propagation settings = {},
    producer_options options = {}) {
  if (wrapped == nullptr) return nullptr;
  return std::make_unique<cpp_producer>(std::move(wrapped), std::move(settings), options);
}

/// The same with outcomes. `observed` is what instrument() returned for the producer's
/// configuration (Conf::c_ptr_global()) before it was made. Null for null.
/// @par Errors   as of producer's constructor.
[[nodiscard]] inline std::unique_ptr<cpp_producer> producer_of(
    std::unique_ptr<RdKafka::Producer> wrapped, waybill::propagation settings,
    const instrumentation& observed, delivery_listener on_delivery_report,
    producer_options options = {}) {
  if (wrapped == nullptr) return nullptr;
  return std::make_unique<cpp_producer>(std::move(wrapped), std::move(settings), observed,
                                        std::move(on_delivery_report), options);
}

/// RdKafka::Producer::create, with context in every message. Where there is a listener or a tracer
/// the configuration is instrumented; otherwise it is as it was. Callbacks are not touched.
///
/// RdKafka::Topic::create and RdKafka::Queue::create crash when they are given the producer that is
/// returned, because librdkafka casts it to its own class: use create_topic() and create_queue().
/// @par Output   null, and the reason in `errstr`, as from librdkafka.
[[nodiscard]] inline std::unique_ptr<cpp_producer> create_producer(
    RdKafka::Conf* conf, std::string& errstr, waybill::propagation settings = {},
    delivery_listener on_delivery_report = {}, producer_options options = {}) {
  std::unique_ptr<RdKafka::Conf> defaults;
  if (conf == nullptr) {  // librdkafka's defaults, as there
    defaults.reset(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    conf = defaults.get();
  }
  instrumentation observed;
  rd_kafka_conf_t* observable = conf->c_ptr_global();  // null: of topics, which create() refuses
  const bool is_waited_for = on_delivery_report || settings.tracer() != nullptr;
  if (is_waited_for && observable != nullptr) observed = instrument(observable);
  std::unique_ptr<RdKafka::Producer> made(RdKafka::Producer::create(conf, errstr));
  if (observed.status() != errc::ok) {
    return producer_of(std::move(made), std::move(settings), options);
  }
  return producer_of(std::move(made), std::move(settings), observed, std::move(on_delivery_report),
                     options);
}

}  // namespace waybill::inline v0::kafka
