#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace waybill::tool {

/// Bytes of a header so that a terminal shows each of them and obeys none: printable ASCII and
/// Latin letters stay, every other byte becomes \xNN. So each character takes one column.
[[nodiscard]] std::string escaped(std::string_view bytes);

/// Text that is UTF-8 between quotation marks. What would steer a terminal or change the direction
/// of writing becomes \u{N}; all other characters stay, of whatever script.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// The first bytes of a text that may be long, with "..." behind them when it is.
[[nodiscard]] std::string abridged(std::string_view bytes);

/// A part of a value, and a line with carets that belongs under it.
struct marked_line {
  std::string text;
  std::string carets;
};
/// Shows the bytes around `at` of a value and puts carets under `bytes` of them, one at least. What
/// stands far from there is left out. `at` may be the end of the value.
[[nodiscard]] marked_line marked(std::string_view value, std::size_t at, std::size_t bytes);

}  // namespace waybill::tool
