#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <waybill/carrier.hpp>

/// What both sides read from and write to: the same storage, and the same comparison of names
/// wherever both interfaces ask by name.
namespace waybill_benchmark {

inline constexpr std::string_view traceparent_value =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What one message carries.
struct message_case {
  const char* name;
  std::string_view traceparent;
  std::string_view tracestate;
  std::string_view baggage;
};

inline constexpr std::string_view tracestate_2 = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
inline constexpr std::string_view tracestate_3 =
    "dd=s:2;o:rum;t.dm:-4,rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
inline constexpr std::string_view baggage_3 = "userId=alice,serverNode=DF28,isProduction=false";
inline constexpr std::string_view baggage_8 =
    "userId=alice,serverNode=DF28,isProduction=false,tenant=acme-corp,region=eu-west-1,"
    "session=8f14e45fceea167a5a36dedd4bea2543,cart=3f2b8c,plan=gold";

inline constexpr message_case nothing{"nothing", {}, {}, {}};
inline constexpr message_case traceparent{"traceparent", traceparent_value, {}, {}};
inline constexpr message_case tracestate_of_2{"tracestate-2", traceparent_value, tracestate_2, {}};
inline constexpr message_case tracestate_of_3{"tracestate-3", traceparent_value, tracestate_3, {}};
inline constexpr message_case baggage_of_3{"baggage-3", traceparent_value, tracestate_2, baggage_3};
inline constexpr message_case baggage_of_8{"baggage-8", traceparent_value, tracestate_3, baggage_8};

/// Which names stand in the place of fields that are not there.
enum class other_names {
  usual,  ///< One of the three is as long as a field's name.
  alike,  ///< All of them are: a length does not tell them from a field's.
};

/// Five headers, up to three of them propagation fields.
class five_headers {
 public:
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  explicit five_headers(const message_case& message, other_names others = other_names::usual) {
    if (others == other_names::alike) {
      headers_[1].name = "retry-count";
      headers_[3].name = "user-id";
    }
    if (!message.traceparent.empty()) headers_[1] = {"traceparent", message.traceparent};
    if (!message.tracestate.empty()) headers_[2] = {"tracestate", message.tracestate};
    if (!message.baggage.empty()) headers_[3] = {"baggage", message.baggage};
  }

  template <class F>
  void for_each(F&& visit) const {
    for (const header& each : headers_) visit(each.name, each.value);
  }
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const header& each : headers_) {
      if (each.name == name) return each.value;
    }
    return std::nullopt;
  }

 private:
  struct header {
    std::string_view name;
    std::string_view value;
  };
  std::array<header, 5> headers_{{{"app-id", "orders"},
                                  {"schema-id", "17"},
                                  {"event-type", "created"},
                                  {"source", "web"},
                                  {"content-type", "application/json"}}};
};

/// The same headers, to be asked by name.
struct headers_by_name {
  static constexpr waybill::carrier_rules rules = waybill::http_rules;

  const five_headers& headers;

  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
    return headers.find(name);
  }
};

/// Room for five headers: what is set is copied into the slot of its name.
class five_slots {
 public:
  void set(std::string_view name, std::string_view value) noexcept {
    slot* const found = find(name);
    if (found == nullptr) return;
    found->bytes = std::min(value.size(), found->value.size());
    // Not memcpy: gcc knows the most bytes there can be and would put `rep movsq` here, whose start
    // takes longer than the rest of either side.
    std::copy_n(value.data(), found->bytes, found->value.data());
  }
  void erase(std::string_view name) noexcept {
    if (slot* const found = find(name)) found->bytes = 0;
  }
  [[nodiscard]] std::string_view get(std::string_view name) noexcept {
    const slot* const found = find(name);
    return found == nullptr ? std::string_view{}
                            : std::string_view(found->value.data(), found->bytes);
  }
  [[nodiscard]] bool holds(const message_case& message) noexcept {
    return get("traceparent") == message.traceparent && get("tracestate") == message.tracestate &&
           get("baggage") == message.baggage;
  }

 private:
  struct slot {
    std::string_view name;
    std::size_t bytes = 0;
    std::array<char, 1024> value{};
  };
  slot* find(std::string_view name) noexcept {
    for (slot& each : slots_) {
      if (each.name == name) return &each;
    }
    return nullptr;
  }

  std::array<slot, 5> slots_{
      {{"app-id"}, {"traceparent"}, {"tracestate"}, {"baggage"}, {"content-type"}}};
};

}  // namespace waybill_benchmark
