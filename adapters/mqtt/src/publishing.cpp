#include "waybill/mqtt/publishing.hpp"

#include <utility>

namespace waybill::inline v0::mqtt {

namespace {

constexpr int first_failure = 0x80;     // of the reason codes: MQTT 5, 2.4
constexpr int reason_of_mqtt_3 = 0xff;  // Paho's own, up to 1.4
constexpr int packet_too_large = MQTTREASONCODE_PACKET_TOO_LARGE;

std::string_view error_of(const delivery_report& report) noexcept {
  if (report.reason_code >= first_failure) {
    const char* text = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(report.reason_code));
    if (text != nullptr) return text;
  }
  if (report.return_code == MQTTASYNC_SUCCESS) return {};
  const char* text = MQTTAsync_strerror(report.return_code);
  return text != nullptr ? text : "failure";
}

}  // namespace

waybill::outcome as_outcome(const delivery_report& report) noexcept {
  const bool succeeded = report.outcome == outcome_state::succeeded;
  return waybill::outcome(report.outcome, succeeded ? std::string_view() : error_of(report));
}

delivery_report report_of(int return_code, int reason_code, int qos) noexcept {
  delivery_report report{.return_code = return_code};
  if (reason_code >= first_failure && reason_code != reason_of_mqtt_3) {
    report.reason_code = reason_code;
  }
  if (return_code == MQTTASYNC_OPERATION_INCOMPLETE) {
    // The connection ended, and the client forgets what it had sent.
    report.outcome = outcome_state::unanswered;
  } else if (return_code != MQTTASYNC_SUCCESS || report.reason_code != 0) {
    report.outcome = outcome_state::failed;
  } else {
    // Nobody answers for QoS 0: the bytes were handed to the network.
    report.outcome = qos == 0 ? outcome_state::unknown : outcome_state::succeeded;
  }
  return report;
}

publishing::publishing(propagation settings, publisher_options options)
    : options_(std::move(options)),
      sent_(std::move(settings), options_.on_delivery_report, options_.in_flight_max),
      budget_(options_.packet_bytes_when_unknown) {}

std::uint64_t publishing::accepting(const messaging::in_flight_message& waiting) noexcept {
  if (has_abandoned_.load(std::memory_order_relaxed)) report_abandoned();
  const std::uint64_t number = last_number_.fetch_add(1, std::memory_order_relaxed) + 1;
  sent_.accepted(number, waiting);
  return number;
}

void publishing::answered(std::uint64_t number, const delivery_report& report) noexcept {
  if (report.reason_code == packet_too_large) budget_.refused();
  // The connection ended, whoever ended it.
  if (report.return_code == MQTTASYNC_OPERATION_INCOMPLETE) budget_.in_doubt();
  sent_.answered(number, report);
}

void publishing::finish(const messaging::in_flight_message& waiting,
                        const delivery_report& report) noexcept {
  if (report.reason_code == packet_too_large) budget_.refused();
  sent_.finish(waiting, report);
}

void publishing::abandon(std::uint64_t number) noexcept {
  const std::lock_guard lock(mutex_);
  // Without memory for its number the message is given up or closed later.
  WAYBILL_TRY { abandoned_.push_back(number); }
  WAYBILL_CATCH_ALL {}
  has_abandoned_ = true;
}

void publishing::report_abandoned() noexcept {
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(mutex_);
    numbers.swap(abandoned_);
    has_abandoned_ = false;
  }
  for (const std::uint64_t each : numbers) sent_.answered(each, {});
}

void publishing::close() noexcept {
  report_abandoned();
  sent_.close({.outcome = outcome_state::unanswered});
}

}  // namespace waybill::inline v0::mqtt
