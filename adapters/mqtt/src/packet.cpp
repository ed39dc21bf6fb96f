#include "waybill/mqtt/packet.hpp"

#include "property_list.hpp"
#include "waybill/mqtt/properties.hpp"

namespace waybill::inline v0::mqtt {

namespace {

constexpr std::size_t length_bytes = 2;      // before a text
constexpr std::size_t identifier_bytes = 1;  // before a property

/// Of the whole packet.
[[nodiscard]] std::size_t packet_bytes(const publish_packet& packet,
                                       std::size_t property_bytes) noexcept {
  constexpr std::size_t packet_identifier_bytes = 2;
  const std::size_t remaining =
      length_bytes + packet.topic_bytes + (packet.qos > 0 ? packet_identifier_bytes : 0) +
      detail::variable_integer_bytes(property_bytes) + property_bytes + packet.payload_bytes;
  return 1 + detail::variable_integer_bytes(remaining) + remaining;
}

/// Of the properties that stay when fields are written.
[[nodiscard]] std::size_t bytes_beside_fields(const MQTTProperties& list,
                                              const propagator& formats) noexcept {
  const bool event_has_trace = detail::has_event_trace(list);
  std::size_t bytes = 0;
  for (int i = 0; list.array != nullptr && i < list.count; ++i) {
    const MQTTProperty& each = list.array[i];
    if (detail::is_user_property(each)) {
      const std::string_view name = detail::name_of(each);
      const bool is_events = event_has_trace && detail::stays_in_event(name);
      if (!is_events && detail::is_ours(name, formats)) continue;
    }
    bytes += detail::encoded_bytes(each);
  }
  return bytes;
}

}  // namespace

std::size_t encoded_bytes(const publish_packet& packet, const MQTTProperties& list) noexcept {
  std::size_t bytes = 0;
  for (int i = 0; list.array != nullptr && i < list.count; ++i) {
    bytes += detail::encoded_bytes(list.array[i]);
  }
  return packet_bytes(packet, bytes);
}

std::size_t packet_bytes_max_of(const MQTTProperties& connack) noexcept {
  const MQTTProperty* said = detail::find(connack, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
  // MQTT 5, 3.2.2.3.6: 0 is a protocol error.
  const bool is_said = said != nullptr && said->value.integer4 != 0;
  return is_said ? said->value.integer4 : packet_bytes_ceiling;
}

inject_budget room_in_packet(const publish_packet& packet, const MQTTProperties& own,
                             const propagation& settings, std::size_t packet_bytes_max) noexcept {
  constexpr std::size_t bytes_per_field = identifier_bytes + length_bytes + length_bytes;
  if (packet_bytes_max > packet_bytes_ceiling) packet_bytes_max = packet_bytes_ceiling;
  const std::size_t beside = bytes_beside_fields(own, settings.propagator());
  const std::size_t bytes = packet_bytes(packet, beside);
  if (bytes >= packet_bytes_max) return {0, bytes_per_field};
  // Fields make the lengths before them longer too, by a byte or two: take what is over away again,
  // which may be a byte or two too much.
  std::size_t room = packet_bytes_max - bytes;
  const std::size_t with_all = packet_bytes(packet, beside + room);
  const std::size_t over = with_all > packet_bytes_max ? with_all - packet_bytes_max : 0;
  room = room > over ? room - over : 0;
  while (packet_bytes(packet, beside + room + 1) <= packet_bytes_max) ++room;
  return {room, bytes_per_field};
}

}  // namespace waybill::inline v0::mqtt
