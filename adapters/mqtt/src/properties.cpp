#include "waybill/mqtt/properties.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>

#include "property_list.hpp"

namespace waybill::inline v0::mqtt {

namespace detail {

namespace {

/// Eight bytes in one step: of one below a space the subtraction sets the highest bit, of DEL the
/// addition, and others have it. What one byte borrows of the next matters only once one is bad.
[[nodiscard]] bool is_printable(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  std::uint64_t bad = 0;
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + i, sizeof(eight));
    bad |= eight | (eight - each * ' ') | (eight + each);
  }
  bool is_good = (bad & (each * 0x80)) == 0;
  for (; i < text.size(); ++i) is_good &= text[i] >= ' ' && text[i] <= '~';
  return is_good;
}

[[nodiscard]] bool can_be_written(std::string_view text) noexcept {
  return text.size() <= property_text_bytes_max && is_printable(text);
}

[[nodiscard]] MQTTLenString shown(std::string_view text) noexcept {
  // Paho copies from where it points, of nothing nothing.
  static char nothing = '\0';
  return {static_cast<int>(text.size()), text.empty() ? &nothing : const_cast<char*>(text.data())};
}

}  // namespace

bool has_event_trace(const MQTTProperties& list) noexcept {
  constexpr std::array<std::string_view, 4> required{"specversion", "id", "source", "type"};
  constexpr unsigned all = (1U << required.size()) - 1;
  unsigned seen = 0;
  bool has_trace = false;
  property_reader(list).for_each([&](std::string_view name, std::string_view value) {
    has_trace |= is_event_trace(name);
    for (std::size_t i = 0; i < required.size(); ++i) {
      if (name == required[i] && !value.empty()) seen |= 1U << i;
    }
  });
  return has_trace && seen == all;
}

MQTTProperty user_property(std::string_view name, std::string_view value) {
  if (!can_be_written(name) || !can_be_written(value)) {
    throw std::invalid_argument("no text for an MQTT user property");
  }
  MQTTProperty made{};
  made.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
  made.value.data = shown(name);
  made.value.value = shown(value);
  return made;
}

std::size_t encoded_bytes(const MQTTProperty& property) noexcept {
  constexpr std::size_t identifier_bytes = 1;
  constexpr std::size_t length_bytes = 2;
  const auto bytes_of = [](const MQTTLenString& text) {
    return length_bytes + static_cast<std::size_t>(std::max(text.len, 0));
  };
  switch (MQTTProperty_getType(property.identifier)) {
    case MQTTPROPERTY_TYPE_BYTE:
      return identifier_bytes + 1;
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
      return identifier_bytes + 2;
    case MQTTPROPERTY_TYPE_FOUR_BYTE_INTEGER:
      return identifier_bytes + 4;
    case MQTTPROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
      return identifier_bytes + variable_integer_bytes(property.value.integer4);
    case MQTTPROPERTY_TYPE_BINARY_DATA:
    case MQTTPROPERTY_TYPE_UTF_8_ENCODED_STRING:
      return identifier_bytes + bytes_of(property.value.data);
    case MQTTPROPERTY_TYPE_UTF_8_STRING_PAIR:
      return identifier_bytes + bytes_of(property.value.data) + bytes_of(property.value.value);
    default:
      return 0;  // nothing that Paho would write
  }
}

bool append(MQTTProperties& list, const MQTTProperty& property) noexcept {
  const MQTTProperties before = list;
  if (MQTTProperties_add(&list, &property) == 0) return true;
  list = before;
  return false;
}

bool discarded_properties::take(const MQTTProperty& property) noexcept {
  if (list_.count == list_.max_count) {
    if (list_.array != nullptr) MQTTProperties_free(&list_);
    // A property without memory of its own makes Paho allocate the places for ten.
    MQTTProperty place{};
    place.identifier = MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR;
    if (!append(list_, place)) return false;
    list_.count = 0;
  }
  list_.array[list_.count++] = property;
  return true;
}

}  // namespace detail

bool can_be_copied(const MQTTProperties& list) noexcept {
  constexpr int places = 10;  // of what Paho allocates without having to find it again
  if (list.array == nullptr || list.count <= places) return true;
  MQTTProperties grown = MQTTProperties_initializer;
  MQTTProperty each{};
  each.identifier = MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR;
  bool can_grow = true;
  for (int i = 0; can_grow && i <= places; ++i) can_grow = detail::append(grown, each);
  MQTTProperties_free(&grown);
  return can_grow;
}

property_writer::property_writer(MQTTProperties& list) noexcept
    : list_(&list), event_has_trace_(detail::has_event_trace(list)) {}

void property_writer::set(std::string_view name, std::string_view value) {
  if (event_has_trace_ && detail::is_event_trace(name)) return;
  const MQTTProperty added = detail::user_property(name, value);
  erase(name);
  if (!detail::append(*list_, added)) throw std::bad_alloc();
}

void property_writer::erase(std::string_view name) {
  const bool is_kept = event_has_trace_ && detail::is_event_trace(name);
  const bool is_done = detail::remove_properties(*list_, [&](std::string_view each) {
    return detail::equals_ignoring_case(each, name) && !(is_kept && each == name);
  });
  if (!is_done) throw std::bad_alloc();
}

edited_properties::edited_properties(const MQTTProperties& original)
    : event_has_trace_(detail::has_event_trace(original)) {
  constexpr std::size_t fields_usual = 4;
  if (original.array != nullptr && original.count > 0) {
    entries_.reserve(static_cast<std::size_t>(original.count) + fields_usual);
    entries_.assign(original.array, original.array + original.count);
  }
  show();
}

void edited_properties::set(std::string_view name, std::string_view value) {
  if (event_has_trace_ && detail::is_event_trace(name)) return;
  // The text may be gone when the list is copied.
  auto* copy = static_cast<char*>(memory_.allocate(name.size() + value.size() + 1, 1));
  std::memcpy(copy, name.data(), name.size());
  if (!value.empty()) std::memcpy(copy + name.size(), value.data(), value.size());
  const MQTTProperty added =
      detail::user_property({copy, name.size()}, {copy + name.size(), value.size()});
  erase(name);
  entries_.push_back(added);
  is_changed_ = true;
  show();
}

void edited_properties::erase(std::string_view name) {
  const bool is_kept = event_has_trace_ && detail::is_event_trace(name);
  const auto removed = std::erase_if(entries_, [&](const MQTTProperty& each) {
    if (!detail::is_user_property(each)) return false;
    const std::string_view its_name = detail::name_of(each);
    return detail::equals_ignoring_case(its_name, name) && !(is_kept && its_name == name);
  });
  if (removed == 0) return;
  is_changed_ = true;
  show();
}

void edited_properties::strip(const propagator& formats) noexcept {
  const auto removed = std::erase_if(entries_, [&](const MQTTProperty& each) {
    if (!detail::is_user_property(each)) return false;
    const std::string_view name = detail::name_of(each);
    return detail::is_ours(name, formats) && !(event_has_trace_ && detail::is_event_trace(name));
  });
  if (removed == 0) return;
  is_changed_ = true;
  show();
}

void edited_properties::show() noexcept {
  std::size_t bytes = 0;
  for (const MQTTProperty& each : entries_) bytes += detail::encoded_bytes(each);
  shown_.array = entries_.data();
  shown_.count = shown_.max_count = static_cast<int>(entries_.size());
  shown_.length = static_cast<int>(bytes);
}

}  // namespace waybill::inline v0::mqtt
