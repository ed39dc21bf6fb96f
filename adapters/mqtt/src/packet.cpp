#include "waybill/mqtt/packet.hpp"

#include <algorithm>

#include "property_list.hpp"
#include "waybill/mqtt/connecting.hpp"

namespace waybill::inline v0::mqtt {

namespace {

constexpr std::size_t length_bytes = 2;      // before a text
constexpr std::size_t identifier_bytes = 1;  // before a property

/// MQTT 5, 1.5.5; four bytes for a number that is too large, as for the largest.
[[nodiscard]] std::size_t variable_integer_bytes(std::size_t value) noexcept {
  std::size_t bytes = 1;
  for (; value >= 128 && bytes < 4; value /= 128) ++bytes;
  return bytes;
}

/// A number of bytes, and the variable integer before them.
[[nodiscard]] std::size_t with_length(std::size_t bytes) noexcept {
  return variable_integer_bytes(bytes) + bytes;
}

[[nodiscard]] std::size_t packet_bytes(const publish_packet& packet,
                                       std::size_t property_bytes) noexcept {
  constexpr std::size_t packet_identifier_bytes = 2;
  return 1 + with_length(length_bytes + packet.topic_bytes +
                         (packet.qos > 0 ? packet_identifier_bytes : 0) +
                         with_length(property_bytes) + packet.payload_bytes);
}

/// The bytes of the properties that stay when fields are written.
[[nodiscard]] std::size_t bytes_beside_fields(const MQTTProperties& list,
                                              const propagator& formats) noexcept {
  const bool event_has_trace = detail::has_event_trace(list);
  std::size_t bytes = detail::bytes_of(list);
  for (int i = 0; list.array != nullptr && i < list.count; ++i) {
    const MQTTProperty& each = list.array[i];
    if (!detail::is_user_property(each)) continue;
    const std::string_view name = detail::name_of(each);
    const bool is_events = event_has_trace && detail::stays_in_event(name);
    if (!is_events && detail::is_ours(name, formats)) {
      bytes -= static_cast<std::size_t>(detail::bytes_of(each));
    }
  }
  return bytes;
}

/// How many bytes may be added: `size_with(bytes)` says how large the packet is then.
template <class F>
[[nodiscard]] std::size_t room_within(std::size_t packet_bytes_max, F&& size_with) noexcept {
  packet_bytes_max = std::min(packet_bytes_max, packet_bytes_ceiling);
  const std::size_t bytes = size_with(0);
  if (bytes >= packet_bytes_max) return 0;
  // What is added makes the lengths before it longer too, by a byte or two: take what is over away
  // again, which may be a byte or two too much.
  std::size_t room = packet_bytes_max - bytes;
  const std::size_t with_all = size_with(room);
  room -= std::min(room, with_all - std::min(with_all, packet_bytes_max));
  while (size_with(room + 1) <= packet_bytes_max) ++room;
  return room;
}

}  // namespace

std::size_t encoded_bytes(const publish_packet& packet, const MQTTProperties& list) noexcept {
  return packet_bytes(packet, detail::bytes_of(list));
}

std::size_t encoded_bytes(const connect_packet& packet) noexcept {
  constexpr std::size_t name_level_flags_keep_alive_bytes = 10;
  // The default may be any version: count what the newest has.
  const bool is_5 = packet.version >= MQTTVERSION_5 || packet.version == MQTTVERSION_DEFAULT;
  const auto property_bytes = [&](const MQTTProperties& list) {
    return is_5 ? with_length(detail::bytes_of(list)) : 0;
  };
  std::size_t bytes = name_level_flags_keep_alive_bytes + property_bytes(packet.properties) +
                      length_bytes + packet.client_id_bytes;
  if (!packet.will.topic.empty()) {
    bytes += property_bytes(packet.will.properties) + length_bytes + packet.will.topic.size() +
             length_bytes + packet.will.payload.size();
  }
  for (const std::size_t text : {packet.user_name_bytes, packet.password_bytes}) {
    if (text > 0) bytes += length_bytes + text;
  }
  return 1 + with_length(bytes);
}

std::size_t packet_bytes_max_of(const MQTTProperties& connack) noexcept {
  const MQTTProperty* said = detail::find(connack, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
  // MQTT 5, 3.2.2.3.6: 0 is a protocol error.
  const bool is_said = said != nullptr && said->value.integer4 != 0;
  return is_said ? said->value.integer4 : packet_bytes_ceiling;
}

inject_budget room_in_packet(const publish_packet& packet, const MQTTProperties& own,
                             const propagation& settings, std::size_t packet_bytes_max) noexcept {
  const std::size_t beside = bytes_beside_fields(own, settings.propagator());
  return {room_within(packet_bytes_max,
                      [&](std::size_t fields) { return packet_bytes(packet, beside + fields); }),
          identifier_bytes + length_bytes + length_bytes};
}

std::size_t payload_room(publish_packet packet, const MQTTProperties& list,
                         std::size_t packet_bytes_max) noexcept {
  return room_within(packet_bytes_max, [&](std::size_t payload) {
    packet.payload_bytes = payload;
    return encoded_bytes(packet, list);
  });
}

}  // namespace waybill::inline v0::mqtt
