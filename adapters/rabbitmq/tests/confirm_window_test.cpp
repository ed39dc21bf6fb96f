#include "../src/confirm_window.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace waybill {
namespace {

using rabbitmq::detail::confirm_window;
using rabbitmq::detail::unconfirmed;

unconfirmed numbered(std::uint64_t tag, std::uint64_t fingerprint = 0) {
  unconfirmed message;
  message.tag = tag;
  message.fingerprint = fingerprint;
  return message;
}

std::vector<std::uint64_t> settled(confirm_window& window, std::uint64_t tag, bool multiple) {
  std::vector<std::uint64_t> tags;
  window.settle(tag, multiple, [&](const unconfirmed& message) { tags.push_back(message.tag); });
  return tags;
}

using tags = std::vector<std::uint64_t>;

TEST(confirm_window, gives_each_message_out_once_whatever_the_order_of_the_answers) {
  confirm_window window(1000);
  for (std::uint64_t tag = 1; tag <= 6; ++tag) EXPECT_TRUE(window.add(numbered(tag)));
  EXPECT_EQ(settled(window, 3, false), tags{3});
  EXPECT_EQ(settled(window, 3, false), tags{});
  EXPECT_EQ(settled(window, 4, true), (tags{1, 2, 4}));
  EXPECT_EQ(settled(window, 2, true), tags{});
  EXPECT_EQ(settled(window, 9, false), tags{});
  EXPECT_EQ(window.size(), 2U);
  EXPECT_EQ(settled(window, 0, true), (tags{5, 6})) << "0 is all of them";
  EXPECT_EQ(settled(window, 0, true), tags{});
  EXPECT_EQ(window.size(), 0U);
}

TEST(confirm_window, finds_messages_behind_tags_that_were_not_tracked) {
  confirm_window window(1000);
  for (const std::uint64_t tag : {5U, 90U, 91U, 400U, 1000U}) window.add(numbered(tag));
  EXPECT_EQ(settled(window, 91, false), tags{91});
  EXPECT_EQ(settled(window, 6, false), tags{});
  EXPECT_EQ(settled(window, 1000, false), tags{1000});
  EXPECT_EQ(settled(window, 399, true), (tags{5, 90}));
  EXPECT_EQ(settled(window, 5000, true), tags{400});
}

TEST(confirm_window, that_is_full_takes_no_more_until_one_is_answered) {
  confirm_window window(100);
  for (std::uint64_t tag = 1; tag <= 100; ++tag) EXPECT_TRUE(window.add(numbered(tag)));
  EXPECT_FALSE(window.add(numbered(101)));
  settled(window, 50, false);
  EXPECT_TRUE(window.add(numbered(101)));
  EXPECT_FALSE(window.add(numbered(102)));
  settled(window, 1, false);
  EXPECT_TRUE(window.add(numbered(102)));
  EXPECT_EQ(window.size(), 100U);
}

TEST(confirm_window, is_not_filled_by_the_answers_behind_one_that_does_not_come) {
  constexpr std::uint64_t same = 7;
  for (const std::size_t messages_max : {std::size_t{2}, std::size_t{100}}) {
    confirm_window window(messages_max);
    ASSERT_TRUE(window.add(numbered(1)));
    for (std::uint64_t tag = 2; tag <= 1'000; ++tag) {
      ASSERT_TRUE(window.add(numbered(tag, same))) << tag;
      if (tag % 2 == 0) {
        ASSERT_EQ(settled(window, tag, false), tags{tag});
      } else {
        ASSERT_EQ(window.take_returned(same).value_or(unconfirmed{}).tag, tag);
      }
    }
    EXPECT_EQ(window.size(), 1U);
    EXPECT_EQ(settled(window, 1, false), tags{1});
  }
}

TEST(confirm_window, finds_returned_messages_in_the_order_in_which_they_were_published) {
  confirm_window window(1000);
  constexpr std::uint64_t same = 7;
  constexpr std::uint64_t other = 9;
  window.add(numbered(1, same));
  window.add(numbered(2));
  window.add(numbered(3, other));
  window.add(numbered(4, same));
  window.add(numbered(5, same));
  EXPECT_EQ(window.take_returned(same)->tag, 1U);
  EXPECT_EQ(window.take_returned(same)->tag, 4U);
  EXPECT_FALSE(window.take_returned(other).has_value()) << "it would have come before";
  EXPECT_EQ(settled(window, 5, true), (tags{2, 3, 5}));
  EXPECT_FALSE(window.take_returned(same).has_value());
}

TEST(confirm_window, empties_itself_from_the_oldest_on) {
  confirm_window window(1000);
  for (std::uint64_t tag = 1; tag <= 200; ++tag) window.add(numbered(tag));
  settled(window, 1, false);
  settled(window, 3, false);
  for (std::uint64_t expected = 2; expected <= 200; ++expected) {
    if (expected == 3) continue;
    const auto oldest = window.take_any();
    ASSERT_TRUE(oldest.has_value());
    EXPECT_EQ(oldest->tag, expected);
  }
  EXPECT_FALSE(window.take_any().has_value());
}

TEST(confirm_window, agrees_with_a_map_about_random_answers) {
  std::mt19937 random(20240517);
  confirm_window window(500);
  std::map<std::uint64_t, bool> open;
  std::uint64_t next = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 3 != 0) {
      next += 1 + (random() % 10 == 0 ? random() % 20 : 0);
      if (window.add(numbered(next))) open[next] = true;
      continue;
    }
    const std::uint64_t tag = next < 300 ? random() % (next + 5) : next - random() % 300;
    const bool multiple = random() % 4 == 0;
    tags expected;
    for (auto each = open.begin(); each != open.end();) {
      const bool is_meant = multiple ? tag == 0 || each->first <= tag : each->first == tag;
      if (is_meant) expected.push_back(each->first);
      each = is_meant ? open.erase(each) : std::next(each);
    }
    ASSERT_EQ(settled(window, tag, multiple), expected) << "step " << step;
    ASSERT_EQ(window.size(), open.size());
  }
}

}  // namespace
}  // namespace waybill
