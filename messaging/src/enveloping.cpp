#include "waybill/messaging/enveloping.hpp"

#include <span>

namespace waybill::inline v0::messaging {

namespace {

/// Whether a field stays when these parts go out. Lists such as tracestate go before other fields;
/// a field that is only read always stays.
bool stays_with(const inject_parts& parts, const field& of) noexcept {
  if (of.access == field_access::read_only) return true;
  if (of.concern == field_concern::baggage) return parts.baggage;
  return of.kind == field_kind::list ? parts.tracestate : parts.trace;
}

/// Takes fields out of a closed envelope, part by part, until it fits.
void give_up_fields(envelope_writer& envelope, std::span<const field> fields,
                    std::size_t bytes_max) noexcept {
  for (const inject_parts& parts : std::span(parts_to_try).subspan(1)) {
    for (const field& each : fields) {
      if (!stays_with(parts, each)) envelope.erase(each.name);
    }
    envelope.close();
    if (envelope.size() <= bytes_max) return;
  }
}

}  // namespace

enveloped wrap_what_fits(const sending& decided, envelope_writer& envelope,
                         std::size_t with_fields_max, std::size_t bytes_max,
                         const propagation& settings, const destination& destination) noexcept {
  inject_report report;
  if (decided.changes_headers()) report = decided.write(envelope, envelope.budget());
  envelope.close();
  const auto count_drop = [&]() noexcept {
    if (report.code != errc::dropped_for_size) {
      settings.record(direction::outbound, errc::dropped_for_size, destination);
    }
    report.code = errc::dropped_for_size;
  };
  const bool has_fields = envelope.report().trace || envelope.report().baggage;
  if (has_fields && envelope.size() > with_fields_max) {
    count_drop();
    give_up_fields(envelope, settings.propagator().fields(), with_fields_max);
  }
  const bool is_sent = envelope.is_changed() && envelope.size() <= bytes_max;
  if (envelope.is_changed() && !is_sent) count_drop();
  if (envelope.mode(inject_mode::replace) == inject_mode::keep) {
    const auto own = settings.propagator().extract(envelope, settings.rules_for(envelope),
                                                   settings.limits(), nullptr);
    return {is_sent, own.span_context()};
  }
  const bool has_trace = !decided.changes_headers() || (is_sent && envelope.report().trace);
  return {is_sent, has_trace ? decided.sent() : span_context()};
}

}  // namespace waybill::inline v0::messaging
