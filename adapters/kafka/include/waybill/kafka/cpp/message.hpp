#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "waybill/kafka/consumer.hpp"

namespace waybill::inline v0::kafka {

/// A received RdKafka::Message without context in its headers, and the context it came with. It
/// forwards everything to the message it stands for, which it owns or borrows.
/// @par Threads    as librdkafka's: one at a time.
/// @par Lifetime   goes before its client, as librdkafka's.
class cpp_message final : public RdKafka::Message {
 public:
  /// `wrapped` is not null, `received` borrows its C message. Takes `wrapped` when it is made.
  cpp_message(std::unique_ptr<RdKafka::Message>&& wrapped, kafka::message received) noexcept
      : cpp_message(*wrapped, std::move(received)) {
    owned_.swap(wrapped);
  }
  /// Of a message that is somebody else's and outlives this: a consume callback's.
  cpp_message(RdKafka::Message& borrowed, kafka::message received) noexcept
      : wrapped_(&borrowed), received_(std::move(received)) {
    const rd_kafka_headers_t* left = received_.headers();
    had_only_fields_ = left != nullptr && rd_kafka_header_cnt(left) == 0;
  }

  /// The message it stands for.
  [[nodiscard]] RdKafka::Message& wrapped() const noexcept { return *wrapped_; }
  /// The same message for waybill's own functions: context, extraction, handle().
  /// @{
  [[nodiscard]] kafka::message& received() noexcept { return received_; }
  [[nodiscard]] const kafka::message& received() const noexcept { return received_; }
  /// @}

  /// As of the message it stands for.
  /// @{
  std::string errstr() const override { return wrapped_->errstr(); }
  RdKafka::ErrorCode err() const override { return wrapped_->err(); }
  RdKafka::Topic* topic() const override { return wrapped_->topic(); }
  std::string topic_name() const override { return wrapped_->topic_name(); }
  std::int32_t partition() const override { return wrapped_->partition(); }
  void* payload() const override { return wrapped_->payload(); }
  std::size_t len() const override { return wrapped_->len(); }
  const std::string* key() const override { return wrapped_->key(); }
  const void* key_pointer() const override { return wrapped_->key_pointer(); }
  std::size_t key_len() const override { return wrapped_->key_len(); }
  std::int64_t offset() const override { return wrapped_->offset(); }
  RdKafka::MessageTimestamp timestamp() const override { return wrapped_->timestamp(); }
  void* msg_opaque() const override { return wrapped_->msg_opaque(); }
  std::int64_t latency() const override { return wrapped_->latency(); }
  rd_kafka_message_s* c_ptr() override { return wrapped_->c_ptr(); }
  Status status() const override { return wrapped_->status(); }
  std::int32_t broker_id() const override { return wrapped_->broker_id(); }
#if RD_KAFKA_VERSION >= 0x020100ff
  std::int32_t leader_epoch() const override { return wrapped_->leader_epoch(); }
  RdKafka::Error* offset_store() override { return wrapped_->offset_store(); }
#endif
  /// @}

  /// The application's own headers. Null when there are none, also where fields of ours were all:
  /// then the other overload says ERR__NOENT, as librdkafka does.
  /// @{
  RdKafka::Headers* headers() override { return had_only_fields_ ? nullptr : wrapped_->headers(); }
  RdKafka::Headers* headers(RdKafka::ErrorCode* err) override {
    if (!had_only_fields_) return wrapped_->headers(err);
    if (err != nullptr) *err = RdKafka::ERR__NOENT;
    return nullptr;
  }
  /// @}

 private:
  std::unique_ptr<RdKafka::Message> owned_;  // null where the message is borrowed
  RdKafka::Message* wrapped_;
  kafka::message received_;  // borrows what wrapped_ owns
  bool had_only_fields_ = false;
};

static_assert(!std::is_abstract_v<cpp_message>,
              "this librdkafka's RdKafka::Message has functions that this version of waybill does "
              "not forward: a newer waybill is needed");

/// What a message came with. Null for a message that a consumer of ours did not take the context
/// off: error reports and time-outs, delivery reports, messages of queues and of other consumers.
/// @par Lifetime   that of the message.
[[nodiscard]] inline const extraction* extraction_of(const RdKafka::Message& message) noexcept {
  const auto* ours = dynamic_cast<const cpp_message*>(&message);
  return ours != nullptr ? &ours->received().extraction() : nullptr;
}

/// The context to work under; see extraction::context(). Empty when nothing came, and where
/// extraction_of() is null.
[[nodiscard]] inline context context_of(const RdKafka::Message& message) noexcept {
  const extraction* taken = extraction_of(message);
  return taken != nullptr ? taken->context() : context();
}

/// librdkafka's own message behind one that may be ours, for functions of librdkafka's that cast
/// what they are given to their own classes.
[[nodiscard]] inline RdKafka::Message* bare_message(RdKafka::Message* message) noexcept {
  while (auto* ours = dynamic_cast<cpp_message*>(message)) message = &ours->wrapped();
  return message;
}

}  // namespace waybill::inline v0::kafka
