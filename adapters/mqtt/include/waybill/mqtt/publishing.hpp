#pragma once

#include <MQTTAsync.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/envelope.hpp"
#include "waybill/messaging/deliveries.hpp"
#include "waybill/messaging/sending.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/message_view.hpp"
#include "waybill/mqtt/packet_budget.hpp"
#include "waybill/mqtt/properties.hpp"

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

/// What an answer says of a message of this QoS. Of QoS 0 nobody answers: the outcome is unknown.
/// `reason_code` is 0 where the server gave none.
[[nodiscard]] WAYBILL_API delivery_report report_of(int return_code, int reason_code,
                                                    int qos) noexcept;

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
  /// no more bytes; 0: never. See packet_budget.
  std::size_t packet_bytes_when_unknown = packet_budget::bytes_when_unknown_usual;
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
  ~publishing() { close(); }

  /// For messaging.client.id; before the first message.
  void know(std::string client_id) { client_id_ = std::move(client_id); }
  /// The messages that wait for their outcome.
  /// @{
  [[nodiscard]] bool tracks() const noexcept { return sent_.are_wanted(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return sent_.in_flight(); }
  /// To be called before the message is handed to Paho, which may answer within that call. Returns
  /// the message's number, its identity: an address of Paho's may come again.
  [[nodiscard]] std::uint64_t accepting(const messaging::in_flight_message& waiting) noexcept;
  void answered(std::uint64_t number, const delivery_report& report) noexcept;
  /// Paho refused the message that accepting() numbered; false when it had an outcome already.
  [[nodiscard]] bool forget(std::uint64_t number) noexcept { return sent_.forget(number); }
  /// Nothing can answer any more for this message: the next call of accepting() or close() reports
  /// it. For calls with a lock of Paho's held.
  void abandon(std::uint64_t number) noexcept;
  /// Ends a message that never waited. finish() reports it.
  /// @{
  void finish(const messaging::in_flight_message& waiting, const delivery_report& report) noexcept;
  void end_span(const messaging::in_flight_message& waiting, outcome_state state,
                std::string_view error = {}) noexcept {
    sent_.end_span(waiting, state, error);
  }
  /// @}
  /// Reports all that are left as unanswered.
  void close() noexcept;
  /// @}

  /// What it was made with, and what is known of the connection.
  /// @{
  [[nodiscard]] const propagation& settings() const noexcept { return sent_.settings(); }
  [[nodiscard]] const publisher_options& options() const noexcept { return options_; }
  [[nodiscard]] packet_budget& budget() noexcept { return budget_; }
  [[nodiscard]] topic_aliases& aliases() noexcept { return aliases_; }
  [[nodiscard]] std::string_view client_id() const noexcept { return client_id_; }
  /// @}

 private:
  void report_abandoned() noexcept;

  publisher_options options_;
  messaging::deliveries<delivery_report> sent_;
  packet_budget budget_;
  topic_aliases aliases_;
  std::string client_id_;
  std::atomic<std::uint64_t> last_number_{0};
  std::atomic<bool> has_abandoned_{false};
  std::mutex mutex_;
  std::vector<std::uint64_t> abandoned_;
};

/// Within what a message and its fields have to fit.
struct message_room {
  std::size_t fields_bytes_max = packet_bytes_ceiling;   ///< Of a packet that has fields.
  std::size_t packet_bytes_max = packet_bytes_ceiling;   ///< Of any packet.
  std::size_t payload_bytes_max = packet_bytes_ceiling;  ///< Of the payload with its envelope.
  bool has_properties = true;                            ///< Whether user properties travel.
};

/// What goes out in place of one message: its properties, or its payload, with the context. The
/// message itself is never touched.
/// @par Errors     nothing throws; without memory the message goes out as it is, and that is
///                 counted.
/// @par Lifetime   made on the stack for each message; borrows it.
class WAYBILL_API outgoing {
 public:
  /// With a span where there is a tracer.
  outgoing(publishing& by, const message_view& message, const send_options& options) noexcept;
  /// Without a span, for a will.
  outgoing(const propagation& settings, const message_view& message, const send_options& options,
           bool stamps_time, const message_room& room) noexcept;

  /// The properties to send, where they differ from the message's.
  [[nodiscard]] bool changes_properties() const noexcept {
    return edited_.has_value() && edited_->is_changed();
  }
  /// See changes_properties().
  [[nodiscard]] const MQTTProperties& properties() const noexcept {
    return changes_properties() ? edited_->c_struct() : message_.properties;
  }
  /// The payload to send; none where it is the message's.
  [[nodiscard]] std::optional<std::string>& payload() noexcept { return payload_; }
  /// Whether anything differs.
  [[nodiscard]] bool is_changed() const noexcept {
    return changes_properties() || payload_.has_value();
  }
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
  [[nodiscard]] bool fits(std::size_t payload_bytes, std::size_t packet_bytes_max) const noexcept;
  [[nodiscard]] envelope_form form_of(const boundary_entry& entry) const noexcept;
  [[nodiscard]] span_context kept() const noexcept;

  const propagation& settings_;
  message_view message_;
  message_room room_;
  bool stamps_time_;
  std::string topic_storage_;
  destination to_;
  messaging::in_flight_message waiting_;
  std::optional<edited_properties> edited_;
  std::optional<std::string> payload_;
};

}  // namespace waybill::inline v0::mqtt
