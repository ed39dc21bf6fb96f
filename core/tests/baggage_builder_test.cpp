#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>
#include <waybill/baggage.hpp>

#include "support/texts.hpp"

namespace {

using waybill::baggage;
using waybill::baggage_property;
using waybill::errc;

baggage parsed(std::string_view text, const waybill::limits& limits = {}) {
  return baggage::parse(text, limits).items;
}

TEST(BaggageBuilder, BG25_a_new_name_goes_to_the_end) {
  baggage items;
  EXPECT_TRUE(items.is_empty());
  EXPECT_EQ(items.set("a", "1"), errc::ok);
  EXPECT_EQ(items.set("b", ""), errc::ok);
  EXPECT_EQ(items.text(), "a=1,b=");
  EXPECT_EQ(items.members(), 2U);
  EXPECT_EQ(items.get("b"), "");
  EXPECT_EQ(items.get("c"), std::nullopt);
}

TEST(BaggageBuilder, BG25_a_name_that_is_there_is_replaced_in_its_place_with_its_properties) {
  baggage items = parsed("a=1,b=2;p=q,c=3");
  EXPECT_EQ(items.set("b", "new"), errc::ok);
  EXPECT_EQ(items.text(), "a=1,b=new,c=3");
}

TEST(BaggageBuilder, BG25_every_member_of_a_repeated_name_is_replaced) {
  baggage items = parsed("x=1,a=1,y=2,a=2,z=3,a=3");
  EXPECT_EQ(items.set("a", "new"), errc::ok);
  EXPECT_EQ(items.text(), "x=1,a=new,y=2,z=3");
  EXPECT_EQ(items.members(), 4U);
}

TEST(BaggageBuilder, BG15_BG16_what_is_not_touched_stays_as_it_came) {
  baggage items = parsed("a=%c3%a9;p=%2b , a=2 ,b=1+1");
  EXPECT_EQ(items.set("c", "x"), errc::ok);
  EXPECT_EQ(items.text(), "a=%c3%a9;p=%2b,a=2,b=1+1,c=x");
}

TEST(BaggageBuilder, BG03_names_are_case_sensitive) {
  baggage items = parsed("a=1");
  EXPECT_EQ(items.set("A", "2"), errc::ok);
  EXPECT_EQ(items.text(), "a=1,A=2");
}

TEST(BaggageBuilder, BG22_properties_are_written_in_order_and_their_values_coded) {
  const std::vector<baggage_property> properties{
      {"flag", std::nullopt}, {"p", "1,2"}, {"p", ""}, {"flag", std::nullopt}};
  baggage items;
  EXPECT_EQ(items.set("k", "v", properties), errc::ok);
  EXPECT_EQ(items.text(), "k=v;flag;p=1%2C2;p=;flag");
  EXPECT_EQ(waybill::baggage_view(items).find("k")->properties(), properties);
}

TEST(BaggageBuilder, BG23_keys_and_property_keys_must_be_tokens) {
  const baggage before = parsed("a=1");
  for (const std::string_view key :
       {"", " ", "a b", "a,b", "a;b", "a=b", "a\"", "a\\", "zo\xc3\xab", "a(b)", "a/b", "a:b",
        "a@b", "[a]", "{a}", "\x7f", "\t"}) {
    baggage items = before;
    EXPECT_EQ(items.set(key, "1"), errc::invalid_key) << key;
    EXPECT_EQ(items, before);
    const std::vector<baggage_property> properties{{std::string(key), "1"}};
    EXPECT_EQ(items.set("b", "1", properties), errc::invalid_key) << key;
    EXPECT_EQ(items, before);
  }
  baggage items;
  EXPECT_EQ(items.set("!#$%&'*+-.^_`|~09azAZ", "1"), errc::ok);
}

TEST(BaggageBuilder, BG23_values_must_be_utf8) {
  const baggage before = parsed("a=1");
  baggage items = before;
  for (const std::string_view value :
       {"\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"}) {
    EXPECT_EQ(items.set("b", value), errc::invalid_value);
    const std::vector<baggage_property> properties{{"p", std::string(value)}};
    EXPECT_EQ(items.set("b", "1", properties), errc::invalid_value);
  }
  EXPECT_EQ(items, before);
}

TEST(BaggageBuilder, BG17_BG24_a_65th_member_is_refused_and_changes_nothing) {
  baggage items;
  for (int i = 0; i < 64; ++i) ASSERT_EQ(items.set("k" + std::to_string(i), "v"), errc::ok);
  const baggage before = items;
  EXPECT_EQ(items.set("one-more", "v"), errc::too_many_members);
  EXPECT_EQ(items, before);
  EXPECT_EQ(items.set("k63", "new"), errc::ok);
  EXPECT_EQ(items.members(), 64U);
}

TEST(BaggageBuilder, BG18_BG24_8192_bytes_can_be_set_and_8193_cannot) {
  baggage items;
  EXPECT_EQ(items.set("b", std::string(8'190, 'x')), errc::ok);
  EXPECT_EQ(items.text().size(), 8'192U);
  EXPECT_EQ(items.set("b", std::string(8'191, 'x')), errc::too_large);
  EXPECT_EQ(items.text().size(), 8'192U);
  EXPECT_EQ(items.set("c", ""), errc::too_large);

  baggage two;
  EXPECT_EQ(two.set("b", std::string(8'187, 'x')), errc::ok);
  EXPECT_EQ(two.set("c", ""), errc::ok);  // a comma, a name and "="
  EXPECT_EQ(two.text().size(), 8'192U);
}

TEST(BaggageBuilder, BG18_the_coded_size_counts) {
  baggage items;
  EXPECT_EQ(items.set("b", std::string(2'730, ' ')), errc::ok);
  EXPECT_EQ(items.text().size(), 8'192U);
  EXPECT_EQ(items.set("b", std::string(2'731, ' ')), errc::too_large);
}

TEST(BaggageBuilder, BG21_the_limits_it_was_made_with_hold) {
  waybill::limits limits;
  limits.baggage_members_max = 2;
  limits.baggage_bytes_max = 9;
  baggage items(limits);
  EXPECT_EQ(items.set("a", "123"), errc::ok);
  EXPECT_EQ(items.set("b", "2"), errc::ok);
  EXPECT_EQ(items.text().size(), 9U);
  EXPECT_EQ(items.set("b", "22"), errc::too_large);
  EXPECT_EQ(items.set("a", ""), errc::ok);
  EXPECT_EQ(items.set("c", ""), errc::too_many_members);

  const waybill::context sent =
      waybill_test::context_of(waybill_test::sample_trace, "", "a=1,b=2,c=3");
  EXPECT_EQ(baggage(sent, limits).text(), "a=1,b=2");

  limits.baggage_members_max = 100;
  limits.baggage_bytes_max = 10'000;
  EXPECT_EQ(parsed(waybill_test::list_of_members(100), limits).members(), 100U);
}

TEST(BaggageBuilder, BG26_removing_a_name_takes_all_its_members) {
  baggage items = parsed("x=1,a=1,y=2,a=2");
  EXPECT_TRUE(items.remove("a"));
  EXPECT_EQ(items.text(), "x=1,y=2");
  EXPECT_EQ(items.members(), 2U);
  EXPECT_FALSE(items.remove("a"));
  EXPECT_FALSE(items.remove("X"));
  EXPECT_EQ(items.text(), "x=1,y=2");
}

TEST(BaggageBuilder, BG26_clearing_takes_everything) {
  baggage items = parsed("x=1,a=1");
  items.clear();
  EXPECT_TRUE(items.is_empty());
  EXPECT_EQ(items.members(), 0U);
  EXPECT_EQ(items.set("a", "1"), errc::ok);
  EXPECT_EQ(items.text(), "a=1");
}

TEST(BaggageBuilder, BG27_a_context_carries_baggage_without_a_trace) {
  baggage items;
  ASSERT_EQ(items.set("user", "a"), errc::ok);
  const waybill::context only = waybill::context().with_baggage(items);
  EXPECT_FALSE(only.has_trace());
  EXPECT_TRUE(only.has_baggage());
  EXPECT_EQ(only.without_baggage().has_baggage(), false);
}

}  // namespace
