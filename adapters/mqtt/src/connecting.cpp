#include "waybill/mqtt/connecting.hpp"

#include <chrono>

namespace waybill::inline v0::mqtt {

bare_will::bare_will(const connect_packet& packet, const propagation& settings,
                     std::size_t with_fields_max)
    : message_change(packet.will) {
  if (message_.topic.empty() || encoded_bytes(packet) <= with_fields_max) return;
  const destination to(message_.topic);
  edited_.emplace(message_.properties);
  const span_context written = extract(message_.properties, settings, to).sender();
  if (age_of(message_.properties, written, std::chrono::system_clock::now()).has_value()) {
    edited_->release_event_context();
  }
  edited_->strip(settings.propagator());
  const envelope_form form = settings.boundary().find(to).envelope;
  envelope_reader envelope(form, message_.payload, settings, to);
  bool has_fields = false;
  envelope.for_each([&](auto&&...) noexcept { has_fields = true; });
  if (has_fields && envelope.strip() == errc::ok) {
    // A payload that looks like a frame stays in one.
    const envelope_writer bare = wrap(form, envelope.payload(), waybill::context(), settings, to);
    if (bare.size() != message_.payload.size()) bare.append_to(payload_.emplace());
  }
  if (is_changed()) settings.record(direction::outbound, errc::dropped_for_size, to);
}

}  // namespace waybill::inline v0::mqtt
