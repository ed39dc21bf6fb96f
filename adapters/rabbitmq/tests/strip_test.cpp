#include <gtest/gtest.h>

#include <string>

#include "support/tables.hpp"
#include "waybill/rabbitmq/carrier.hpp"

namespace {

using waybill_test::encoded;
using waybill_test::own_table;

constexpr std::string_view traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Headers of every kind, between fields in every spelling.
void fill(own_table& table, own_table& nested, bool with_fields) {
  nested.add("traceparent", "of the application's own table")
      .add("n", waybill_test::int64_value(1));
  if (with_fields) table.add("traceparent", traceparent);
  table.add("first", "1");
  if (with_fields) table.add("Baggage", "a=1").add("TRACESTATE", waybill_test::byte_array("a=1"));
  table.add("first", "2").add("table", nested);
  if (with_fields) table.add("traceparent", waybill_test::void_value());
  table.add("empty", "").add("null", waybill_test::void_value());
  table.add_array("array", {waybill_test::long_string("x"), waybill_test::int64_value(2)});
  if (with_fields) table.add("tracestate", "b=2").add("baggage", waybill_test::int64_value(3));
}

TEST(rabbitmq_strip, every_spelling_and_value_of_a_field_goes_and_the_rest_stays_byte_for_byte) {
  own_table nested_of_table;
  own_table nested_of_expected;
  own_table table;
  own_table expected;
  fill(table, nested_of_table, true);
  fill(expected, nested_of_expected, false);
  amqp_table_t& stripped = table.get();
  waybill::rabbitmq::strip(stripped, {});
  EXPECT_EQ(encoded(stripped), encoded(expected.get()));
  waybill::rabbitmq::strip(stripped, {});
  EXPECT_EQ(encoded(stripped), encoded(expected.get()));
}

TEST(rabbitmq_strip, a_message_whose_headers_were_all_ours_is_as_one_without_headers) {
  own_table table{{"traceparent", traceparent}, {"baggage", "a=1"}};
  amqp_basic_properties_t properties = table.properties();
  properties._flags |= AMQP_BASIC_PRIORITY_FLAG;
  properties.priority = 3;
  waybill::rabbitmq::strip(properties, {});
  EXPECT_EQ(properties._flags, static_cast<amqp_flags_t>(AMQP_BASIC_PRIORITY_FLAG));
  EXPECT_EQ(properties.headers.num_entries, 0);
}

TEST(rabbitmq_strip, headers_that_came_empty_stay_so) {
  own_table table;
  amqp_basic_properties_t properties = table.properties();
  waybill::rabbitmq::strip(properties, {});
  EXPECT_EQ(properties._flags, static_cast<amqp_flags_t>(AMQP_BASIC_HEADERS_FLAG));
}

TEST(rabbitmq_strip, what_has_no_flag_is_not_touched) {
  own_table table{{"traceparent", traceparent}};
  amqp_basic_properties_t properties = table.properties();
  properties._flags = 0;
  waybill::rabbitmq::strip(properties, {});
  EXPECT_EQ(properties._flags, 0U);
  EXPECT_EQ(properties.headers.num_entries, 1);
}

TEST(rabbitmq_strip, messages_and_envelopes_are_stripped_by_their_properties) {
  own_table table{{"traceparent", traceparent}, {"a", "1"}};
  amqp_envelope_t envelope{};
  envelope.message.properties = table.properties();
  waybill::rabbitmq::strip(envelope, {});
  EXPECT_EQ(envelope.message.properties.headers.num_entries, 1);

  own_table other{{"traceparent", traceparent}, {"a", "1"}};
  amqp_message_t message{};
  message.properties = other.properties();
  waybill::rabbitmq::strip(message, {});
  EXPECT_EQ(message.properties.headers.num_entries, 1);
}

TEST(rabbitmq_strip, broken_tables_are_left_alone) {
  for (amqp_table_t table : {amqp_table_t{5, nullptr}, amqp_table_t{-5, nullptr}}) {
    const int before = table.num_entries;
    waybill::rabbitmq::strip(table, {});
    EXPECT_EQ(table.num_entries, before);
  }
}

}  // namespace
