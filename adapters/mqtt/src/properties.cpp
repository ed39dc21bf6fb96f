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

/// Eight bytes in one step, the last ones once more: of one below a space the subtraction sets the
/// highest bit, of DEL the addition, and others have it. What one byte borrows of the next matters
/// only once one is bad.
[[nodiscard]] bool is_printable(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::size_t width = sizeof(each);
  std::uint64_t bad = 0;
  const auto look_at = [&](const char* at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, width);
    bad |= eight | (eight - each * ' ') | (eight + each);
  };
  if (text.size() < width) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  }
  const char* last = text.data() + text.size() - width;
  for (const char* at = text.data(); at < last; at += width) look_at(at);
  look_at(last);
  return (bad & (each * 0x80)) == 0;
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

edited_properties::edited_properties(const MQTTProperties& original)
    : event_has_trace_(detail::has_event_trace(original)) {
  constexpr std::size_t fields_usual = 4;
  const int count = original.array != nullptr ? std::max(original.count, 0) : 0;
  entries_.reserve(static_cast<std::size_t>(count) + fields_usual);
  if (count > 0) {
    entries_.assign(original.array, original.array + count);
    shown_.length = original.length;
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
  shown_.length += detail::bytes_of(added);
  set_bytes_ += static_cast<std::size_t>(detail::bytes_of(added));
  is_changed_ = true;
  show();
}

void edited_properties::erase(std::string_view name) noexcept {
  const bool is_kept = event_has_trace_ && detail::is_event_trace(name);
  remove([&](std::string_view each) {
    return detail::equals_ignoring_case(each, name) && !(is_kept && each == name);
  });
}

void edited_properties::strip(const propagator& formats) noexcept {
  remove([&](std::string_view each) {
    return detail::is_ours(each, formats) && !(event_has_trace_ && detail::is_event_trace(each));
  });
}

bool edited_properties::apply_to(MQTTProperties& original) const noexcept {
  detail::discarded_properties discarded;
  bool has_memory = true;
  auto next = entries_.begin();
  int kept = 0;
  for (int i = 0; original.array != nullptr && i < original.count; ++i) {
    const MQTTProperty each = original.array[i];
    // What stays is in the same order, and only user properties go.
    if (next != entries_.end() &&
        (!detail::is_user_property(each) || next->value.data.data == each.value.data.data)) {
      ++next;
    } else if (has_memory && discarded.take(each)) {
      original.length -= detail::bytes_of(each);
      continue;
    } else {
      has_memory = false;
    }
    original.array[kept++] = each;
  }
  original.count = kept;
  for (; has_memory && next != entries_.end(); ++next) {
    has_memory = detail::append(original, *next);
  }
  return has_memory;
}

template <class Predicate>
void edited_properties::remove(Predicate&& is_wanted) noexcept {
  const auto removed = std::erase_if(entries_, [&](const MQTTProperty& each) {
    const bool goes = detail::is_user_property(each) && is_wanted(detail::name_of(each));
    if (goes) shown_.length -= detail::bytes_of(each);
    return goes;
  });
  if (removed == 0) return;
  is_changed_ = true;
  show();
}

void edited_properties::show() noexcept {
  shown_.array = entries_.data();
  shown_.count = shown_.max_count = static_cast<int>(entries_.size());
}

}  // namespace waybill::inline v0::mqtt
