#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "waybill/messaging/receiving.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/message_view.hpp"

namespace waybill::inline v0::mqtt {

/// What a consumer does with every message.
struct consumer_options {
  bool strip = true;      ///< False leaves the fields in the user properties.
  receive_rules rules{};  ///< When a context is linked rather than adopted.
  /// Whether a call that gives one message makes its context the thread's received one: see
  /// received_slot. Leave it off for threads that receive and then send something else.
  bool fills_received_slot = false;
  std::string client_id{};  ///< messaging.client.id.
};

/// What a received message has of context. Shared by all that hold the message.
/// @par Threads   any number may look at one at once.
class received_message : public messaging::received {
 public:
  /// `take()` returns the extraction. `alias_topic`: the topic of a message that has an alias
  /// alone.
  template <class Take>
  received_message(const Take& take, std::string alias_topic)
      : received(take), alias_topic_(std::move(alias_topic)) {}
  /// Before it is shared.
  received_message(received_message&& other) noexcept
      : received(std::move(other)), alias_topic_(std::move(other.alias_topic_)) {}
  received_message& operator=(received_message&&) = delete;
  ~received_message() = default;

  /// As received::extraction(); the first of several threads notes the use.
  [[nodiscard]] const waybill::extraction& extraction() const& noexcept {
    return is_used_.exchange(true, std::memory_order_relaxed) ? taken() : received::extraction();
  }
  const waybill::extraction& extraction() const&& = delete;
  /// The topic of the message, whose own is empty where it has an alias alone.
  [[nodiscard]] std::string_view topic_of(std::string_view own) const noexcept {
    return own.empty() ? alias_topic_ : own;
  }

 private:
  std::string alias_topic_;
  mutable std::atomic<bool> is_used_{false};
};

/// The messages of one client that are received: what is the same whatever class Paho gives them
/// by.
/// @par Threads   any.
class WAYBILL_API consuming {
 public:
  /// See consumer_options.
  consuming(propagation settings, consumer_options options)
      : walk_(std::move(settings), options.fills_received_slot), options_(std::move(options)) {}

  /// For messaging.client.id where the options have none; before the first message.
  void know(const std::string& client_id) {
    if (options_.client_id.empty()) options_.client_id = client_id;
  }
  /// To be called on entry to every receive call, whatever it then gives.
  messaging::receiving::time_point begin_receive() const noexcept { return walk_.begin(); }
  /// Ends a receive call that gives this one message.
  void give(received_message& received, const message_view& message,
            messaging::receiving::time_point began) const noexcept;
  /// Begins to process a message.
  [[nodiscard]] messaging::processing process(const extraction& received, std::string_view topic,
                                              const message_view& message) const noexcept;

  /// What it was made with, and the server's aliases.
  /// @{
  [[nodiscard]] const propagation& settings() const noexcept { return walk_.settings(); }
  [[nodiscard]] const consumer_options& options() const noexcept { return options_; }
  [[nodiscard]] topic_aliases& aliases() noexcept { return aliases_; }
  /// @}

 private:
  [[nodiscard]] operation_details describe(std::string_view name, std::string_view topic,
                                           const message_view& message) const noexcept;

  messaging::receiving walk_;
  consumer_options options_;
  topic_aliases aliases_;
};

/// What the application sees in place of a received message: its properties and its payload without
/// context.
/// @par Errors     std::bad_alloc: then the message goes on as it came.
/// @par Lifetime   borrows the message.
class WAYBILL_API incoming {
 public:
  /// Reads, and takes off what `by` says.
  incoming(consuming& by, const message_view& message);

  /// The extraction, to be taken once.
  [[nodiscard]] received_message take() {
    return {[this]() noexcept { return std::move(taken_); }, std::move(topic_storage_)};
  }
  /// The properties to show, and whether they differ from the message's.
  /// @{
  [[nodiscard]] bool changes_properties() const noexcept {
    return edited_.has_value() && edited_->is_changed();
  }
  [[nodiscard]] const MQTTProperties& properties() const noexcept {
    return changes_properties() ? edited_->c_struct() : message_.properties;
  }
  /// @}
  /// The payload to show; none where it is the message's.
  [[nodiscard]] std::optional<std::string>& payload() noexcept { return payload_; }
  /// Whether anything differs.
  [[nodiscard]] bool is_changed() const noexcept {
    return changes_properties() || payload_.has_value();
  }

 private:
  [[nodiscard]] bool unwrap(const consuming& by, const destination& from);

  message_view message_;
  std::string topic_storage_;
  extraction taken_;
  std::optional<edited_properties> edited_;
  std::optional<std::string> payload_;
};

}  // namespace waybill::inline v0::mqtt
