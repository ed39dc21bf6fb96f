#pragma once

#include <MQTTAsync.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/mqtt/message_view.hpp"

namespace waybill::inline v0::mqtt {

/// The topics that aliases stand for, on one connection and in one direction: the trust policy is
/// that of the topic, also for messages that carry the alias alone.
/// @par Spec      MQTT 5, 3.3.2.3.4.
/// @par Threads   any.
class WAYBILL_API topic_aliases {
 public:
  /// Text that is kept at most. An alias for which there is no room is not known.
  static constexpr std::size_t topic_bytes_max = 1'048'576;

  /// The topic that a message is for; empty for an alias that is not known. Remembers the alias of
  /// a message that has both.
  /// @par Lifetime   that of the message, or of `storage`.
  [[nodiscard]] std::string_view topic_of(const message_view& message,
                                          std::string& storage) noexcept;
  /// Aliases end with their connection.
  void clear() noexcept;

 private:
  void remember(std::uint16_t alias, std::string_view topic);

  std::mutex mutex_;
  std::map<std::uint16_t, std::string> topics_;
  std::size_t topic_bytes_ = 0;
};

/// The limits that a message has to keep.
struct message_room {
  std::size_t fields_bytes_max = packet_bytes_ceiling;   ///< Of a packet that has fields.
  std::size_t packet_bytes_max = packet_bytes_ceiling;   ///< Of any packet.
  std::size_t payload_bytes_max = packet_bytes_ceiling;  ///< Of the payload with its envelope.
  bool has_properties = true;                            ///< Whether user properties travel.
};

/// What a client knows of its connection, and how large a packet may become by waybill's fields.
/// The server's Maximum Packet Size is known from the CONNACK of a connection that the application
/// asked for. After any other connection, and without one, it is in doubt: then the smallest limit
/// that was ever seen and an assumption hold. Reads and writes nothing: its events are calls.
/// @par Threads   any.
class WAYBILL_API connection_state {
 public:
  /// The assumption, unless an application has a better one.
  static constexpr std::size_t bytes_when_unknown_usual = 8'192;

  /// 0 for `bytes_when_unknown`: no fields while in doubt.
  explicit connection_state(std::size_t bytes_when_unknown = bytes_when_unknown_usual) noexcept
      : bytes_when_unknown_(bytes_when_unknown) {}

  /// The application asks for a connection of this MQTT version: to be called before Paho is asked,
  /// which may answer at once. Returns the number of the attempt.
  std::uint64_t asked(int version) noexcept;
  /// The CONNACK of this attempt has this limit. Ignored when a later attempt, an end or a
  /// connection that Paho made by itself came in between. MQTT 3.1.1 has no limit in its CONNACK:
  /// the doubt remains.
  void answered(std::uint64_t attempt, int version, std::size_t packet_bytes_max) noexcept;
  /// The server gave this reason for a refusal or for the end of the connection. After 0x95, Packet
  /// too large, nothing has fields until answered().
  /// @par Output   whether it is 0x95.
  bool refused(int reason_code) noexcept;
  /// The connection was lost. An attempt that is not answered yet stays: the loss is that of the
  /// connection before it.
  void lost() noexcept;
  /// The application ended the connection, or Paho made another one whose CONNACK nobody sees.
  void replaced() noexcept;

  /// The connection may have been lost: nobody would have heard of it.
  void doubt() noexcept;

  /// The limits of a message that is sent now.
  [[nodiscard]] message_room room() const noexcept;
  /// Bytes of a packet that may have fields while the limit is in doubt. So of a CONNECT with a
  /// will, which is always sent before the limit is known.
  [[nodiscard]] std::size_t bytes_in_doubt() const noexcept;
  /// Those of the messages that are sent.
  [[nodiscard]] topic_aliases& aliases() noexcept { return aliases_; }

 private:
  static constexpr std::size_t unknown = 0;
  static constexpr int no_version = -1;

  [[nodiscard]] std::size_t doubtful() const noexcept;
  void forget(std::uint64_t attempt) noexcept;

  const std::size_t bytes_when_unknown_;
  topic_aliases aliases_;
  mutable std::mutex mutex_;
  std::uint64_t last_attempt_ = 0;
  std::uint64_t awaited_attempt_ = 0;  // 0: none
  std::size_t known_ = unknown;
  std::size_t smallest_ = packet_bytes_ceiling;
  bool is_off_ = false;
  int version_ = no_version;
};

}  // namespace waybill::inline v0::mqtt
