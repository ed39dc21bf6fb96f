// The rules TS of docs/formats.md for changing a tracestate.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/tracestate.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::tracestate;
using waybill::tracestate_view;

tracestate state_of(std::string_view text) {
  auto parsed = tracestate::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  EXPECT_EQ(parsed->text(), text);
  return parsed.value();
}

/// The text after a change that must succeed.
std::string after_set(std::string_view text, std::string_view key, std::string_view value) {
  tracestate state = state_of(text);
  EXPECT_EQ(state.set(key, value), errc::ok) << key << "=" << value;
  EXPECT_EQ(state.get(key), value);
  EXPECT_TRUE(tracestate::parse(state.text()).has_value());
  return std::string(state.text());
}

errc refused_set(std::string_view key, std::string_view value) {
  tracestate state = state_of("a=1,b=2");
  const errc code = state.set(key, value);
  EXPECT_EQ(state.text(), "a=1,b=2");
  tracestate empty;
  EXPECT_EQ(empty.set(key, value), code);
  EXPECT_TRUE(empty.is_empty());
  return code;
}

TEST(TracestateBuilder, TS16_a_new_member_stands_at_the_left) {
  EXPECT_EQ(after_set("", "congo", "t61rcWkgMzE"), "congo=t61rcWkgMzE");
  EXPECT_EQ(after_set("congo=t61rcWkgMzE", "rojo", "00f067aa0ba902b7"),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "d", "4"), "d=4,a=1,b=2,c=3");
}

TEST(TracestateBuilder, TS16_a_member_that_is_set_again_moves_to_the_left) {
  EXPECT_EQ(after_set("a=1,b=2,c=3", "a", "9"), "a=9,b=2,c=3");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "b", "9"), "b=9,a=1,c=3");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "c", "9"), "c=9,a=1,b=2");
  EXPECT_EQ(after_set("a=1,b=2,c=3", "c", "3"), "c=3,a=1,b=2");
  EXPECT_EQ(after_set("a=1", "a", "2"), "a=2");
}

TEST(TracestateBuilder, TS16_older_members_of_the_key_go_and_repeats_of_others_stay) {
  EXPECT_EQ(after_set("a=1,b=2,a=3,c=4,b=5,a=6", "a", "7"), "a=7,b=2,c=4,b=5");
  EXPECT_EQ(after_set("a=1,b=2,a=3", "c", "4"), "c=4,a=1,b=2,a=3");
}

TEST(TracestateBuilder, TS16_keys_that_only_begin_alike_are_other_keys) {
  EXPECT_EQ(after_set("ab=1,a=2,abc=3,b=ab", "ab", "x"), "ab=x,a=2,abc=3,b=ab");
}

TEST(TracestateBuilder, TS16_what_is_set_may_come_from_the_tracestate_itself) {
  tracestate state = state_of("aaaaaaaaaaaaaaaaaaaa=1,b=a value that is longer than a short one");
  ASSERT_EQ(state.set("c", *state.get("b")), errc::ok);
  EXPECT_EQ(state.text(),
            "c=a value that is longer than a short one,aaaaaaaaaaaaaaaaaaaa=1,"
            "b=a value that is longer than a short one");
  const auto last = ++ ++tracestate_view(state).begin();
  ASSERT_EQ(state.set(last->key, last->value), errc::ok);
  EXPECT_EQ(state.text(),
            "b=a value that is longer than a short one,c=a value that is longer than a short one,"
            "aaaaaaaaaaaaaaaaaaaa=1");
  const auto first = tracestate_view(state).begin();
  EXPECT_TRUE(state.remove(first->key));
  EXPECT_EQ(state.text(), "c=a value that is longer than a short one,aaaaaaaaaaaaaaaaaaaa=1");
}

TEST(TracestateBuilder, TS16_a_changed_one_travels_with_the_context) {
  const reading got = read(http_headers(
      {{"traceparent", sample_traceparent}, {"tracestate", "rojo=00f067aa0ba902b7,congo=x"}}));
  tracestate state(got.context);
  ASSERT_EQ(state.set("congo", "ucfJifl5GOE"), errc::ok);
  const waybill::context next = got.context.new_child().with_tracestate(state);
  EXPECT_EQ(written(next, "tracestate"),
            std::vector<std::string>{"congo=ucfJifl5GOE,rojo=00f067aa0ba902b7"});
}

TEST(TracestateBuilder, TS17_a_new_key_in_a_full_one_drops_the_right_most) {
  tracestate state = state_of(list_of_members(32));
  ASSERT_EQ(state.set("new", "1"), errc::ok);
  EXPECT_EQ(state.text(), "new=1," + list_of_members(31));
  ASSERT_EQ(state.set("newer", "2"), errc::ok);
  EXPECT_EQ(state.text(), "newer=2,new=1," + list_of_members(30));
  EXPECT_EQ(after_set(list_of_members(31), "new", "1"), "new=1," + list_of_members(31));
}

TEST(TracestateBuilder, TS17_a_key_that_is_there_drops_nothing_else) {
  tracestate state = state_of(list_of_members(32));
  ASSERT_EQ(state.set("k31", "w"), errc::ok);
  EXPECT_EQ(state.text(), "k31=w," + list_of_members(31));
  ASSERT_EQ(state.set("k31", "x"), errc::ok);
  EXPECT_EQ(state.text(), "k31=x," + list_of_members(31));
  // 30 others and two of this key.
  EXPECT_EQ(after_set(list_of_members(30) + ",a=1,a=2", "a", "3"), "a=3," + list_of_members(30));
  // 31 others and one of this key in the middle.
  EXPECT_EQ(after_set("x=1,a=1," + list_of_members(30), "a", "2"),
            "a=2,x=1," + list_of_members(30));
}

