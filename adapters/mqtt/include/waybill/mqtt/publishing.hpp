#pragma once

#include <MQTTAsync.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/messaging/callback_link.hpp"
#include "waybill/messaging/deliveries.hpp"
#include "waybill/messaging/enveloping.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/connection.hpp"
#include "waybill/mqtt/message_view.hpp"

namespace mqtt {
class token;  // Paho's, where its C++ interface is used
}  // namespace mqtt

namespace waybill::inline v0::mqtt {

/// What became of a message that Paho had accepted.
struct delivery_report {
  outcome_state outcome = outcome_state::unknown;  ///< How it ended.
  int return_code = MQTTASYNC_SUCCESS;             ///< Paho's.
  int reason_code = 0;                             ///< MQTT 5's of a refusal, otherwise 0.
  span_context sent{};                             ///< What the message carried.
  void* user_data = nullptr;                       ///< send_options::user_data.
  /// Null when the outcome came without an answer and for a client that waits. Valid during the
  /// call.
  const ::mqtt::token* token = nullptr;
};

/// What a report's span ends with: MQTT's own words where the server gave a reason, else Paho's.
[[nodiscard]] WAYBILL_API waybill::outcome as_outcome(const delivery_report& report) noexcept;

/// What Paho says of a message that ended, or of one that it refuses.
struct paho_result {
  int return_code = MQTTASYNC_SUCCESS;  ///< Paho's.
  int reason_code = 0;                  ///< The server's; 0 where it gave none.
};

/// The report of a message of this QoS. Nobody acknowledges QoS 0: its outcome is unknown.
[[nodiscard]] WAYBILL_API delivery_report report_of(const paho_result& result, int qos) noexcept;

/// Called once for each accepted message, on a thread of Paho's, in the call that closes the client
/// or the publisher, or, for a message that was given up, in publish(). It may throw: the exception
/// is dropped and counted as listener_failed. It must neither wait for another message nor destroy
/// the publisher.
using delivery_listener = std::function<void(const delivery_report&)>;

/// What a publisher does with every message.
struct publisher_options {
  inject_mode mode = inject_mode::automatic;  ///< For messages that say automatic.
  delivery_listener on_delivery_report{};     ///< May be empty.
  /// Messages in flight whose outcome is awaited. Beyond it the oldest one is given up: it is
  /// reported as unknown and counted as given_up.
  std::size_t in_flight_max = 100'000;
  /// Adds the time of sending to the user properties, for receivers that look at a context's age.
  bool stamps_time = false;
  /// While the server's Maximum Packet Size is in doubt, a packet gets fields only if it then has
  /// no more bytes; 0: never. See connection_state.
  std::size_t packet_bytes_when_unknown = connection_state::bytes_when_unknown_usual;
};

/// The messages of one client that go out: what all publishers of Paho's C++ interface have in
/// common, and what one on Paho's C interface would use.
/// @par Threads   any.
class WAYBILL_API publishing {
 public:
  /// See publisher_options.
  publishing(propagation settings, publisher_options options);
  publishing(const publishing&) = delete;
  publishing& operator=(const publishing&) = delete;
  /// Reports all that wait as unanswered.
  ~publishing();

  /// The client's id, for messaging.client.id; before the first message.
  void know(std::string client_id) { client_id_ = std::move(client_id); }

