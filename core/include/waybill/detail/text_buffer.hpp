#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "waybill/config.hpp"

namespace waybill::inline v0::detail {

/// Bytes that grow by appending, and say so when memory runs out instead of throwing. Used where
/// the text of a field must be rewritten; no standard container reports a failed allocation
/// without exceptions, and <string> is not wanted in the headers of the hot path.
class text_buffer {
 public:
  text_buffer() noexcept = default;
  text_buffer(const text_buffer&) = delete;
  text_buffer& operator=(const text_buffer&) = delete;
  text_buffer(text_buffer&& other) noexcept { swap(other); }
  text_buffer& operator=(text_buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~text_buffer() {
    if (data_ != nullptr) release();
  }

  /// False, and nothing is appended, when memory ran out.
  WAYBILL_API bool append(std::string_view text) noexcept;
  bool append(char byte) noexcept { return append(std::string_view(&byte, 1)); }
  void clear() noexcept { size_ = 0; }
  void swap(text_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  /// Keeps the first `size` bytes; `size` is at most size().
  void shrink(std::size_t size) noexcept { size_ = size; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

 private:
  WAYBILL_API void release() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace waybill::inline v0::detail
