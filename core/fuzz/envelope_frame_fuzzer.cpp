// Any payload, and frames of any block: README.md says how an input is laid out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <waybill/frame.hpp>

#include "support/envelopes.hpp"
#include "support/input.hpp"

namespace {

using waybill_fuzz::require;

std::string number(std::uint32_t value, int bytes) {
  std::string made;
  for (int i = bytes - 1; i >= 0; --i) made += static_cast<char>(value >> (8 * i));
  return made;
}

/// The checksum bit by bit: no fuzzer would find it by chance.
std::string frame_with(std::string_view block, std::string_view payload) {
  const auto bytes = static_cast<std::uint32_t>(block.size());
  const std::string checked = '\1' + number(bytes, 2) + std::string(block);
  std::uint32_t remainder = 0xffffffff;
  for (const char each : checked) {
    remainder ^= static_cast<unsigned char>(each);
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78 : 0);
    }
  }
  return std::string(waybill::frame_magic) + checked + number(~remainder, 4) + std::string(payload);
}

void check_pairs(std::string_view frame, std::string_view payload) {
  const auto parsed = waybill::parse_frame(frame);
  if (!parsed.has_value()) {
    require(parsed.error() == waybill::errc::malformed, "pairs alone can be wrong");
    return;
  }
  require(parsed->payload() == payload, "the payload is what is behind the block");
  std::string again;
  parsed->for_each([&](std::string_view name, std::string_view value) {
    require(!name.empty(), "names are not empty");
    again += number(static_cast<std::uint32_t>(name.size()), 1) + std::string(name);
    again += number(static_cast<std::uint32_t>(value.size()), 2) + std::string(value);
  });
  require(again == parsed->block(), "the pairs are the block");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill_fuzz::input from(data, size);
  const waybill::context context = waybill_fuzz::context_by(from.byte());
  const bool is_block = from.byte() == 'b';
  std::string payload(from.rest());
  const waybill::propagation& settings = waybill_fuzz::counting_propagation();
  if (is_block) {
    const std::string block = from.line();
    const std::string rest(from.rest());
    if (block.size() > waybill::frame_block_bytes_max) return 0;
    payload = frame_with(block, rest);
    check_pairs(payload, rest);
  }
  waybill_fuzz::receive(waybill::envelope_form::frame, payload, settings);
  const std::string text =
      waybill_fuzz::send(waybill::envelope_form::frame, payload, context, settings);
  const auto came = waybill_fuzz::receive(waybill::envelope_form::frame, text, settings);
  require(came.payload() == payload, "a payload comes out as it went in");
  return 0;
}
