#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/header_list.hpp>
#include <waybill/propagator.hpp>

#include "faults.hpp"

namespace waybill::tool {

/// The values of one field as a list is read: in order, with a comma between them. Knows where each
/// byte came from.
/// @par Lifetime   that of the headers.
class joined_values {
 public:
  /// No more than `bytes_max` bytes and one are kept.
  joined_values(const header_list& headers, const propagator& formats, std::string_view name,
                std::size_t bytes_max);

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  /// How many values there are, those that were not kept included.
  [[nodiscard]] std::size_t count() const noexcept { return pieces_.size(); }
  /// The n-th of them without the white space around it.
  [[nodiscard]] std::string_view value(std::size_t index) const;
  /// Where the byte `offset` of the n-th value stands in the headers.
  [[nodiscard]] place place_in(std::size_t index, std::size_t offset) const;
  /// Where a byte of the text stands in the headers.
  [[nodiscard]] place place_of(std::size_t offset, std::size_t bytes = 1) const;

 private:
  struct piece {
    std::size_t begin;  // in text_, were it kept whole
    std::size_t size;
    std::size_t header;
    std::size_t offset;  // in the header's value
  };

  const header_list& headers_;
  std::string text_;
  std::vector<piece> pieces_;
};

}  // namespace waybill::tool
