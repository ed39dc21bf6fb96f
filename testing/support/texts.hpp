#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <waybill/baggage.hpp>
#include <waybill/context.hpp>
#include <waybill/span_context.hpp>
#include <waybill/tracestate.hpp>

namespace waybill_test {

inline constexpr std::string_view sample_traceparent =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
inline constexpr std::string_view other_traceparent =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02";

/// Positions with the ids and flags of the two texts above.
inline constexpr waybill::span_context sample_trace =
    waybill::parse_traceparent(sample_traceparent).value();
inline constexpr waybill::span_context other_trace =
    waybill::parse_traceparent(other_traceparent).value();

inline std::string traceparent_of(const waybill::span_context& trace) {
  const std::array<char, waybill::traceparent_bytes> text = waybill::to_traceparent(trace);
  return {text.data(), text.size()};
}

/// "k0=v,k1=v" and so on: a list that is good as tracestate and as baggage.
inline std::string list_of_members(std::size_t members) {
  std::string text;
  for (std::size_t i = 0; i < members; ++i) {
    text += i == 0 ? "k" : ",k";
    text += std::to_string(i) + "=v";
  }
  return text;
}

/// One baggage member that is `bytes` long, at least 2: "b=xxx".
inline std::string baggage_of_bytes(std::size_t bytes) {
  return "b=" + std::string(bytes - 2, 'x');
}

/// A tracestate of `bytes`, in members of at most 200: "a=xxx,b=xxx".
inline std::string tracestate_of_bytes(std::size_t bytes) {
  std::string text;
  for (char key = 'a'; text.size() < bytes; ++key) {
    if (!text.empty()) text += ',';
    std::size_t member = std::min<std::size_t>(200, bytes - text.size());
    // What is left for the next member must be none, or enough for a comma and a member.
    const std::size_t rest = bytes - text.size() - member;
    if (rest != 0 && rest < 4) member -= 4;
    text += key;
    text += "=" + std::string(member - 2, 'x');
  }
  return text;
}

/// A context made through the public interface, from texts that must be good.
inline waybill::context context_of(const waybill::span_context& trace, std::string_view state,
                                   std::string_view items, const waybill::limits& limits = {}) {
  return {trace, waybill::tracestate::parse(state, limits).value(),
          waybill::baggage::parse(items, limits).items};
}

}  // namespace waybill_test
