#pragma once

#include <cstddef>
#include <cstdint>

#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// What encodes to more is in no frame: its size is a number of 32 bits.
inline constexpr std::size_t encoded_bytes_ceiling = UINT32_MAX;
/// Tables and arrays within each other; those of brokers are three deep.
inline constexpr int nesting_max = 64;
/// Of short strings, as names of headers are (AMQP 0-9-1, 4.2.5.3). rabbitmq-c 0.11 writes longer
/// names with a wrong length.
inline constexpr std::size_t short_string_bytes_max = 255;
/// Of a name of a header: the byte with its length.
inline constexpr std::size_t bytes_per_name = 1;
/// Of a long string: the byte with its kind, and its length.
inline constexpr std::size_t bytes_per_long_string = 1 + 4;
/// Of a table or array before its first entry.
inline constexpr std::size_t bytes_per_table = 4;

/// What is over the ceiling, or what rabbitmq-c does not encode, or not well.
inline constexpr std::size_t without_size = SIZE_MAX;
/// What is nested deeper than nesting_max, and has a size as far as is known.
inline constexpr std::size_t too_deep = SIZE_MAX - 1;

/// The sum of two sizes; without_size or too_deep where one of them is that.
[[nodiscard]] inline std::size_t sum_of(std::size_t a, std::size_t b) noexcept {
  if (a <= encoded_bytes_ceiling && b <= encoded_bytes_ceiling - a) return a + b;
  const std::size_t larger = a > b ? a : b;
  return larger > encoded_bytes_ceiling ? larger : without_size;
}

/// The bytes of a value with its kind, which stands within so many tables and arrays. May be
/// without_size or too_deep. From a depth below 0 on it measures as much deeper.
[[nodiscard]] std::size_t encoded_bytes(const amqp_field_value_t& value, int depth) noexcept;

/// The same of an entry of a table: name, kind and value.
// NOLINTNEXTLINE(misc-no-recursion): no deeper than nesting_max
[[nodiscard]] inline std::size_t encoded_bytes(const amqp_table_entry_t& entry,
                                               int depth = 0) noexcept {
  if (entry.key.len > short_string_bytes_max) return without_size;
  const std::size_t name_bytes = bytes_per_name + entry.key.len;
  const amqp_field_value_t& value = entry.value;
  const bool is_text = value.kind == AMQP_FIELD_KIND_UTF8 || value.kind == AMQP_FIELD_KIND_BYTES;
  if (!is_text) return sum_of(name_bytes, encoded_bytes(value, depth));
  if (value.value.bytes.len > encoded_bytes_ceiling) return without_size;
  return name_bytes + bytes_per_long_string + value.value.bytes.len;
}

/// The bytes of the frame around properties: all but the header table. without_size where a text
/// of theirs is no short string.
[[nodiscard]] std::size_t frame_bytes_without_headers(
    const amqp_basic_properties_t& properties) noexcept;

/// Whether the header frame of a message has room for its properties, and rabbitmq-c can encode
/// them: AMQP_STATUS_OK, or what publish() returns.
[[nodiscard]] int fits(const amqp_basic_properties_t& properties,
                       std::size_t frame_bytes_max) noexcept;
/// The same of the arguments of basic.consume.
[[nodiscard]] int fits(const amqp_table_t& arguments, std::size_t frame_bytes_max) noexcept;

}  // namespace waybill::inline v0::rabbitmq::detail
