#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "support/contexts.hpp"
#include "support/random_tables.hpp"
#include "support/tables.hpp"
#include "waybill/rabbitmq/carrier.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace {

using waybill::any_destination;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::propagation;
using waybill::propagation_options;
using waybill::rabbitmq::header_frame_bytes;
using waybill::rabbitmq::inject;
using waybill_test::encoded;
using waybill_test::make_context;
using waybill_test::own_table;
using waybill_test::random_tables;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

/// AMQP 0-9-1, 2.3.5 and 4.2.6.1: type, channel, size, class, weight, body size; the frame's end.
constexpr std::size_t around_properties = 1 + 2 + 4 + 2 + 2 + 8 + 1;

TEST(rabbitmq_frame_size, the_size_is_what_rabbitmq_c_encodes_for_each_kind) {
  for (const char kind : waybill_test::all_kinds) {
    own_table table;
    table.add("name", waybill_test::value_of_kind(static_cast<std::uint8_t>(kind)));
    EXPECT_EQ(header_frame_bytes(table.properties()),
              around_properties + encoded(table.properties()).size())
        << kind;
  }
}

TEST(rabbitmq_frame_size, the_size_is_what_rabbitmq_c_encodes_for_random_properties) {
  random_tables random(20261121);
  for (int i = 0; i < 5'000; ++i) {
    const amqp_basic_properties_t& properties = random.next_properties();
    ASSERT_EQ(header_frame_bytes(properties), around_properties + encoded(properties).size()) << i;
  }
}

TEST(rabbitmq_frame_size, flags_beyond_the_first_fifteen_take_two_bytes_more) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_PRIORITY_FLAG | (1U << 20U);
  EXPECT_EQ(header_frame_bytes(properties), around_properties + encoded(properties).size());
}

TEST(rabbitmq_frame_size, what_rabbitmq_c_does_not_encode_has_no_size) {
  for (int kind = 0; kind < 256; ++kind) {
    if (waybill_test::all_kinds.find(static_cast<char>(kind)) != std::string_view::npos) continue;
    own_table table;
    table.add("name", waybill_test::value_of_kind(static_cast<std::uint8_t>(kind)));
    EXPECT_EQ(header_frame_bytes(table.properties()), std::nullopt) << kind;
    EXPECT_ANY_THROW(encoded(table.properties())) << kind;
    own_table outer;
    outer.add("table", table);
    EXPECT_EQ(header_frame_bytes(outer.properties()), std::nullopt) << kind;
  }
}

TEST(rabbitmq_frame_size, lengths_beyond_a_frame_have_no_size) {
  own_table table;
  amqp_field_value_t huge = waybill_test::long_string("x");
  for (const std::size_t length : {SIZE_MAX, SIZE_MAX / 2, std::size_t{UINT32_MAX}}) {
    huge.value.bytes.len = length;
    table.add("name", huge);
    EXPECT_EQ(header_frame_bytes(table.properties()), std::nullopt);
  }
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG;
  properties.type.len = properties.app_id.len = SIZE_MAX - 1;
  EXPECT_EQ(header_frame_bytes(properties), std::nullopt);
}

TEST(rabbitmq_frame_size,
     tables_in_tables_are_measured_up_to_a_depth_and_never_overflow_the_stack) {
  for (const int depth : {1, 3, 63, 64, 65, 10'000}) {
    std::deque<own_table> tables(1);
    tables.back().add("leaf", "1");
    for (int i = 0; i < depth; ++i) {
      own_table& inner = tables.back();
      tables.emplace_back().add("t", inner);
    }
    const auto size = header_frame_bytes(tables.back().properties());
    if (depth <= 64) {
      EXPECT_EQ(size, around_properties + encoded(tables.back().properties()).size()) << depth;
    } else {
      EXPECT_EQ(size, std::nullopt) << depth;
    }
  }
}

TEST(rabbitmq_frame_size, a_table_within_itself_has_no_size) {
  amqp_table_entry_t entry{};
  entry.key = waybill::rabbitmq::bytes_of("self");
  entry.value.kind = AMQP_FIELD_KIND_TABLE;
  entry.value.value.table = {1, &entry};
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {1, &entry};
  EXPECT_EQ(header_frame_bytes(properties), std::nullopt);
}

TEST(rabbitmq_frame_size, null_pointers_are_measured_without_being_read) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {3, nullptr};
  EXPECT_EQ(header_frame_bytes(properties), around_properties + 2 + 4);
  amqp_table_entry_t entry{};
  entry.key = {5, nullptr};
  entry.value.kind = AMQP_FIELD_KIND_ARRAY;
  entry.value.value.array = {3, nullptr};
  properties.headers = {1, &entry};
  EXPECT_EQ(header_frame_bytes(properties), around_properties + 2 + 4 + 1 + 5 + 1 + 4);
}

