#pragma once

#include <MQTTAsync.h>

#include <optional>
#include <string>
#include <string_view>

#include "waybill/mqtt/packet.hpp"
#include "waybill/mqtt/properties.hpp"

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

/// Properties and a payload in place of a message's own. The message itself is never touched.
/// @par Lifetime   borrows the message.
class message_change {
 public:
  message_change(const message_change&) = delete;
  message_change& operator=(const message_change&) = delete;

  /// The properties, and whether they differ from the message's.
  /// @{
  [[nodiscard]] bool changes_properties() const noexcept {
    return edited_.has_value() && edited_->is_changed();
  }
  [[nodiscard]] const MQTTProperties& properties() const noexcept {
    return changes_properties() ? edited_->c_struct() : message_.properties;
  }
  /// @}
  /// The payload; none where it is the message's.
  [[nodiscard]] std::optional<std::string>& payload() noexcept { return payload_; }
  /// Whether anything differs.
  [[nodiscard]] bool is_changed() const noexcept {
    return changes_properties() || payload_.has_value();
  }

 protected:
  /// For derived classes, which fill in the properties and the payload.
  /// @{
  explicit message_change(const message_view& message) noexcept : message_(message) {}
  ~message_change() = default;

  // NOLINTBEGIN(*-non-private-*): as said
  message_view message_;
  std::optional<edited_properties> edited_;
  std::optional<std::string> payload_;
  // NOLINTEND(*-non-private-*)
  /// @}
};

}  // namespace waybill::inline v0::mqtt
