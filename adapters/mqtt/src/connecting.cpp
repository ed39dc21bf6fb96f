#include "waybill/mqtt/connecting.hpp"

#include "property_list.hpp"

namespace waybill::inline v0::mqtt {

namespace {

constexpr std::size_t length_bytes = 2;  // before a text

std::size_t property_bytes(const MQTTProperties& list) noexcept {
  std::size_t bytes = 0;
  for (int i = 0; list.array != nullptr && i < list.count; ++i) {
    bytes += detail::encoded_bytes(list.array[i]);
  }
  return detail::variable_integer_bytes(bytes) + bytes;
}

}  // namespace

message_room room_of_will(const will_rules& rules) noexcept {
  return {.fields_bytes_max = rules.packet_bytes_max,
          .payload_bytes_max = will_payload_bytes_max,
          .has_properties = rules.has_properties};
}

std::size_t encoded_bytes(const connect_packet& packet) noexcept {
  constexpr std::size_t name_level_flags_keep_alive_bytes = 10;
  // The default may be any version: count what the newest has.
  const bool is_5 = packet.version >= MQTTVERSION_5 || packet.version == MQTTVERSION_DEFAULT;
  std::size_t bytes = name_level_flags_keep_alive_bytes + length_bytes + packet.client_id.size();
  if (is_5) bytes += property_bytes(packet.properties);
  if (!packet.will.topic.empty()) {
    if (is_5) bytes += property_bytes(packet.will.properties);
    bytes += 2 * length_bytes + packet.will.topic.size() + packet.will.payload.size();
  }
  for (const std::string_view text : {packet.user_name, packet.password}) {
    if (!text.empty()) bytes += length_bytes + text.size();
  }
  return 1 + detail::variable_integer_bytes(bytes) + bytes;
}

bare_will::bare_will(const message_view& will, const propagation& settings)
    : edited_(will.properties) {
  const destination to(will.topic);
  edited_.strip(settings.propagator());
  const envelope_form form = settings.boundary().find(to).envelope;
  envelope_reader envelope(form, will.payload, settings, to);
  bool has_fields = false;
  envelope.for_each([&](auto&&...) noexcept { has_fields = true; });
  if (!has_fields || envelope.strip() != errc::ok) return;
  // A payload that looks like a frame stays in one.
  const envelope_writer bare = wrap(form, envelope.payload(), waybill::context(), settings, to);
  if (bare.size() != will.payload.size()) bare.append_to(payload_.emplace());
}

}  // namespace waybill::inline v0::mqtt
