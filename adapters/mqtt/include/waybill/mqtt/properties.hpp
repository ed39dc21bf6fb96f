#pragma once

#include <MQTTAsync.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "waybill/carrier.hpp"
#include "waybill/config.hpp"
#include "waybill/propagator.hpp"

namespace waybill::inline v0::mqtt {

/// MQTT 5, 1.5.4 and 1.5.7: the length of a name and of a value has two bytes.
inline constexpr std::size_t property_text_bytes_max = 65'535;

/// Whether Paho can copy a list. In a process that has never made a client it loses a list that
/// grows beyond ten properties, and writes the rest beyond its memory.
/// @par Cost   nothing for up to ten, an allocation of Paho's for more.
[[nodiscard]] WAYBILL_API bool can_be_copied(const MQTTProperties& list) noexcept;

/// Reads the user properties of a list: the carrier's rules are the last value of a name, and its
/// lower-case spelling before any other. Other properties are passed over.
/// @par Lifetime   that of the list.
class property_reader {
 public:
  /// The last value of a name, its lower-case spelling first.
  static constexpr carrier_rules rules = broker_rules;

  /// Of a list.
  explicit property_reader(const MQTTProperties& list) noexcept : list_(&list) {}

  /// Calls `visit(name, value)` for each user property, in order.
  template <class F>
  void for_each(F&& visit) const {
    for (int i = 0; list_->array != nullptr && i < list_->count; ++i) {
      const MQTTProperty& each = list_->array[i];
      if (each.identifier != MQTTPROPERTY_CODE_USER_PROPERTY) continue;
      visit(text_of(each.value.data), text_of(each.value.value));
    }
  }

  /// The bytes of one of Paho's strings, which has a length and no NUL behind it.
  [[nodiscard]] static std::string_view text_of(const MQTTLenString& text) noexcept {
    if (text.data == nullptr || text.len <= 0) return {};
    return {text.data, static_cast<std::size_t>(text.len)};
  }

 private:
  const MQTTProperties* list_;
};

/// A list with changes, apart from the list itself, which stays as it is until apply_to(). A
/// writable carrier: setting and erasing mean every ASCII-case spelling of a name; other properties
/// keep their order and bytes. In a CloudEvent in binary mode (user properties `specversion`, `id`,
/// `source` and `type`, none of them empty) `traceparent` and `tracestate` belong to the event:
/// they are written when it has neither, and are left alone otherwise.
/// @par Cost       no heap memory for usual lists.
/// @par Errors     std::bad_alloc, and std::invalid_argument for what MQTT cannot carry: more than
///                 65,535 bytes, or anything but printable ASCII, for which brokers close the
///                 connection. waybill's functions count both as carrier_failed.
/// @par Lifetime   shorter than the original, whose text it shows.
/// @par Threads    one; any number of them may edit one original at once.
class WAYBILL_API edited_properties {
 public:
  /// As the original is.
  explicit edited_properties(const MQTTProperties& original);
  edited_properties(const edited_properties&) = delete;
  edited_properties& operator=(const edited_properties&) = delete;

  /// Appends the property after taking every older one of this name away.
  void set(std::string_view name, std::string_view value);
  /// Takes every property of this name away.
  void erase(std::string_view name) noexcept;
  /// Takes every field of the propagator away, and a stamp (sent_time_name), in one walk.
  void strip(const propagator& formats) noexcept;
  /// Whether this is a CloudEvent that had a span context of its own, which stays whatever is set.
  [[nodiscard]] bool keeps_event_context() const noexcept { return event_has_trace_; }
  /// From now on the event's own goes like every other: for a boundary that lets nothing out.
  void release_event_context() noexcept { event_has_trace_ = false; }

  /// Whether anything was set or taken away.
  [[nodiscard]] bool is_changed() const noexcept { return is_changed_; }
  /// The bytes of all that was set, each with the five bytes that MQTT adds.
  [[nodiscard]] std::size_t set_bytes() const noexcept { return set_bytes_; }
  /// For functions that copy it: nothing in it is to be freed.
  /// @par Lifetime   until it is changed.
  [[nodiscard]] const MQTTProperties& c_struct() const noexcept { return shown_; }
  /// Changes the original in place. All of its memory stays Paho's.
  /// @par Errors   false: Paho has no memory. Then older fields may be left, and new ones missing.
  [[nodiscard]] bool apply_to(MQTTProperties& original) const noexcept;

 private:
  template <class Predicate>
  void remove(Predicate&& is_wanted) noexcept;
  void show() noexcept;

  static constexpr std::size_t bytes_inside = 2'048;
  std::array<std::byte, bytes_inside> inside_;
  std::pmr::monotonic_buffer_resource memory_{inside_.data(), inside_.size()};
  std::pmr::vector<MQTTProperty> entries_{&memory_};
  MQTTProperties shown_ = MQTTProperties_initializer;
  std::size_t set_bytes_ = 0;
  bool event_has_trace_;
  bool is_changed_ = false;
};

}  // namespace waybill::inline v0::mqtt

namespace waybill::inline v0 {
template <>
inline constexpr bool is_borrowed_carrier<mqtt::property_reader> = true;
}  // namespace waybill::inline v0
