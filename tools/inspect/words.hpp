#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <waybill/span_context.hpp>

namespace waybill::tool {

/// Two lower-case digits.
[[nodiscard]] std::string flags_of(const span_context& trace);
/// All of them, one behind the other.
[[nodiscard]] std::string concat(std::initializer_list<std::string_view> pieces);
/// "1 member", "2 members".
[[nodiscard]] std::string counted(std::size_t number, std::string_view noun);

}  // namespace waybill::tool
