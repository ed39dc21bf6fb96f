#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/messaging/sending.hpp>
#include <waybill/propagation.hpp>
#include <waybill/tracestate.hpp>

/// The invariants of docs/design.md that hold for every adapter, as tests that each adapter runs
/// through a small driver of its own:
///
///   INSTANTIATE_TYPED_TEST_SUITE_P(kafka, conformance, kafka_driver);
///
/// A driver is a class with these members:
///
///   explicit driver(waybill::propagation settings);
///   static constexpr const char* destination;     // where its messages go to and come from
///   static constexpr bool has_null_values;        // headers without a value
///   static constexpr bool has_null_payloads;      // tombstones
///   static constexpr bool has_empty_names;
///   static constexpr bool has_duplicates;         // several headers of one name
///
///   // Sends through the adapter: the message as a client without waybill would receive it;
///   nothing
///   // when it was refused.
///   std::optional<wire_message> send(const wire_message&, const waybill::send_options& = {});
///   // Gives the adapter's consumer a message that such a client sent: what the application sees.
///   received_message receive(const wire_message&, bool strips = true);
///   // Ends everything that is in flight, and returns every outcome since the last call.
///   std::vector<told_outcome> outcomes();
namespace waybill_test {

/// A header as it is on the wire.
struct wire_header {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const wire_header&, const wire_header&) = default;
};

/// A message as it is on the wire.
struct wire_message {
  std::vector<wire_header> headers;
  std::optional<std::string> payload = "payload";
};

/// What an application gets of a message.
struct received_message {
  wire_message seen;
  waybill::extraction extraction;
};

/// An outcome that a listener was told.
struct told_outcome {
  waybill::outcome_state outcome{};
  void* user_data = nullptr;
};

inline constexpr std::string_view conformance_traceparent =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
inline constexpr std::string_view other_traceparent =
    "00-11111111111111111111111111111111-2222222222222222-00";

/// The context that the suite sends.
[[nodiscard]] inline waybill::context conformance_context() {
  waybill::tracestate state;
  static_cast<void>(state.set("rojo", "00f067aa0ba902b7"));
  waybill::baggage items;
  static_cast<void>(items.set("tenant", "Café du Nord"));
  return {waybill::parse_traceparent(conformance_traceparent).value(), state, items};
}

[[nodiscard]] inline bool is_field(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower == "traceparent" || lower == "tracestate" || lower == "baggage";
}

[[nodiscard]] inline std::vector<wire_header> own_headers(const std::vector<wire_header>& all) {
  std::vector<wire_header> own;
  for (const wire_header& each : all) {
    if (!is_field(each.name)) own.push_back(each);
  }
  return own;
}

[[nodiscard]] inline std::vector<std::string> values_of(const std::vector<wire_header>& all,
                                                        std::string_view name) {
  std::vector<std::string> values;
  for (const wire_header& each : all) {
    if (each.name == name) values.push_back(each.value.value_or("(null)"));
  }
  return values;
}

/// Headers of an application that a broker of this driver can carry.
template <class Driver>
[[nodiscard]] std::vector<wire_header> application_headers_of() {
  std::vector<wire_header> headers{{"content-type", "text/plain"},
                                   {"empty", ""},
                                   {"X-Traceparent", "not ours"},
                                   {"binary", std::string("\x01\xff;=,", 5)}};
  if (Driver::has_duplicates) headers.push_back({"content-type", "text/html"});
  if (Driver::has_null_values) headers.push_back({"null", std::nullopt});
  if (Driver::has_empty_names) headers.push_back({"", "of an empty name"});
  headers.push_back({"last", "one"});
  return headers;
}

template <class Driver>
struct conformance : testing::Test {
  waybill::propagation settings{waybill::propagation_options{}};
  const waybill::context context = conformance_context();

  [[nodiscard]] std::uint64_t counted(waybill::direction way, waybill::errc code) const {
    return settings.diagnostics()->count(way, code);
  }
};
TYPED_TEST_SUITE_P(conformance);

TYPED_TEST_P(conformance, carries_a_context_to_the_receiver) {
  TypeParam driver(this->settings);
  const auto wire = driver.send({}, {.context = &this->context});
  ASSERT_TRUE(wire.has_value());
  EXPECT_EQ(values_of(wire->headers, "traceparent"),
            std::vector{std::string(conformance_traceparent)});
  const received_message got = driver.receive(*wire);
  EXPECT_EQ(got.extraction.context(), this->context);
  EXPECT_TRUE(got.seen.headers.empty());
}

