#include "waybill/messaging/sending.hpp"

#include <memory>
#include <utility>

namespace waybill::inline v0::messaging {

namespace {

/// What a message is sent under when it says automatic.
inject_mode mode_of(const send_options& options, inject_mode of_sender) noexcept {
  return options.mode == inject_mode::automatic ? of_sender : options.mode;
}

}  // namespace

sending::sending(const reader_ref& existing, const send_options& options, inject_mode mode,
                 const propagation& settings, const destination& destination,
                 const operation_source& source) noexcept
    : settings_(settings),
      boundary_index_(settings.boundary().find_index(destination)),
      chosen_(options.context != nullptr ? options.context : &settings.current(storage_)) {
  choose(existing, mode_of(options, mode), settings.boundary().entry(boundary_index_));
  if (settings.tracer() != nullptr) start_span(destination, source);
  bound();
}

sending::sending(const reader_ref& existing, const send_options& options, inject_mode mode,
                 const propagation& settings, const destination& destination) noexcept
    : settings_(settings),
      boundary_index_(settings.boundary().find_index(destination)),
      chosen_(options.context != nullptr ? options.context : &settings.current(storage_)) {
  choose(existing, mode_of(options, mode), settings.boundary().entry(boundary_index_));
  bound();
}

void sending::bound() noexcept {
  // Of headers that are kept choose() has seen to what the boundary lets out.
  if (keeps_) return;
  // Made in its place: a copy would wait for the parts of the view that were just written.
  std::construct_at(&bounded_.passed, *chosen_);
  detail::bound_outbound(bounded_, settings_, boundary_index_);
}

sending::~sending() {
  if (span_) settings_.tracer()->end(span_, outcome(outcome_state::unknown));
}

void sending::choose(const reader_ref& existing, inject_mode mode,
                     const boundary_entry& entry) noexcept {
  if (mode == inject_mode::automatic) {
    mode = chosen_->is_empty() ? inject_mode::keep : inject_mode::replace;
  }
  if (mode == inject_mode::replace) return;

  const carrier_rules rules = settings_.rules_for(existing);
  extract_report report;
  const result<context_view> seen =
      settings_.propagator().peek_at(existing, rules, settings_.limits(), &report);
  detail::record_report(settings_, report, boundary_index_);
  if (seen.has_value() && seen->is_empty()) return;
  const bool passes_whole =
      entry.outbound == outbound_mode::everything && entry.baggage_out.passes_all();
  if (mode == inject_mode::keep && passes_whole && seen.has_value()) {
    keeps_ = true;
    kept_ = seen->span_context();
    return;
  }
  // The headers are about to be rewritten: what they hold needs a place of its own.
  context held = seen.has_value()
                     ? context(*seen)
                     : settings_.propagator().extract(existing, rules, settings_.limits(), nullptr);
  if (held.is_empty()) return;
  if (mode == inject_mode::keep) {
    keeps_ = true;
    kept_ = held.span_context();
    if (passes_whole) return;
    // A view of what is held here would dangle.
    bounded_.passed = context_view(bounded_.filtered.emplace(std::move(held)));
    detail::bound_outbound(bounded_, settings_, boundary_index_);
    kept_ = bounded_.passed.span_context();
    return;
  }
  storage_ = std::move(held);
  chosen_ = &storage_;
}

void sending::start_span(const destination& destination, const operation_source& source) noexcept {
  const boundary_entry& entry = settings_.boundary().entry(boundary_index_);
  operation send(operation_kind::send, destination, source);
  send.set_injects(!keeps_ && entry.outbound != outbound_mode::nothing);
  context started;
  const std::span<const span_context> links(&kept_, kept_.is_valid() ? 1U : 0U);
  span_ = settings_.tracer()->start(send, context_view(*chosen_), links, started);
  if (keeps_ || started.is_empty()) return;
  storage_ = std::move(started);
  chosen_ = &storage_;
}

inject_report sending::write(const writer_ref& carrier, inject_parts parts) const noexcept {
  return detail::write_outbound(bounded_, carrier, settings_, boundary_index_, parts);
}

inject_report sending::write(const writer_ref& carrier,
                             const inject_budget& budget) const noexcept {
  return detail::write_outbound(bounded_, carrier, settings_, boundary_index_, budget);
}

span_handle sending::take_span() noexcept { return std::exchange(span_, {}); }

}  // namespace waybill::inline v0::messaging
