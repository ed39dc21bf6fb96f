#include "contexts.hpp"

#include <charconv>

#include "waybill/baggage.hpp"
#include "waybill/header_list.hpp"
#include "waybill/propagation.hpp"
#include "waybill/tracestate.hpp"

namespace waybill_test {

namespace {

constexpr std::string_view body_begin = "body ";

/// The finaliser of SplitMix64: neighbouring numbers get results that have nothing in common.
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15U;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

void write_bytes(std::uint64_t number, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i, number >>= 8U) bytes[i] = static_cast<std::uint8_t>(number);
}

}  // namespace

waybill::context context_of(std::uint64_t number) {
  waybill::trace_id trace;
  waybill::span_id span;
  write_bytes(mixed(number), trace.bytes.data());
  write_bytes(number + 1, trace.bytes.data() + 8);
  write_bytes(mixed(~number), span.bytes.data());
  const std::string text = std::to_string(number);
  waybill::tracestate state;
  state.set("vendor", "v" + text);
  waybill::baggage items;
  items.set("number", text);
  items.set("user", "zo\xc3\xab " + text);
  if (number % 10 == 0) items.set("long", std::string(400, 'l'));
  return {waybill::trace_context(trace, span, static_cast<std::uint8_t>(number % 4)), state, items};
}

std::uint64_t number_of(const waybill::trace_context& trace) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = (number << 8U) | trace.trace().bytes[i];
  return number - 1;
}

std::string traceparent_of(const waybill::context& context) {
  waybill::header_list headers;
  waybill::inject(context, waybill::writer_ref(headers), waybill::propagation{});
  return std::string(headers.get("traceparent").value());
}

std::string body_of(std::uint64_t number) {
  return std::string(body_begin) + std::to_string(number) + std::string(100, '.');
}

std::optional<std::uint64_t> number_in(std::string_view body) {
  if (!body.starts_with(body_begin)) return std::nullopt;
  body.remove_prefix(body_begin.size());
  std::uint64_t number = 0;
  const auto read = std::from_chars(body.data(), body.data() + body.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace waybill_test
