#pragma once

#include <MQTTAsync.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "waybill/detail/ascii.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/properties.hpp"
#include "waybill/propagator.hpp"

namespace waybill::inline v0::mqtt::detail {

using waybill::detail::equals_ignoring_case;

[[nodiscard]] inline bool is_user_property(const MQTTProperty& property) noexcept {
  return property.identifier == MQTTPROPERTY_CODE_USER_PROPERTY;
}

[[nodiscard]] inline std::string_view name_of(const MQTTProperty& property) noexcept {
  return property_reader::text_of(property.value.data);
}

/// The first property of this kind, or null.
[[nodiscard]] inline const MQTTProperty* find(const MQTTProperties& list,
                                              MQTTPropertyCodes code) noexcept {
  for (int i = 0; list.array != nullptr && i < list.count; ++i) {
    if (list.array[i].identifier == code) return &list.array[i];
  }
  return nullptr;
}

/// A CloudEvent in binary mode with a span context of its own (CloudEvents, MQTT Protocol
/// Binding 3.1; Distributed Tracing Extension). It has all four attributes that every event has:
/// one of them alone is no pass for fields.
[[nodiscard]] bool has_event_trace(const MQTTProperties& list) noexcept;

/// What a CloudEvent keeps.
[[nodiscard]] inline bool is_event_trace(std::string_view name) noexcept {
  return name == "traceparent" || name == "tracestate";
}

[[nodiscard]] inline bool is_stamp(std::string_view name) noexcept {
  return equals_ignoring_case(name, sent_time_name);
}

/// What a CloudEvent keeps when it is sent on: the stamp belongs to the span context.
[[nodiscard]] inline bool stays_in_event(std::string_view name) noexcept {
  return is_event_trace(name) || is_stamp(name);
}

/// A field of the propagator's or a stamp, in any spelling.
[[nodiscard]] inline bool is_ours(std::string_view name, const propagator& formats) noexcept {
  return formats.field_index(name) != formats.fields().size() || is_stamp(name);
}

/// A user property that shows this text. Paho's strings are not const, though it only copies them.
/// Throws std::invalid_argument for what MQTT cannot carry.
[[nodiscard]] MQTTProperty user_property(std::string_view name, std::string_view value);

/// The bytes of a user property in a packet: its identifier, and a length before each text.
[[nodiscard]] inline int bytes_of(const MQTTProperty& user) noexcept {
  return 1 + 2 + std::max(user.value.data.len, 0) + 2 + std::max(user.value.value.len, 0);
}

/// The bytes of all properties in a packet. Paho adds them up, and writes what it added up.
[[nodiscard]] inline std::size_t bytes_of(const MQTTProperties& list) noexcept {
  return list.length > 0 ? static_cast<std::size_t>(list.length) : 0;
}

/// Appends a copy. False when Paho has no memory for it, or cannot find what it has: it begins to
/// keep books with the first client. Then the list is as it was, where Paho alone would lose it.
[[nodiscard]] bool append(MQTTProperties& list, const MQTTProperty& property) noexcept;

/// Takes properties out of a list and frees them. Paho keeps books of its memory, each of its
/// libraries its own, so that nobody else may free it: what goes is moved to a list that Paho made,
/// and freed with that.
class discarded_properties {
 public:
  discarded_properties() noexcept = default;
  discarded_properties(const discarded_properties&) = delete;
  discarded_properties& operator=(const discarded_properties&) = delete;
  ~discarded_properties() {
    if (list_.array != nullptr) MQTTProperties_free(&list_);
  }

  /// False when there is no memory for it: then it stays whose it was.
  [[nodiscard]] bool take(const MQTTProperty& property) noexcept;

 private:
  MQTTProperties list_ = MQTTProperties_initializer;
};

}  // namespace waybill::inline v0::mqtt::detail
