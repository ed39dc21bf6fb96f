#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/cpp/message.hpp"

namespace waybill::inline v0::kafka {

/// Hands the application's rebalance callback the consumer that the application knows. librdkafka
/// would hand it its own, which cannot commit messages that waybill wraps.
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

/// Hands the application's consume callback messages without context in their headers, each while
/// its context is the current one; context_of() has it, too. The message is borrowed for the call.
/// @par Threads   those that poll.
class cpp_consume_callback final : public RdKafka::ConsumeCb {
 public:
  /// Of the application's own callback, which outlives this.
  explicit cpp_consume_callback(RdKafka::ConsumeCb& application) noexcept
      : application_(&application) {}
  /// From now on the context is taken off. No received slot is filled: the context is current
  /// during the call only.
  void receive_by(rd_kafka_t* client, propagation settings, consumer_options options) {
    options.fills_received_slot = false;
    receiver_.emplace(client, std::move(settings), options);
  }
  /// Calls the application's callback.
  void consume_cb(RdKafka::Message& message, void* opaque) override {
    if (!receiver_ || message.c_ptr() == nullptr || message.err() != RdKafka::ERR_NO_ERROR) {
      application_->consume_cb(message, opaque);
      return;
    }
    const auto began = receiver_->begin_receive();
    cpp_message clean(message, receiver_->adopt(*message.c_ptr(), began));
    const scope active(clean.received().context(), receiver_->propagation().provider());
    application_->consume_cb(clean, opaque);
  }

 private:
  RdKafka::ConsumeCb* application_;
  std::optional<consumer> receiver_;
};

/// What a consumer's client calls: it goes after the client.
struct cpp_callbacks {
  std::unique_ptr<cpp_rebalance> on_rebalance;       ///< Null without a callback.
  std::unique_ptr<cpp_consume_callback> on_consume;  ///< Null without a callback.
};

}  // namespace waybill::inline v0::kafka
