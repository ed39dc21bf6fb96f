#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/detail/text_buffer.hpp"
#include "waybill/format.hpp"
#include "waybill/limits.hpp"

namespace waybill::inline v0::detail {

/// What one pass over a JSON text found of the fields at its top level. Holds places in the text,
/// never the text itself.
class json_object {
 public:
  json_object() noexcept = default;
  json_object(json_object&& other) noexcept { take(other); }
  json_object& operator=(json_object&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~json_object() = default;

  /// ok; absent (no object); malformed, too_large (too deep, too long), no_memory.
  WAYBILL_API errc scan(std::string_view text, std::span<const field> fields,
                        const limits& within) noexcept;

  /// Whether the field is there once or more.
  [[nodiscard]] bool has(std::size_t index) const noexcept { return ((found_ >> index) & 1) != 0; }
  /// Whether a value of the field is of a type that waybill never writes: then the member is the
  /// application's own.
  [[nodiscard]] bool is_foreign(std::size_t index) const noexcept {
    return ((foreign_ >> index) & 1) != 0;
  }
  /// The fields that are there and not foreign, as bits by index.
  [[nodiscard]] std::uint32_t own() const noexcept { return found_ & ~foreign_; }
  /// Whether any field is there that is not foreign.
  [[nodiscard]] bool has_any() const noexcept { return own() != 0; }
  /// Whether the last "specversion" is a string.
  [[nodiscard]] bool is_cloud_event() const noexcept { return is_cloud_event_; }

  /// Shows of each field the first and the last value.
  template <class F>
  void for_each(std::string_view text, std::span<const field> fields, F&& visit) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!has(i)) continue;
      const auto& [first, last, members] = slots_[i];
      visit(fields[i].name, shown(text, first));
      if (members > 1) visit(fields[i].name, shown(text, last));
    }
  }

  /// The text without the members of these fields (bits by index), and with `added` (members
  /// without a comma at the ends) in front of the others.
  /// @par Errors   false when memory ran out.
  [[nodiscard]] WAYBILL_API bool rewrite(std::string_view text, std::span<const field> fields,
                                         std::uint32_t removed, std::string_view added,
                                         text_buffer& into) const noexcept;

 private:
  struct place {
    std::size_t begin;
    std::size_t bytes;
    value_kind kind;
    bool is_decoded;  // it lies in decoded_
  };
  struct slot {
    place first;
    place last;
    std::size_t members;
  };

  [[nodiscard]] field_value shown(std::string_view text, const place& where) const noexcept {
    const std::string_view from = where.is_decoded ? decoded_.view() : text;
    return {from.substr(where.begin, where.bytes), where.kind};
  }
  bool decode(std::string_view text, place& where, std::size_t bytes_max) noexcept;
  void take(json_object& other) noexcept;

  std::uint32_t found_ = 0;  // bits by index of the field
  std::uint32_t foreign_ = 0;
  bool is_cloud_event_ = false;
  std::size_t inside_ = 0;        // right behind the opening brace
  std::size_t members_ = 0;       // of any name
  std::size_t first_ = 0;         // where the first member of a field begins
  std::size_t comma_before_ = 0;  // the comma in front of it, or 0
  std::size_t last_ = 0;          // where the last one begins
  text_buffer decoded_;           // values with escapes, as they are without
  std::array<slot, fields_max> slots_;
};

}  // namespace waybill::inline v0::detail
