#pragma once

#include <mqtt/message.h>

#include <optional>
#include <span>
#include <string_view>

#include "waybill/envelope.hpp"
#include "waybill/messaging/sending.hpp"

namespace waybill::inline v0::mqtt::detail {

/// What goes into an envelope. An empty retained message takes one out of the broker's store: it
/// says something, but is none.
[[nodiscard]] inline std::optional<std::string_view> payload_to_wrap(std::string_view payload,
                                                                     bool is_retained) noexcept {
  if (payload.empty() && is_retained) return std::nullopt;
  return payload;
}

/// Whether a field stays when these parts go out. Lists such as tracestate go before other fields;
/// a field that is only read always stays.
[[nodiscard]] inline bool stays_with(const inject_parts& parts, const field& of) noexcept {
  if (of.access == field_access::read_only) return true;
  if (of.concern == field_concern::baggage) return parts.baggage;
  return of.kind == field_kind::list ? parts.tracestate : parts.trace;
}

/// Takes fields out of a closed envelope, part by part, until it fits.
template <class Fits>
void give_up_fields(envelope_writer& envelope, std::span<const field> fields,
                    const Fits& fits) noexcept {
  for (const inject_parts& parts : std::span(messaging::parts_to_try).subspan(1)) {
    for (const field& each : fields) {
      if (!stays_with(parts, each)) envelope.erase(each.name);
    }
    envelope.close();
    if (fits(envelope.size())) return;
  }
}

/// A payload after its envelope.
struct wrapped_payload {
  std::optional<::mqtt::binary> text{};  // none: the payload goes out as it is
  span_context sent{};                   // what goes out with it, within `text` or as it was
};

/// Writes what was decided about, and takes back what turns out too large: escapes of JSON are in
/// no budget. `fits(bytes)` is asked about the whole payload. May throw std::bad_alloc.
template <class Fits>
[[nodiscard]] wrapped_payload wrap_payload(const messaging::sending& decided,
                                           envelope_writer& envelope, const propagation& settings,
                                           const destination& destination,
                                           const inject_budget& room, const Fits& fits) {
  wrapped_payload made;
  inject_report report;
  if (decided.changes_headers()) report = decided.write(envelope, envelope.budget(room));
  envelope.close();
  bool is_sent = envelope.is_changed();
  if (is_sent && !fits(envelope.size())) {
    if (report.code != errc::dropped_for_size) {
      settings.record(direction::outbound, errc::dropped_for_size, destination);
    }
    give_up_fields(envelope, settings.propagator().fields(), fits);
    // A frame around a payload that only looks like one may be too large by itself.
    is_sent = envelope.is_changed() && fits(envelope.size());
  }
  if (envelope.mode(inject_mode::replace) == inject_mode::keep) {
    made.sent = settings.propagator()
                    .extract(envelope, settings.rules_for(envelope), settings.limits(), nullptr)
                    .span_context();
  } else if (!decided.changes_headers() || (is_sent && envelope.report().trace)) {
    made.sent = decided.sent();
  }
  if (is_sent) envelope.append_to(made.text.emplace());
  return made;
}

}  // namespace waybill::inline v0::mqtt::detail
