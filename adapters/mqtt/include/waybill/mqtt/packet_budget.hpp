#pragma once

#include <atomic>
#include <cstddef>

#include "waybill/config.hpp"
#include "waybill/mqtt/packet.hpp"

namespace waybill::inline v0::mqtt {

/// How large a packet may become by waybill's fields, from what is known of the server: a decision
/// without input or output. The server's Maximum Packet Size is known from a CONNACK that a call of
/// the application waited for. After any other connection, and without one, it is in doubt: then
/// the smallest limit that was ever seen and an assumption hold.
/// @par Threads   any.
class WAYBILL_API packet_budget {
 public:
  /// The assumption, unless an application has a better one.
  static constexpr std::size_t bytes_when_unknown_usual = 8'192;

  /// 0 for `bytes_when_unknown`: no fields while in doubt.
  explicit packet_budget(std::size_t bytes_when_unknown = bytes_when_unknown_usual) noexcept
      : bytes_when_unknown_(bytes_when_unknown) {}

  /// The application asks for a connection of this MQTT version.
  void connecting(int version) noexcept;
  /// A CONNACK came with this limit. With MQTT 3.1.1 it has none to say, so the doubt remains.
  void connected(int version, std::size_t packet_bytes_max) noexcept;
  /// The connection was lost, or another one was made whose CONNACK nobody saw.
  void in_doubt() noexcept { known_ = unknown; }
  /// The server refused a packet as too large (reason 0x95): no more fields until connected().
  void refused() noexcept { is_off_ = true; }

  /// Bytes of a packet that may have fields.
  [[nodiscard]] std::size_t for_fields() const noexcept;
  /// The same for a CONNECT with a will, which is always sent before the limit is known, and again
  /// with each automatic reconnect.
  [[nodiscard]] std::size_t for_connect() const noexcept;
  /// Bytes of a packet that the server takes as far as is known, for what is sent without fields.
  [[nodiscard]] std::size_t for_payload() const noexcept;
  /// Whether user properties travel. True while nothing is known: Paho leaves them out of what it
  /// sends by MQTT 3.1.1.
  [[nodiscard]] bool has_properties() const noexcept;

 private:
  static constexpr std::size_t unknown = 0;
  static constexpr int no_version = -1;

  std::size_t bytes_when_unknown_;
  std::atomic<std::size_t> known_{unknown};
  std::atomic<std::size_t> smallest_{packet_bytes_ceiling};
  std::atomic<bool> is_off_{false};
  std::atomic<int> version_{no_version};
};

}  // namespace waybill::inline v0::mqtt
