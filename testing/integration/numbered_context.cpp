#include "numbered_context.hpp"

#include <array>
#include <cstddef>
#include <stdexcept>

#include "waybill/baggage.hpp"
#include "waybill/tracestate.hpp"

namespace waybill_test {

namespace {

// No number's identifiers are zero: the first byte says which of the two it is.
template <std::size_t Bytes>
std::array<std::uint8_t, Bytes> identifier(std::uint8_t first, std::uint64_t number) {
  constexpr unsigned bits_per_byte = 8;
  std::array<std::uint8_t, Bytes> bytes{};
  bytes[0] = first;
  for (std::size_t i = Bytes - 1; i > 0 && number != 0; --i) {
    bytes[i] = static_cast<std::uint8_t>(number);
    number >>= bits_per_byte;
  }
  return bytes;
}

}  // namespace

waybill::context make_context(std::uint64_t number, std::string_view tracestate,
                              std::string_view baggage) {
  const waybill::span_context trace({identifier<16>(0xa1, number)}, {identifier<8>(0xb2, number)},
                                    waybill::flag_sampled | waybill::flag_random);
  const auto state = waybill::tracestate::parse(tracestate);
  const waybill::baggage::parsed items = waybill::baggage::parse(baggage);
  if (!state.has_value() || state->text() != tracestate || items.items.text() != baggage) {
    throw std::invalid_argument("not a context in canonical form");
  }
  return {trace, *state, items.items};
}

std::string traceparent_of(const waybill::context& context) {
  const auto text = waybill::to_traceparent(context.span_context());
  return {text.begin(), text.end()};
}

std::string traceparent_of(std::uint64_t number) { return traceparent_of(make_context(number)); }

}  // namespace waybill_test
