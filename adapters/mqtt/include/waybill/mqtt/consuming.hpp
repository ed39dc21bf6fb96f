#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "waybill/messaging/receiving.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/connection.hpp"

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
  explicit consuming(waybill::propagation settings, consumer_options options = {})
      : walk_(std::move(settings), options.fills_received_slot), options_(std::move(options)) {}

  /// For messaging.client.id where the options have none; before the first message.
  void know(const std::string& client_id) {
    if (options_.client_id.empty()) options_.client_id = client_id;
  }
  /// To be called on entry to every receive call, whatever it then gives: empties the thread's
  /// received slot. Returns when the call began, for give() or adopt().
  messaging::receiving::time_point begin_receive() const noexcept { return walk_.begin(); }
  /// Ends a receive call that gives this one message.
  void give(received_message& received, const message_view& message,
            messaging::receiving::time_point began) const noexcept;
  /// Begins to process a message; `received` may be null.
  [[nodiscard]] messaging::processing process(const received_message* received,
                                              const message_view& message) const noexcept;

  /// What it was made with, and the server's aliases.
  /// @{
  [[nodiscard]] const waybill::propagation& propagation() const noexcept {
    return walk_.settings();
  }
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
class WAYBILL_API incoming : public message_change {
 public:
  /// Reads, and takes off what `by` says.
  incoming(consuming& by, const message_view& message);

  /// The extraction, to be taken once.
  [[nodiscard]] received_message take() {
    return {[this]() noexcept { return std::move(taken_); }, std::move(topic_storage_)};
  }

 private:
  [[nodiscard]] bool unwrap(const consuming& by, const destination& from);

  std::string topic_storage_;
  extraction taken_;
};

namespace detail {
/// Waits until a deadline by a call that waits for a while: `wait_for(part)` is true when what is
/// waited for is there. Paho's own calls with a deadline will not do: in 1.5 they end with nothing
/// when the connection comes up, and go on when it is lost.
///
/// Paho 1.5 begins a wait anew when the connection comes up meanwhile. So half of what is left is
/// asked for each time, and a wait that lasts twice as long still ends in time.
template <class Clock, class Duration, class WaitFor>
bool wait_until(const std::chrono::time_point<Clock, Duration>& deadline, WaitFor&& wait_for) {
  using std::chrono::nanoseconds;
  constexpr nanoseconds too_short_to_halve = std::chrono::milliseconds(1);
  constexpr std::chrono::hours longest{1};
  while (true) {
    const auto began = Clock::now();
    const auto left = deadline - began;
    nanoseconds part = left > longest ? longest : std::chrono::duration_cast<nanoseconds>(left);
    const bool is_last = part <= too_short_to_halve;
    if (!is_last) part /= 2;
    if (wait_for(part)) return true;
    if (is_last) return false;
    // A wait that gives up early waits for nothing any more: Paho's queue is closed. Half of it,
    // and not less than nothing, because a system's clock may be set meanwhile.
    const auto waited = Clock::now() - began;
    if (waited >= waited.zero() && waited < part / 2) return false;
  }
}
}  // namespace detail

}  // namespace waybill::inline v0::mqtt
