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

/// The bytes of a value behind its kind; of a table or array those before its first entry.
std::optional<std::size_t> value_bytes(const amqp_field_value_t& value) noexcept {
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
      if (value.value.bytes.len > encoded_bytes_ceiling) return std::nullopt;
      return 4 + value.value.bytes.len;
    case AMQP_FIELD_KIND_TABLE:
    case AMQP_FIELD_KIND_ARRAY:
      return bytes_per_table;
    default:
      return std::nullopt;
  }
}

/// Walks what is within a table or array without recursion: how deep it goes is the sender's
/// choice.
class nested_size {
 public:
  /// May be without_size or too_deep.
  [[nodiscard]] std::size_t of(const amqp_field_value_t& value) noexcept {
    bool is_good = push(value);
    while (is_good && depth_ > 0) {
      level& top = levels_[depth_ - 1];
      if (top.left == 0) {
        --depth_;
        continue;
      }
      --top.left;
      if (top.entries != nullptr) {
        const amqp_table_entry_t& entry = *top.entries++;
        is_good = entry.key.len <= short_string_bytes_max && add(bytes_per_name + entry.key.len) &&
                  add(entry.value);
      } else {
        is_good = add(*top.values++);
      }
    }
    if (is_good) return bytes_;
    return is_too_deep_ ? too_deep : without_size;
  }

 private:
  struct level {
    const amqp_table_entry_t* entries;  // of a table
    const amqp_field_value_t* values;   // of an array
    std::size_t left;
  };

  bool add(std::size_t bytes) noexcept {
    if (bytes > encoded_bytes_ceiling - bytes_) return false;
    bytes_ += bytes;
    return true;
  }
  bool add(const amqp_field_value_t& value) noexcept {
    const std::optional<std::size_t> own = value_bytes(value);
    if (!own.has_value() || !add(1 + *own)) return false;
    const bool is_nested =
        value.kind == AMQP_FIELD_KIND_TABLE || value.kind == AMQP_FIELD_KIND_ARRAY;
    return !is_nested || push(value);
  }
  bool push(const amqp_field_value_t& value) noexcept {
    // No look at what stands beside it: with tables within themselves that has no end.
    is_too_deep_ = depth_ == nesting_max;
    if (is_too_deep_) return false;
    level& next = levels_[depth_++];
    next = {};
    if (value.kind == AMQP_FIELD_KIND_TABLE) {
      const auto entries = entries_of(value.value.table);
      next.entries = entries.data();
      next.left = entries.size();
    } else if (value.value.array.entries != nullptr && value.value.array.num_entries > 0) {
      next.values = value.value.array.entries;
      next.left = static_cast<std::size_t>(value.value.array.num_entries);
    }
    return true;
  }

  std::array<level, nesting_max> levels_;
  std::size_t depth_ = 0;
  std::size_t bytes_ = 0;
  bool is_too_deep_ = false;
};

/// rabbitmq-c looks at their lengths only after it has sent the method before them.
bool has_long_short_string(const amqp_basic_properties_t& properties) noexcept {
  const auto is_long = [&](amqp_flags_t flag, const amqp_bytes_t& text) {
    return (properties._flags & flag) != 0 && text.len > short_string_bytes_max;
  };
  return is_long(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type) ||
         is_long(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.content_encoding) ||
         is_long(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id) ||
         is_long(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to) ||
         is_long(AMQP_BASIC_EXPIRATION_FLAG, properties.expiration) ||
         is_long(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id) ||
         is_long(AMQP_BASIC_TYPE_FLAG, properties.type) ||
         is_long(AMQP_BASIC_USER_ID_FLAG, properties.user_id) ||
         is_long(AMQP_BASIC_APP_ID_FLAG, properties.app_id) ||
         is_long(AMQP_BASIC_CLUSTER_ID_FLAG, properties.cluster_id);
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
  const std::optional<std::size_t> own = value_bytes(entry.value);
  if (!own.has_value() || entry.key.len > short_string_bytes_max) return without_size;
  const std::size_t bytes = bytes_per_name + entry.key.len + 1 + *own;
  if (entry.value.kind != AMQP_FIELD_KIND_TABLE && entry.value.kind != AMQP_FIELD_KIND_ARRAY) {
    return bytes;
  }
  return sum_of(bytes, nested_size().of(entry.value));
}

std::size_t frame_bytes_without_headers(const amqp_basic_properties_t& properties) noexcept {
  std::size_t bytes = bytes_per_frame + bytes_per_content_header + 2;
  // Flags beyond the first fifteen, which rabbitmq-c passes on, take two bytes more.
  if ((properties._flags >> 16U) != 0) bytes += 2;
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
    if ((properties._flags & flag) == 0) continue;
    if (text->len > encoded_bytes_ceiling) return encoded_bytes_ceiling + 1;
    bytes += 1 + text->len;
  }
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
