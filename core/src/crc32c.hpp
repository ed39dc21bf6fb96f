#pragma once

#include <cstdint>
#include <string_view>

namespace waybill::inline v0::detail {

/// CRC-32C (Castagnoli) of these bytes: RFC 3720, 12.1 and B.4.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace waybill::inline v0::detail
