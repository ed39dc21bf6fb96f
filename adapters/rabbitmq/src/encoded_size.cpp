#include "encoded_size.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "waybill/rabbitmq/headers.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill::inline v0::rabbitmq {

namespace detail {

namespace {

/// Type, channel and size before the payload, the end byte behind it.
constexpr std::size_t bytes_per_frame = 1 + 2 + 4 + 1;
/// Class, weight and the size of the body.
constexpr std::size_t bytes_per_content_header = 2 + 2 + 8;

/// The bytes of values whose kind says it; without_size: of other kinds, or no kind of
/// rabbitmq-c's.
constexpr auto bytes_by_kind = [] {
  std::array<std::size_t, 256> bytes{};
  bytes.fill(without_size);
  // AMQP's letters, as rabbitmq-c has them in amqp_field_value_kind_t.
  constexpr std::pair<std::string_view, std::size_t> sizes[] = {
      {"V", 0}, {"tbB", 1}, {"su", 2}, {"Iif", 4}, {"D", 1 + 4}, {"lLdT", 8}};
  for (const auto& [kinds, size] : sizes) {
    for (const char kind : kinds) bytes[static_cast<std::uint8_t>(kind)] = size;
  }
  return bytes;
}();

/// The bytes of a table's entries or an array's values, which stand within so many of them. Stops
/// where there are too many: tables within themselves would have no end.
template <class Items>  // NOLINTNEXTLINE(misc-no-recursion): no deeper than nesting_max
std::size_t bytes_of_all(const Items& items, int depth) noexcept {
  if (depth > nesting_max) return too_deep;
  std::size_t bytes = bytes_per_table;
  bool is_too_deep = false;
  for (const auto& each : items) {
    const std::size_t more = encoded_bytes(each, depth);
    if (more <= encoded_bytes_ceiling - bytes) {
      bytes += more;
    } else if (more != too_deep || depth > 0) {
      return more == too_deep ? too_deep : without_size;
    } else {
      is_too_deep = true;
    }
  }
  return is_too_deep ? too_deep : bytes;
}

std::size_t header_bytes(const amqp_basic_properties_t& properties) noexcept {
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return 0;
  return bytes_of_all(entries_of(properties), 0);
}

/// Whether rabbitmq-c itself can write headers into so many bytes.
int encodes(const amqp_table_t& headers, std::size_t bytes) noexcept {
  const std::unique_ptr<std::byte[]> buffer(new (std::nothrow) std::byte[bytes]);
  if (buffer == nullptr) return AMQP_STATUS_NO_MEMORY;
  amqp_table_t copy = headers;
  std::size_t written = 0;
  // It does not look at the lengths of names. Where its recursion ended this one ends, too.
  return amqp_encode_table({bytes, buffer.get()}, &copy, &written) == AMQP_STATUS_OK &&
                 bytes_of_all(entries_of(headers), INT_MIN) != without_size
             ? AMQP_STATUS_OK
             : AMQP_STATUS_TABLE_TOO_BIG;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): no deeper than nesting_max
std::size_t encoded_bytes(const amqp_field_value_t& value, int depth) noexcept {
  switch (value.kind) {
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
      return sum_of(bytes_per_long_string, std::min(value.value.bytes.len, encoded_bytes_ceiling));
    case AMQP_FIELD_KIND_TABLE:
      return sum_of(1, bytes_of_all(entries_of(value.value.table), depth + 1));
    case AMQP_FIELD_KIND_ARRAY:
      return sum_of(1, bytes_of_all(values_of(value.value.array), depth + 1));
    default:
      return sum_of(1, bytes_by_kind[value.kind]);
  }
}

std::size_t frame_bytes_without_headers(const amqp_basic_properties_t& properties) noexcept {
  const std::pair<amqp_flags_t, const amqp_bytes_t*> texts[] = {
      {AMQP_BASIC_CONTENT_TYPE_FLAG, &properties.content_type},
      {AMQP_BASIC_CONTENT_ENCODING_FLAG, &properties.content_encoding},
      {AMQP_BASIC_CORRELATION_ID_FLAG, &properties.correlation_id},
      {AMQP_BASIC_REPLY_TO_FLAG, &properties.reply_to},
      {AMQP_BASIC_EXPIRATION_FLAG, &properties.expiration},
      {AMQP_BASIC_MESSAGE_ID_FLAG, &properties.message_id},
      {AMQP_BASIC_TYPE_FLAG, &properties.type},
      {AMQP_BASIC_USER_ID_FLAG, &properties.user_id},
      {AMQP_BASIC_APP_ID_FLAG, &properties.app_id},
      {AMQP_BASIC_CLUSTER_ID_FLAG, &properties.cluster_id}};
  std::size_t bytes = bytes_per_frame + bytes_per_content_header + 2;
  // Flags beyond the first fifteen, which rabbitmq-c passes on, take two bytes more.
  if ((properties._flags >> 16U) != 0) bytes += 2;
  for (const auto& [flag, text] : texts) {
    if ((properties._flags & flag) == 0) continue;
    // rabbitmq-c looks at their lengths only after it has sent the method before them.
    if (text->len > short_string_bytes_max) return without_size;
    bytes += 1 + text->len;
  }
  if ((properties._flags & AMQP_BASIC_DELIVERY_MODE_FLAG) != 0) bytes += 1;
  if ((properties._flags & AMQP_BASIC_PRIORITY_FLAG) != 0) bytes += 1;
  if ((properties._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) bytes += 8;
  return bytes;
}

int fits(const amqp_basic_properties_t& properties, std::size_t frame_bytes_max) noexcept {
  const std::size_t others = frame_bytes_without_headers(properties);
  if (others == without_size) return AMQP_STATUS_BAD_AMQP_DATA;
  const std::size_t limit = frame_bytes_max != 0 ? frame_bytes_max : encoded_bytes_ceiling;
  const std::size_t bytes = sum_of(others, header_bytes(properties));
  if (bytes <= limit) return AMQP_STATUS_OK;
  if (bytes != too_deep || frame_bytes_max == 0 || others > limit) {
    return AMQP_STATUS_TABLE_TOO_BIG;
  }
  return encodes(properties.headers, limit - others);
}

int fits(const amqp_table_t& arguments, std::size_t frame_bytes_max) noexcept {
  // The rest of the method is smaller than this: two short strings and a few numbers.
  constexpr std::size_t others = 1'024;
  amqp_basic_properties_t carrier{};
  carrier._flags = AMQP_BASIC_HEADERS_FLAG;
  carrier.headers = arguments;
  return fits(carrier, frame_bytes_max > others ? frame_bytes_max - others : 0);
}

}  // namespace detail

std::optional<std::size_t> header_frame_bytes(const amqp_basic_properties_t& properties) noexcept {
  const std::size_t bytes = detail::sum_of(detail::frame_bytes_without_headers(properties),
                                           detail::header_bytes(properties));
  if (bytes > detail::encoded_bytes_ceiling) return std::nullopt;
  return bytes;
}

}  // namespace waybill::inline v0::rabbitmq
