#pragma once

#include <string>
#include <string_view>

namespace waybill::inline v0::detail {

/// Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Appends the text with every byte outside RFC 3986's unreserved set as %XX, upper case.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace waybill::inline v0::detail
