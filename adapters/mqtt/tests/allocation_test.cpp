// Counts the allocations of the calling thread, Paho's among them, beside those of code that does
// the same by hand. An executable of its own, because it replaces malloc.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "../../../testing/support/counted_memory.hpp"
#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/mqtt/carrier.hpp"
#include "waybill/mqtt/packet.hpp"

namespace {

using waybill::any_destination;
using waybill::propagation;
using waybill_test::described;
using waybill_test::make_context;
using waybill_test::memory;
using waybill_test::memory_use_in;
using waybill_test::owned_properties;
using waybill_test::traceparent_a;
namespace mqtt = waybill::mqtt;

const waybill::context& full_context() {
  static const waybill::context made = make_context(traceparent_a, "rojo=1", "user=1");
  return made;
}

/// Of one property that Paho adds to a list with room for it.
std::size_t allocations_of_one_property() {
  owned_properties list{{"own", "1"}};
  return memory_use_in([&] { list.add("name", "value"); }).allocations;
}

/// Of the first property, which makes the places for ten.
std::size_t allocations_of_a_list() {
  owned_properties list;
  return memory_use_in([&] { list.add("name", "value"); }).allocations -
         allocations_of_one_property();
}

TEST(mqtt_allocations, extract_and_peek_make_none) {
  owned_properties list{{"own", "1"}};
  mqtt::inject(full_context(), list.list(), propagation(), any_destination);
  const propagation settings;
  EXPECT_EQ(memory_use_in([&] {
              static_cast<void>(mqtt::extract(list.list(), settings, any_destination));
            }).allocations,
            0U);
  EXPECT_EQ(memory_use_in([&] {
              static_cast<void>(mqtt::peek(list.list(), settings, any_destination));
            }).allocations,
            0U);
}

TEST(mqtt_allocations, inject_makes_those_of_paho_alone) {
  owned_properties list{{"own", "1"}};
  const propagation settings;
  const waybill::context& context = full_context();
  const auto use = memory_use_in([&] { mqtt::inject(context, list.list(), settings, "topic"); });
  EXPECT_EQ(use.allocations, 3 * allocations_of_one_property());
}

TEST(mqtt_allocations, replacing_makes_one_list_more) {
  owned_properties list{{"own", "1"}};
  const propagation settings;
  mqtt::inject(full_context(), list.list(), settings, any_destination);
  const auto use =
      memory_use_in([&] { mqtt::inject(full_context(), list.list(), settings, "topic"); });
  EXPECT_EQ(use.allocations, 3 * allocations_of_one_property() + allocations_of_a_list());
}

TEST(mqtt_allocations, an_edited_list_of_a_usual_size_makes_none) {
  owned_properties list;
  for (int i = 0; i < 10; ++i) list.add("own", "1");
  const propagation settings;
  const waybill::context& context = full_context();
  const auto use = memory_use_in([&] {
    mqtt::edited_properties edited(list.list());
    mqtt::inject(context, edited, settings, "topic");
  });
  EXPECT_EQ(use.allocations, 0U);
}

TEST(mqtt_allocations, strip_makes_one_list_of_paho_and_nothing_without_fields) {
  owned_properties list{{"own", "1"}};
  const propagation settings;
  EXPECT_EQ(memory_use_in([&] { mqtt::strip(list.list(), settings, any_destination); }).allocations,
            0U);
  mqtt::inject(full_context(), list.list(), settings, any_destination);
  EXPECT_EQ(memory_use_in([&] { mqtt::strip(list.list(), settings, any_destination); }).allocations,
            allocations_of_a_list());
}

TEST(mqtt_allocations, sizes_are_counted_without_any) {
  owned_properties list{{"own", "1"}};
  const propagation settings;
  const auto use = memory_use_in([&] {
    static_cast<void>(mqtt::encoded_bytes({5, 5, 1}, list.list()));
    static_cast<void>(mqtt::room_in_packet({5, 5, 1}, list.list(), settings, 1'000));
  });
  EXPECT_EQ(use.allocations, 0U);
}

TEST(mqtt_allocations, ten_thousand_fields_of_a_stranger_cost_no_memory_to_read) {
  owned_properties list;
  for (int i = 0; i < 10'000; ++i) list.add("BAGGAGE", "k=v");
  const propagation settings;
  EXPECT_LE(memory_use_in([&] {
              static_cast<void>(mqtt::extract(list.list(), settings, any_destination));
            }).bytes,
            std::size_t{60'000});
  mqtt::strip(list.list(), settings, any_destination);
  EXPECT_EQ(list.list().count, 0);
}

TEST(mqtt_allocations, when_memory_runs_out_the_applications_properties_stay) {
  const propagation settings(waybill::propagation_options{});
  for (std::size_t left = 0; left < 30; ++left) {
    owned_properties list{{"own", "1"}, {"baggage", "old=1"}, {"own", "2"}};
    memory.allocations_left = left;
    const waybill::errc code = mqtt::strip(list.list(), settings, any_destination);
    memory.allocations_left = SIZE_MAX;
    const auto seen = described(list.list());
    ASSERT_EQ(seen.front(), "38 own=1");
    ASSERT_EQ(seen.back(), "38 own=2");
    ASSERT_EQ(seen.size(), code == waybill::errc::ok ? 2U : 3U) << left;
    ASSERT_EQ(list.list().length, owned_properties(list.list()).list().length);
  }
  EXPECT_GT(
      settings.diagnostics()->count(waybill::direction::inbound, waybill::errc::carrier_failed),
      0U);
}

}  // namespace
