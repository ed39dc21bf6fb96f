#pragma once

#include <MQTTAsync.h>

#include <cstddef>
#include <cstdint>

#include "waybill/propagation.hpp"

namespace waybill::inline v0::mqtt {

/// MQTT 5, 2.1.4: the longest Remaining Length, and with it the longest packet: its first byte and
/// four bytes of length come before.
/// @{
inline constexpr std::size_t remaining_bytes_max = 268'435'455;
inline constexpr std::size_t packet_bytes_ceiling = 1 + 4 + remaining_bytes_max;
/// @}

/// A PUBLISH packet of MQTT 5, its properties aside.
struct publish_packet {
  std::size_t topic_bytes = 0;    ///< Of the topic's name as it is sent: none with an alias.
  std::size_t payload_bytes = 0;  ///< Of the payload.
  int qos = 0;                    ///< Of 1 and 2 a packet identifier comes with it.
};

/// How many bytes the packet has on the wire with these properties: what a server's Maximum Packet
/// Size limits. Exact.
/// @par Spec   MQTT 5, 2.1, 2.2.2 and 3.3.
[[nodiscard]] WAYBILL_API std::size_t encoded_bytes(const publish_packet& packet,
                                                    const MQTTProperties& list) noexcept;

/// The packets that a server takes, by the properties of its CONNACK.
/// @par Output   Maximum Packet Size, or packet_bytes_ceiling where it says none or 0.
[[nodiscard]] WAYBILL_API std::size_t packet_bytes_max_of(const MQTTProperties& connack) noexcept;

/// The room that a packet leaves for fields. `own` are the message's properties: of its fields, and
/// of an older stamp, which are replaced, no room is counted.
[[nodiscard]] WAYBILL_API inject_budget room_in_packet(const publish_packet& packet,
                                                       const MQTTProperties& own,
                                                       const propagation& settings,
                                                       std::size_t packet_bytes_max) noexcept;

/// How many bytes of payload a packet with these properties has room for.
[[nodiscard]] WAYBILL_API std::size_t payload_room(publish_packet packet,
                                                   const MQTTProperties& list,
                                                   std::size_t packet_bytes_max) noexcept;

}  // namespace waybill::inline v0::mqtt
