#include <algorithm>
#include <utility>

#include "property_list.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt {

namespace {

/// What goes into an envelope. An empty retained message takes one out of the broker's store: it
/// is a command to the broker, and gets no envelope.
std::optional<std::string_view> payload_to_wrap(const message_view& message) noexcept {
  if (message.payload.empty() && message.is_retained) return std::nullopt;
  return message.payload;
}

/// Whether the sender says that the payload is UTF-8 (MQTT 5, 3.3.2.3.2).
bool is_marked_as_text(const MQTTProperties& list) noexcept {
  const MQTTProperty* said = detail::find(list, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR);
  return said != nullptr && said->value.byte == 1;
}

}  // namespace

outgoing::outgoing(publishing& by, const message_view& message,
                   const send_options& options) noexcept
    : message_change(message),
      settings_(by.settings()),
      room_(by.connection().room()),
      stamps_time_(by.options().stamps_time),
      to_(by.connection().aliases().topic_of(message_, topic_storage_)) {
  const auto describe = [&]() noexcept {
    return operation_details{
        .system = "mqtt",
        .name = "publish",
        .destination_template = settings_.boundary().find(to_).destination_template,
        .client_id = by.client_id(),
        .body_bytes = message_.payload.size()};
  };
  const operation_source source(describe);
  decide(options, by.options().mode, &source);
  // Headers that keep their span context next to new baggage, or that were kept whole.
  if (!waiting_.sent.is_valid() && !payload_.has_value() && by.tracks()) waiting_.sent = kept();
}

outgoing::outgoing(const propagation& settings, const message_view& message,
                   const send_options& options, bool stamps_time, const message_room& room) noexcept
    : message_change(message),
      settings_(settings),
      room_(room),
      stamps_time_(stamps_time),
      to_(message.topic) {
  decide(options, inject_mode::automatic, nullptr);
}

void outgoing::decide(const send_options& options, inject_mode mode,
                      const operation_source* source) noexcept {
  const envelope_form form = form_of(settings_.boundary().find(to_));
  const property_reader properties(message_.properties);
  std::optional<envelope_writer> envelope;
  reader_ref existing(properties);
  send_options how = options;
  if (form != envelope_form::none) {
    envelope.emplace(form, payload_to_wrap(message_), settings_, to_);
    if (how.mode == inject_mode::automatic) how.mode = mode;
    how.mode = envelope->mode(how.mode);
    // Context has one place; one that is in the payload already counts before the properties.
    bool has_fields = false;
    envelope->for_each([&](auto&&...) noexcept { has_fields = true; });
    if (has_fields) existing = reader_ref(*envelope);
  }
  const auto proceed = [&](messaging::sending& decided) noexcept {
    waiting_ = decided.take_in_flight(options.user_data);
    WAYBILL_TRY {
      if (envelope.has_value()) {
        wrap(decided, *envelope);
      } else if (!room_.has_properties) {
        waiting_.sent = {};
      } else if (decided.changes_headers()) {
        write(decided);
      }
    }
    WAYBILL_CATCH_ALL { give_up(); }
  };
  if (source != nullptr) {
    messaging::sending decided(existing, how, mode, settings_, to_, *source);
    proceed(decided);
  } else {
    messaging::sending decided(existing, how, mode, settings_, to_);
    proceed(decided);
  }
}

envelope_form outgoing::form_of(const boundary_entry& entry) const noexcept {
  // No UTF-8 text begins with the first byte of a frame. A payload that looks like a frame is
  // marked wrongly already, and who receives it takes a frame off.
  const bool breaks_text = entry.envelope == envelope_form::frame && room_.has_properties &&
                           is_marked_as_text(message_.properties) &&
                           !looks_like_frame(message_.payload);
  if (!breaks_text) return entry.envelope;
  settings_.record(direction::outbound, errc::no_envelope, to_);
  return envelope_form::none;
}

void outgoing::write(const messaging::sending& decided) {
  edited_.emplace(message_.properties);
  const inject_report report = mqtt::write(
      decided, *edited_,
      {room_in_packet(message_.packet(), message_.properties, settings_, room_.fields_bytes_max),
       stamps_time_});
  if (edited_->keeps_event_context() || !report.trace) waiting_.sent = {};
}

void outgoing::strip_properties(const messaging::sending& decided) {
  edited_.emplace(message_.properties);
  if (!decided.replaces_all()) {
    for (const field& each : settings_.propagator().fields()) {
      const bool is_baggage = each.concern == field_concern::baggage;
      if (is_baggage && each.access != field_access::read_only) edited_->erase(each.name);
    }
    return;
  }
  if (!decided.sent().is_valid()) edited_->release_event_context();
  edited_->strip(settings_.propagator());
}

void outgoing::wrap(const messaging::sending& decided, envelope_writer& envelope) {
  if (room_.has_properties && decided.changes_headers()) strip_properties(decided);
  const auto payload_within = [&](std::size_t packet_bytes_max) {
    return std::min(room_.payload_bytes_max,
                    payload_room(message_.packet(), properties(), packet_bytes_max));
  };
  const messaging::enveloped wrapped =
      messaging::wrap_what_fits(decided, envelope, payload_within(room_.fields_bytes_max),
                                payload_within(room_.packet_bytes_max), settings_, to_);
  waiting_.sent = wrapped.sent;
  if (wrapped.is_changed) envelope.append_to(payload_.emplace());
}

span_context outgoing::kept() const noexcept {
  if (!room_.has_properties) return {};
  const property_reader left(properties());
  return settings_.propagator()
      .extract(left, settings_.rules_for(left), settings_.limits(), nullptr)
      .span_context();
}

void outgoing::give_up() noexcept {
  edited_.reset();
  payload_.reset();
  waiting_.sent = {};
  settings_.record(direction::outbound, errc::no_memory, to_);
}

}  // namespace waybill::inline v0::mqtt
