#include "waybill/frame.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "crc32c.hpp"
#include "grammar.hpp"

namespace waybill::inline v0 {

namespace {

constexpr std::size_t version_at = frame_magic.size();
constexpr std::size_t block_size_at = version_at + 1;
constexpr std::size_t block_at = block_size_at + 2;
constexpr std::size_t checksum_bytes = 4;
static_assert(block_at + checksum_bytes == frame_overhead_bytes);

std::size_t read_2(std::string_view bytes, std::size_t at) noexcept {
  return std::size_t{static_cast<unsigned char>(bytes[at])} << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

std::uint32_t read_4(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint32_t>(read_2(bytes, at) << 16 | read_2(bytes, at + 2));
}

void write_2(char* at, std::size_t number) noexcept {
  at[0] = static_cast<char>(number >> 8);
  at[1] = static_cast<char>(number);
}

/// The bytes of the pair that begins there; 0 when it does not end within the block.
std::size_t pair_bytes_at(std::string_view block, std::size_t at) noexcept {
  const std::size_t name_bytes = static_cast<unsigned char>(block[at]);
  const std::size_t left = block.size() - at;
  if (name_bytes == 0 || left < name_bytes + frame_pair_overhead_bytes) return 0;
  const std::size_t value_bytes = read_2(block, at + 1 + name_bytes);
  const std::size_t bytes = name_bytes + value_bytes + frame_pair_overhead_bytes;
  return bytes <= left ? bytes : 0;
}

bool is_filled_by_pairs(std::string_view block) noexcept {
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t bytes = pair_bytes_at(block, at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

bool is_same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return detail::to_lower(x) == detail::to_lower(y); });
}

}  // namespace

result<frame_view> parse_frame(std::string_view received, std::size_t block_bytes_max) noexcept {
  if (!looks_like_frame(received)) return errc::absent;
  if (received.size() < frame_overhead_bytes) return errc::malformed;
  if (static_cast<unsigned char>(received[version_at]) != frame_version) {
    return errc::unknown_version;
  }
  const std::size_t block_bytes = read_2(received, block_size_at);
  if (block_bytes > received.size() - frame_overhead_bytes) return errc::malformed;
  if (block_bytes > block_bytes_max) return errc::too_large;
  const std::size_t checksum_at = block_at + block_bytes;
  const std::string_view checked = received.substr(version_at, checksum_at - version_at);
  if (detail::crc32c(checked) != read_4(received, checksum_at)) return errc::bad_checksum;
  const std::string_view block = received.substr(block_at, block_bytes);
  if (!is_filled_by_pairs(block)) return errc::malformed;
  return frame_view(block, received.substr(checksum_at + checksum_bytes));
}

frame_header::frame_header(std::size_t block_bytes_max) noexcept
    : block_bytes_max_(std::min(block_bytes_max, frame_block_bytes_max)) {}

frame_header::frame_header(frame_header&& other) noexcept { take(other); }

frame_header& frame_header::operator=(frame_header&& other) noexcept {
  if (this != &other) take(other);
  return *this;
}

void frame_header::take(frame_header& other) noexcept {
  block_bytes_max_ = other.block_bytes_max_;
  capacity_ = std::exchange(other.capacity_, inline_bytes_max);
  size_ = std::exchange(other.size_, prefix_bytes);
  error_ = std::exchange(other.error_, errc::ok);
  is_closed_ = std::exchange(other.is_closed_, false);
  heap_ = std::move(other.heap_);
  if (heap_ == nullptr) {
    std::memcpy(inline_.data(), other.inline_.data(), size_ + (is_closed_ ? checksum_bytes : 0));
  }
}

frame_view frame_header::pairs() const noexcept {
  return frame_view({data() + prefix_bytes, size_ - prefix_bytes}, {});
}

bool frame_header::reserve(std::size_t bytes) noexcept {
  if (bytes <= capacity_) return true;
  const std::size_t capacity = std::max(bytes, capacity_ * 2);
  std::unique_ptr<char[]> grown(new (std::nothrow) char[capacity]);  // NOLINT(*-avoid-c-arrays)
  if (grown == nullptr) return false;
  std::memcpy(grown.get(), data(), size_);
  heap_ = std::move(grown);
  capacity_ = capacity;
  return true;
}

void frame_header::set(std::string_view name, std::string_view value) noexcept {
  erase(name);
  if (name.empty() || name.size() > frame_name_bytes_max) {
    error_ = errc::invalid_key;
    return;
  }
  const std::size_t block_bytes = size_ - prefix_bytes;
  const std::size_t room = block_bytes_max_ - std::min(block_bytes, block_bytes_max_);
  const std::size_t overhead = name.size() + frame_pair_overhead_bytes;
  if (overhead > room || value.size() > room - overhead) {
    error_ = errc::dropped_for_size;
    return;
  }
  if (!reserve(size_ + overhead + value.size() + checksum_bytes)) {
    error_ = errc::no_memory;
    return;
  }
  char* at = data() + size_;
  *at++ = static_cast<char>(name.size());
  at = std::copy(name.begin(), name.end(), at);
  write_2(at, value.size());
  std::copy(value.begin(), value.end(), at + 2);
  size_ += overhead + value.size();
}

void frame_header::erase(std::string_view name) noexcept {
  is_closed_ = false;
  char* const bytes = data();
  std::size_t kept = prefix_bytes;
  for (std::size_t at = prefix_bytes; at < size_;) {
    const std::size_t pair = pair_bytes_at({bytes, size_}, at);
    const std::string_view other(bytes + at + 1, static_cast<unsigned char>(bytes[at]));
    if (!is_same_name(other, name)) {
      if (kept != at) std::memmove(bytes + kept, bytes + at, pair);
      kept += pair;
    }
    at += pair;
  }
  size_ = kept;
}

std::string_view frame_header::close() & noexcept {
  char* const bytes = data();
  std::copy(frame_magic.begin(), frame_magic.end(), bytes);
  bytes[version_at] = static_cast<char>(frame_version);
  write_2(bytes + block_size_at, size_ - prefix_bytes);
  const std::uint32_t checksum = detail::crc32c({bytes + version_at, size_ - version_at});
  write_2(bytes + size_, checksum >> 16);
  write_2(bytes + size_ + 2, checksum & 0xffff);
  is_closed_ = true;
  return this->bytes();
}

}  // namespace waybill::inline v0
