#include "waybill/mqtt/publishing.hpp"

#include <utility>

namespace waybill::inline v0::mqtt {

namespace {

constexpr int first_failure = 0x80;     // of the reason codes: MQTT 5, 2.4
constexpr int reason_of_mqtt_3 = 0xff;  // Paho's own, up to 1.4

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

delivery_report report_of(const paho_result& result, int qos) noexcept {
  delivery_report report{.return_code = result.return_code};
  if (result.reason_code >= first_failure && result.reason_code != reason_of_mqtt_3) {
    report.reason_code = result.reason_code;
  }
  if (report.return_code == MQTTASYNC_OPERATION_INCOMPLETE) {
    // The connection ended, and the client forgets what it had sent.
    report.outcome = outcome_state::unanswered;
  } else if (report.return_code != MQTTASYNC_SUCCESS || report.reason_code != 0) {
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
      connection_(options_.packet_bytes_when_unknown),
      link_(std::make_shared<messaging::callback_link<publishing>>()) {
  static_cast<void>(link_->attach(*this));
}

publishing::~publishing() {
  link_->detach();
  report_abandoned();
  sent_.close({.outcome = outcome_state::unanswered});
}

void publishing::finish(const messaging::in_flight_message& waiting, const paho_result& result,
                        int qos) noexcept {
  const delivery_report report = report_of(result, qos);
  connection_.refused(report.reason_code);
  sent_.finish(waiting, report);
}

void publishing::refused(const messaging::in_flight_message& waiting,
                         const paho_result& thrown) noexcept {
  const delivery_report report{.return_code = thrown.return_code};
  sent_.end_span(waiting, outcome_state::failed,
                 thrown.return_code == MQTTASYNC_SUCCESS ? "exception" : error_of(report));
}

void publishing::wait_ended(const messaging::in_flight_message& waiting, const paho_result& thrown,
                            int qos) noexcept {
  // Paho refuses a message with other codes of its own, and without a reason.
  const bool is_outcome = thrown.reason_code >= first_failure ||
                          thrown.return_code == MQTTASYNC_FAILURE ||
                          thrown.return_code == MQTTASYNC_OPERATION_INCOMPLETE;
  if (is_outcome) {
    finish(waiting, thrown, qos);
  } else {
    refused(waiting, thrown);
  }
}

std::uint64_t publishing::accepting(const messaging::in_flight_message& waiting) noexcept {
  if (has_abandoned_.load(std::memory_order_relaxed)) report_abandoned();
  const std::uint64_t number = last_number_.fetch_add(1, std::memory_order_relaxed) + 1;
  sent_.accepted(number, waiting);
  return number;
}

void publishing::answered(std::uint64_t number, const delivery_report& report) noexcept {
  connection_.refused(report.reason_code);
  // The connection ended, whoever ended it.
  if (report.return_code == MQTTASYNC_OPERATION_INCOMPLETE) connection_.lost();
  sent_.answered(number, report);
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

tracked_outcome::tracked_outcome(publishing& by,
                                 const messaging::in_flight_message& waiting) noexcept
    : link_(by.link_), number_(by.accepting(waiting)) {}

tracked_outcome::~tracked_outcome() {
  if (!is_answered_) link_->call([this](publishing& by) { by.abandon(number_); });
}

void tracked_outcome::answered(const paho_result& result, int qos,
                               const ::mqtt::token* token) noexcept {
  is_answered_ = true;
  delivery_report report = report_of(result, qos);
  report.token = token;
  link_->call([&](publishing& by) { by.answered(number_, report); });
}

bool tracked_outcome::forget() noexcept {
  is_answered_ = true;
  bool is_known = false;
  link_->call([&](publishing& by) { is_known = by.sent_.forget(number_); });
  return is_known;
}

}  // namespace waybill::inline v0::mqtt