TYPED_TEST_P(conformance, invariant_1_sends_without_what_is_over_a_limit) {
  TypeParam driver(waybill::propagation(waybill::propagation_options{
      .limits = {.tracestate_bytes_max = 0, .baggage_members_max = 0}}));
  const auto wire = driver.send({}, {.context = &this->context});
  ASSERT_TRUE(wire.has_value());
  EXPECT_EQ(values_of(wire->headers, "traceparent").size(), 1U);
  EXPECT_EQ(wire->headers.size(), 1U);
  EXPECT_EQ(wire->payload, "payload");
}

TYPED_TEST_P(conformance, invariant_2_leaves_the_application_its_message) {
  TypeParam driver(this->settings);
  std::vector<std::optional<std::string>> payloads{"", std::string("\0\xff", 2), "text"};
  if (TypeParam::has_null_payloads) payloads.emplace_back(std::nullopt);
  for (const auto& payload : payloads) {
    SCOPED_TRACE(payload.value_or("(null)"));
    const wire_message message{application_headers_of<TypeParam>(), payload};
    const auto wire = driver.send(message, {.context = &this->context});
    ASSERT_TRUE(wire.has_value());
    EXPECT_EQ(own_headers(wire->headers), message.headers);
    EXPECT_EQ(wire->payload, payload);
    const received_message got = driver.receive(*wire);
    EXPECT_EQ(got.seen.headers, message.headers);
    EXPECT_EQ(got.seen.payload, payload);
  }
}

TYPED_TEST_P(conformance, invariant_3_replaces_the_whole_field_set) {
  TypeParam driver(this->settings);
  wire_message message{{{"tracestate", "old=1"}, {"a", "1"}, {"baggage", "old=1"}}};
  message.headers.push_back({"traceparent", std::string(other_traceparent)});
  if (TypeParam::has_duplicates) {
    message.headers.push_back({"traceparent", std::string(other_traceparent)});
    message.headers.push_back({"Traceparent", std::string(other_traceparent)});
  }
  const waybill::context bare(this->context.span_context());
  const auto wire = driver.send(message, {.context = &bare});
  ASSERT_TRUE(wire.has_value());
  EXPECT_EQ(wire->headers.size(), 2U);
  EXPECT_EQ(values_of(wire->headers, "traceparent"),
            std::vector{std::string(conformance_traceparent)});
  EXPECT_EQ(values_of(wire->headers, "a"), std::vector<std::string>{"1"});
}

TYPED_TEST_P(conformance, invariant_3_baggage_alone_replaces_baggage_alone) {
  TypeParam driver(this->settings);
  const wire_message message{
      {{"traceparent", std::string(other_traceparent)}, {"baggage", "old=1"}}};
  const waybill::context items =
      waybill::context(waybill::context_view(this->context).without_trace());
  const auto wire =
      driver.send(message, {.context = &items, .mode = waybill::inject_mode::replace});
  ASSERT_TRUE(wire.has_value());
  EXPECT_EQ(values_of(wire->headers, "traceparent"), std::vector{std::string(other_traceparent)});
  EXPECT_EQ(values_of(wire->headers, "baggage"),
            std::vector<std::string>{"tenant=Caf%C3%A9%20du%20Nord"});
}

TYPED_TEST_P(conformance, invariant_5_strips_every_spelling) {
  TypeParam driver(this->settings);
  wire_message message{{{"a", "1"}}};
  for (const char* name : {"traceparent", "TRACEPARENT", "Baggage", "baggage", "tracestate"}) {
    message.headers.push_back({name, "whatever"});
  }
  message.headers.push_back({"b", "2"});
  const received_message got = driver.receive(message);
  EXPECT_EQ(got.seen.headers, (std::vector<wire_header>{{"a", "1"}, {"b", "2"}}));
  const received_message left = driver.receive(message, false);
  EXPECT_EQ(left.seen.headers, message.headers);
}

TYPED_TEST_P(conformance, invariant_6_the_last_of_several_counts) {
  TypeParam driver(this->settings);
  const received_message got =
      driver.receive({{{"traceparent", std::string(other_traceparent)},
                       {"traceparent", std::string(conformance_traceparent)}}});
  EXPECT_EQ(got.extraction.sender(), this->context.span_context());
  // A broker whose headers are a map kept the last one itself.
  EXPECT_EQ(this->counted(waybill::direction::inbound, waybill::errc::duplicate),
            TypeParam::has_duplicates ? 1U : 0U);
}

TYPED_TEST_P(conformance, invariant_6_the_lower_case_name_is_preferred) {
  TypeParam driver(this->settings);
  const received_message got =
      driver.receive({{{"traceparent", std::string(conformance_traceparent)},
                       {"Traceparent", std::string(other_traceparent)}}});
  EXPECT_EQ(got.extraction.sender(), this->context.span_context());
}

