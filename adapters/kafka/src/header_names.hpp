#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "waybill/detail/ascii.hpp"

namespace waybill::inline v0::kafka::detail {

/// Longer names are no propagation field's (see propagator::add).
inline constexpr std::size_t name_bytes_max = 63;

/// The name of the header at `index`; null after the last.
[[nodiscard]] inline const char* name_at(const rd_kafka_headers_t& list,
                                         std::size_t index) noexcept {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  // Changes nothing where there is no such header.
  rd_kafka_header_get_all(&list, index, &name, &value, &bytes);
  return name;
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
    const char* const text = name_at(list, i);
    if (text == nullptr) return;
    const std::string_view name(text);
    if (name.size() > name_bytes_max || !is_wanted(name)) {
      ++i;
      continue;
    }
    // Should librdkafka ever not find what it has just shown, go on rather than for ever.
    if (remove_exactly(list, name) != RD_KAFKA_RESP_ERR_NO_ERROR) ++i;
  }
}

}  // namespace waybill::inline v0::kafka::detail
