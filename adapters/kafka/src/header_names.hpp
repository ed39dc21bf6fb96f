#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "waybill/carrier.hpp"

namespace waybill::inline v0::kafka::detail {

/// Longer names are no propagation field's (see propagator::add).
inline constexpr std::size_t name_bytes_max = 63;

[[nodiscard]] inline char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// The value's bytes. librdkafka takes a null pointer for a null value, whatever the size.
[[nodiscard]] inline const char* never_null(std::string_view value) noexcept {
  return value.data() != nullptr ? value.data() : "";
}

/// A null value and an empty one are different.
[[nodiscard]] inline field_value as_field_value(const void* value, std::size_t bytes) noexcept {
  if (value == nullptr) return {{}, value_kind::null};
  return {{static_cast<const char*>(value), bytes}, value_kind::text};
}

/// The name of the header at `index`, or one without data behind the last.
[[nodiscard]] inline std::string_view name_at(const rd_kafka_headers_t& list,
                                              std::size_t index) noexcept {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  const bool is_there =
      rd_kafka_header_get_all(&list, index, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
  return is_there ? std::string_view(name) : std::string_view{};
}

/// Takes every header of exactly this name away. rd_kafka_header_remove wants a NUL behind the
/// name, and reads its argument while it frees what it matches: it gets a copy.
inline rd_kafka_resp_err_t remove_exactly(rd_kafka_headers_t& list,
                                          std::string_view name) noexcept {
  std::array<char, name_bytes_max + 1> copy;
  std::memcpy(copy.data(), name.data(), name.size());
  copy[name.size()] = '\0';
  return rd_kafka_header_remove(&list, copy.data());
}

/// Takes the headers away whose names the predicate answers true for.
template <class Predicate>
void remove_headers(rd_kafka_headers_t& list, Predicate&& is_wanted) noexcept {
  for (std::size_t i = 0;;) {
    const std::string_view name = name_at(list, i);
    if (name.data() == nullptr) return;
    if (name.size() > name_bytes_max || !is_wanted(name)) {
      ++i;
      continue;
    }
    // Should librdkafka ever not find what it has just shown, go on rather than for ever.
    if (remove_exactly(list, name) != RD_KAFKA_RESP_ERR_NO_ERROR) ++i;
  }
}

}  // namespace waybill::inline v0::kafka::detail
