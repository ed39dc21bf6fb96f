#pragma once

#include "waybill/outgoing.hpp"

namespace waybill::inline v0::detail {

/// Counts what an extraction reports.
void record_report(const propagation& with, const extract_report& report,
                   std::size_t boundary_index) noexcept;

/// Leaves of a context that passes whole what the boundary lets out; what it holds back is counted.
void bound_outbound(outbound_context& bounded, const propagation& with,
                    std::size_t boundary_index) noexcept;

/// Writes it; what goes wrong is counted.
inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& with, std::size_t boundary_index,
                             inject_parts parts) noexcept;
inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& with, std::size_t boundary_index,
                             const inject_budget& budget) noexcept;

}  // namespace waybill::inline v0::detail
