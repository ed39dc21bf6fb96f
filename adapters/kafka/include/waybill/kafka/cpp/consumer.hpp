#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/cpp/callbacks.hpp"
#include "waybill/kafka/cpp/handle.hpp"
#include "waybill/kafka/cpp/message.hpp"

namespace waybill::inline v0::kafka {

/// An RdKafka::KafkaConsumer whose messages have no context in their headers any more:
/// context_of() has it. Everything else is forwarded to the consumer it owns.
/// @par Threads    any, as librdkafka's.
/// @par Lifetime   messages go before their consumer, as librdkafka's.
class cpp_consumer final : private cpp_callbacks, public cpp_handle<RdKafka::KafkaConsumer> {
 public:
  /// A wrapped consumer without a C handle (a test double) gives its messages as they are.
  cpp_consumer(std::unique_ptr<RdKafka::KafkaConsumer> wrapped, waybill::propagation settings,
               consumer_options options, cpp_callbacks callbacks = {})
      : cpp_callbacks(std::move(callbacks)), cpp_handle(std::move(wrapped)) {
    rd_kafka_t* client = c_ptr();
    if (client != nullptr) receiver_.emplace(client, settings, options);
    if (client != nullptr && on_consume != nullptr) {
      on_consume->receive_by(client, std::move(settings), options);
    }
    if (on_rebalance != nullptr) on_rebalance->speak_of(this);
  }
  ~cpp_consumer() override {
    if (on_rebalance != nullptr) on_rebalance->speak_of(nullptr);
  }
  cpp_consumer(const cpp_consumer&) = delete;
  cpp_consumer& operator=(const cpp_consumer&) = delete;

  /// What receives, null where the wrapped consumer has no C handle.
  [[nodiscard]] consumer* receiver() noexcept {
    return receiver_.has_value() ? &*receiver_ : nullptr;
  }

  /// Takes the context off a message that came another way, such as by a partition queue, before
  /// its headers were looked at. Error reports and messages of ours are given back as they are.
  [[nodiscard]] std::unique_ptr<RdKafka::Message> adopt(
      std::unique_ptr<RdKafka::Message> came,
      std::chrono::system_clock::time_point waited_since = {}) {
    if (!receiver_ || came == nullptr || came->err() != RdKafka::ERR_NO_ERROR) return came;
    if (came->c_ptr() == nullptr || bare_message(came.get()) != came.get()) return came;
    rd_kafka_message_t& raw = *came->c_ptr();
    // Without memory for the wrapper the message goes on as it came.
    std::unique_ptr<RdKafka::Message> made(
        new (std::nothrow) cpp_message(std::move(came), receiver_->adopt(raw, waited_since)));
    return made != nullptr ? std::move(made) : std::move(came);
  }

  /// Runs `handler(message)` with the message's context as the current one, within a process span
  /// where there is a tracer, then settles it as consumer_options say; see consumer::handle. A
  /// message that did not come by this interface runs the handler alone: give it to adopt()
  /// first.
  template <class F>
  RdKafka::ErrorCode handle(RdKafka::Message& message, F&& handler) {
    if (message.err() != RdKafka::ERR_NO_ERROR) return message.err();
    auto* ours = dynamic_cast<cpp_message*>(&message);
    if (!receiver_ || ours == nullptr) {
      // No context is known here, but a message is not lost for that.
      std::forward<F>(handler)(message);
      return RdKafka::ERR_NO_ERROR;
    }
    return static_cast<RdKafka::ErrorCode>(receiver_->handle(
        ours->received(), [&](kafka::message&) { std::forward<F>(handler)(message); }));
  }

  /// As of the consumer it owns.
  /// @{
  RdKafka::ErrorCode assignment(std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped().assignment(partitions);
  }
  RdKafka::ErrorCode subscription(std::vector<std::string>& topics) override {
    return wrapped().subscription(topics);
  }
  RdKafka::ErrorCode subscribe(const std::vector<std::string>& topics) override {
    return wrapped().subscribe(topics);
  }
  RdKafka::ErrorCode unsubscribe() override { return wrapped().unsubscribe(); }
  RdKafka::ErrorCode assign(const std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped().assign(partitions);
  }
  RdKafka::ErrorCode unassign() override { return wrapped().unassign(); }
  /// @}

  /// The next message without fields in its headers; otherwise as of the consumer it owns.
  RdKafka::Message* consume(int timeout_ms) override {
    std::chrono::system_clock::time_point began{};
    if (receiver_) began = receiver_->begin_receive();
    return adopt(std::unique_ptr<RdKafka::Message>(wrapped().consume(timeout_ms)), began).release();
  }