TYPED_TEST_P(conformance, invariant_8_follows_the_mode) {
  using waybill::inject_mode;
  struct row {
    const char* name;
    inject_mode mode;
    bool has_context;
    bool has_headers;
    std::string_view expected;
  };
  const std::array rows{
      row{"automatic replaces", inject_mode::automatic, true, true, conformance_traceparent},
      row{"automatic keeps without a context", inject_mode::automatic, false, true,
          other_traceparent},
      row{"replace replaces", inject_mode::replace, true, true, conformance_traceparent},
      row{"keep keeps", inject_mode::keep, true, true, other_traceparent},
      row{"keep writes where there is nothing", inject_mode::keep, true, false,
          conformance_traceparent},
      row{"parent passes on without a tracer", inject_mode::parent, true, true, other_traceparent},
      row{"nothing is made up", inject_mode::automatic, false, false, ""},
  };
  TypeParam driver(this->settings);
  for (const row& each : rows) {
    SCOPED_TRACE(each.name);
    wire_message message;
    if (each.has_headers)
      message.headers.push_back({"traceparent", std::string(other_traceparent)});
    const auto wire = driver.send(
        message, {.context = each.has_context ? &this->context : nullptr, .mode = each.mode});
    ASSERT_TRUE(wire.has_value());
    const auto values = values_of(wire->headers, "traceparent");
    EXPECT_EQ(values, each.expected.empty() ? std::vector<std::string>()
                                            : std::vector{std::string(each.expected)});
  }
}

TYPED_TEST_P(conformance, invariant_9_each_message_has_its_outcome_once) {
  TypeParam driver(this->settings);
  static_cast<void>(driver.outcomes());
  std::array<int, 40> messages{};
  for (int& each : messages) {
    // All carry one context, or no context: only their identity differs.
    const bool has_context = (&each - messages.data()) % 2 == 0;
    const auto wire =
        driver.send({}, {.context = has_context ? &this->context : nullptr, .user_data = &each});
    ASSERT_TRUE(wire.has_value());
  }
  std::map<void*, int> told;
  for (const told_outcome& each : driver.outcomes()) ++told[each.user_data];
  EXPECT_EQ(told.size(), messages.size());
  for (int& each : messages) EXPECT_EQ(told[&each], 1);
}

TYPED_TEST_P(conformance, invariant_10_no_bytes_hurt_the_receiver) {
  std::mt19937_64 random(20261130);
  const auto text = [&](std::size_t bytes_max) {
    std::string made(random() % (bytes_max + 1), '\0');
    for (char& c : made) c = static_cast<char>(random() % 255 + 1);
    return made;
  };
  TypeParam driver(this->settings);
  for (int round = 0; round < 20; ++round) {
    wire_message message{{{"a", "1"}}};
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      message.headers.push_back({name, text(300)});
    }
    message.headers.push_back({"b", text(20)});
    const received_message got = driver.receive(message);
    EXPECT_EQ(got.seen.headers, own_headers(message.headers));
    EXPECT_FALSE(got.extraction.context().has_trace());
  }
}

TYPED_TEST_P(conformance, the_boundary_holds_both_ways) {
  waybill::propagation_options options;
  options.boundary.set(TypeParam::destination, {.inbound = waybill::inbound_mode::ignore,
                                                .outbound = waybill::outbound_mode::nothing});
  TypeParam driver{waybill::propagation(std::move(options))};
  wire_message message;
  message.headers.push_back({"traceparent", std::string(other_traceparent)});
  const auto wire = driver.send(message, {.context = &this->context});
  ASSERT_TRUE(wire.has_value());
  EXPECT_TRUE(wire->headers.empty());
  const received_message got = driver.receive(message);
  EXPECT_TRUE(got.extraction.context().is_empty());
  EXPECT_TRUE(got.seen.headers.empty());
}

REGISTER_TYPED_TEST_SUITE_P(
    conformance, carries_a_context_to_the_receiver, invariant_1_sends_without_what_is_over_a_limit,
    invariant_2_leaves_the_application_its_message, invariant_3_replaces_the_whole_field_set,
    invariant_3_baggage_alone_replaces_baggage_alone, invariant_5_strips_every_spelling,
    invariant_6_the_last_of_several_counts, invariant_6_the_lower_case_name_is_preferred,
    invariant_8_follows_the_mode, invariant_9_each_message_has_its_outcome_once,
    invariant_10_no_bytes_hurt_the_receiver, the_boundary_holds_both_ways);

}  // namespace waybill_test
