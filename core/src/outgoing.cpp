#include "waybill/outgoing.hpp"

#include <utility>

#include "outbound.hpp"

namespace waybill::inline v0 {

outgoing::outgoing(const reader_ref& existing, const context* explicit_context, inject_mode mode,
                   const propagation& with, operation what) noexcept
    : with_(with), boundary_index_(with.boundary.find_index(what.where)) {
  choose(existing, explicit_context, mode, with.boundary.entry(boundary_index_));
  if (with.tracer != nullptr) start_span(what);
  // Of headers that are kept choose() has seen to what the boundary lets out.
  if (!keeps_) bounded_ = detail::bound_outbound(chosen_, with, boundary_index_);
}

outgoing::~outgoing() {
  if (span_) with_.tracer->end(span_, {.state = outcome_state::unknown});
}

void outgoing::choose(const reader_ref& existing, const context* explicit_context, inject_mode mode,
                      const boundary_entry& entry) noexcept {
  const context& own =
      explicit_context != nullptr ? *explicit_context : with_.provider->current(storage_);
  chosen_ = context_view(own);
  if (mode == inject_mode::automatic) {
    mode = own.is_empty() ? inject_mode::keep : inject_mode::replace;
  }
  if (mode == inject_mode::replace) return;

  const carrier_rules rules = with_.rules_for(existing);
  extract_report report;
  const result<context_view> seen = with_.formats.peek_at(existing, rules, with_.limits, &report);
  detail::record_report(with_, report, boundary_index_);
  if (seen.has_value() && seen->is_empty()) return;
  const bool passes_whole =
      entry.outbound == outbound_mode::everything && entry.baggage_out.passes_all();
  if (mode == inject_mode::keep && passes_whole && seen.has_value()) {
    keeps_ = true;
    kept_trace_ = seen->trace();
    return;
  }
  // The headers are about to be rewritten: what they hold needs a place of its own.
  context held = seen.has_value() ? context(*seen)
                                  : with_.formats.extract(existing, rules, with_.limits, nullptr);
  if (held.is_empty()) return;
  if (mode == inject_mode::keep) {
    keeps_ = true;
    if (!passes_whole) {
      bounded_ = detail::bound_outbound(held, with_, boundary_index_);
      // A view of what is held here would dangle.
      if (!bounded_.filtered.has_value()) bounded_.filtered.emplace(bounded_.passed);
    }
    kept_trace_ = passes_whole ? held.trace() : bounded_.view().trace();
    return;
  }
  storage_ = std::move(held);
  chosen_ = context_view(storage_);
}

void outgoing::start_span(operation& what) noexcept {
  const boundary_entry& entry = with_.boundary.entry(boundary_index_);
  what.injects = !keeps_ && entry.outbound != outbound_mode::nothing;
  context started;
  const std::span<const trace_context> links(&kept_trace_, kept_trace_.is_valid() ? 1U : 0U);
  span_ = with_.tracer->start(what, chosen_, links, started);
  if (keeps_ || started.is_empty()) return;
  storage_ = std::move(started);
  chosen_ = context_view(storage_);
}

inject_report outgoing::write(const writer_ref& carrier, inject_parts parts) const noexcept {
  return detail::write_outbound(bounded_, carrier, with_, boundary_index_, parts);
}

inject_report outgoing::write(const writer_ref& carrier,
                              const inject_budget& budget) const noexcept {
  return detail::write_outbound(bounded_, carrier, with_, boundary_index_, budget);
}

span_handle outgoing::take_span() noexcept { return std::exchange(span_, {}); }

}  // namespace waybill::inline v0
