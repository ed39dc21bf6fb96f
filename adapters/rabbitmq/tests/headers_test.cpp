#include "waybill/rabbitmq/headers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/tables.hpp"

namespace {

using waybill::field_value;
using waybill::value_kind;
using waybill::rabbitmq::as_field_value;
using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::header_reader;
using waybill::rabbitmq::text_of;
using waybill_test::own_table;

static_assert(waybill::readable_carrier<header_reader>);
static_assert(waybill::is_borrowed_carrier<header_reader>);
static_assert(header_reader::rules.duplicates == waybill::duplicate_rule::last);
static_assert(header_reader::rules.names == waybill::name_rule::prefer_exact);

struct seen {
  std::string name;
  std::string text;
  value_kind kind;
  friend bool operator==(const seen&, const seen&) = default;
};

std::vector<seen> everything_in(const header_reader& reader) {
  std::vector<seen> all;
  reader.for_each([&](std::string_view name, const field_value& value) {
    all.push_back({std::string(name), std::string(value.text), value.kind});
  });
  return all;
}

TEST(rabbitmq_headers, entries_are_shown_in_order_with_duplicates) {
  own_table table{{"b", "1"}, {"a", "2"}, {"b", "1"}, {"B", "3"}};
  EXPECT_EQ(everything_in(header_reader(table.get())),
            (std::vector<seen>{{"b", "1", value_kind::text},
                               {"a", "2", value_kind::text},
                               {"b", "1", value_kind::text},
                               {"B", "3", value_kind::text}}));
}

TEST(rabbitmq_headers, long_strings_and_byte_arrays_are_text_and_nothing_else_is) {
  for (int kind = 0; kind < 256; ++kind) {
    amqp_field_value_t value = waybill_test::value_of_kind(static_cast<std::uint8_t>(kind));
    if (kind == 'S' || kind == 'x') {
      const std::string binary("\0\xff\x01", 3);
      value.value.bytes = bytes_of(binary);
      EXPECT_EQ(as_field_value(value).kind, value_kind::text) << kind;
      EXPECT_EQ(as_field_value(value).text, binary) << kind;
    } else {
      // What is not text may hold anything where a text has its pointer.
      value.value.u64 = std::numeric_limits<std::uint64_t>::max();
      EXPECT_EQ(as_field_value(value).kind, value_kind::not_text) << kind;
      EXPECT_TRUE(as_field_value(value).text.empty()) << kind;
    }
  }
}

TEST(rabbitmq_headers, names_and_values_are_taken_by_their_size) {
  const std::string text = "name-and-value";
  amqp_table_entry_t entry{};
  entry.key = bytes_of(std::string_view(text).substr(0, 4));
  entry.value = waybill_test::long_string(std::string_view(text).substr(9, 3));
  const amqp_table_t table{1, &entry};
  EXPECT_EQ(everything_in(header_reader(table)),
            (std::vector<seen>{{"name", "val", value_kind::text}}));
}

TEST(rabbitmq_headers, text_and_bytes_are_the_same_both_ways) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(text_of(bytes_of(text)).data(), text.data());
  EXPECT_EQ(text_of(bytes_of(text)), text);
  EXPECT_EQ(text_of(bytes_of({})), "");
}

TEST(rabbitmq_headers, a_null_pointer_is_an_empty_text_whatever_its_length) {
  amqp_bytes_t lost{std::numeric_limits<std::size_t>::max(), nullptr};
  EXPECT_EQ(text_of(lost), "");
  amqp_table_entry_t entry{};
  entry.key = lost;
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = lost;
  const amqp_table_t table{1, &entry};
  EXPECT_EQ(everything_in(header_reader(table)), (std::vector<seen>{{"", "", value_kind::text}}));
}

TEST(rabbitmq_headers, a_table_without_entries_holds_nothing) {
  amqp_table_entry_t entry{};
  for (const amqp_table_t& table :
       {amqp_table_t{0, nullptr}, amqp_table_t{0, &entry}, amqp_table_t{-1, &entry},
        amqp_table_t{std::numeric_limits<int>::min(), &entry},
        amqp_table_t{std::numeric_limits<int>::max(), nullptr}}) {
    EXPECT_TRUE(everything_in(header_reader(table)).empty()) << table.num_entries;
  }
}

TEST(rabbitmq_headers, headers_without_their_flag_are_not_looked_at) {
  own_table table{{"a", "1"}};
  amqp_basic_properties_t& properties = table.properties();
  EXPECT_EQ(everything_in(header_reader(properties)).size(), 1U);
  EXPECT_EQ(everything_in(header_reader(&properties)).size(), 1U);
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.headers.num_entries = 1'000;
  properties.headers.entries = nullptr;
  EXPECT_TRUE(everything_in(header_reader(properties)).empty());
  const amqp_basic_properties_t* none = nullptr;
  EXPECT_TRUE(everything_in(header_reader(none)).empty());
}

}  // namespace
