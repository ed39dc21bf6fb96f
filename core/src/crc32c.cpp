#include "crc32c.hpp"

#include <array>
#include <cstddef>

#include "waybill/detail/hex.hpp"

namespace waybill::inline v0::detail {

namespace {

using table = std::array<std::uint32_t, 256>;

/// Table n says what a byte does to the remainder when n more bytes follow it: eight bytes are
/// looked up at once.
constexpr std::array<table, 8> tables = [] {
  constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed
  std::array<table, 8> made{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? polynomial : 0);
    }
    made[0][byte] = remainder;
  }
  for (std::size_t n = 1; n < made.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = made[n - 1][byte];
      made[n][byte] = (before >> 8) ^ made[0][before & 0xff];
    }
  }
  return made;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  std::uint32_t remainder = 0xffffffff;
  std::size_t at = 0;
  for (; bytes.size() - at >= 8; at += 8) {
    const std::uint64_t word = load_little_endian(bytes.data() + at) ^ remainder;
    remainder = 0;
    for (std::size_t n = 0; n < 8; ++n) {
      remainder ^= tables[7 - n][(word >> (8 * n)) & 0xff];
    }
  }
  for (; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    remainder = (remainder >> 8) ^ tables[0][(remainder ^ byte) & 0xff];
  }
  return ~remainder;
}

}  // namespace waybill::inline v0::detail
