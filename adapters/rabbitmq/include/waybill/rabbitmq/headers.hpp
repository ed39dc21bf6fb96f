#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "waybill/carrier.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

/// The entries of a table; none where it points nowhere or says that it has fewer than none.
/// @par Lifetime   that of the table's entries.
/// @{
[[nodiscard]] inline std::span<const amqp_table_entry_t> entries_of(
    const amqp_table_t& table) noexcept {
  if (table.entries == nullptr || table.num_entries <= 0) return {};
  return {table.entries, static_cast<std::size_t>(table.num_entries)};
}
/// Of the headers; none where the flag says that there are no headers, whatever the table holds.
[[nodiscard]] inline std::span<const amqp_table_entry_t> entries_of(
    const amqp_basic_properties_t& properties) noexcept {
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return {};
  return entries_of(properties.headers);
}
/// The values of an array.
[[nodiscard]] inline std::span<const amqp_field_value_t> values_of(
    const amqp_array_t& array) noexcept {
  if (array.entries == nullptr || array.num_entries <= 0) return {};
  return {array.entries, static_cast<std::size_t>(array.num_entries)};
}

/// @}

/// A value as the propagator takes it: long strings and byte arrays are text, whatever bytes they
/// hold. Every other type, void too, carries none and is malformed under a field's name.
/// @par Lifetime   that of the value's bytes.
[[nodiscard]] inline field_value as_field_value(const amqp_field_value_t& value) noexcept {
  const bool is_text = value.kind == AMQP_FIELD_KIND_UTF8 || value.kind == AMQP_FIELD_KIND_BYTES;
  if (!is_text) return {{}, value_kind::not_text};
  return field_value(text_of(value.value.bytes));
}

/// Reads a header table: the carrier's rules are the last value of a name, and its lower-case
/// spelling before any other.
/// @par Lifetime   that of the table's entries; what it is made of may be a temporary.
class header_reader {
 public:
  /// The last value of a name, its lower-case spelling first.
  static constexpr carrier_rules rules = broker_rules;

  // NOLINTBEGIN(*-explicit-*): each of these has one header table
  /// Of rabbitmq-c's structs; null properties are none, as amqp_basic_publish takes them.
  /// @{
  header_reader(const amqp_table_t& table) noexcept : entries_(entries_of(table)) {}
  header_reader(const amqp_basic_properties_t& properties) noexcept
      : entries_(entries_of(properties)) {}
  header_reader(const amqp_basic_properties_t* properties) noexcept {
    if (properties != nullptr) entries_ = entries_of(*properties);
  }
  header_reader(const amqp_message_t& message) noexcept : header_reader(message.properties) {}
  header_reader(const amqp_envelope_t& envelope) noexcept : header_reader(envelope.message) {}
  /// @}
  // NOLINTEND(*-explicit-*)

  /// Calls `visit(name, value)` for each header, in order.
  template <class F>
  void for_each(F&& visit) const {
    for (const amqp_table_entry_t& each : entries_) {
      visit(text_of(each.key), as_field_value(each.value));
    }
  }

 private:
  std::span<const amqp_table_entry_t> entries_;
};

}  // namespace waybill::inline v0::rabbitmq

namespace waybill::inline v0 {
template <>
inline constexpr bool is_borrowed_carrier<rabbitmq::header_reader> = true;
}  // namespace waybill::inline v0
