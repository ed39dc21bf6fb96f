#include "numbered_message.hpp"

#include <charconv>

#include "waybill/baggage.hpp"
#include "waybill/tracestate.hpp"

namespace waybill_test {

namespace {

constexpr std::string_view payload_begin = "payload ";

void write_bytes(std::uint64_t number, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i, number >>= 8U) bytes[i] = static_cast<std::uint8_t>(number);
}

}  // namespace

std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15U;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

waybill::span_context trace_of(std::uint64_t number) {
  waybill::trace_id trace;
  waybill::span_id span;
  write_bytes(mixed(number), trace.bytes.data());
  write_bytes(number + 1, trace.bytes.data() + 8);
  write_bytes(mixed(~number), span.bytes.data());
  return {trace, span, static_cast<std::uint8_t>(number % 4)};
}

std::uint64_t number_of(const waybill::span_context& trace) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = (number << 8U) | trace.trace_id().bytes[i];
  return number - 1;
}

waybill::context context_of(std::uint64_t number) {
  const std::string text = std::to_string(number);
  waybill::tracestate state;
  state.set("vendor", "v" + text);
  state.set("n", text);
  waybill::baggage items;
  items.set("number", text);
  items.set("user", "zo\xc3\xab " + text);
  // Some texts are longer than a context holds without a block of its own.
  if (number % 10 == 0) items.set("long", std::string(400, 'l'));
  return {trace_of(number), state, items};
}

std::string payload_of(std::uint64_t number) {
  return std::string(payload_begin) + std::to_string(number) + std::string(100, '.');
}

std::optional<std::uint64_t> number_in(std::string_view payload) {
  if (!payload.starts_with(payload_begin)) return std::nullopt;
  payload.remove_prefix(payload_begin.size());
  std::uint64_t number = 0;
  const auto read = std::from_chars(payload.data(), payload.data() + payload.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace waybill_test
