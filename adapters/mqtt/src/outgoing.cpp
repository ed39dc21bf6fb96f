#include <span>
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

/// Whether a field stays when these parts go out. Lists such as tracestate go before other fields;
/// a field that is only read always stays.
bool stays_with(const inject_parts& parts, const field& of) noexcept {
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

}  // namespace

outgoing::outgoing(publishing& by, const message_view& message,
                   const send_options& options) noexcept
    : settings_(by.settings()),
      message_(message),
      room_{by.budget().for_fields(), by.budget().for_payload(), packet_bytes_ceiling,
            by.budget().has_properties()},
      stamps_time_(by.options().stamps_time),
      to_(by.aliases().topic_of(message_, topic_storage_)) {
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
    : settings_(settings),
      message_(message),
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
      if (!stays_with({.baggage = false}, each)) edited_->erase(each.name);
    }
    return;
  }
  if (!decided.sent().is_valid()) edited_->release_event_context();
  edited_->strip(settings_.propagator());
}

bool outgoing::fits(std::size_t payload_bytes, std::size_t packet_bytes_max) const noexcept {
  publish_packet packet = message_.packet();
  packet.payload_bytes = payload_bytes;
  return payload_bytes <= room_.payload_bytes_max &&
         encoded_bytes(packet, properties()) <= packet_bytes_max;
}

void outgoing::wrap(const messaging::sending& decided, envelope_writer& envelope) {
  inject_report report;
  if (decided.changes_headers()) {
    if (room_.has_properties) strip_properties(decided);
    report = decided.write(envelope, envelope.budget());
  }
  envelope.close();
  const auto count_drop = [&]() noexcept {
    if (report.code != errc::dropped_for_size) {
      settings_.record(direction::outbound, errc::dropped_for_size, to_);
    }
    report.code = errc::dropped_for_size;
  };
  const bool has_fields = envelope.report().trace || envelope.report().baggage;
  const auto fit_fields = [&](std::size_t bytes) { return fits(bytes, room_.fields_bytes_max); };
  if (has_fields && !fit_fields(envelope.size())) {
    count_drop();
    give_up_fields(envelope, settings_.propagator().fields(), fit_fields);
  }
  // What only takes members away, or only keeps a payload apart from a frame, may be as large as
  // the server lets it.
  const bool is_sent = envelope.is_changed() && fits(envelope.size(), room_.packet_bytes_max);
  if (envelope.is_changed() && !is_sent) count_drop();
  if (envelope.mode(inject_mode::replace) == inject_mode::keep) {
    waiting_.sent =
        settings_.propagator()
            .extract(envelope, settings_.rules_for(envelope), settings_.limits(), nullptr)
            .span_context();
  } else if (decided.changes_headers() && !(is_sent && envelope.report().trace)) {
    waiting_.sent = {};
  }
  if (is_sent) envelope.append_to(payload_.emplace());
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
