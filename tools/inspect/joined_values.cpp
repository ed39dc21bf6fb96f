#include "joined_values.hpp"

#include <algorithm>

#include "headers.hpp"

namespace waybill::tool {

joined_values::joined_values(const header_list& headers, const propagator& formats,
                             std::string_view name, std::size_t bytes_max)
    : headers_(headers) {
  const std::size_t wanted = formats.field_index(name);
  const std::size_t kept_max = bytes_max + 1;
  std::size_t index = 0;
  std::size_t begin = 0;
  for (const header_list::header& each : headers) {
    const std::size_t header = index++;
    if (formats.field_index(each.name) != wanted) continue;
    if (!pieces_.empty()) {
      ++begin;
      if (text_.size() < kept_max) text_ += ',';
    }
    const std::string_view value = without_outer_white_space(each.value);
    const auto offset = static_cast<std::size_t>(value.data() - each.value.data());
    pieces_.push_back({begin, value.size(), header, offset});
    text_ += value.substr(0, kept_max - text_.size());
    begin += value.size();
  }
}

std::string_view joined_values::value(std::size_t index) const {
  const piece& wanted = pieces_[index];
  const auto header = headers_.begin() + static_cast<std::ptrdiff_t>(wanted.header);
  return std::string_view(header->value).substr(wanted.offset, wanted.size);
}

place joined_values::place_in(std::size_t index, std::size_t offset) const {
  return {pieces_[index].header, pieces_[index].offset + offset};
}

place joined_values::place_of(std::size_t offset, std::size_t bytes) const {
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](std::size_t at, const piece& each) { return at < each.begin; });
  const piece& holder = behind == pieces_.begin() ? pieces_.front() : *(behind - 1);
  const std::size_t inside = std::min(offset - holder.begin, holder.size);
  const std::size_t bytes_left = std::max<std::size_t>(holder.size - inside, 1);
  return {holder.header, holder.offset + inside, std::min(bytes, bytes_left)};
}

}  // namespace waybill::tool
