#include "waybill/propagation.hpp"

#include "context_access.hpp"
#include "lists.hpp"
#include "never_destroyed.hpp"
#include "waybill/detail/outbound.hpp"

namespace waybill::inline v0 {

namespace {

/// The members of canonical baggage that a policy lets pass.
struct filtered_baggage {
  detail::text_buffer text;
  std::uint32_t members = 0;
  std::uint32_t dropped = 0;

  filtered_baggage(std::string_view items, const baggage_policy& policy) noexcept {
    bool is_over = false;
    while (!items.empty()) {
      const std::string_view member = detail::next_piece(items);
      if (is_over || !policy.passes(member.substr(0, member.find('=')))) {
        ++dropped;
        continue;
      }
      const std::size_t size_before = text.size();
      const std::size_t bytes = size_before + (size_before > 0 ? 1 : 0) + member.size();
      // One behind it is not taken although it might fit, as with the limits of the field.
      is_over = members >= policy.members_max || bytes > policy.bytes_max;
      if (is_over || (size_before > 0 && !text.append(',')) || !text.append(member)) {
        text.shrink(size_before);
        ++dropped;
        continue;
      }
      ++members;
    }
  }
};

context filter(const context_view& view, const baggage_policy& policy,
               std::uint32_t& dropped) noexcept {
  const filtered_baggage passing(view.baggage_text(), policy);
  dropped = passing.dropped;
  return context(detail::context_access::make_view(view.span_context(), view.tracestate_text(),
                                                   passing.text.view(), passing.members));
}

void record(const propagation& settings, direction way, errc code, std::string_view field,
            std::size_t boundary_index, std::uint32_t count = 1) noexcept {
  settings.record({way, code, field, boundary_index, count});
}

/// Adds up what an injection would take, and writes nothing.
class size_counter {
 public:
  explicit size_counter(std::size_t bytes_per_field) noexcept : bytes_per_field_(bytes_per_field) {}
  void set(std::string_view name, std::string_view value) noexcept {
    for (const std::size_t part : {name.size(), value.size(), bytes_per_field_}) {
      bytes_ = part > SIZE_MAX - bytes_ ? SIZE_MAX : bytes_ + part;
    }
  }
  void erase(std::string_view /*name*/) noexcept {}
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_per_field_;
  std::size_t bytes_ = 0;
};

inject_parts parts_that_fit(const context_view& view, const propagation& settings,
                            const inject_budget& budget) noexcept {
  // In the order in which parts are given up.
  constexpr inject_parts choices[] = {
      {true, true, true}, {true, true, false}, {true, false, false}};
  for (const inject_parts parts : choices) {
    size_counter counter(budget.bytes_per_field);
    settings.propagator().inject(view, writer_ref(counter), settings.limits(), parts);
    if (counter.bytes() <= budget.bytes_max) return parts;
  }
  return {false, false, false};
}

/// What a default-made propagation has: no counters.
struct default_options {
  propagation_options options{.diagnostics = nullptr};
};

}  // namespace

namespace detail {

void record_report(const propagation& settings, const extract_report& report,
                   std::size_t boundary_index) noexcept {
  const std::span<const field> fields = settings.propagator().fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const errc code = report.fields[i];
    const bool is_repeated = ((report.repeated >> i) & 1) != 0;
    if (code > errc::absent) {
      // A tracestate is refused whole; of baggage each member that was dropped counts.
      const bool counts_members = fields[i].concern == field_concern::baggage &&
                                  code == errc::malformed && report.members_dropped > 0;
      record(settings, direction::inbound, code, fields[i].name, boundary_index,
             counts_members ? report.members_dropped : 1);
    }
    if (is_repeated && code != errc::duplicate) {
      record(settings, direction::inbound, errc::duplicate, fields[i].name, boundary_index);
    }
  }
}

void bound_outbound(outbound_context& bounded, const propagation& settings,
                    std::size_t boundary_index) noexcept {
  const boundary_entry& entry = settings.boundary().entry(boundary_index);
  if (entry.outbound == outbound_mode::everything && entry.baggage_out.passes_all()) return;
  const context_view whole = bounded.passed;
  std::uint32_t dropped = 0;
  if (entry.outbound == outbound_mode::nothing) {
    dropped = whole.is_empty() ? 0 : 1;
    bounded.passed = {};
    bounded.strips = true;
  } else if (entry.outbound == outbound_mode::trace_only) {
    dropped = whole.baggage_members();
    bounded.passed = whole.without_baggage();
    bounded.erases_baggage = true;
  } else {
    bounded.filtered.emplace(filter(whole, entry.baggage_out, dropped));
    bounded.passed = context_view(*bounded.filtered);
    bounded.erases_baggage = !bounded.passed.has_baggage();
  }
  if (dropped > 0) {
    record(settings, direction::outbound, errc::dropped_by_policy, {}, boundary_index, dropped);
  }
}

inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& settings, std::size_t boundary_index,
                             inject_parts parts) noexcept {
  const context_view& view = bounded.passed;
  inject_report report;
  bool failed = false;
  if (bounded.strips) {
    failed = settings.propagator().strip(carrier) != errc::ok;
  } else {
    report = settings.propagator().inject(view, carrier, settings.limits(), parts);
    if (bounded.erases_baggage && !view.has_trace()) {
      for (const field& each : settings.propagator().fields()) {
        const bool is_erased =
            each.concern == field_concern::baggage && each.access == field_access::read_write;
        if (is_erased) failed |= !carrier.erase(each.name);
      }
    }
  }
  if (failed) report.code = errc::carrier_failed;
  const bool is_cut = (view.has_trace() && !parts.trace) ||
                      (view.has_baggage() && !parts.baggage) ||
                      (!view.tracestate_text().empty() && !parts.tracestate);
  // Something may be over a limit and something else left out for size: both count.
  if (report.code != errc::ok)
    record(settings, direction::outbound, report.code, {}, boundary_index);
  if (is_cut) record(settings, direction::outbound, errc::dropped_for_size, {}, boundary_index);
  if (report.code == errc::ok && is_cut) report.code = errc::dropped_for_size;
  return report;
}

inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& settings, std::size_t boundary_index,
                             const inject_budget& budget) noexcept {
  const bool is_unlimited = budget.bytes_max == SIZE_MAX || bounded.passed.is_empty();
  const inject_parts parts =
      is_unlimited ? inject_parts{} : parts_that_fit(bounded.passed, settings, budget);
  return write_outbound(bounded, carrier, settings, boundary_index, parts);
}

result<context_view> peek(const reader_ref& carrier, const propagation& settings,
                          const destination& destination) noexcept {
  const std::size_t index = settings.boundary().find_index(destination);
  const boundary_entry& entry = settings.boundary().entry(index);
  if (entry.inbound == inbound_mode::ignore) return context_view{};
  extract_report report;
  const result<context_view> seen = settings.propagator().peek_at(
      carrier, settings.rules_for(carrier), settings.limits(), &report);
  // Whoever is told to use extract() will have the same field read, and counted, again.
  if (!seen.has_value()) return seen;
  const bool filters = seen->has_baggage() && !entry.baggage_in.passes_all();
  const bool renews = seen->has_trace() && entry.inbound != inbound_mode::adopt;
  if (filters || renews) return errc::needs_copy;
  record_report(settings, report, index);
  return seen;
}

}  // namespace detail

propagation_options propagation_options::from_environment() {
  propagation_options made;
  names_report report;
  made.propagator = waybill::propagator::from_environment(&report);
  if (report.unknown > 0) {
    made.diagnostics->record({.way = direction::outbound,
                              .code = errc::unknown_format,
                              .count = static_cast<std::uint32_t>(report.unknown)});
  }
  return made;
}

propagation::propagation() noexcept {
  // Never destroyed: what is static in an application propagates until the end.
  static const detail::never_destroyed<default_options> defaults;
  // Owns nothing.
  options_ =
      std::shared_ptr<const propagation_options>(std::shared_ptr<void>(), &defaults.value.options);
}

propagation::propagation(propagation_options options)
    : options_(std::make_shared<const propagation_options>(std::move(options))) {}

const context& propagation::current(context& storage) const noexcept {
  if (const context* of_scope = scoped_context()) return *of_scope;
  const context& provided = options_->provider->current(storage);
  if (!provided.is_empty()) return provided;
  const context* received = received_slot::get();
  return received != nullptr ? *received : provided;
}

extraction::extraction(const reader_ref& carrier, const propagation& settings,
                       const destination& destination) noexcept
    : context_(settings.propagator().extract(carrier, settings.rules_for(carrier),
                                             settings.limits(), &report_)) {
  sender_ = context_.span_context();
  const std::size_t index = settings.boundary().find_index(destination);
  const boundary_entry& entry = settings.boundary().entry(index);
  mode_ = entry.inbound;
  boundary_index_ = static_cast<std::uint32_t>(index);
  detail::record_report(settings, report_, index);
  if (mode_ == inbound_mode::ignore) {
    context_ = waybill::context();
    return;
  }
  if (context_.has_baggage() && !entry.baggage_in.passes_all()) {
    std::uint32_t dropped = 0;
    context_ = filter(context_, entry.baggage_in, dropped);
    if (dropped > 0) {
      record(settings, direction::inbound, errc::dropped_by_policy, {}, index, dropped);
    }
  }
  if (mode_ != inbound_mode::adopt) begin_trace(settings, entry);
}

void extraction::begin_trace(const propagation& settings, const boundary_entry& entry) noexcept {
  if (!sender_.is_valid()) return;
  // A new trace has no tracestate of the old one.
  context_ = waybill::context(context_view(context_).without_trace())
                 .with_span_context(
                     span_context::new_root(entry.new_traces_sampled, settings.random_flag()));
}

void extraction::link_rather_than_adopt(const propagation& settings) noexcept {
  if (mode_ != inbound_mode::adopt) return;
  mode_ = inbound_mode::link;
  begin_trace(settings, settings.boundary().entry(boundary_index_));
}

extraction extract(const reader_ref& carrier, const propagation& settings,
                   const destination& destination) noexcept {
  return {carrier, settings, destination};
}

errc strip(const writer_ref& carrier, const propagation& settings,
           const destination& destination) noexcept {
  const errc code = settings.propagator().strip(carrier);
  if (code != errc::ok) {
    record(settings, direction::inbound, code, {}, settings.boundary().find_index(destination));
  }
  return code;
}

inject_report inject(const context_view& context, const writer_ref& carrier,
                     const propagation& settings, const destination& destination,
                     const inject_budget& budget) noexcept {
  const std::size_t index = settings.boundary().find_index(destination);
  detail::outbound_context bounded(context);
  detail::bound_outbound(bounded, settings, index);
  return detail::write_outbound(bounded, carrier, settings, index, budget);
}

}  // namespace waybill::inline v0
