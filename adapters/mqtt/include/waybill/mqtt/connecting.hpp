#pragma once

#include <MQTTAsync.h>

#include <cstddef>
#include <string_view>

#include "waybill/mqtt/publishing.hpp"

namespace waybill::inline v0::mqtt {

/// MQTT 5, 3.1.3.4: the length of a will's payload has two bytes.
inline constexpr std::size_t will_payload_bytes_max = 65'535;

/// How a context is written into a last will.
struct will_rules {
  bool stamps_time = true;  ///< Adds the time of this call, for MQTT 5.
  /// A will with fields has no more bytes: the server's limit is not known before it connects.
  std::size_t packet_bytes_max = packet_budget::bytes_when_unknown_usual;
  bool has_properties = true;  ///< False for MQTT 3.1.1.
};

/// The room of a will by these rules.
[[nodiscard]] WAYBILL_API message_room room_of_will(const will_rules& rules) noexcept;

/// A CONNECT packet. Borrows its parts.
struct connect_packet {
  int version = MQTTVERSION_5;                  ///< MQTTVERSION_DEFAULT counts as the newest.
  std::string_view client_id{};                 ///< May be empty.
  std::string_view user_name{};                 ///< Empty: none.
  std::string_view password{};                  ///< Empty: none.
  MQTTProperties properties{0, 0, 0, nullptr};  ///< Shown, not owned.
  message_view will{};                          ///< An empty topic: no will.
};

/// How many bytes the packet has on the wire.
/// @par Spec   MQTT 5, 3.1; MQTT 3.1.1, 3.1.
[[nodiscard]] WAYBILL_API std::size_t encoded_bytes(const connect_packet& packet) noexcept;

/// A will without context: what is tried where its CONNECT packet is, or may be, too large.
/// @par Errors     std::bad_alloc.
/// @par Lifetime   borrows the will.
class WAYBILL_API bare_will {
 public:
  /// Looks at a will.
  bare_will(const message_view& will, const propagation& settings);

  /// Whether the will has context, so that properties() or payload() differ.
  [[nodiscard]] bool is_changed() const noexcept {
    return payload_.has_value() || edited_.is_changed();
  }
  /// The properties without fields.
  [[nodiscard]] const MQTTProperties& properties() const noexcept { return edited_.c_struct(); }
  /// The payload without an envelope's fields; none where it has none.
  [[nodiscard]] std::optional<std::string>& payload() noexcept { return payload_; }

 private:
  edited_properties edited_;
  std::optional<std::string> payload_;
};

}  // namespace waybill::inline v0::mqtt
