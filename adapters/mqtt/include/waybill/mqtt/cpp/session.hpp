#pragma once

#include <mqtt/async_client.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

#include "waybill/mqtt/packet.hpp"

namespace waybill::inline v0::mqtt {

/// What is known of a client's connection: its MQTT version and the server's Maximum Packet Size.
/// @par Threads   any.
class session {
 public:
  /// MQTT 5's number; 4 is 3.1.1.
  static constexpr int mqtt_5 = MQTTVERSION_5;

  /// Of a connection that was asked for: its version, and the token that will have the answer.
  void connecting(int mqtt_version, ::mqtt::token_ptr answer) noexcept {
    const std::lock_guard lock(mutex_);
    version_ = mqtt_version == MQTTVERSION_DEFAULT ? MQTTVERSION_3_1_1 : mqtt_version;
    packet_bytes_max_ = packet_bytes_ceiling;
    answer_ = std::move(answer);
    is_waiting_ = answer_ != nullptr;
  }
  /// Of a connection that was made.
  void connected(const ::mqtt::connect_response& answer) {
    version_ = answer.get_mqtt_version();
    packet_bytes_max_ = packet_bytes_max_of(answer.get_properties().c_struct());
  }

  /// Whether user properties travel. True as long as nothing is known: Paho leaves them out of
  /// what it sends by MQTT 3.1.1.
  [[nodiscard]] bool has_properties() const noexcept {
    const int version = version_;
    return version == unknown || version >= mqtt_5;
  }
  /// Bytes of a packet that the server takes; MQTT's own limit as long as nothing is known.
  [[nodiscard]] std::size_t packet_bytes_max() const noexcept {
    if (is_waiting_) ask();
    return packet_bytes_max_;
  }

 private:
  static constexpr int unknown = -1;

  // The answer is known some time after the call that asked for the connection.
  void ask() const noexcept {
    const std::lock_guard lock(mutex_);
    try {
      if (answer_ == nullptr || !answer_->try_wait()) return;
      const ::mqtt::connect_response answer = answer_->get_connect_response();
      packet_bytes_max_ = packet_bytes_max_of(answer.get_properties().c_struct());
    } catch (...) {
      // Refused: there will be another call.
    }
    is_waiting_ = false;
    answer_.reset();
  }

  mutable std::mutex mutex_;
  mutable ::mqtt::token_ptr answer_;
  mutable std::atomic<bool> is_waiting_{false};
  std::atomic<int> version_{unknown};
  mutable std::atomic<std::size_t> packet_bytes_max_{packet_bytes_ceiling};
};

}  // namespace waybill::inline v0::mqtt
