#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/errc.hpp>
#include <waybill/header_list.hpp>

#include "inspection.hpp"

namespace waybill::tool {

/// A section of a specification.
struct section {
  std::string_view title;  ///< `W3C Baggage, "value"`
  std::string_view link;
};

/// Bytes of one of the headers that were given.
struct place {
  std::size_t header;  ///< The index in the header_list.
  std::size_t offset;  ///< From the first byte of the value; may be its end.
  std::size_t bytes = 1;
};

/// One thing that was refused or dropped.
struct fault {
  std::string_view field;
  errc code = errc::ok;
  std::string words;
  std::optional<section> rule;
  std::optional<place> where;
  std::string_view consequence{};
};

/// What a list of faults shows, and how many more there are of the same kind.
struct fault_list {
  std::vector<fault> faults;
  std::size_t members_not_shown = 0;
};

/// Bad members of baggage that are shown one by one.
inline constexpr std::size_t shown_members_max = 5;

/// Where and why the headers were refused. The verdict is core's, in `seen.report`; the place is
/// found by asking core's parsers about beginnings of the value: the first byte behind which no
/// continuation would be accepted is the one that is wrong.
/// @par Cost   a few hundred calls of core's parsers on 65,536 bytes at most, whatever was given.
[[nodiscard]] fault_list find_faults(const header_list& headers, const inspection& seen);

}  // namespace waybill::tool
