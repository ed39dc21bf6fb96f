#include "waybill/outgoing.hpp"

#include <memory>
#include <utility>

#include "outbound.hpp"

namespace waybill::inline v0 {

outgoing::outgoing(const reader_ref& existing, const context* explicit_context, inject_mode mode,
                   const propagation& with, operation what) noexcept
    : with_(with),
      boundary_index_(with.boundary.find_index(what.where)),
      chosen_(explicit_context != nullptr ? explicit_context : &with.provider->current(storage_)) {
  choose(existing, mode, with.boundary.entry(boundary_index_));
  if (with.tracer != nullptr) start_span(what);
  bound();
}

outgoing::outgoing(const reader_ref& existing, const context* explicit_context, inject_mode mode,
                   const propagation& with, const destination& to) noexcept
    : with_(with),
      boundary_index_(with.boundary.find_index(to)),
      chosen_(explicit_context != nullptr ? explicit_context : &with.provider->current(storage_)) {
  choose(existing, mode, with.boundary.entry(boundary_index_));
  bound();
}

void outgoing::bound() noexcept {
  // Of headers that are kept choose() has seen to what the boundary lets out.
  if (keeps_) return;
  // Made in its place: a copy would wait for the parts of the view that were just written.
  std::construct_at(&bounded_.passed, *chosen_);
  detail::bound_outbound(bounded_, with_, boundary_index_);
}

outgoing::~outgoing() {
  if (span_) with_.tracer->end(span_, {.state = outcome_state::unknown});
}

void outgoing::choose(const reader_ref& existing, inject_mode mode,
                      const boundary_entry& entry) noexcept {
  if (mode == inject_mode::automatic) {
    mode = chosen_->is_empty() ? inject_mode::keep : inject_mode::replace;
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
    kept_trace_ = held.trace();
    if (passes_whole) return;
    // A view of what is held here would dangle.
    bounded_.passed = context_view(bounded_.filtered.emplace(std::move(held)));
    detail::bound_outbound(bounded_, with_, boundary_index_);
    kept_trace_ = bounded_.passed.trace();
    return;
  }
  storage_ = std::move(held);
  chosen_ = &storage_;
}

void outgoing::start_span(operation& what) noexcept {
  const boundary_entry& entry = with_.boundary.entry(boundary_index_);
  what.injects = !keeps_ && entry.outbound != outbound_mode::nothing;
  context started;
  const std::span<const trace_context> links(&kept_trace_, kept_trace_.is_valid() ? 1U : 0U);
  span_ = with_.tracer->start(what, context_view(*chosen_), links, started);
  if (keeps_ || started.is_empty()) return;
  storage_ = std::move(started);
  chosen_ = &storage_;
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
