#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string_view>

#include "waybill/propagator.hpp"

namespace waybill::inline v0::kafka::detail {

/// How many headers are a field of the propagator in any spelling; stops counting at `enough`.
[[nodiscard]] std::size_t count_fields(const rd_kafka_headers_t* list, const propagator& formats,
                                       std::size_t enough) noexcept;

/// Takes every field of the propagator in every spelling away.
void remove_fields(rd_kafka_headers_t& list, const propagator& formats) noexcept;

/// Writes to a list that is known to hold no field: nothing has to be looked for.
class header_appender {
 public:
  explicit header_appender(rd_kafka_headers_t& list) noexcept : list_(&list) {}
  void set(std::string_view name, std::string_view value) noexcept {
    rd_kafka_header_add(list_, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  void erase(std::string_view /*name*/) noexcept {}

 private:
  rd_kafka_headers_t* list_;
};

}  // namespace waybill::inline v0::kafka::detail
