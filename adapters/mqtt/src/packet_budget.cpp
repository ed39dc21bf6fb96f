#include "waybill/mqtt/packet_budget.hpp"

#include <MQTTAsync.h>

#include <algorithm>

namespace waybill::inline v0::mqtt {

void packet_budget::connecting(int version) noexcept {
  // Paho takes the default for the version that the client was made with.
  version_ = version == MQTTVERSION_DEFAULT ? no_version : version;
  in_doubt();
}

void packet_budget::connected(int version, std::size_t packet_bytes_max) noexcept {
  version_ = version;
  is_off_ = false;
  if (!has_properties()) return in_doubt();
  std::size_t seen = smallest_;
  while (packet_bytes_max < seen && !smallest_.compare_exchange_weak(seen, packet_bytes_max)) {
  }
  known_ = packet_bytes_max;
}

std::size_t packet_budget::for_fields() const noexcept {
  const std::size_t known = known_;
  return is_off_ || known == unknown ? for_connect() : known;
}

std::size_t packet_budget::for_connect() const noexcept {
  return is_off_ ? 0 : std::min<std::size_t>(smallest_, bytes_when_unknown_);
}

std::size_t packet_budget::for_payload() const noexcept {
  const std::size_t known = known_;
  return known == unknown ? smallest_.load() : known;
}

bool packet_budget::has_properties() const noexcept {
  const int version = version_;
  return version == no_version || version >= MQTTVERSION_5;
}

}  // namespace waybill::inline v0::mqtt
