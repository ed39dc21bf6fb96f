#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

namespace waybill::tool {

/// The headers that the command was given: those that a format reads, in order, and the names of
/// the first few others.
struct given_headers {
  header_list fields;
  std::vector<std::string> ignored_names;  ///< ignored_names_max at most.
  std::size_t ignored = 0;

  static constexpr std::size_t ignored_names_max = 5;
  void add(const propagator& formats, std::string_view name, std::string_view value);
};

/// Reads arguments of the form NAME=VALUE, and for "-" lines of the form "Name: value" from `in`.
/// @par Errors   the answer says in words what is wrong with the usage, or nothing.
[[nodiscard]] std::optional<std::string> read_headers(std::span<const std::string> arguments,
                                                      std::istream& in, const propagator& formats,
                                                      given_headers& out);

/// Without the spaces and tabs at both ends (RFC 9110, 5.6.3).
[[nodiscard]] std::string_view without_outer_white_space(std::string_view text) noexcept;

}  // namespace waybill::tool