  /// Whether outcomes are waited for, and how many messages have none yet.
  /// @{
  [[nodiscard]] bool tracks() const noexcept { return sent_.are_wanted(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return sent_.in_flight(); }
  /// @}
  /// Ends a message that nobody waits for, with its span alone.
  void end_unseen(const messaging::in_flight_message& waiting) noexcept {
    sent_.end_span(waiting, outcome_state::unknown);
  }
  /// Ends a message that was waited for, and reports it.
  void finish(const messaging::in_flight_message& waiting, const paho_result& result,
              int qos) noexcept;
  /// Ends a message by the exception of a call that hands it over: with a failed span.
  /// `return_code` is 0 for an exception that is not Paho's.
  void refused(const messaging::in_flight_message& waiting, const paho_result& thrown) noexcept;
  /// The same for a call that waits, whose exception may be the outcome of an accepted message.
  void wait_ended(const messaging::in_flight_message& waiting, const paho_result& thrown,
                  int qos) noexcept;

  /// What it was made with, and what is known of the connection.
  /// @{
  [[nodiscard]] const propagation& settings() const noexcept { return sent_.settings(); }
  [[nodiscard]] const publisher_options& options() const noexcept { return options_; }
  [[nodiscard]] connection_state& connection() noexcept { return connection_; }
  [[nodiscard]] std::string_view client_id() const noexcept { return client_id_; }
  /// @}

 private:
  friend class tracked_outcome;

  [[nodiscard]] std::uint64_t accepting(const messaging::in_flight_message& waiting) noexcept;
  void answered(std::uint64_t number, const delivery_report& report) noexcept;
  void abandon(std::uint64_t number) noexcept;
  void report_abandoned() noexcept;

  publisher_options options_;
  messaging::deliveries<delivery_report> sent_;
  connection_state connection_;
  std::string client_id_;
  std::shared_ptr<messaging::callback_link<publishing>> link_;
  std::atomic<std::uint64_t> last_number_{0};
  std::atomic<bool> has_abandoned_{false};
  std::mutex mutex_;
  std::vector<std::uint64_t> abandoned_;
};

/// A message in flight: passes its outcome on to the publisher, as long as that lives.
/// @par Threads   any, one at a time.
class WAYBILL_API tracked_outcome {
 public:
  /// To be made before the message is handed to Paho, which may answer within that call.
  tracked_outcome(publishing& by, const messaging::in_flight_message& waiting) noexcept;
  tracked_outcome(const tracked_outcome&) = delete;
  tracked_outcome& operator=(const tracked_outcome&) = delete;
  /// Without an outcome the next message, or the end of the publisher, reports the message. A lock
  /// of Paho's may be held here, so nobody is called.
  ~tracked_outcome();

  /// The outcome. `token` may be null.
  void answered(const paho_result& result, int qos, const ::mqtt::token* token) noexcept;
  /// Paho refused the message; false when it had an outcome already.
  [[nodiscard]] bool forget() noexcept;

 private:
  std::shared_ptr<messaging::callback_link<publishing>> link_;
  std::uint64_t number_;  // an address of Paho's may come again
  bool is_answered_ = false;
};

/// What goes out in place of one message: its properties, or its payload, with the context.
/// @par Errors     nothing throws; without memory the message goes out as it is, and that is
///                 counted.
/// @par Lifetime   made on the stack for each message; borrows it.
class WAYBILL_API outgoing : public message_change {
 public:
  /// With a span where there is a tracer.
  outgoing(publishing& by, const message_view& message, const send_options& options) noexcept;
  /// Without a span, for a will.
  outgoing(const propagation& settings, const message_view& message, const send_options& options,
           bool stamps_time, const message_room& room) noexcept;

  /// The caller has no memory for what is to be sent: the message goes out as it is.
  void give_up() noexcept;
  /// What is kept until the outcome.
  [[nodiscard]] messaging::in_flight_message& waiting() noexcept { return waiting_; }

 private:
  void decide(const send_options& options, inject_mode mode,
              const operation_source* source) noexcept;
  void write(const messaging::sending& decided);
  void wrap(const messaging::sending& decided, envelope_writer& envelope);
  void strip_properties(const messaging::sending& decided);
  [[nodiscard]] envelope_form form_of(const boundary_entry& entry) const noexcept;
  [[nodiscard]] span_context kept() const noexcept;

  const propagation& settings_;
  message_room room_;
  bool stamps_time_;
  std::string topic_storage_;
  destination to_;
  messaging::in_flight_message waiting_;
};

}  // namespace waybill::inline v0::mqtt