  /// As of the consumer it owns, also for messages of ours.
  /// @{
  RdKafka::ErrorCode commitSync() override { return wrapped().commitSync(); }
  RdKafka::ErrorCode commitAsync() override { return wrapped().commitAsync(); }
  RdKafka::ErrorCode commitSync(RdKafka::Message* message) override {
    return commit(message, [this](auto* bare) { return wrapped().commitSync(bare); });
  }
  RdKafka::ErrorCode commitAsync(RdKafka::Message* message) override {
    return commit(message, [this](auto* bare) { return wrapped().commitAsync(bare); });
  }
  RdKafka::ErrorCode commitSync(std::vector<RdKafka::TopicPartition*>& offsets) override {
    return wrapped().commitSync(offsets);
  }
  RdKafka::ErrorCode commitAsync(const std::vector<RdKafka::TopicPartition*>& offsets) override {
    return wrapped().commitAsync(offsets);
  }
  RdKafka::ErrorCode commitSync(RdKafka::OffsetCommitCb* callback) override {
    return wrapped().commitSync(callback);
  }
  RdKafka::ErrorCode commitSync(std::vector<RdKafka::TopicPartition*>& offsets,
                                RdKafka::OffsetCommitCb* callback) override {
    return wrapped().commitSync(offsets, callback);
  }
  RdKafka::ErrorCode committed(std::vector<RdKafka::TopicPartition*>& partitions,
                               int timeout_ms) override {
    return wrapped().committed(partitions, timeout_ms);
  }
  RdKafka::ErrorCode position(std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped().position(partitions);
  }
  RdKafka::ErrorCode close() override {
    if (receiver_) receiver_->begin_receive();  // a received context ends here
    return wrapped().close();
  }
  RdKafka::ErrorCode seek(const RdKafka::TopicPartition& partition, int timeout_ms) override {
    return wrapped().seek(partition, timeout_ms);
  }
  RdKafka::ErrorCode offsets_store(std::vector<RdKafka::TopicPartition*>& offsets) override {
    return wrapped().offsets_store(offsets);
  }
  RdKafka::ConsumerGroupMetadata* groupMetadata() override { return wrapped().groupMetadata(); }
  bool assignment_lost() override { return wrapped().assignment_lost(); }
  std::string rebalance_protocol() override { return wrapped().rebalance_protocol(); }
  RdKafka::Error* incremental_assign(
      const std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped().incremental_assign(partitions);
  }
  RdKafka::Error* incremental_unassign(
      const std::vector<RdKafka::TopicPartition*>& partitions) override {
    return wrapped().incremental_unassign(partitions);
  }
  RdKafka::Error* close(RdKafka::Queue* queue) override { return wrapped().close(queue); }
  bool closed() override { return wrapped().closed(); }
  /// @}

 private:
  template <class F>
  RdKafka::ErrorCode commit(RdKafka::Message* message, F&& forward) {
    const auto* ours = dynamic_cast<const cpp_message*>(message);
    if (!receiver_ || ours == nullptr) return forward(bare_message(message));
    return static_cast<RdKafka::ErrorCode>(receiver_->commit_by(ours->received(), [&] {
      return static_cast<rd_kafka_resp_err_t>(forward(bare_message(message)));
    }));
  }

  std::optional<consumer> receiver_;  // goes before the client that it borrows
};

static_assert(!std::is_abstract_v<cpp_consumer>,
              "this librdkafka's RdKafka::KafkaConsumer has functions that this version of waybill "
              "does not forward: a newer waybill is needed");

/// Receives through a consumer that librdkafka made. Its rebalance callback, if it has one, goes on
/// to be called with librdkafka's own consumer: create_consumer() does better. Null for null.
[[nodiscard]] inline std::unique_ptr<cpp_consumer> consumer_of(
    std::unique_ptr<RdKafka::KafkaConsumer> wrapped, waybill::propagation settings = {},
    consumer_options options = {.fills_received_slot = true}) {
  if (wrapped == nullptr) return nullptr;
  return std::make_unique<cpp_consumer>(std::move(wrapped), std::move(settings), options);
}

/// RdKafka::KafkaConsumer::create, with the context taken off every message. A rebalance callback
/// is called with the consumer that is returned. The configuration is as it was afterwards.
///
/// librdkafka calls a consume callback from poll(), never from consume(), and does not show the one
/// that is set in a configuration: hand it over here too, and its messages come without fields,
/// each while its context is current. Otherwise it is called with the fields in the headers.
/// @par Input    `consume_callback`: what `conf` has for "consume_cb", or null.
///
/// A message's context is the thread's received one until its next consume(): a relay that only
/// changes this line keeps its trace. Turn consumer_options::fills_received_slot off for threads
/// that receive and then send something else.
///
/// RdKafka::Topic::create and RdKafka::Queue::create crash when they are given the consumer that is
/// returned, because librdkafka casts it to its own class: use create_topic() and create_queue().
/// @par Output   null, and the reason in `errstr`, as from librdkafka.
[[nodiscard]] inline std::unique_ptr<cpp_consumer> create_consumer(
    RdKafka::Conf* conf, std::string& errstr, waybill::propagation settings = {},
    consumer_options options = {.fills_received_slot = true},
    RdKafka::ConsumeCb* consume_callback = nullptr) {
  cpp_callbacks callbacks;
  RdKafka::RebalanceCb* rebalance = nullptr;
  std::string ignored;
  if (conf != nullptr && conf->get(rebalance) == RdKafka::Conf::CONF_OK && rebalance != nullptr) {
    callbacks.on_rebalance = std::make_unique<cpp_rebalance>(*rebalance);
    conf->set("rebalance_cb", callbacks.on_rebalance.get(), ignored);
  }
  if (conf != nullptr && consume_callback != nullptr) {
    callbacks.on_consume = std::make_unique<cpp_consume_callback>(*consume_callback);
    conf->set("consume_cb", callbacks.on_consume.get(), ignored);
  }
  std::unique_ptr<RdKafka::KafkaConsumer> made(RdKafka::KafkaConsumer::create(conf, errstr));
  if (callbacks.on_rebalance != nullptr) conf->set("rebalance_cb", rebalance, ignored);
  if (callbacks.on_consume != nullptr) conf->set("consume_cb", consume_callback, ignored);
  if (made == nullptr) return nullptr;
  return std::make_unique<cpp_consumer>(std::move(made), std::move(settings), options,
                                        std::move(callbacks));
}

}  // namespace waybill::inline v0::kafka
