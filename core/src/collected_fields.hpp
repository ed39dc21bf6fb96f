#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/format.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0::detail {

/// What one pass over a carrier's headers found of a field. Has no initialisers on purpose: only
/// as many slots as a propagator has fields are set up.
struct field_slot {
  const char* data;
  std::size_t size;
  std::uint32_t count;        // values that count under the carrier's rules
  std::uint32_t appearances;  // in every spelling
  value_kind kind;
  bool is_exact;  // found under the lower-case name itself
  bool differs;   // of a single value: a later one is not the first again

  [[nodiscard]] std::string_view value() const noexcept { return {data, size}; }
  /// Notes whether a repeat of the one value that may be there is another.
  void compare(std::string_view repeat, const limits& within) noexcept;
};

/// One pass over a carrier: the values of every field of a propagator.
struct collected_fields {
  reader_ref carrier;
  carrier_rules rules;
  const limits* bounds;
  std::span<const field> fields;
  bool failed = false;
  bool found_any = false;
  std::array<errc, fields_max> states;       // set by propagator::read
  std::array<field_slot, fields_max> slots;  // see field_slot

  collected_fields(const reader_ref& from, carrier_rules by, const limits& within,
                   std::span<const field> of) noexcept;
  void collect(std::uint64_t name_lengths) noexcept;
  void take(std::string_view name, const field_value& value) noexcept;
  [[nodiscard]] errc state(std::size_t index) const noexcept;
  /// Whether the field came more than once where a single value is expected.
  [[nodiscard]] bool is_repeated(std::size_t slot) const noexcept {
    const bool is_joined =
        rules.duplicates == duplicate_rule::combine && fields[slot].kind == field_kind::list;
    return slots[slot].appearances > 1 && !is_joined;
  }
  [[nodiscard]] std::string_view text(std::size_t index) const noexcept;
};

}  // namespace waybill::inline v0::detail
