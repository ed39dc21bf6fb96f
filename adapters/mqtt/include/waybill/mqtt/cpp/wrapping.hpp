#pragma once

#include <mqtt/message.h>

#include <optional>
#include <span>
#include <string_view>

#include "waybill/envelope.hpp"
#include "waybill/outgoing.hpp"

namespace waybill::inline v0::mqtt::detail {

/// What goes into an envelope. An empty retained message takes one out of the broker's store: it
/// says something, but is none.
[[nodiscard]] inline std::optional<std::string_view> payload_to_wrap(std::string_view payload,
                                                                     bool is_retained) noexcept {
  if (payload.empty() && is_retained) return std::nullopt;
  return payload;
}

/// Takes fields out of a closed envelope until it fits: baggage, then lists such as tracestate,
/// then the rest.
template <class Fits>
void give_up_fields(envelope_writer& envelope, std::span<const field> fields,
                    const Fits& fits) noexcept {
  const auto fits_without = [&](auto&& is_meant) {
    for (const field& each : fields) {
      if (is_meant(each)) envelope.erase(each.name);
    }
    envelope.close();
    return fits(envelope.size());
  };
  if (fits_without([](const field& each) { return each.concern == field_concern::baggage; }) ||
      fits_without([](const field& each) { return each.kind == field_kind::list; })) {
    return;
  }
  static_cast<void>(fits_without([](const field& /*each*/) { return true; }));
}

/// A payload after its envelope.
struct wrapped_payload {
  std::optional<::mqtt::binary> text{};  // none: the payload goes out as it is
  trace_context position{};              // what goes out with it, within `text` or as it was
};

/// Writes what was decided about, and takes back what turns out too large: escapes of JSON are in
/// no budget. `fits(bytes)` is asked about the whole payload. May throw std::bad_alloc.
template <class Fits>
[[nodiscard]] wrapped_payload wrap_payload(const outgoing& decided, envelope_writer& envelope,
                                           const propagation& with, const destination& to,
                                           const inject_budget& room, const Fits& fits) {
  wrapped_payload made;
  inject_report report;
  if (decided.changes_headers()) report = decided.write(envelope, envelope.budget(room));
  envelope.close();
  bool is_sent = envelope.is_changed();
  if (is_sent && !fits(envelope.size())) {
    if (report.code != errc::dropped_for_size && with.diagnostics != nullptr) {
      with.diagnostics->record({.way = direction::outbound,
                                .code = errc::dropped_for_size,
                                .boundary_index = with.boundary.find_index(to)});
    }
    give_up_fields(envelope, with.formats.fields(), fits);
    // A frame around a payload that only looks like one may be too large by itself.
    is_sent = envelope.is_changed() && fits(envelope.size());
  }
  if (envelope.mode(inject_mode::replace) == inject_mode::keep) {
    made.position =
        with.formats.extract(envelope, with.rules_for(envelope), with.limits, nullptr).trace();
  } else if (!decided.changes_headers() || (is_sent && envelope.report().trace)) {
    made.position = decided.sent_trace();
  }
  if (is_sent) envelope.append_to(made.text.emplace());
  return made;
}

}  // namespace waybill::inline v0::mqtt::detail
