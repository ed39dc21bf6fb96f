#include "waybill/rabbitmq/carrier.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/contexts.hpp"
#include "support/tables.hpp"

namespace {

using waybill::any_destination;
using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::propagation;
using waybill::propagation_options;
using waybill_test::own_table;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

std::uint64_t counted(const propagation& settings, errc code) {
  return settings.diagnostics()->count(direction::inbound, code);
}

TEST(rabbitmq_carrier, context_is_read_from_long_strings_and_byte_arrays_alike) {
  own_table strings{{"traceparent", traceparent_a}, {"tracestate", "a=1"}, {"baggage", "k=v"}};
  own_table arrays;
  for (const auto& [name, text] : waybill_test::texts_of(strings.get())) {
    arrays.add(name, waybill_test::byte_array(arrays.keep(text)));
  }
  for (own_table* table : {&strings, &arrays}) {
    const propagation settings(propagation_options{});
    const extraction came = waybill::rabbitmq::extract(table->get(), settings, "orders");
    EXPECT_EQ(traceparent_text(came.context()), traceparent_a);
    EXPECT_EQ(came.context().tracestate_text(), "a=1");
    EXPECT_EQ(came.context().baggage_text(), "k=v");
    EXPECT_EQ(settings.diagnostics()->total(), 0U);
  }
}

TEST(rabbitmq_carrier, a_value_type_without_text_under_a_fields_name_is_malformed_and_counted) {
  for (const char kind : waybill_test::all_kinds) {
    if (kind == 'S' || kind == 'x') continue;
    for (const std::string_view name : {"traceparent", "baggage"}) {
      own_table table;
      table.add(name, waybill_test::value_of_kind(static_cast<std::uint8_t>(kind)));
      const propagation settings(propagation_options{});
      const extraction came = waybill::rabbitmq::extract(table.get(), settings, any_destination);
      EXPECT_TRUE(came.context().is_empty()) << kind;
      EXPECT_EQ(counted(settings, errc::malformed), 1U) << kind << name;
    }
  }
}

TEST(rabbitmq_carrier, other_headers_of_any_type_cost_nothing) {
  own_table table{{"traceparent", traceparent_a}};
  for (const char kind : waybill_test::all_kinds) {
    table.add(std::string("h-") + kind,
              waybill_test::value_of_kind(static_cast<std::uint8_t>(kind)));
  }
  const propagation settings(propagation_options{});
  EXPECT_TRUE(
      waybill::rabbitmq::extract(table.get(), settings, any_destination).context().has_trace());
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(rabbitmq_carrier, the_last_value_of_a_name_alone_decides) {
  own_table good_last{{"traceparent", traceparent_a}, {"traceparent", traceparent_b}};
  const extraction last = waybill::rabbitmq::extract(good_last.get(), {}, any_destination);
  EXPECT_EQ(traceparent_text(last.context()), traceparent_b);

  own_table bad_last{{"traceparent", traceparent_a}, {"traceparent", "bad"}};
  EXPECT_FALSE(
      waybill::rabbitmq::extract(bad_last.get(), {}, any_destination).context().has_trace());

  own_table number_last{{"traceparent", traceparent_a}};
  number_last.add("traceparent", waybill_test::int64_value(1));
  EXPECT_FALSE(
      waybill::rabbitmq::extract(number_last.get(), {}, any_destination).context().has_trace());
}

TEST(rabbitmq_carrier, names_match_in_any_spelling_and_the_lower_case_one_comes_first) {
  own_table upper{{"TRACEPARENT", traceparent_a}};
  EXPECT_EQ(
      traceparent_text(waybill::rabbitmq::extract(upper.get(), {}, any_destination).context()),
      traceparent_a);
  own_table both{{"traceparent", traceparent_a}, {"Traceparent", traceparent_b}};
  EXPECT_EQ(traceparent_text(waybill::rabbitmq::extract(both.get(), {}, any_destination).context()),
            traceparent_a);
}

TEST(rabbitmq_carrier, a_configured_rule_takes_the_place_of_the_carriers_own) {
  own_table table{{"traceparent", traceparent_a}, {"traceparent", traceparent_b}};
  const propagation settings(propagation_options{.duplicates = waybill::duplicate_rule::first});
  EXPECT_EQ(traceparent_text(
                waybill::rabbitmq::extract(table.get(), settings, any_destination).context()),
            traceparent_a);
}

TEST(rabbitmq_carrier, the_queue_is_the_destination_of_the_boundary) {
  propagation_options options;
  options.boundary.set("orders", {.inbound = waybill::inbound_mode::ignore});
  const propagation settings(options);
  own_table table{{"traceparent", traceparent_a}};
  amqp_envelope_t envelope{};
  envelope.exchange = waybill::rabbitmq::bytes_of("orders");
  envelope.message.properties = table.properties();
  EXPECT_TRUE(waybill::rabbitmq::extract(envelope, settings, "other").context().has_trace());
  EXPECT_FALSE(waybill::rabbitmq::extract(envelope, settings, "orders").context().has_trace());
}

TEST(rabbitmq_carrier, tables_properties_messages_and_envelopes_are_read_and_stripped_alike) {
  const auto fill = [](own_table& table) { table.add("a", "1").add("traceparent", traceparent_a); };
  own_table tables[4];
  for (own_table& table : tables) fill(table);
  amqp_table_t table = tables[0].get();
  amqp_basic_properties_t properties = tables[1].properties();
  amqp_message_t message{};
  message.properties = tables[2].properties();
  amqp_envelope_t envelope{};
  envelope.message.properties = tables[3].properties();
  const propagation settings;
  const auto reads = [&](const auto& carrier) {
    return traceparent_text(waybill::rabbitmq::extract(carrier, settings, "q").context()) ==
               traceparent_a &&
           traceparent_text(
               waybill::rabbitmq::peek(carrier, settings, "q").value().span_context()) ==
               traceparent_a;
  };
  EXPECT_TRUE(reads(table) && reads(properties) && reads(message) && reads(envelope));
  const auto takes = [&](auto& carrier) {
    return traceparent_text(waybill::rabbitmq::take(carrier, settings, "q").sender()) ==
           traceparent_a;
  };
  EXPECT_TRUE(takes(table) && takes(properties) && takes(message) && takes(envelope));
  EXPECT_EQ(table.num_entries, 1);
  EXPECT_EQ(properties.headers.num_entries, 1);
  EXPECT_EQ(message.properties.headers.num_entries, 1);
  EXPECT_EQ(envelope.message.properties.headers.num_entries, 1);
}

TEST(rabbitmq_carrier, peek_borrows_from_the_messages_own_bytes) {
  own_table table{{"traceparent", traceparent_a}, {"baggage", "k=v"}};
  const auto seen = waybill::rabbitmq::peek(table.get(), {}, any_destination);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(static_cast<const void*>(seen->baggage_text().data()),
            table.get().entries[1].value.value.bytes.bytes);
}

TEST(rabbitmq_carrier, peek_says_when_the_text_needs_a_copy) {
  own_table table{{"traceparent", traceparent_a}, {"baggage", "k=v , l=w"}};
  EXPECT_EQ(waybill::rabbitmq::peek(table.get(), {}, any_destination).error(), errc::needs_copy);
}

TEST(rabbitmq_carrier, broken_tables_hold_nothing) {
  EXPECT_TRUE(waybill::rabbitmq::extract(amqp_table_t{7, nullptr}, {}, any_destination)
                  .context()
                  .is_empty());
  amqp_table_entry_t lost{};
  lost.key = {11, nullptr};
  lost.value.kind = AMQP_FIELD_KIND_UTF8;
  lost.value.value.bytes = {55, nullptr};
  amqp_table_t table{1, &lost};
  EXPECT_TRUE(waybill::rabbitmq::take(table, {}, any_destination).context().is_empty());
  lost.key = waybill::rabbitmq::bytes_of("traceparent");
  EXPECT_TRUE(waybill::rabbitmq::take(table, {}, any_destination).context().is_empty());
  EXPECT_EQ(table.num_entries, 0);
}

}  // namespace
