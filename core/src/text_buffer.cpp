#include "waybill/detail/text_buffer.hpp"

#include <cstdlib>
#include <cstring>

namespace waybill::inline v0::detail {

bool text_buffer::append(std::string_view text) noexcept {
  constexpr std::size_t capacity_min = 256;
  if (text.empty()) return true;
  if (text.size() > capacity_ - size_) {
    std::size_t capacity = capacity_ == 0 ? capacity_min : capacity_ * 2;
    if (capacity < size_ + text.size()) capacity = size_ + text.size();
    void* grown = std::realloc(data_, capacity);  // NOLINT(*-no-malloc): it answers null
    if (grown == nullptr) return false;
    data_ = static_cast<char*>(grown);
    capacity_ = capacity;
  }
  std::memcpy(data_ + size_, text.data(), text.size());
  size_ += text.size();
  return true;
}

void text_buffer::release() noexcept {
  std::free(data_);  // NOLINT(*-no-malloc)
}

}  // namespace waybill::inline v0::detail
