#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// What encodes to more is in no frame: its size is a number of 32 bits.
inline constexpr std::size_t encoded_bytes_ceiling = UINT32_MAX;
/// Tables and arrays within each other; those of brokers are three deep.
inline constexpr std::size_t nesting_max = 64;
/// Of a name of a header: the byte with its length.
inline constexpr std::size_t bytes_per_name = 1;
/// Of a long string: the byte with its kind, and its length.
inline constexpr std::size_t bytes_per_long_string = 1 + 4;
/// Of a table or array before its first entry.
inline constexpr std::size_t bytes_per_table = 4;

/// The bytes of an entry of a table: name, kind and value.
/// @par Errors   nullopt: over the ceiling or nesting_max, or of a kind that rabbitmq-c does not
///               encode.
[[nodiscard]] std::optional<std::size_t> encoded_bytes(const amqp_table_entry_t& entry) noexcept;

/// The bytes of the frame around properties: all but the header table.
[[nodiscard]] std::size_t frame_bytes_without_headers(
    const amqp_basic_properties_t& properties) noexcept;

}  // namespace waybill::inline v0::rabbitmq::detail
