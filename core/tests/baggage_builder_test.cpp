// The rules BG of docs/formats.md for changing baggage.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage;
using waybill::baggage_property;
using waybill::baggage_view;
using waybill::errc;
using waybill::limits;

using properties = std::vector<baggage_property>;

baggage items_of(std::string_view text, const limits& limits = {}) {
  auto parsed = baggage::parse(text, limits);
  EXPECT_EQ(parsed.status, errc::ok) << text;
  EXPECT_EQ(parsed.items.text(), text);
  return parsed.items;
}

std::string after_set(std::string_view text, std::string_view key, std::string_view value,
                      const properties& settings = {}) {
  baggage items = items_of(text);
  EXPECT_EQ(items.set(key, value, settings), errc::ok) << key;
  EXPECT_EQ(items.get(key), value);
  const auto again = baggage::parse(items.text());
  EXPECT_EQ(again.status, errc::ok) << items.text();
  EXPECT_EQ(again.items.members(), items.members());
  return std::string(items.text());
}

errc refused_set(std::string_view key, std::string_view value, const properties& settings = {}) {
  baggage items = items_of("a=1,key=2;p,a=3");
  const errc code = items.set(key, value, settings);
  EXPECT_EQ(items.text(), "a=1,key=2;p,a=3");
  EXPECT_EQ(items.members(), 3U);
  baggage empty;
  EXPECT_EQ(empty.set(key, value, settings), code);
  EXPECT_TRUE(empty.is_empty());
  EXPECT_EQ(empty.members(), 0U);
  return code;
}

TEST(BaggageBuilder, BG22_values_are_coded_when_they_are_set) {
  EXPECT_EQ(after_set("", "user", "zo\xc3\xab ,x+y%\"\\"), "user=zo%C3%AB%20%2Cx%2By%25%22%5C");
  EXPECT_EQ(after_set("", "user", ""), "user=");
  EXPECT_EQ(after_set("", "serverNode", "DF 28"), "serverNode=DF%2028");
  EXPECT_EQ(after_set("", "a", "x=y/z:1"), "a=x%3Dy%2Fz%3A1");
}

TEST(BaggageBuilder, BG22_property_values_are_coded_as_values_are) {
  EXPECT_EQ(after_set("", "k", "v", {{"p", std::nullopt}, {"q", ""}, {"r", "a b;c"}, {"r", "+"}}),
            "k=v;p;q=;r=a%20b%3Bc;r=%2B");
  baggage items;
  const properties set{{"p", std::nullopt}, {"q", ""}, {"r", "a b;c,\xe2\x82\xac"}, {"p", "%41"}};
  ASSERT_EQ(items.set("k", "v", set), errc::ok);
  const auto member = baggage_view(items).find("k");
  ASSERT_TRUE(member.has_value());
  EXPECT_EQ(member->properties(), set);
}

TEST(BaggageBuilder, BG22_every_utf8_text_is_read_back_on_the_other_side) {
  for (const std::string& value :
       {std::string(), std::string("a\0b", 3), std::string("\r\n\t"), std::string("%41+ ,;=\"\\"),
        std::string("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"),
        std::string("\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
        std::string("\xef\xbf\xbd\xef\xbf\xbe\xef\xb7\x90")}) {
    baggage items;
    ASSERT_EQ(items.set("k", value, properties{{"p", value}}), errc::ok);
    const waybill::context sent = waybill::context().with_baggage(items);
    waybill::header_list list;
    waybill::propagator().inject(sent, list);
    const reading got = read(list);
    EXPECT_EQ(got.of("baggage"), errc::ok);
    const auto member = baggage_view(got.context).find("k");
    ASSERT_TRUE(member.has_value());
    EXPECT_EQ(member->value(), value);
    EXPECT_EQ(member->properties(), (properties{{"p", value}}));
  }
}

TEST(BaggageBuilder, BG23_keys_and_property_keys_must_be_tokens) {
  for (const std::string& key :
       {std::string(), std::string("k y"), std::string(" k"), std::string("k "), std::string("k,y"),
        std::string("k;y"), std::string("k=y"), std::string("\"k\""), std::string("k\t"),
        std::string("k\0", 2), std::string("zo\xc3\xab"), std::string("k@y"), std::string("k/y"),
        std::string("k\r\n"), std::string("(k)")}) {
    EXPECT_EQ(refused_set(key, "v"), errc::invalid_key) << key;
    EXPECT_EQ(refused_set("key", "v", {{key, std::nullopt}}), errc::invalid_key) << key;
    EXPECT_EQ(refused_set("new", "v", {{"good", "1"}, {key, "1"}}), errc::invalid_key) << key;
  }
}

TEST(BaggageBuilder, BG23_every_byte_of_a_key) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(1, static_cast<char>(byte));
    const bool is_separator = byte == ',' || byte == ';' || byte == '=';
    const auto parsed = baggage::parse("a" + key + "b=v");
    const bool is_good = !is_separator && parsed.status == errc::ok;
    baggage items;
    EXPECT_EQ(items.set(key, "v"), is_good ? errc::ok : errc::invalid_key) << byte;
    EXPECT_EQ(items.set("k", "v", properties{{key, "v"}}), is_good ? errc::ok : errc::invalid_key);
  }
}

