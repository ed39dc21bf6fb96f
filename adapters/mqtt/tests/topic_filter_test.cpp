#include "waybill/mqtt/topic_filter.hpp"

#include <gtest/gtest.h>

namespace waybill::mqtt {
namespace {

static_assert(topic_matches("sensors/+/temperature", "sensors/7/temperature"));

TEST(topic_matches, a_filter_without_wildcards_is_one_topic) {
  EXPECT_TRUE(topic_matches("a/b", "a/b"));
  EXPECT_FALSE(topic_matches("a/b", "a/B"));
  EXPECT_FALSE(topic_matches("a/b", "a"));
  EXPECT_FALSE(topic_matches("a/b", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/b", "a/bb"));
  EXPECT_FALSE(topic_matches("a", "/a"));
  EXPECT_FALSE(topic_matches("a", "a/"));
  EXPECT_TRUE(topic_matches("/", "/"));
}

TEST(topic_matches, a_plus_is_one_level_even_an_empty_one) {
  EXPECT_TRUE(topic_matches("+", "a"));
  EXPECT_FALSE(topic_matches("+", "/a"));
  EXPECT_TRUE(topic_matches("/+", "/a"));
  EXPECT_TRUE(topic_matches("+/+", "/a"));
  EXPECT_TRUE(topic_matches("a/+", "a/"));
  EXPECT_FALSE(topic_matches("a/+", "a"));
  EXPECT_FALSE(topic_matches("a/+", "a/b/c"));
  EXPECT_TRUE(topic_matches("a/+/c", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/+/c", "a/b/d"));
  EXPECT_TRUE(topic_matches("+/b/#", "a/b/c/d"));
}

TEST(topic_matches, a_hash_is_its_parent_and_all_below) {
  EXPECT_TRUE(topic_matches("#", "a/b/c"));
  EXPECT_TRUE(topic_matches("#", "/"));
  EXPECT_TRUE(topic_matches("a/#", "a"));
  EXPECT_TRUE(topic_matches("a/#", "a/"));
  EXPECT_TRUE(topic_matches("a/#", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/#", "ab"));
  EXPECT_FALSE(topic_matches("a/#", "b/a"));
  EXPECT_TRUE(topic_matches("a/+/#", "a/b"));
  EXPECT_FALSE(topic_matches("a/+/#", "a"));
}

TEST(topic_matches, wildcards_at_the_front_pass_over_topics_of_the_server) {
  EXPECT_FALSE(topic_matches("#", "$SYS/uptime"));
  EXPECT_FALSE(topic_matches("+/uptime", "$SYS/uptime"));
  EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/uptime"));
  EXPECT_TRUE(topic_matches("$SYS/+", "$SYS/uptime"));
}

TEST(topic_matches, a_shared_subscription_counts_by_its_filter) {
  EXPECT_TRUE(topic_matches("$share/workers/a/+", "a/b"));
  EXPECT_TRUE(topic_matches("$share/workers/#", "a/b"));
  EXPECT_FALSE(topic_matches("$share/workers/#", "$SYS/uptime"));
  EXPECT_FALSE(topic_matches("$share/workers", "workers"));
  EXPECT_FALSE(topic_matches("$share//a", "a"));
}

TEST(topic_matches, a_filter_that_is_not_allowed_matches_nothing) {
  EXPECT_FALSE(topic_matches("", "a"));
  EXPECT_FALSE(topic_matches("a", ""));
  EXPECT_FALSE(topic_matches("#/a", "a/a"));
  EXPECT_FALSE(topic_matches("a/#/c", "a/b/c"));
  EXPECT_FALSE(topic_matches("a+", "ab"));
  EXPECT_FALSE(topic_matches("a+", "a+"));
  EXPECT_FALSE(topic_matches("a#", "a#"));
}

}  // namespace
}  // namespace waybill::mqtt
