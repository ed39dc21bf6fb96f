#pragma once

#include <MQTTAsync.h>

#include <cstddef>

#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt {

/// MQTT 5, 3.1.3.4: the length of a will's payload has two bytes.
inline constexpr std::size_t will_payload_bytes_max = 65'535;

/// How a context is written into a last will.
struct will_rules {
  bool stamps_time = true;  ///< Adds the time of this call, for MQTT 5.
  /// A will with fields has no more bytes: the server's limit is not known before it connects.
  std::size_t packet_bytes_max = connection_state::bytes_when_unknown_usual;
  bool has_properties = true;  ///< False for MQTT 3.1.1.
};

/// A CONNECT packet. Borrows its will.
struct connect_packet {
  int version = MQTTVERSION_5;                  ///< MQTTVERSION_DEFAULT counts as the newest.
  std::size_t client_id_bytes = 0;              ///< 0: none.
  std::size_t user_name_bytes = 0;              ///< 0: none.
  std::size_t password_bytes = 0;               ///< 0: none.
  MQTTProperties properties{0, 0, 0, nullptr};  ///< Shown, not owned.
  message_view will{};                          ///< An empty topic: no will.
};

/// How many bytes the packet has on the wire.
/// @par Spec   MQTT 5, 3.1; MQTT 3.1.1, 3.1.
[[nodiscard]] WAYBILL_API std::size_t encoded_bytes(const connect_packet& packet) noexcept;

/// A will without context, where its CONNECT packet is larger than it may be with fields. Only then
/// anything is taken off, and counted as dropped_for_size. A CloudEvent keeps a span context that
/// was there before waybill's: one that has no stamp beside it.
/// @par Errors     std::bad_alloc.
/// @par Lifetime   borrows the packet's parts.
class WAYBILL_API bare_will : public message_change {
 public:
  /// Looks at a packet. With 0 for `with_fields_max` no will has fields.
  bare_will(const connect_packet& packet, const propagation& settings, std::size_t with_fields_max);
};

}  // namespace waybill::inline v0::mqtt
