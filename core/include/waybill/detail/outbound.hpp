#pragma once

#include <cstddef>
#include <optional>

#include "waybill/propagation.hpp"

/// The boundary's outbound side in parts, for the walk of messages in waybill::messaging.
namespace waybill::inline v0::detail {

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

/// Counts what an extraction reports.
WAYBILL_API void record_report(const propagation& settings, const extract_report& report,
                               std::size_t boundary_index) noexcept;

/// Reduces a context that passes whole to what the boundary lets out; what it holds back is
/// counted.
WAYBILL_API void bound_outbound(outbound_context& bounded, const propagation& settings,
                                std::size_t boundary_index) noexcept;

/// Writes it; what goes wrong is counted.
/// @{
WAYBILL_API inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                                         const propagation& settings, std::size_t boundary_index,
                                         inject_parts parts) noexcept;
WAYBILL_API inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                                         const propagation& settings, std::size_t boundary_index,
                                         const inject_budget& budget) noexcept;
/// @}

}  // namespace waybill::inline v0::detail