TEST(rabbitmq_frame_size, names_over_255_bytes_have_no_size_wherever_they_are) {
  for (const std::size_t bytes : {255U, 256U, 300U, 70'000U}) {
    for (const bool is_text : {true, false}) {
      own_table inner;
      own_table outer;
      const std::string name(bytes, 'n');
      if (is_text) inner.add(name, "1");
      if (!is_text) inner.add(name, waybill_test::int64_value(1));
      outer.add("a", "1").add("table", inner);
      for (own_table* each : {&inner, &outer}) {
        const auto size = header_frame_bytes(each->properties());
        EXPECT_EQ(size.has_value(), bytes <= 255) << bytes;
        const auto sent =
            inject(make_context(traceparent_a), each->properties(), {}, any_destination, 131'072);
        EXPECT_EQ(sent.report().trace, bytes <= 255) << bytes;
      }
    }
  }
}

/// What is left of a context at each frame_max, from far too small to enough.
TEST(rabbitmq_frame_size, parts_are_dropped_in_their_order_and_the_frame_is_used_to_the_last_byte) {
  const context whole = make_context(traceparent_a, "a=1,b=2", "k=v,l=w");
  own_table table{
      {"h", "value"}, {"traceparent", traceparent_b}, {"BAGGAGE", "an=older,and=longer"}};
  amqp_basic_properties_t given = table.properties();
  given._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
  given.content_type = waybill::rabbitmq::bytes_of("text/plain");
  const auto size_with = [&](const context& part) {
    const propagation settings;
    const auto sent = inject(part, given, settings, any_destination);
    return header_frame_bytes(*sent.get()).value();
  };
  const std::size_t all = size_with(whole);
  const std::size_t without_baggage = size_with(make_context(traceparent_a, "a=1,b=2"));
  const std::size_t without_fields = size_with(make_context(traceparent_a)) - 6 - 11 - 55;
  const std::size_t trace_alone = size_with(make_context(traceparent_a));
  for (std::size_t frame_max = 1; frame_max < all + 10; ++frame_max) {
    const propagation settings(propagation_options{});
    const auto sent = inject(whole, given, settings, any_destination, frame_max);
    const auto& report = sent.report();
    EXPECT_EQ(report.baggage, frame_max >= all) << frame_max;
    EXPECT_EQ(report.tracestate, frame_max >= without_baggage) << frame_max;
    EXPECT_EQ(report.trace, frame_max >= trace_alone) << frame_max;
    EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_for_size),
              frame_max >= all ? 0U : 1U)
        << frame_max;
    const auto read = waybill::rabbitmq::extract(*sent.get(), {}, any_destination);
    EXPECT_EQ(read.context().has_trace(), report.trace) << frame_max;
    EXPECT_EQ(read.context().has_baggage(), report.baggage) << frame_max;
    EXPECT_LE(header_frame_bytes(*sent.get()), std::max(frame_max, without_fields));
  }
}

TEST(rabbitmq_frame_size, without_properties_the_table_itself_is_counted) {
  const context mine = make_context(traceparent_a);
  const amqp_basic_properties_t* none = nullptr;
  const auto unlimited = inject(mine, none, propagation(), any_destination);
  const std::size_t needed = header_frame_bytes(*unlimited.get()).value();
  EXPECT_TRUE(inject(mine, none, propagation(), any_destination, needed).report().trace);
  const auto sent = inject(mine, none, propagation(), any_destination, needed - 1);
  EXPECT_FALSE(sent.report().trace);
  EXPECT_EQ(sent.get()->_flags, 0U);
}

TEST(rabbitmq_frame_size, headers_that_cannot_be_measured_get_no_fields_and_pass_as_they_are) {
  own_table table{{"a", "1"}};
  table.add("strange", waybill_test::value_of_kind('?'));
  const propagation settings(propagation_options{});
  const auto sent =
      inject(make_context(traceparent_a), table.properties(), settings, any_destination, 131'072);
  EXPECT_FALSE(sent.report().trace);
  EXPECT_EQ(sent.report().code, errc::dropped_for_size);
  EXPECT_EQ(sent.get()->headers.num_entries, 2);
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_for_size), 1U);
}

TEST(rabbitmq_frame_size, random_headers_keep_within_any_frame_they_fit_themselves) {
  random_tables random(7);
  std::mt19937 sizes(7);
  const context whole =
      make_context(traceparent_a, "a=1", std::string("k=") + std::string(300, 'v'));
  for (int i = 0; i < 2'000; ++i) {
    amqp_basic_properties_t given = random.next_properties();
    const std::size_t own = header_frame_bytes(given).value();
    const std::size_t frame_max = own + sizes() % 600;
    const auto sent = inject(whole, given, propagation(), any_destination, frame_max);
    ASSERT_LE(header_frame_bytes(*sent.get()).value(), frame_max);
    amqp_basic_properties_t stripped = *sent.get();
    waybill::rabbitmq::strip(stripped, {});
    ASSERT_EQ(encoded(stripped.headers), encoded(own == 0 ? amqp_empty_table : given.headers));
  }
}

}  // namespace