TEST(BaggageBuilder, BG23_a_key_of_any_length_is_set_and_never_coded) {
  const std::string key(4'000, 'k');
  EXPECT_EQ(after_set("", key, "v"), key + "=v");
  EXPECT_EQ(after_set("", "%41!#$&'*+-.^_`|~", "v"), "%41!#$&'*+-.^_`|~=v");
}

TEST(BaggageBuilder, BG23_values_must_be_utf8) {
  for (const char* value :
       {"\x80", "\xff", "\xc3", "\xc3(", "a\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xf0\x9f\x90", "good then \xfe", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_EQ(refused_set("key", value), errc::invalid_value);
    EXPECT_EQ(refused_set("new", value), errc::invalid_value);
    EXPECT_EQ(refused_set("key", "v", {{"p", value}}), errc::invalid_value);
  }
}

TEST(BaggageBuilder, BG24_a_65th_member_is_an_error_and_changes_nothing) {
  baggage items;
  for (int i = 0; i < 64; ++i) ASSERT_EQ(items.set("k" + std::to_string(i), "v"), errc::ok);
  EXPECT_EQ(items.text(), list_of_members(64));
  EXPECT_EQ(items.set("new", "v"), errc::too_many_members);
  EXPECT_EQ(items.text(), list_of_members(64));
  EXPECT_EQ(items.members(), 64U);
  EXPECT_EQ(items.get("new"), std::nullopt);
  EXPECT_EQ(items.set("k63", "w"), errc::ok);
  EXPECT_EQ(items.text(), list_of_members(63) + ",k63=w");
  EXPECT_TRUE(items.remove("k63"));
  EXPECT_EQ(items.set("new", "v"), errc::ok);
  EXPECT_EQ(items.members(), 64U);
}

TEST(BaggageBuilder, BG24_more_than_8192_bytes_are_an_error_and_change_nothing) {
  baggage items;
  EXPECT_EQ(items.set("b", std::string(8'191, 'x')), errc::too_large);
  EXPECT_TRUE(items.is_empty());
  EXPECT_EQ(items.set("b", std::string(8'190, 'x')), errc::ok);
  EXPECT_EQ(items.text(), baggage_of_bytes(8'192));
  EXPECT_EQ(items.set("b", std::string(8'191, 'y')), errc::too_large);
  EXPECT_EQ(items.set("c", ""), errc::too_large);
  EXPECT_EQ(items.text(), baggage_of_bytes(8'192));
  EXPECT_EQ(items.set("b", std::string(8'190, 'y')), errc::ok);
  EXPECT_EQ(items.set("b", std::string(8'187, 'x')), errc::ok);
  EXPECT_EQ(items.set("c", ""), errc::ok);
  EXPECT_EQ(items.text(), baggage_of_bytes(8'189) + ",c=");
  EXPECT_EQ(items.set("c", "1"), errc::too_large);
  EXPECT_EQ(items.text().size(), 8'192U);
}

TEST(BaggageBuilder, BG24_coded_bytes_and_properties_count) {
  baggage items;
  EXPECT_EQ(items.set("k", std::string(2'731, ' ')), errc::too_large);
  EXPECT_EQ(items.set("k", std::string(2'730, ' ')), errc::ok);
  EXPECT_EQ(items.text().size(), 8'192U);
  items.clear();
  EXPECT_EQ(items.set("k", "", properties{{"p", std::string(8'188, 'x')}}), errc::too_large);
  EXPECT_EQ(items.set("k", "", properties{{"p", std::string(8'187, 'x')}}), errc::ok);
  EXPECT_EQ(items.text().size(), 8'192U);
}

TEST(BaggageBuilder, BG24_what_a_replaced_member_took_is_free_again) {
  baggage items = items_of("a=" + std::string(4'000, 'x') + ",b=1,a=" + std::string(4'000, 'y'));
  EXPECT_EQ(items.set("c", std::string(500, 'z')), errc::too_large);
  EXPECT_EQ(items.set("a", std::string(8'000, 'z')), errc::ok);
  EXPECT_EQ(items.text(), "a=" + std::string(8'000, 'z') + ",b=1");
}

TEST(BaggageBuilder, BG21_BG24_other_limits_hold_instead) {
  baggage narrow(limits{.baggage_members_max = 2, .baggage_bytes_max = 10});
  EXPECT_EQ(narrow.set("a", "1"), errc::ok);
  EXPECT_EQ(narrow.set("b", "12345"), errc::too_large);
  EXPECT_EQ(narrow.set("b", "1234"), errc::ok);
  EXPECT_EQ(narrow.text(), "a=1,b=1234");
  EXPECT_TRUE(narrow.remove("b"));
  EXPECT_EQ(narrow.set("b", ""), errc::ok);
  EXPECT_EQ(narrow.set("c", ""), errc::too_many_members);
  EXPECT_EQ(narrow.text(), "a=1,b=");
  baggage wide(limits{.baggage_members_max = 200, .baggage_bytes_max = 100'000});
  for (int i = 0; i < 200; ++i) ASSERT_EQ(wide.set("k" + std::to_string(i), "v"), errc::ok);
  EXPECT_EQ(wide.set("k0", std::string(90'000, 'x')), errc::ok);
  EXPECT_EQ(wide.set("new", ""), errc::too_many_members);
}

TEST(BaggageBuilder, BG25_a_new_name_goes_to_the_end) {
  EXPECT_EQ(after_set("", "a", "1"), "a=1");
  EXPECT_EQ(after_set("b=2,a=1;p", "c", "3", {{"q", "r"}}), "b=2,a=1;p,c=3;q=r");
  EXPECT_EQ(after_set("A=1", "a", "2"), "A=1,a=2");
  EXPECT_EQ(after_set("ab=1,b=a", "a", "2"), "ab=1,b=a,a=2");
}

TEST(BaggageBuilder, BG25_a_name_that_is_there_is_replaced_where_its_first_one_was) {
  EXPECT_EQ(after_set("a=1,b=2,c=3", "a", "9"), "a=9,b=2,c=3");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "b", "9"), "a=1,b=9,c=3");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "c", "9"), "a=1,b=2,c=9");
  EXPECT_EQ(after_set("a=1,b=2;p;q=3,c=3", "b", ""), "a=1,b=,c=3");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "b", "2", {{"p", std::nullopt}}), "a=1,b=2;p,c=3");
}

TEST(BaggageBuilder, BG25_all_members_of_the_name_are_replaced_and_others_stay_as_they_came) {
  EXPECT_EQ(after_set("x=%2f,a=1;p,y=zo%c3%ab+,a=2,x=3,a=4;q", "a", "5"),
            "x=%2f,a=5,y=zo%c3%ab+,x=3");
  baggage items = items_of("x=1,a=1,x=2,a=2");
  EXPECT_EQ(items.set("x", "3"), errc::ok);
  EXPECT_EQ(items.text(), "x=3,a=1,a=2");
  EXPECT_EQ(items.members(), 3U);
}

TEST(BaggageBuilder, BG25_what_is_set_may_come_from_the_baggage_itself) {
  baggage items = items_of("a-key-that-is-longer-than-a-short-one=plain-text-that-is-long,b=2");
  const auto first = *baggage_view(items).begin();
  ASSERT_EQ(items.set("c", first.raw_value), errc::ok);
  ASSERT_EQ(items.set(baggage_view(items).begin()->key, "new"), errc::ok);
  EXPECT_EQ(items.text(),
            "a-key-that-is-longer-than-a-short-one=new,b=2,c=plain-text-that-is-long");
  const auto last = ++ ++baggage_view(items).begin();
  ASSERT_EQ(last->key, "c");
  ASSERT_EQ(items.set(last->key, last->raw_value), errc::ok);
  EXPECT_EQ(items.text(),
            "a-key-that-is-longer-than-a-short-one=new,b=2,c=plain-text-that-is-long");
  EXPECT_TRUE(items.remove(baggage_view(items).begin()->key));
  EXPECT_EQ(items.text(), "b=2,c=plain-text-that-is-long");
}

TEST(BaggageBuilder, BG25_properties_are_taken_from_any_span) {
  const std::array<baggage_property, 1> one{{{"p", "1"}}};
  baggage items;
  ASSERT_EQ(items.set("k", "v", one), errc::ok);
  EXPECT_EQ(items.text(), "k=v;p=1");
}

TEST(BaggageBuilder, BG06_the_first_equals_sign_ends_the_key_that_is_set_or_removed) {
  EXPECT_EQ(after_set("a=b=1,c=2", "a", "3"), "a=3,c=2");
  EXPECT_EQ(after_set("a=b=1,c=2", "b", "3"), "a=b=1,c=2,b=3");
  baggage items = items_of("a=b=1,c=2;p=q");
  EXPECT_TRUE(items.remove("a"));
  EXPECT_TRUE(items.remove("c"));
  EXPECT_TRUE(items.is_empty());
}

TEST(BaggageBuilder, BG26_removing_a_name_takes_all_its_members) {
  baggage items = items_of("a=1;p,b=2,a=3,ab=4,a=5");
  EXPECT_TRUE(items.remove("a"));
  EXPECT_EQ(items.text(), "b=2,ab=4");
  EXPECT_EQ(items.members(), 2U);
  EXPECT_FALSE(items.remove("a"));
  EXPECT_FALSE(items.remove("B"));
  EXPECT_FALSE(items.remove(""));
  EXPECT_FALSE(items.remove("b=2"));
  EXPECT_TRUE(items.remove("ab"));
  EXPECT_TRUE(items.remove("b"));
  EXPECT_TRUE(items.is_empty());
  EXPECT_EQ(items.members(), 0U);
  EXPECT_EQ(items, baggage());
}

TEST(BaggageBuilder, BG26_clearing_takes_everything) {
  baggage items = items_of("a=1,b=2");
  items.clear();
  EXPECT_TRUE(items.is_empty());
  EXPECT_EQ(items.members(), 0U);
  EXPECT_EQ(items.get("a"), std::nullopt);
  const waybill::context cleared = context_of(sample_trace, "s=1", "a=1").with_baggage(items);
  EXPECT_TRUE(written(cleared, "baggage").empty());
  EXPECT_EQ(written(cleared, "tracestate"), std::vector<std::string>{"s=1"});
  EXPECT_EQ(items.set("c", "3"), errc::ok);
  EXPECT_EQ(items.text(), "c=3");
}

TEST(BaggageBuilder, BG15_BG16_what_is_not_touched_stays_as_it_came) {
  const reading got =
      read(http_headers({{"baggage", " k = zo%c3%AB+ ; P = %2f , k=2 "}, {"baggage", "x=%"}}));
  baggage items(got.context);
  EXPECT_EQ(items.text(), "k=zo%c3%AB+;P=%2f,k=2,x=%");
  EXPECT_EQ(items.members(), 3U);
  ASSERT_EQ(items.set("new", "1 2"), errc::ok);
  EXPECT_EQ(items.text(), "k=zo%c3%AB+;P=%2f,k=2,x=%,new=1%202");
}

}  // namespace
}  // namespace waybill_test
