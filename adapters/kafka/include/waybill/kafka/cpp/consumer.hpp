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
#include "waybill/kafka/cpp/handle.hpp"
#include "waybill/kafka/cpp/message.hpp"

namespace waybill::inline v0::kafka {

/// Hands the application's rebalance callback the consumer that the application knows. librdkafka
/// would hand it its own one, which cannot commit messages of ours.
class cpp_rebalance final : public RdKafka::RebalanceCb {
 public:
  /// Of the application's own callback, which outlives this.
  explicit cpp_rebalance(RdKafka::RebalanceCb& application) noexcept : application_(&application) {}
  /// The consumer that the application knows; null: librdkafka's own.
  void speak_of(RdKafka::KafkaConsumer* known) noexcept { known_ = known; }
  /// Calls the application's callback.
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode err,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    application_->rebalance_cb(known_ != nullptr ? known_ : consumer, err, partitions);
  }

 private:
  RdKafka::RebalanceCb* application_;
  RdKafka::KafkaConsumer* known_ = nullptr;
};

namespace detail {
/// A base, so that it goes after the client that calls it.
struct rebalance_owner {
  std::unique_ptr<cpp_rebalance> rebalance;
};
}  // namespace detail

/// An RdKafka::KafkaConsumer whose messages have no context in their headers any more:
/// context_of() has it. Everything else is forwarded to the consumer it owns.
/// @par Threads    any, as librdkafka's.
/// @par Lifetime   messages go before their consumer, as librdkafka's.
class cpp_consumer final : private detail::rebalance_owner,
                           public cpp_handle<RdKafka::KafkaConsumer> {
 public:
  /// A wrapped consumer without a C handle (a test double) gives its messages as they are.
  cpp_consumer(std::unique_ptr<RdKafka::KafkaConsumer> wrapped, propagation with,
               consumer_options options, std::unique_ptr<cpp_rebalance> callback = nullptr)
      : detail::rebalance_owner{std::move(callback)}, cpp_handle(std::move(wrapped)) {
    rd_kafka_t* client = c_ptr();
    if (client != nullptr) receiver_.emplace(client, std::move(with), options);
    if (rebalance != nullptr) rebalance->speak_of(this);
  }
  ~cpp_consumer() override {
    if (rebalance != nullptr) rebalance->speak_of(nullptr);
  }
  cpp_consumer(const cpp_consumer&) = delete;
  cpp_consumer& operator=(const cpp_consumer&) = delete;

  /// What receives, null where the wrapped consumer has no C handle.
  [[nodiscard]] consumer* receiver() noexcept {
    return receiver_.has_value() ? &*receiver_ : nullptr;
  }

  /// Takes the context off a message that came another way, such as by a partition queue, before
  /// its headers were looked at. Error reports and messages of ours are given back as they are.
  [[nodiscard]] std::unique_ptr<RdKafka::Message> receive(
      std::unique_ptr<RdKafka::Message> came,
      std::chrono::system_clock::time_point waited_since = {}) {
    if (!receiver_ || came == nullptr || came->err() != RdKafka::ERR_NO_ERROR) return came;
    if (came->c_ptr() == nullptr || extraction_of(*came) != nullptr) return came;
    rd_kafka_message_t& raw = *came->c_ptr();
    // Without memory for the wrapper the message goes on as it came.
    std::unique_ptr<RdKafka::Message> made(
        new (std::nothrow) cpp_message(std::move(came), receiver_->receive(raw, waited_since)));
    return made != nullptr ? std::move(made) : std::move(came);
  }

  /// Runs `handler(message)` with the message's context as the current one, within a process span
  /// where there is a tracer, then settles it as consumer_options say; see consumer::handle. A
  /// message that did not come by this interface runs the handler alone: give it to receive()
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
    if (receiver_ && receiver_->propagating().tracer != nullptr) {
      began = std::chrono::system_clock::now();
    }
    return receive(std::unique_ptr<RdKafka::Message>(wrapped().consume(timeout_ms)), began)
        .release();
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
  RdKafka::ErrorCode close() override { return wrapped().close(); }
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
    std::unique_ptr<RdKafka::KafkaConsumer> wrapped, propagation with = {},
    consumer_options options = {}) {
  if (wrapped == nullptr) return nullptr;
  return std::make_unique<cpp_consumer>(std::move(wrapped), std::move(with), options);
}

/// RdKafka::KafkaConsumer::create, with the context taken off every message. A rebalance callback
/// is called with the consumer that is returned. The configuration is as it was afterwards.
/// @par Output   null, and the reason in `errstr`, as from librdkafka.
[[nodiscard]] inline std::unique_ptr<cpp_consumer> create_consumer(RdKafka::Conf* conf,
                                                                   std::string& errstr,
                                                                   propagation with = {},
                                                                   consumer_options options = {}) {
  std::unique_ptr<cpp_rebalance> rebalance;
  RdKafka::RebalanceCb* own = nullptr;
  std::string ignored;
  if (conf != nullptr && conf->get(own) == RdKafka::Conf::CONF_OK && own != nullptr) {
    rebalance = std::make_unique<cpp_rebalance>(*own);
    conf->set("rebalance_cb", rebalance.get(), ignored);
  }
  std::unique_ptr<RdKafka::KafkaConsumer> made(RdKafka::KafkaConsumer::create(conf, errstr));
  if (rebalance != nullptr) conf->set("rebalance_cb", own, ignored);
  if (made == nullptr) return nullptr;
  return std::make_unique<cpp_consumer>(std::move(made), std::move(with), options,
                                        std::move(rebalance));
}

}  // namespace waybill::inline v0::kafka
