#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <waybill/envelope.hpp>

#include "../../../testing/support/texts.hpp"
#include "require.hpp"

namespace waybill_fuzz {

/// What was counted so far, told by the callback: adding up all counters takes longer than the
/// rest.
inline std::uint64_t events = 0;

/// Made once: its counters are larger than most inputs.
inline const waybill::propagation& counting_propagation() {
  static const waybill::propagation settings(waybill::propagation_options{
      .diagnostics = std::make_shared<waybill::diagnostics>(
          [](void* /*state*/, const waybill::diagnostic_event&) { ++events; })});
  return settings;
}

/// A context by a byte: "0" gives an empty one; otherwise span context, tracestate and baggage by
/// the lowest bits.
inline waybill::context context_by(unsigned choice) {
  if (choice == '0') return {};
  return waybill_test::context_of(waybill_test::sample_trace,
                                  (choice & 1) != 0 ? R"(a="\,b=2)" : "",
                                  (choice & 2) != 0 ? "tenant=acme;ttl=60" : "");
}

inline std::string text_of(const waybill::envelope_writer& sent) {
  std::string text;
  sent.append_to(text);
  require(text.size() == sent.size(), "the size is that of both parts");
  return text;
}

/// What was received passes as it is, unless there is an envelope.
inline waybill::unwrapped receive(waybill::envelope_form form, std::string_view received,
                                  const waybill::propagation& settings) {
  const std::uint64_t counted = events;
  waybill::unwrapped came = waybill::unwrap(form, received, settings, waybill::any_destination);
  if (came.code() != waybill::errc::ok) {
    require(came.payload().data() == received.data() && came.payload().size() == received.size(),
            "what is no envelope passes as it is");
    require(came.extraction().context().is_empty(), "and carries nothing");
    // A member of an application's own under a field's name is counted as malformed, too.
    require(came.code() == waybill::errc::absent || events == counted + 1,
            "and is counted if it looks so");
  }
  return came;
}

/// Sends a payload with a context and receives it: the text that was sent.
inline std::string send(waybill::envelope_form form, const std::string& payload,
                        const waybill::context& context, const waybill::propagation& settings) {
  const auto sent = waybill::wrap(form, payload, context, settings, waybill::any_destination);
  std::string text = text_of(sent);
  require(sent.is_changed() || text == payload, "what is not changed goes out as it is");
  require(sent.is_changed() || !sent.report().trace, "and carries nothing");
  const waybill::unwrapped came = receive(form, text, settings);
  if (sent.report().trace) {
    require(came.code() == waybill::errc::ok, "what was wrapped is an envelope");
    const auto expected = sent.report().baggage ? context : context.without_baggage();
    require(came.extraction().context() == expected, "and carries the context");
  }
  return text;
}

}  // namespace waybill_fuzz
