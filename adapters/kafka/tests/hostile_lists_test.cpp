// Lists that would take librdkafka too long to remove fields from: the free functions leave them as
// they are and say so, the wrappers give the message another list.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../src/header_fields.hpp"
#include "support/bare_headers.hpp"
#include "support/contexts.hpp"
#include "support/receiving.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::propagation;
using waybill::kafka::detail::removal_cost;
using waybill_test::bare_header;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::traceparent_a;
using waybill_test::traceparent_text;
using waybill_test::without_fields;

const std::string a(traceparent_a);

/// `name` with the letters that `bits` says in upper case.
std::string spelling(std::string name, std::size_t bits) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (((bits >> i) & 1U) != 0) name[i] = static_cast<char>(name[i] - 0x20);
  }
  return name;
}

removal_cost cost_of(const bare_headers& headers) {
  const auto list = make_list(headers);
  const propagation settings;
  const waybill::kafka::detail::stripping_reader reader(*list, settings.propagator());
  reader.for_each([](std::string_view, const waybill::field_value&) {});
  return reader.cost();
}

struct list_case {
  std::string what;
  bare_headers headers;
};

/// All fields stand at the end, where nothing has to be moved.
std::vector<list_case> cheap_cases() {
  bare_headers grouped{{"own", "1"}};
  for (const char* name : {"traceparent", "tracestate", "baggage"}) {
    for (std::size_t i = 0; i < 33'000; ++i) grouped.push_back({name, ""});
  }
  grouped.push_back({"traceparent", a});
  bare_headers short_list;
  for (std::size_t i = 0; i < 1'000; ++i) {
    short_list.push_back({spelling("traceparent", i), a});
    short_list.push_back({"own", std::to_string(i)});
  }
  return {
      {"one name", bare_headers{{"own", "1"}, {"own", "2"}} +
                       bare_headers(100'000, {"baggage", ""}) + bare_headers{{"traceparent", a}}},
      {"each name by itself", std::move(grouped)},
      {"no field", bare_headers(100'000, {"own", "1"})},
      {"a thousand fields of every spelling among a thousand headers", std::move(short_list)},
  };
}

/// librdkafka gives up a message of more than 100,000 headers.
std::vector<list_case> hostile_cases() {
  bare_headers alternating;
  bare_headers two_fields;
  for (std::size_t i = 0; i < 49'000; ++i) {
    alternating.push_back({"own", ""});
    alternating.push_back({"baggage", ""});
    two_fields.push_back({"traceparent", ""});
    two_fields.push_back({"baggage", ""});
  }
  bare_headers spelt;
  for (std::size_t i = 0; i < 98'000; ++i) spelt.push_back({spelling("baggage", i % 128), ""});
  bare_headers few_spelt = bare_headers(98'000, {"own", ""});
  for (std::size_t i = 0; i < 128; ++i) few_spelt.push_back({spelling("baggage", i), ""});
  const bare_headers last{{"traceparent", a}};
  return {
      {"fields and others in turn", alternating + last},
      {"two fields in turn", two_fields + last},
      {"fields before the others",
       bare_headers(49'000, {"baggage", ""}) + bare_headers(49'000, {"own", ""}) + last},
      {"many spellings", spelt + last},
      {"some spellings behind many others", few_spelt + last},
  };
}

/// What librdkafka does to remove all headers of one name: it looks at each from the last one on,
/// and moves the pointers after each one it removes.
std::uint64_t steps_to_remove(std::vector<std::string>& names, const std::string& name) {
  std::uint64_t steps = 0;
  for (std::size_t i = names.size(); i-- > 0;) {
    ++steps;
    if (names[i] != name) continue;
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(i));
    steps += names.size() - i;
  }
  return steps;
}

TEST(kafka_removal_cost, is_no_less_than_the_steps_that_librdkafka_takes) {
  const std::vector<std::string> fields{"traceparent", "tracestate", "baggage"};
  std::mt19937 random(4711);
  for (int round = 0; round < 500; ++round) {
    bare_headers headers;
    const std::size_t count = random() % 40;
    while (headers.size() < count) {
      const std::size_t which = random() % 5;
      if (which >= fields.size()) {
        headers.push_back({"own", ""});
      } else {
        headers.push_back({spelling(fields[which], random() % 2 == 0 ? 0 : random() % 4), ""});
      }
    }
    std::vector<std::string> names;
    for (const bare_header& each : headers) names.push_back(each.name);
    std::uint64_t steps = 0;
    // As stripping_reader::strip() does: fields in their own spelling, the last one first, then
    // each other spelling.
    for (std::size_t i = fields.size(); i-- > 0;) {
      if (std::find(names.begin(), names.end(), fields[i]) == names.end()) continue;
      steps += steps_to_remove(names, fields[i]);
    }
    for (std::size_t i = 0; i < names.size();) {
      if (names[i] == "own") {
        ++i;
      } else {
        steps += steps_to_remove(names, std::string(names[i]));
      }
    }
    const removal_cost cost = cost_of(headers);
    EXPECT_GE(cost.spellings * cost.headers + cost.moved, steps) << testing::PrintToString(headers);
    EXPECT_EQ(cost.headers, headers.size());
    EXPECT_EQ(cost.fields, headers.size() - without_fields(headers).size());
  }
}

TEST(kafka_removal_cost, grows_with_the_list_alone_where_all_fields_stand_at_the_end) {
  for (const auto& [what, headers] : cheap_cases()) {
    const removal_cost cost = cost_of(headers);
    EXPECT_TRUE(cost.is_bearable()) << what;
    EXPECT_LT(cost.spellings * cost.headers + cost.moved, removal_cost::steps_max) << what;
  }
  const removal_cost cost = cost_of(bare_headers(100'000, {"baggage", ""}));
  EXPECT_EQ(cost.moved, 0U);
  EXPECT_EQ(cost.spellings, 1U);
}

struct kafka_hostile_list : testing::Test {
  const propagation settings{waybill::propagation_options{}};

  [[nodiscard]] std::uint64_t counted() const {
    return settings.diagnostics()->count(direction::inbound, errc::too_many_fields);
  }
};

TEST_F(kafka_hostile_list, is_left_byte_for_byte_and_counted_by_the_free_functions) {
  std::uint64_t left = 0;
  for (const auto& [what, headers] : hostile_cases()) {
    SCOPED_TRACE(what);
    EXPECT_FALSE(cost_of(headers).is_bearable());
    const auto list = make_list(headers);
    EXPECT_EQ(waybill::kafka::strip(list.get(), settings, "orders"), errc::too_many_fields);
    EXPECT_EQ(counted(), ++left);
    EXPECT_TRUE(headers_of(list.get()) == headers);
    const extraction taken = waybill::kafka::take(list.get(), settings, "orders");
    EXPECT_EQ(counted(), ++left);
    EXPECT_TRUE(headers_of(list.get()) == headers);
    EXPECT_EQ(traceparent_text(taken.context()), a);
  }
}

TEST_F(kafka_hostile_list, is_not_a_long_list_whose_fields_stand_together) {
  for (const auto& [what, headers] : cheap_cases()) {
    SCOPED_TRACE(what);
    const auto stripped = make_list(headers);
    EXPECT_EQ(waybill::kafka::strip(stripped.get(), settings, "orders"), errc::ok);
    EXPECT_TRUE(headers_of(stripped.get()) == without_fields(headers));
    const auto taken = make_list(headers);
    static_cast<void>(waybill::kafka::take(taken.get(), settings, "orders"));
    EXPECT_TRUE(headers_of(taken.get()) == without_fields(headers));
  }
  EXPECT_EQ(counted(), 0U);
}

TEST_F(kafka_hostile_list, is_counted_for_the_boundarys_entry) {
  waybill::propagation_options options;
  options.boundary.set("bad-neighbour", {});
  const propagation with_entry(options);
  const std::size_t index = options.boundary.find_index("bad-neighbour");
  const auto list = make_list(hostile_cases().front().headers);
  EXPECT_EQ(waybill::kafka::strip(list.get(), with_entry, "bad-neighbour"), errc::too_many_fields);
  EXPECT_EQ(options.diagnostics->count(direction::inbound, errc::too_many_fields, index), 1U);
}

using kafka_hostile_message = waybill_test::kafka_receiving;

TEST_F(kafka_hostile_message, is_left_and_counted_by_the_free_functions) {
  const bare_headers headers = hostile_cases().front().headers;
  cluster.send(headers);
  const waybill_test::owned_client reader = cluster.consumer();
  const waybill_test::owned_message message = waybill_test::receive(reader.get());
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(waybill::kafka::strip(*message, settings()), errc::too_many_fields);
  EXPECT_EQ(traceparent_text(waybill::kafka::take(*message, settings()).context()), a);
  EXPECT_TRUE(headers_of(*message) == headers);
  EXPECT_EQ(options.diagnostics->count(direction::inbound, errc::too_many_fields), 2U);
}

TEST_F(kafka_hostile_message, comes_from_a_consumer_without_its_fields) {
  for (const auto& [what, headers] : hostile_cases()) cluster.send(headers);
  connect();
  for (const auto& [what, headers] : hostile_cases()) {
    SCOPED_TRACE(what);
    const waybill::kafka::message received = poll();
    ASSERT_TRUE(received.is_message());
    EXPECT_EQ(traceparent_text(received.context()), a);
    EXPECT_TRUE(headers_of(received.headers()) == without_fields(headers));
    EXPECT_TRUE(headers_of(*received.raw()) == without_fields(headers));
  }
  EXPECT_EQ(options.diagnostics->count(direction::inbound, errc::too_many_fields), 0U);
}

TEST_F(kafka_hostile_message, stays_whole_when_it_is_moved) {
  const bare_headers headers = hostile_cases().front().headers;
  for (int i = 0; i < 2; ++i) cluster.send(headers);
  waybill::kafka::message first = receive();
  waybill::kafka::message second = poll();
  ASSERT_TRUE(first.is_message() && second.is_message());
  first = std::move(second);
  const waybill::kafka::message third(std::move(first));
  EXPECT_EQ(third.offset(), 1);
  EXPECT_TRUE(headers_of(third.headers()) == without_fields(headers));
}

}  // namespace
