// Whatever numbers a stranger chooses, no allocation of the adapter follows them: reading costs
// what the limits allow, and only a list that replaces a message's own is as long as the headers
// that are kept in it. An executable of its own, because it replaces malloc.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <waybill/kafka/consumer.hpp>

#include "../../../testing/support/counted_memory.hpp"
#include "support/bare_headers.hpp"
#include "support/clients.hpp"

namespace {

using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::memory_use;
using waybill_test::memory_use_in;
using waybill_test::owned_list;

constexpr std::size_t texts_bytes_max =
    waybill::tracestate_bytes_ceiling + waybill::limits{}.baggage_bytes_max;
/// Buffers that grow by doubling, and the contexts that keep their texts.
constexpr std::size_t bytes_max = 6 * texts_bytes_max + 1'024;
constexpr std::size_t allocations_max = 20;

constexpr const char* traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* fields[] = {"traceparent", "tracestate", "baggage"};

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

void expect_bounded(const memory_use& use) {
  EXPECT_LE(use.bytes, bytes_max);
  EXPECT_LE(use.allocations, allocations_max);
}

/// Whatever is read or taken. Fields are taken off unless `is_left`.
void expect_bounded(const bare_headers& headers, bool is_left = false) {
  const waybill::propagation settings(waybill::propagation_options{});
  const owned_list list = make_list(headers);
  const bare_headers before = headers_of(list.get());
  expect_bounded(memory_use_in([&] {
    static_cast<void>(waybill::kafka::peek(list.get(), settings, waybill::any_destination));
  }));
  expect_bounded(memory_use_in([&] {
    static_cast<void>(waybill::kafka::extract(list.get(), settings, waybill::any_destination));
  }));
  expect_bounded(memory_use_in([&] {
    static_cast<void>(waybill::kafka::take(list.get(), settings, waybill::any_destination));
  }));
  EXPECT_EQ(headers_of(list.get()), is_left ? before : waybill_test::without_fields(before));
  EXPECT_EQ(
      settings.diagnostics()->count(waybill::direction::inbound, waybill::errc::too_many_fields),
      is_left ? 1U : 0U);
}

TEST(kafka_hostile_memory, a_value_of_any_length_costs_what_the_limits_allow) {
  for (const std::string_view piece : {"k=v,", " ", ",", "%2525", "\r\n", "\xff", "k"}) {
    for (const std::size_t bytes : {65'536U, 1'000'000U}) {
      SCOPED_TRACE(testing::Message() << testing::PrintToString(piece) << " " << bytes);
      const std::string value = repeated(piece, bytes / piece.size());
      for (const char* name : fields) {
        expect_bounded({{"traceparent", traceparent}, {name, value}});
        expect_bounded({{name, value}, {name, std::nullopt}, {name, value}});
      }
    }
  }
  const std::string nul(1'000'000, '\0');
  for (const char* name : fields) expect_bounded({{name, nul}});
}

TEST(kafka_hostile_memory, a_hundred_megabytes_cost_what_the_limits_allow) {
  const std::string value = repeated("k=v,", 25'000'000);
  for (const char* name : fields) expect_bounded({{"traceparent", traceparent}, {name, value}});
}

TEST(kafka_hostile_memory, ten_thousand_headers_cost_no_more_than_one) {
  for (const char* name : {"traceparent", "TraceState", "baggage", "own"}) {
    SCOPED_TRACE(name);
    const bool has_other_spelling = std::string_view(name) == "TraceState";
    expect_bounded(bare_headers(10'000, {name, "a=1 , b=2"}), has_other_spelling);
    expect_bounded(bare_headers(10'000, {name, std::nullopt}), has_other_spelling);
  }
  expect_bounded({{std::string(65'536, 'n'), "v"}, {std::string("traceparent\0x", 13), "v"}});
}

TEST(kafka_hostile_memory, injecting_into_ten_thousand_headers_costs_what_is_written) {
  const waybill::propagation settings;
  for (const char* name : {"traceparent", "BAGGAGE", "own"}) {
    const owned_list list = make_list(bare_headers(10'000, {name, "v"}));
    const waybill::context sent = waybill::context::new_root(true);
    const memory_use use =
        memory_use_in([&] { waybill::kafka::inject(sent, *list, settings, "orders"); });
    // One header, and the list's table, which may have to grow: librdkafka's own.
    EXPECT_LE(use.allocations, 4U) << name;
    EXPECT_LE(use.bytes, std::size_t{40'000} * sizeof(void*) + 1'024) << name;
  }
}

TEST(kafka_hostile_memory, a_message_gets_a_list_as_long_as_what_is_kept_and_no_longer) {
  const waybill::propagation settings;
  const waybill_test::mock_cluster cluster;
  bare_headers mixed(5'000, {"traceparent", traceparent});
  for (int i = 0; i < 500; ++i) {
    mixed.push_back({"own", std::to_string(i)});
    mixed.push_back({"Baggage", "k=" + std::to_string(i)});
  }
  cluster.send(mixed);
  cluster.send(bare_headers(5'000, {"tracestate", "a=1"}));
  const waybill_test::owned_client client = cluster.consumer();
  waybill::kafka::consumer consumer(client.get(), settings);
  for (const std::size_t kept : {500U, 0U}) {
    const waybill_test::owned_message message = waybill_test::receive(client.get());
    ASSERT_NE(message, nullptr);
    ASSERT_GE(headers_of(*message).size(), 5'000U);  // librdkafka parses them now, not later
    waybill::kafka::message taken;
    const memory_use use = memory_use_in([&] { taken = consumer.adopt(*message); });
    EXPECT_LE(use.allocations, kept + allocations_max + 20);
    EXPECT_LE(use.bytes, bytes_max + kept * 256);
    EXPECT_EQ(headers_of(*message).size(), kept);
  }
}

}  // namespace