TEST(TracestateBuilder, TS17_a_full_one_of_the_longest_kind_stays_within_16447_bytes) {
  tracestate state;
  for (int i = 0; i < 40; ++i) {
    std::string key = "k" + std::to_string(i);
    key.resize(256, 'k');
    ASSERT_EQ(state.set(key, std::string(256, 'v')), errc::ok);
  }
  EXPECT_EQ(state.text().size(), 16'447U);
  EXPECT_EQ(state.text().substr(0, 4), "k39k");
  EXPECT_TRUE(tracestate::parse(state.text()).has_value());
}

TEST(TracestateBuilder, TS18_keys_that_cannot_be_read_cannot_be_set) {
  for (const std::string& key :
       {std::string(), std::string("A"), std::string("Foo"), std::string("foo "),
        std::string(" foo"), std::string("@foo"), std::string("_a"), std::string("foo.bar"),
        std::string("a=b"), std::string("a,b"), std::string("a\tb"), std::string("a\0b", 3),
        std::string("zo\xc3\xab"), std::string(257, 'z')}) {
    EXPECT_EQ(refused_set(key, "1"), errc::invalid_key) << key;
  }
  for (const std::string& key : {std::string("a"), std::string("0"), std::string("a@b@"),
                                 std::string("a_-*/@9"), std::string(256, 'z')}) {
    EXPECT_EQ(after_set("", key, "1"), key + "=1");
  }
}

TEST(TracestateBuilder, TS18_values_that_cannot_be_read_cannot_be_set) {
  for (const std::string& value :
       {std::string(), std::string(" "), std::string("   "), std::string("1 "), std::string("1\t"),
        std::string("\t1"), std::string("1\t2"), std::string("1,2"), std::string("1=2"),
        std::string("1\r\n2"), std::string("1\0", 2), std::string("\x7f"),
        std::string("zo\xc3\xab"), std::string(257, 'v')}) {
    EXPECT_EQ(refused_set("a", value), errc::invalid_value) << value;
  }
  EXPECT_EQ(after_set("", "a", "  1 2"), "a=  1 2");
  EXPECT_EQ(after_set("", "a", std::string(256, 'v')), "a=" + std::string(256, 'v'));
  EXPECT_EQ(after_set("", "a", "!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"),
            "a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~");
}

TEST(TracestateBuilder, TS18_every_byte_of_keys_and_values_as_when_it_is_read) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("x") + static_cast<char>(byte) + "y";
    const bool splits = byte == ',' || byte == '=';
    tracestate by_key;
    EXPECT_EQ(by_key.set(text, "1") == errc::ok,
              !splits && tracestate::parse(text + "=1").has_value())
        << byte;
    tracestate by_value;
    EXPECT_EQ(by_value.set("a", text) == errc::ok,
              !splits && tracestate::parse("a=" + text).has_value())
        << byte;
  }
}

TEST(TracestateBuilder, TS18_a_bad_value_for_a_key_that_is_there_leaves_it) {
  tracestate state = state_of(list_of_members(32));
  EXPECT_EQ(state.set("k5", ""), errc::invalid_value);
  EXPECT_EQ(state.set("K5", "v"), errc::invalid_key);
  EXPECT_EQ(state.text(), list_of_members(32));
}

TEST(TracestateBuilder, TS19_removing_a_key_takes_every_member_of_it) {
  tracestate state = state_of("a=1,b=2,a=3,ab=4,c=5,a=6");
  EXPECT_TRUE(state.remove("a"));
  EXPECT_EQ(state.text(), "b=2,ab=4,c=5");
  EXPECT_FALSE(state.remove("a"));
  EXPECT_FALSE(state.remove(""));
  EXPECT_FALSE(state.remove("B"));
  EXPECT_FALSE(state.remove("b=2"));
  EXPECT_EQ(state.text(), "b=2,ab=4,c=5");
  EXPECT_TRUE(state.remove("c"));
  EXPECT_TRUE(state.remove("b"));
  EXPECT_TRUE(state.remove("ab"));
  EXPECT_TRUE(state.is_empty());
  EXPECT_EQ(state, tracestate());
}

TEST(TracestateBuilder, TS19_TS20_a_cleared_one_is_not_written) {
  const reading got =
      read(http_headers({{"traceparent", sample_traceparent}, {"tracestate", "a=1"}}));
  tracestate state(got.context);
  state.clear();
  EXPECT_TRUE(state.is_empty());
  EXPECT_EQ(state.get("a"), std::nullopt);
  EXPECT_TRUE(written(got.context.with_tracestate(state), "tracestate").empty());
}

TEST(TracestateBuilder, TS11_one_with_repeated_keys_is_kept_as_it_came) {
  const reading got =
      read(http_headers({{"traceparent", sample_traceparent}, {"tracestate", "a=1,b=2,a=3"}}));
  const tracestate state(got.context);
  EXPECT_EQ(state.text(), "a=1,b=2,a=3");
  EXPECT_EQ(state.get("a"), "3");
  EXPECT_EQ(tracestate(tracestate_view(state)), state);
}

}  // namespace
}  // namespace waybill_test
