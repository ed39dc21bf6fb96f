#pragma once

#include <cstdint>
#include <optional>

#include "waybill/propagation.hpp"

namespace waybill::inline v0 {

/// What to do about context that a message has in its headers before it is sent.
enum class inject_mode : std::uint8_t {
  automatic,  ///< replace when an explicit or current context is not empty, otherwise keep.
  replace,    ///< The explicit or current context takes the place of the whole field set.
  keep,       ///< What is there stays (outbox, relays, mirrors); without any: replace.
  parent,     ///< What is there is the parent of the send span; without any: replace.
};

namespace detail {
/// A context after the boundary's outbound side. Stays where it was made: `passed` may be a view of
/// `filtered`.
struct outbound_context {
  context_view passed;              // what goes out
  std::optional<context> filtered;  // its text, where the boundary takes something out
  bool strips = false;              // nothing may go out: what is there is taken away
  bool erases_baggage = false;      // what the headers have of baggage may not go out either

  outbound_context() noexcept = default;
  explicit outbound_context(const context_view& whole) noexcept : passed(whole) {}
  outbound_context(const outbound_context&) = delete;
  outbound_context& operator=(const outbound_context&) = delete;
};
}  // namespace detail

/// What a wrapper decides about one message before it is sent: which context goes with it, and
/// the span around it. Made on the stack for each message; adapters are its users.
/// @par Lifetime   shorter than the propagation, the explicit context and, in between the
///                 constructor and write(), the carrier's headers.
/// @par Threads    one.
class WAYBILL_API outgoing {
 public:
  /// @par Input   `existing`: the message's headers as they are. `explicit_context`: null for the
  ///              current one. `what.where` is the destination.
  outgoing(const reader_ref& existing, const context* explicit_context, inject_mode mode,
           const propagation& with, operation what) noexcept;
  /// The same without a span: where there is no tracer nothing has to be described.
  outgoing(const reader_ref& existing, const context* explicit_context, inject_mode mode,
           const propagation& with, const destination& to) noexcept;
  outgoing(const outgoing&) = delete;
  outgoing& operator=(const outgoing&) = delete;
  /// Ends a span nobody took, as unknown.
  ~outgoing();

  /// False when the headers go out as they are.
  [[nodiscard]] bool changes_headers() const noexcept {
    return !bounded_.passed.is_empty() || bounded_.strips || bounded_.erases_baggage;
  }
  /// Whether write() leaves no older field in the headers, of traces or of baggage.
  [[nodiscard]] bool replaces_all() const noexcept {
    return bounded_.passed.has_trace() || bounded_.strips;
  }
  /// The position that write() puts in, or that keep mode leaves in the headers. Invalid where
  /// headers stay as they are for want of a context of one's own.
  [[nodiscard]] trace_context sent_trace() const noexcept {
    return keeps_ ? kept_trace_ : bounded_.passed.trace();
  }
  /// Replaces the field set. May be called again with fewer parts or a smaller budget.
  /// @{
  inject_report write(const writer_ref& carrier, inject_parts parts = {}) const noexcept;
  inject_report write(const writer_ref& carrier, const inject_budget& budget) const noexcept;
  /// @}
  /// The span, which the caller ends from now on.
  [[nodiscard]] span_handle take_span() noexcept;

 private:
  void choose(const reader_ref& existing, inject_mode mode, const boundary_entry& entry) noexcept;
  void start_span(operation& what) noexcept;
  void bound() noexcept;

  const propagation& with_;
  std::size_t boundary_index_;
  trace_context kept_trace_;
  bool keeps_ = false;
  span_handle span_;
  context storage_;        // the provider's, the headers' or the span's own context
  const context* chosen_;  // the explicit context, the provider's or storage_
  detail::outbound_context bounded_;
};

}  // namespace waybill::inline v0
