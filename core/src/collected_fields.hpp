#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "grammar.hpp"
#include "waybill/carrier.hpp"
#include "waybill/format.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0::detail {

/// What one pass over a carrier's headers found of a field. Has no initialisers on purpose: a slot
/// is set up by the first header that belongs to it.
struct field_slot {
  const char* data;
  std::size_t size;
  std::uint32_t count;        // values that count under the carrier's rules
  std::uint32_t appearances;  // in every spelling
  value_kind kind;
  bool is_exact;  // found under the lower-case name itself; set only where that is preferred
  bool differs;   // of a single value: a later one is not the first again

  [[nodiscard]] std::string_view value() const noexcept { return {data, size}; }
  /// Notes whether a repeat of the one value that may be there is another.
  void compare(std::string_view repeat, const limits& within) noexcept;
};

/// One pass over a carrier: the values of every field of a propagator. All of it is inline: it is
/// most of what reading a message costs.
struct collected_fields {
  reader_ref carrier;
  carrier_rules rules;
  const limits* bounds;
  std::span<const field> fields;
  bool failed = false;
  std::uint32_t found = 0;                   // bit i: a header belongs to field i
  std::array<errc, fields_max> states;       // set by propagator::read
  std::array<field_slot, fields_max> slots;  // see field_slot

  collected_fields(const reader_ref& from, carrier_rules by, const limits& within,
                   std::span<const field> of) noexcept
      : carrier(from), rules(by), bounds(&within), fields(of) {}

  [[nodiscard]] bool has(std::size_t index) const noexcept { return ((found >> index) & 1) != 0; }
  void collect(field_name_filter names) noexcept;
  /// Of a field that was found.
  [[nodiscard]] errc state(std::size_t index) const noexcept;
  /// Whether a field that was found came more than once where a single value is expected.
  [[nodiscard]] bool is_repeated(std::size_t index) const noexcept {
    const bool is_joined =
        rules.duplicates == duplicate_rule::combine && fields[index].kind == field_kind::list;
    return slots[index].appearances > 1 && !is_joined;
  }
  /// How many values a field that is ok has.
  [[nodiscard]] std::uint32_t count(std::size_t index) const noexcept {
    return rules.duplicates == duplicate_rule::combine ? slots[index].count : 1;
  }
  [[nodiscard]] std::string_view text(std::size_t index) const noexcept {
    const std::string_view value = slots[index].value();
    // Whoever reads a list stops at the limit: trimming what is over it would only cost time.
    return value.size() > bounds->field_scan_bytes_max ? value : trim(value);
  }

 private:
  void take(std::string_view name, const field_value& value) noexcept;
  void take_again(field_slot& slot, const field_value& value, field_kind kind) const noexcept;
};

inline void collected_fields::collect(field_name_filter names) noexcept {
  const field_visitor visit(
      [](void* self, std::string_view name, const field_value& value) noexcept {
        static_cast<collected_fields*>(self)->take(name, value);
      },
      this, names);
  if (carrier.is_visitable()) {
    failed = !carrier.for_each(visit);
    return;
  }
  for (const field& each : fields) failed |= !carrier.get(each.name, visit);
}

inline void collected_fields::take(std::string_view name, const field_value& value) noexcept {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (name.size() != fields[i].name.size()) continue;
    const bool is_exact = equals(name.data(), fields[i].name.data(), name.size());
    if (!is_exact &&
        (rules.names == name_rule::exact || !equals_ignoring_case(name, fields[i].name))) {
      continue;
    }
    field_slot& slot = slots[i];
    if (!has(i)) {
      found |= std::uint32_t{1} << i;
      const bool counts =
          value.kind != value_kind::null || rules.duplicates != duplicate_rule::combine;
      const bool is_preferred = is_exact && rules.names == name_rule::prefer_exact;
      slot = {value.text.data(), value.text.size(), counts, 1, value.kind, is_preferred, false};
      return;
    }
    ++slot.appearances;
    if (rules.names == name_rule::prefer_exact && slot.is_exact != is_exact) {
      if (slot.is_exact) return;
      slot.is_exact = true;  // what stood under another spelling does not count
      slot.count = 0;
      slot.differs = false;
    }
    take_again(slot, value, fields[i].kind);
    return;
  }
}

inline errc collected_fields::state(std::size_t index) const noexcept {
  const field_slot& slot = slots[index];
  if (slot.count == 0) return errc::absent;
  if (slot.appearances > 1) {
    if (rules.duplicates == duplicate_rule::reject) return errc::duplicate;
    if (slot.differs && slot.kind == value_kind::text) return errc::duplicate;
  }
  if (slot.kind != value_kind::text) {
    return slot.kind == value_kind::null ? errc::absent : errc::malformed;
  }
  const bool is_too_large =
      slot.size > bounds->field_scan_bytes_max && fields[index].kind == field_kind::single;
  return is_too_large ? errc::too_large : errc::ok;
}

}  // namespace waybill::inline v0::detail
