#include "encoded_size.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
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

// NOLINTBEGIN(misc-no-recursion): no deeper than nesting_max

std::size_t entry_bytes(const amqp_table_entry_t& entry, std::size_t depth) noexcept;

/// The sum of what `bytes_of_each` gives. Stops where it has none: tables within themselves would
/// have no end.
template <class Items, class F>
std::size_t sum_of_all(const Items& items, F&& bytes_of_each) noexcept {
  std::size_t bytes = bytes_per_table;
  for (const auto& each : items) {
    bytes = sum_of(bytes, bytes_of_each(each));
    if (bytes > encoded_bytes_ceiling) return bytes;
  }
  return bytes;
}

/// The bytes of a value behind its kind, which stands within so many tables and arrays.
std::size_t value_bytes(const amqp_field_value_t& value, std::size_t depth) noexcept {
  switch (value.kind) {
    case AMQP_FIELD_KIND_VOID:
      return 0;
    case AMQP_FIELD_KIND_BOOLEAN:
    case AMQP_FIELD_KIND_I8:
    case AMQP_FIELD_KIND_U8:
      return 1;
    case AMQP_FIELD_KIND_I16:
    case AMQP_FIELD_KIND_U16:
      return 2;
    case AMQP_FIELD_KIND_I32:
    case AMQP_FIELD_KIND_U32:
    case AMQP_FIELD_KIND_F32:
      return 4;
    case AMQP_FIELD_KIND_DECIMAL:
      return 1 + 4;
    case AMQP_FIELD_KIND_I64:
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_F64:
    case AMQP_FIELD_KIND_TIMESTAMP:
      return 8;
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
      return sum_of(4, value.value.bytes.len);
    case AMQP_FIELD_KIND_TABLE:
      if (depth == nesting_max) return too_deep;
      return sum_of_all(entries_of(value.value.table),
                        [&](const auto& each) { return entry_bytes(each, depth + 1); });
    case AMQP_FIELD_KIND_ARRAY:
      if (depth == nesting_max) return too_deep;
      return sum_of_all(values_of(value.value.array),
                        [&](const auto& each) { return sum_of(1, value_bytes(each, depth + 1)); });
    default:
      return without_size;
  }
}

std::size_t entry_bytes(const amqp_table_entry_t& entry, std::size_t depth) noexcept {
  if (entry.key.len > short_string_bytes_max) return without_size;
  return sum_of(bytes_per_name + entry.key.len + 1, value_bytes(entry.value, depth));
}

// NOLINTEND(misc-no-recursion)

/// Calls `f(text)` with each short string of the properties.
template <class F>
void for_each_text(const amqp_basic_properties_t& properties, F&& f) noexcept {
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
  for (const auto& [flag, text] : texts) {
    if ((properties._flags & flag) != 0) f(*text);
  }
}

/// rabbitmq-c looks at their lengths only after it has sent the method before them.
bool has_long_short_string(const amqp_basic_properties_t& properties) noexcept {
  bool is_there = false;
  for_each_text(properties, [&](const amqp_bytes_t& text) {
    is_there = is_there || text.len > short_string_bytes_max;
  });
  return is_there;
}

/// Whether rabbitmq-c itself can write headers into so many bytes.
int encodes(const amqp_table_t& headers, std::size_t bytes) noexcept {
  const std::unique_ptr<std::byte[]> buffer(new (std::nothrow) std::byte[bytes]);
  if (buffer == nullptr) return AMQP_STATUS_NO_MEMORY;
  amqp_table_t copy = headers;
  std::size_t written = 0;
  return amqp_encode_table({bytes, buffer.get()}, &copy, &written) == AMQP_STATUS_OK
             ? AMQP_STATUS_OK
             : AMQP_STATUS_TABLE_TOO_BIG;
}

}  // namespace

std::size_t encoded_bytes_of_other(const amqp_table_entry_t& entry) noexcept {
  return entry_bytes(entry, 0);
}

std::size_t frame_bytes_without_headers(const amqp_basic_properties_t& properties) noexcept {
  std::size_t bytes = bytes_per_frame + bytes_per_content_header + 2;
  // Flags beyond the first fifteen, which rabbitmq-c passes on, take two bytes more.
  if ((properties._flags >> 16U) != 0) bytes += 2;
  for_each_text(properties,
                [&](const amqp_bytes_t& text) { bytes = sum_of(bytes, sum_of(1, text.len)); });
  if (bytes > encoded_bytes_ceiling) return bytes;
  if ((properties._flags & AMQP_BASIC_DELIVERY_MODE_FLAG) != 0) bytes += 1;
  if ((properties._flags & AMQP_BASIC_PRIORITY_FLAG) != 0) bytes += 1;
  if ((properties._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) bytes += 8;
  return bytes;
}

std::size_t frame_bytes(const amqp_basic_properties_t& properties) noexcept {
  std::size_t bytes = frame_bytes_without_headers(properties);
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) != 0) bytes = sum_of(bytes, bytes_per_table);
  for (const amqp_table_entry_t& each : entries_of(properties)) {
    bytes = sum_of(bytes, encoded_bytes(each));
    if (bytes == without_size) return bytes;
  }
  return bytes > encoded_bytes_ceiling && bytes != too_deep ? without_size : bytes;
}

int fits(const amqp_basic_properties_t& properties, std::size_t frame_bytes_max) noexcept {
  if (has_long_short_string(properties)) return AMQP_STATUS_BAD_AMQP_DATA;
  const std::size_t limit = frame_bytes_max != 0 ? frame_bytes_max : encoded_bytes_ceiling;
  const std::size_t bytes = frame_bytes(properties);
  if (bytes <= limit) return AMQP_STATUS_OK;
  const std::size_t others = frame_bytes_without_headers(properties);
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
  const std::size_t bytes = detail::frame_bytes(properties);
  if (bytes > detail::encoded_bytes_ceiling) return std::nullopt;
  return bytes;
}

}  // namespace waybill::inline v0::rabbitmq
