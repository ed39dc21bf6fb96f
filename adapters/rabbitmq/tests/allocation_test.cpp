// Counts the allocations of the calling thread. An executable of its own, because it replaces
// malloc.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "../../../testing/support/counted_memory.hpp"
#include "support/contexts.hpp"
#include "support/tables.hpp"
#include "waybill/rabbitmq/attempts.hpp"
#include "waybill/rabbitmq/carrier.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace {

using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::propagation;
using waybill::propagation_options;
using waybill::rabbitmq::inject;
using waybill_test::make_context;
using waybill_test::memory_use;
using waybill_test::memory_use_in;
using waybill_test::own_table;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

constexpr std::size_t frame_max = 131'072;
constexpr std::size_t usual_headers = 27;

void fill(own_table& table, std::size_t headers) {
  for (std::size_t i = 0; i < headers; ++i) table.add("header-" + std::to_string(i), "value");
}

TEST(rabbitmq_allocations, injecting_allocates_nothing_for_usual_headers) {
  const propagation settings(propagation_options{});
  const context mine = make_context(traceparent_a, "vendor=value,other=1", "user=alice,tier=gold");
  for (const bool has_older_fields : {false, true}) {
    own_table table;
    fill(table, usual_headers);
    if (has_older_fields) table.add("traceparent", traceparent_b).add("Baggage", "old=1");
    const amqp_basic_properties_t& given = table.properties();
    bool is_written = false;
    const memory_use use = memory_use_in([&] {
      const auto sent = inject(mine, given, settings, {"exchange", "key"}, frame_max);
      is_written = sent.report().baggage;
    });
    EXPECT_TRUE(is_written);
    EXPECT_EQ(use.allocations, 0U) << has_older_fields;
  }
}

TEST(rabbitmq_allocations, reading_stripping_and_counting_attempts_allocate_nothing) {
  const propagation settings(propagation_options{});
  own_table table{{"traceparent", traceparent_a}, {"tracestate", "a=1"}, {"baggage", "user=alice"}};
  fill(table, usual_headers);
  amqp_basic_properties_t properties = table.properties();
  bool is_read = false;
  const memory_use use = memory_use_in([&] {
    is_read = waybill::rabbitmq::peek(properties, settings, "orders").has_value();
    is_read &= waybill::rabbitmq::count_deliveries(properties, "orders", false).attempt == 1;
    is_read &= waybill::rabbitmq::extract(properties, settings, "orders").context().has_baggage();
    is_read &= waybill::rabbitmq::take(properties, settings, "orders").context().has_trace();
  });
  EXPECT_TRUE(is_read);
  EXPECT_EQ(use.allocations, 0U);
}

TEST(rabbitmq_allocations, many_headers_cost_one_allocation_of_their_own_size) {
  const propagation settings(propagation_options{});
  own_table table;
  fill(table, 1'000);
  const amqp_basic_properties_t& given = table.properties();
  const context mine = make_context(traceparent_a);
  const memory_use use = memory_use_in([&] {
    const auto sent = inject(mine, given, settings, waybill::any_destination, frame_max);
  });
  EXPECT_EQ(use.allocations, 1U);
  EXPECT_EQ(use.bytes, 1'003 * sizeof(amqp_table_entry_t));
}

/// Every allocation of the calling thread fails.
template <class F>
void without_memory(F&& work) {
  waybill_test::memory.is_out = true;
  std::forward<F>(work)();
  waybill_test::memory.is_out = false;
}

TEST(rabbitmq_allocations, without_memory_for_many_headers_the_properties_go_out_as_they_were) {
  const propagation settings(propagation_options{});
  const context mine = make_context(traceparent_a);
  own_table table;
  fill(table, 100);
  const amqp_basic_properties_t& given = table.properties();
  const amqp_basic_properties_t* sent_properties = nullptr;
  errc code = errc::ok;
  without_memory([&] {
    const auto sent = inject(mine, given, settings, waybill::any_destination, frame_max);
    sent_properties = sent.get();
    code = sent.report().code;
  });
  EXPECT_EQ(sent_properties, &given);
  EXPECT_EQ(code, errc::no_memory);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::no_memory), 1U);
}

TEST(rabbitmq_allocations, without_memory_for_a_long_text_that_field_is_left_out) {
  const propagation settings(propagation_options{});
  const context mine = make_context(traceparent_a, "a=1", "k=" + std::string(3'000, 'v'));
  own_table table{{"h", "1"}, {"baggage", "old=1"}};
  const amqp_basic_properties_t& given = table.properties();
  int headers = 0;
  errc code = errc::ok;
  without_memory([&] {
    const auto sent = inject(mine, given, settings, waybill::any_destination, frame_max);
    headers = sent.get()->headers.num_entries;
    code = sent.report().code;
  });
  EXPECT_EQ(headers, 3);
  EXPECT_EQ(code, errc::carrier_failed);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::carrier_failed), 1U);
}

}  // namespace
