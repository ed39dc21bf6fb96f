#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "waybill/messaging/in_flight.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0::messaging {

/// The messages of one sender and what becomes of them: each outcome ends the message's span, then
/// goes to the listener, once.
///
/// `Report` is what an adapter tells its application. It has the members `outcome`
/// (outcome_state), `sent` (span_context) and `user_data` (void*); made without arguments its
/// outcome is unknown. A member `delivery_tag` (std::uint64_t) gets the key. A function `outcome
/// as_outcome(const Report&) noexcept`, found beside it, says what the span ends with.
/// @par Threads   any.
/// @par Errors    a listener that throws is counted as listener_failed.
template <class Report>
class deliveries {
 public:
  /// Called with each outcome.
  using listener = std::function<void(const Report&)>;

  /// `on_delivery_report` may be empty. Beyond `in_flight_max` messages the oldest is given up.
  deliveries(propagation settings, listener on_delivery_report, std::size_t in_flight_max)
      : settings_(std::move(settings)),
        on_delivery_report_(std::move(on_delivery_report)),
        in_flight_(in_flight_max) {}

  /// Whether anybody wants to know of outcomes: a listener or a tracer.
  [[nodiscard]] bool are_wanted() const noexcept {
    return on_delivery_report_ || settings_.tracer() != nullptr;
  }
  /// Messages that have no outcome yet.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  /// Whether the message of this key is one of them.
  [[nodiscard]] bool is_in_flight(std::uint64_t key) const noexcept {
    return in_flight_.contains(key);
  }
  /// What it was made with.
  [[nodiscard]] const propagation& settings() const noexcept { return settings_; }

  /// The client library accepted a message. One that had to be given up for it is reported as
  /// unknown, from within this call, and counted.
  void accepted(std::uint64_t key, const in_flight_message& message) noexcept {
    const auto given_up = in_flight_.add(key, message);
    if (!given_up.has_value()) return;
    record(*given_up, errc::given_up);
    finish(*given_up, Report());
  }
  /// Ends the message of this key: completes `report` and passes it to the listener. A key that is
  /// not in flight is ignored.
  void answered(std::uint64_t key, const Report& report) noexcept {
    if (const auto message = in_flight_.take(key)) finish(*message, report);
  }
  /// Forgets the message of this key: the caller ends its span and reports it, if anybody does.
  /// False when it is not known any more, so that its outcome was told.
  [[nodiscard]] bool forget(std::uint64_t key) noexcept { return in_flight_.take(key).has_value(); }
  /// All that are left have this outcome.
  void close(const Report& report) noexcept {
    while (const auto left = in_flight_.take_any()) finish(*left, report);
  }

  /// Ends the message's span and tells the listener, of a message that is not in flight any more.
  void finish(const in_flight_message& message, Report report) noexcept {
    if (message.span) settings_.tracer()->end(message.span, as_outcome(report));
    if (!on_delivery_report_) return;
    report.sent = message.sent;
    report.user_data = message.user_data;
    if constexpr (requires { report.delivery_tag; }) report.delivery_tag = message.key;
    WAYBILL_TRY { on_delivery_report_(report); }
    WAYBILL_CATCH_ALL { record(message, errc::listener_failed); }
  }
  /// Ends the span of a message that the client library did not accept, or whose outcome nobody
  /// hears. The listener is not told.
  void end_span(const in_flight_message& message, outcome_state state,
                std::string_view error = {}) noexcept {
    if (message.span) settings_.tracer()->end(message.span, outcome(state, error));
  }

 private:
  void record(const in_flight_message& message, errc code) const noexcept {
    settings_.record(
        {.way = direction::outbound, .code = code, .boundary_index = message.boundary_index});
  }

  propagation settings_;
  listener on_delivery_report_;
  in_flight_table in_flight_;
};

}  // namespace waybill::inline v0::messaging
