#include "waybill/propagation.hpp"

#include "context_access.hpp"
#include "lists.hpp"
#include "outbound.hpp"

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
  return context(detail::context_access::make_view(view.trace(), view.tracestate_text(),
                                                   passing.text.view(), passing.members));
}

void record(const propagation& with, direction way, errc code, std::string_view field,
            std::size_t boundary_index, std::uint32_t count = 1) noexcept {
  if (with.diagnostics == nullptr) return;
  with.diagnostics->record({way, code, field, boundary_index, count});
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

inject_parts parts_that_fit(const context_view& view, const propagation& with,
                            const inject_budget& budget) noexcept {
  // In the order in which parts are given up.
  constexpr inject_parts choices[] = {
      {true, true, true}, {true, true, false}, {true, false, false}};
  for (const inject_parts parts : choices) {
    size_counter counter(budget.bytes_per_field);
    with.formats.inject(view, writer_ref(counter), with.limits, parts);
    if (counter.bytes() <= budget.bytes_max) return parts;
  }
  return {false, false, false};
}

}  // namespace

namespace detail {

void record_report(const propagation& with, const extract_report& report,
                   std::size_t boundary_index) noexcept {
  const std::span<const field> fields = with.formats.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const errc code = report.fields[i];
    const bool is_repeated = ((report.repeated >> i) & 1) != 0;
    if (code > errc::absent) {
      // A tracestate is refused whole; of baggage each member that was dropped counts.
      const bool counts_members = fields[i].concern == field_concern::baggage &&
                                  code == errc::malformed && report.members_dropped > 0;
      record(with, direction::inbound, code, fields[i].name, boundary_index,
             counts_members ? report.members_dropped : 1);
    }
    if (is_repeated && code != errc::duplicate) {
      record(with, direction::inbound, errc::duplicate, fields[i].name, boundary_index);
    }
  }
}

void bound_outbound(outbound_context& bounded, const propagation& with,
                    std::size_t boundary_index) noexcept {
  const boundary_entry& entry = with.boundary.entry(boundary_index);
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
    record(with, direction::outbound, errc::dropped_by_policy, {}, boundary_index, dropped);
  }
}

inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& with, std::size_t boundary_index,
                             inject_parts parts) noexcept {
  const context_view& view = bounded.passed;
  inject_report report;
  bool failed = false;
  if (bounded.strips) {
    failed = with.formats.strip(carrier) != errc::ok;
  } else {
    report = with.formats.inject(view, carrier, with.limits, parts);
    if (bounded.erases_baggage && !view.has_trace()) {
      for (const field& each : with.formats.fields()) {
        if (each.concern == field_concern::baggage) failed |= !carrier.erase(each.name);
      }
    }
  }
  if (failed) report.code = errc::carrier_failed;
  const bool is_cut = (view.has_trace() && !parts.trace) ||
                      (view.has_baggage() && !parts.baggage) ||
                      (!view.tracestate_text().empty() && !parts.tracestate);
  // Something may be over a limit and something else left out for size: both count.
  if (report.code != errc::ok) record(with, direction::outbound, report.code, {}, boundary_index);
  if (is_cut) record(with, direction::outbound, errc::dropped_for_size, {}, boundary_index);
  if (report.code == errc::ok && is_cut) report.code = errc::dropped_for_size;
  return report;
}

inject_report write_outbound(const outbound_context& bounded, const writer_ref& carrier,
                             const propagation& with, std::size_t boundary_index,
                             const inject_budget& budget) noexcept {
  const bool is_unlimited = budget.bytes_max == SIZE_MAX || bounded.passed.is_empty();
  const inject_parts parts =
      is_unlimited ? inject_parts{} : parts_that_fit(bounded.passed, with, budget);
  return write_outbound(bounded, carrier, with, boundary_index, parts);
}

result<context_view> peek(const reader_ref& carrier, const propagation& with,
                          const destination& from) noexcept {
  const std::size_t index = with.boundary.find_index(from);
  const boundary_entry& entry = with.boundary.entry(index);
  if (entry.inbound == inbound_mode::ignore) return context_view{};
  extract_report report;
  const result<context_view> seen =
      with.formats.peek_at(carrier, with.rules_for(carrier), with.limits, &report);
  // Whoever is told to use extract() will have the same field read, and counted, again.
  if (!seen.has_value()) return seen;
  const bool filters = seen->has_baggage() && !entry.baggage_in.passes_all();
  const bool renews = seen->has_trace() && entry.inbound != inbound_mode::adopt;
  if (filters || renews) return errc::needs_copy;
  record_report(with, report, index);
  return seen;
}

}  // namespace detail

propagation propagation::from_environment() {
  propagation made;
  names_report report;
  made.formats = propagator::from_environment(&report);
  if (report.unknown > 0) {
    record(made, direction::outbound, errc::unknown_format, {}, 0,
           static_cast<std::uint32_t>(report.unknown));
  }
  return made;
}

extraction::extraction(const reader_ref& carrier, const propagation& with,
                       const destination& from) noexcept
    : as_sent_(with.formats.extract(carrier, with.rules_for(carrier), with.limits, &report_)) {
  const std::size_t index = with.boundary.find_index(from);
  const boundary_entry& entry = with.boundary.entry(index);
  mode_ = entry.inbound;
  detail::record_report(with, report_, index);
  if (mode_ == inbound_mode::ignore) {
    accepted_.emplace();
    return;
  }
  if (as_sent_.has_baggage() && !entry.baggage_in.passes_all()) {
    std::uint32_t dropped = 0;
    accepted_.emplace(filter(as_sent_, entry.baggage_in, dropped));
    if (dropped > 0) {
      record(with, direction::inbound, errc::dropped_by_policy, {}, index, dropped);
    }
  }
  if (mode_ != inbound_mode::adopt) begin_trace(entry);
}

void extraction::begin_trace(const boundary_entry& entry) noexcept {
  if (!as_sent_.has_trace()) return;
  // A new trace has no tracestate of the old one.
  const context_view kept = context_view(context()).without_trace();
  accepted_ = waybill::context(kept).with_trace(trace_context::new_root(entry.new_traces_sampled));
}

void extraction::link_rather_than_adopt(const propagation& with, const destination& from) noexcept {
  if (mode_ != inbound_mode::adopt) return;
  mode_ = inbound_mode::link;
  begin_trace(with.boundary.entry(with.boundary.find_index(from)));
}

extraction extract(const reader_ref& carrier, const propagation& with,
                   const destination& from) noexcept {
  return {carrier, with, from};
}

errc strip(const writer_ref& carrier, const propagation& with, const destination& from) noexcept {
  const errc code = with.formats.strip(carrier);
  if (code != errc::ok) {
    record(with, direction::inbound, code, {}, with.boundary.find_index(from));
  }
  return code;
}

inject_report inject(const context_view& context, const writer_ref& carrier,
                     const propagation& with, const destination& to,
                     const inject_budget& budget) noexcept {
  const std::size_t index = with.boundary.find_index(to);
  detail::outbound_context bounded(context);
  detail::bound_outbound(bounded, with, index);
  return detail::write_outbound(bounded, carrier, with, index, budget);
}

}  // namespace waybill::inline v0
