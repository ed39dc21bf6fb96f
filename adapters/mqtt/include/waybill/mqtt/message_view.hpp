#pragma once

#include <MQTTAsync.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/mqtt/packet.hpp"

namespace waybill::inline v0::mqtt {

/// A message of Paho's, whatever its type. Borrows all of it.
struct message_view {
  std::string_view topic{};                     ///< Empty where a topic alias stands for it.
  std::string_view payload{};                   ///< Any bytes.
  int qos = 0;                                  ///< 0 to 2.
  bool is_retained = false;                     ///< Its flag RETAIN.
  MQTTProperties properties{0, 0, 0, nullptr};  ///< Shown, not owned.

  /// The packet it goes in, for encoded_bytes() and room_in_packet().
  [[nodiscard]] publish_packet packet() const noexcept {
    return {topic.size(), payload.size(), qos};
  }
};

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

}  // namespace waybill::inline v0::mqtt
