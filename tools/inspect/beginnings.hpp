#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace waybill::tool {

/// The smallest number in 1 to `count` for which `holds`, which stays true once it is; count + 1
/// when there is none.
template <class F>
[[nodiscard]] std::size_t first_that_holds(std::size_t count, F&& holds) {
  std::size_t low = 1;
  std::size_t high = count + 1;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// The offset of the first byte behind which the text cannot be completed any more: no beginning
/// that has it is accepted with any of the completions behind it. The text's size when only the end
/// is missing. `accepts` is core's parser; nothing here knows the grammar.
template <class F>
[[nodiscard]] std::size_t first_wrong_byte(std::string_view text,
                                           std::span<const std::string_view> completions,
                                           F&& accepts) {
  std::string tried;
  const auto is_hopeless = [&](std::size_t bytes) {
    return std::none_of(completions.begin(), completions.end(), [&](std::string_view completion) {
      tried.assign(text.substr(0, bytes));
      tried += completion;
      return accepts(std::string_view(tried));
    });
  };
  return first_that_holds(text.size(), is_hopeless) - 1;
}

}  // namespace waybill::tool
