#include "waybill/mqtt/properties.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/propagation.hpp"

namespace {

using waybill::mqtt::edited_properties;
using waybill::mqtt::property_reader;
using waybill_test::described;
using waybill_test::owned_properties;
using texts = std::vector<std::string>;

constexpr const char* first = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* second = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string read_span(MQTTProperties& list) {
  const waybill::propagation settings;
  return waybill_test::traceparent_text(
      waybill::extract(property_reader(list), settings, waybill::any_destination).sender());
}

/// What Paho itself counted for the same properties.
int length_by_paho(const MQTTProperties& list) { return owned_properties(list).list().length; }

// Changes a list in place, as the edited one shows it.
template <class F>
void edit(owned_properties& made, F&& change) {
  edited_properties edited(made.list());
  change(edited);
  const texts shown = described(edited.c_struct());
  const int length = edited.c_struct().length;
  EXPECT_TRUE(edited.apply_to(made.list()));
  EXPECT_EQ(described(made.list()), shown);
  EXPECT_EQ(made.list().length, length);
  EXPECT_EQ(length, length_by_paho(made.list()));
}

TEST(property_reader, shows_user_properties_in_order_with_their_lengths) {
  owned_properties made;
  made.add(MQTTPROPERTY_CODE_CONTENT_TYPE, "application/json");
  made.add("a", "1");
  made.add(std::string_view("n\0l", 3), std::string_view("\0", 1));
  made.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, 7);
  made.add("a", "");
  texts seen;
  property_reader(made.list()).for_each([&](std::string_view name, std::string_view value) {
    seen.push_back(std::string(name) + '=' + std::string(value));
  });
  EXPECT_EQ(seen, (texts{"a=1", std::string("n\0l=\0", 5), "a="}));
}

TEST(property_reader, an_empty_list_holds_nothing) {
  MQTTProperties empty = MQTTProperties_initializer;
  property_reader(empty).for_each([](std::string_view, std::string_view) { FAIL(); });
}

TEST(property_reader, the_last_value_counts) {
  owned_properties made{{"traceparent", first}, {"traceparent", second}};
  EXPECT_EQ(read_span(made.list()), second);
}

TEST(property_reader, any_spelling_is_read_when_the_lower_case_one_is_missing) {
  owned_properties other{{"TraceParent", first}};
  EXPECT_EQ(read_span(other.list()), first);
  owned_properties both{{"traceparent", first}, {"TraceParent", second}};
  EXPECT_EQ(read_span(both.list()), first);
}

TEST(edited_properties, replace_every_spelling_and_leave_the_rest) {
  owned_properties made;
  made.add("x", "1");
  made.add("Traceparent", "old");
  made.add(MQTTPROPERTY_CODE_CORRELATION_DATA, "id");
  made.add("traceparent", "older");
  made.add("x", "");
  edit(made, [](auto& edited) { edited.set("traceparent", first); });
  EXPECT_EQ(described(made.list()),
            (texts{"38 x=1", "9 id", "38 x=", std::string("38 traceparent=") + first}));
}

TEST(edited_properties, take_any_number_away) {
  for (int count : {0, 1, 9, 10, 11, 20, 21, 50}) {
    owned_properties made;
    made.add("first", "stays");
    for (int i = 0; i < count; ++i) made.add("baggage", "k=" + std::to_string(i));
    made.add("last", "stays");
    edit(made, [](auto& edited) { edited.erase("baggage"); });
    EXPECT_EQ(described(made.list()), (texts{"38 first=stays", "38 last=stays"})) << count;
  }
}

TEST(edited_properties, have_nothing_that_makes_a_broker_close_the_connection) {
  owned_properties made{{"baggage", "old=1"}};
  edit(made, [](auto& edited) {
    for (const std::string& bad : {std::string("a\tb"), std::string("\0", 1), std::string("\r\n"),
                                   std::string("\x7f"), std::string("caf\xc3\xa9")}) {
      EXPECT_THROW(edited.set("baggage", bad), std::invalid_argument);
      EXPECT_THROW(edited.set(bad, "value"), std::invalid_argument);
    }
  });
  EXPECT_EQ(described(made.list()), texts{"38 baggage=old=1"});
}

TEST(edited_properties, take_each_printable_byte_and_no_other_at_each_place) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = byte >= 0x20 && byte <= 0x7e;
    for (std::size_t place = 0; place < 20; ++place) {
      owned_properties made;
      std::string value(20, place % 2 == 0 ? ' ' : '~');
      value[place] = static_cast<char>(byte);
      edited_properties edited(made.list());
      if (is_printable) {
        EXPECT_NO_THROW(edited.set("baggage", value)) << byte << " at " << place;
      } else {
        EXPECT_THROW(edited.set("baggage", value), std::invalid_argument)
            << byte << " at " << place;
      }
    }
  }
}

TEST(edited_properties, have_values_up_to_65535_bytes) {
  owned_properties made;
  edit(made, [](auto& edited) {
    edited.set("baggage", std::string(65'535, 'x'));
    EXPECT_THROW(edited.set("baggage", std::string(65'536, 'x')), std::invalid_argument);
  });
  EXPECT_EQ(made.list().length, 1 + 2 + 7 + 2 + 65'535);
}

TEST(edited_properties, count_the_bytes_of_all_that_was_set) {
  owned_properties made{{"x", "1"}, {"baggage", "old=1"}};
  edited_properties edited(made.list());
  EXPECT_EQ(edited.set_bytes(), 0U);
  edited.set("baggage", "k=v");
  EXPECT_EQ(edited.set_bytes(), 5U + 7 + 3);
  edited.erase("x");
  EXPECT_EQ(edited.set_bytes(), 5U + 7 + 3);
}

TEST(edited_properties, show_what_was_set_and_leave_the_original_alone) {
  owned_properties made;
  made.add("x", "1");
  made.add("TRACEPARENT", "old");
  made.add(MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, 60);
  const texts before = described(made.list());
  edited_properties edited(made.list());
  EXPECT_FALSE(edited.is_changed());
  EXPECT_EQ(described(edited.c_struct()), before);
  edited.set("traceparent", std::string(first));
  EXPECT_TRUE(edited.is_changed());
  EXPECT_EQ(described(edited.c_struct()),
            (texts{"38 x=1", "2 60", std::string("38 traceparent=") + first}));
  EXPECT_EQ(edited.c_struct().length, length_by_paho(edited.c_struct()));
  EXPECT_EQ(described(made.list()), before);
}

TEST(edited_properties, hold_more_than_fits_inside) {
  owned_properties made;
  for (int i = 0; i < 200; ++i) made.add("x", std::to_string(i));
  edited_properties edited(made.list());
  edited.set("baggage", std::string(60'000, 'b'));
  edited.erase("x");
  ASSERT_EQ(edited.c_struct().count, 1);
  EXPECT_EQ(described(edited.c_struct())[0].size(), 60'000 + std::string("38 baggage=").size());
}

}  // namespace
