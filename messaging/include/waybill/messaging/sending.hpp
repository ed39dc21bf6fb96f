#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "waybill/detail/outbound.hpp"
#include "waybill/messaging/in_flight.hpp"
#include "waybill/messaging/tracer.hpp"
#include "waybill/propagation.hpp"

namespace waybill::inline v0 {

/// What may differ for one message that is sent.
struct send_options {
  const waybill::context* context = nullptr;  ///< The context to send; null: the current one.
  inject_mode mode = inject_mode::automatic;  ///< automatic: the sender's own.
  void* user_data = nullptr;                  ///< The application's own, returned with the outcome.
};

namespace messaging {

/// In which parts a context goes out when a message is too large: the whole, then without baggage,
/// then without tracestate, then nothing. The one place where that order is written.
inline constexpr std::array<inject_parts, 4> parts_to_try{
    {{true, true, true}, {true, true, false}, {true, false, false}, {false, false, false}}};

/// The walk of a message that is sent, up to the client library: which context goes with it, and
/// the span around it. Made on the stack for each message; adapters use it.
///
/// Choose the context by the mode, apply the boundary, start the span, write the fields.
/// @par Lifetime   shorter than the propagation, the explicit context and, between the constructor
///                 and write(), the carrier's headers.
/// @par Threads    one.
class WAYBILL_API sending {
 public:
  /// @par Input   `existing`: the message's headers as they are. `options`: the context and mode of
  ///              this message; `mode` is the sender's own, for messages that say automatic.
  ///              `source` describes the operation where there is a tracer.
  sending(const reader_ref& existing, const send_options& options, inject_mode mode,
          const propagation& settings, const destination& destination,
          const operation_source& source) noexcept;
  /// The same without a span.
  sending(const reader_ref& existing, const send_options& options, inject_mode mode,
          const propagation& settings, const destination& destination) noexcept;
  sending(const sending&) = delete;
  sending& operator=(const sending&) = delete;
  /// Ends a span that nobody took, as unknown.
  ~sending();

  /// False when the headers go out as they are.
  [[nodiscard]] bool changes_headers() const noexcept {
    return !bounded_.passed.is_empty() || bounded_.strips || bounded_.erases_baggage;
  }
  /// Whether write() leaves no older field in the headers, of traces or of baggage.
  [[nodiscard]] bool replaces_all() const noexcept {
    return bounded_.passed.has_trace() || bounded_.strips;
  }
  /// The span context that write() puts in, or that keep mode leaves in the headers. Invalid where
  /// headers stay as they are for want of a context.
  [[nodiscard]] span_context sent() const noexcept {
    return keeps_ ? kept_ : bounded_.passed.span_context();
  }
  /// Replaces the field set. May be called again with fewer parts or a smaller budget.
  /// @{
  inject_report write(const writer_ref& carrier, inject_parts parts = {}) const noexcept;
  inject_report write(const writer_ref& carrier, const inject_budget& budget) const noexcept;
  /// @}
  /// The span, which the caller ends from now on.
  [[nodiscard]] span_handle take_span() noexcept;
  /// What is kept until the outcome: sent(), the span as of take_span(), and the entry of the
  /// boundary.
  [[nodiscard]] in_flight_message take_in_flight(void* user_data) noexcept {
    return {sent(), take_span(), user_data, boundary_index_};
  }

  /// Sends with as much of the context as goes: `send(parts)` writes these parts, hands the message
  /// over and returns true when it was too large, in which case it is called again with fewer.
  template <class Send>
  void send_what_fits(Send&& send) const {
    for (const inject_parts parts : parts_to_try) {
      if (!send(parts) || !changes_headers()) return;
    }
  }

 private:
  void choose(const reader_ref& existing, inject_mode mode, const boundary_entry& entry) noexcept;
  void start_span(const destination& destination, const operation_source& source) noexcept;
  void bound() noexcept;

  const propagation& settings_;
  std::size_t boundary_index_;
  span_context kept_;
  bool keeps_ = false;
  span_handle span_;
  context storage_;        // the provider's, the headers' or the span's own context
  const context* chosen_;  // the explicit context, the provider's or storage_
  detail::outbound_context bounded_;
};

}  // namespace messaging
}  // namespace waybill::inline v0
