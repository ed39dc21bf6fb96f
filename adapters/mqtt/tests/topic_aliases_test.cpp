#include <gtest/gtest.h>

#include <string>

#include "support/property_lists.hpp"
#include "waybill/mqtt/connection.hpp"

namespace waybill_test {
namespace {

class topic_aliases : public testing::Test {
 protected:
  std::string topic_of(std::string_view topic, unsigned alias = 0) {
    owned_properties list;
    if (alias != 0) list.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, alias);
    std::string storage;
    return std::string(aliases_.topic_of({.topic = topic, .properties = list.list()}, storage));
  }

  waybill::mqtt::topic_aliases aliases_;
};

TEST_F(topic_aliases, stand_for_the_topic_that_they_came_with) {
  EXPECT_EQ(topic_of("a/b"), "a/b");
  EXPECT_EQ(topic_of("a/b", 1), "a/b");
  EXPECT_EQ(topic_of("c", 2), "c");
  EXPECT_EQ(topic_of("", 1), "a/b");
  EXPECT_EQ(topic_of("", 2), "c");
  EXPECT_EQ(topic_of("d", 1), "d");
  EXPECT_EQ(topic_of("", 1), "d");
}

TEST_F(topic_aliases, that_are_not_known_stand_for_no_topic) {
  EXPECT_EQ(topic_of("", 1), "");
  EXPECT_EQ(topic_of(""), "");
  EXPECT_EQ(topic_of("a", 1), "a");
  aliases_.clear();
  EXPECT_EQ(topic_of("", 1), "") << "they end with their connection";
}

TEST_F(topic_aliases, keep_no_more_text_than_their_bound) {
  const std::string large(65'000, 't');
  constexpr unsigned count = waybill::mqtt::topic_aliases::topic_bytes_max / 65'000;
  for (unsigned i = 1; i <= count; ++i) EXPECT_EQ(topic_of(large, i), large);
  EXPECT_EQ(topic_of(large, count + 1), large);
  EXPECT_EQ(topic_of("", count), large);
  EXPECT_EQ(topic_of("", count + 1), "") << "there is no room for it";
  EXPECT_EQ(topic_of("short", 1), "short");
  EXPECT_EQ(topic_of(large, count + 1), large);
  EXPECT_EQ(topic_of("", count + 1), large) << "now there is";
}

}  // namespace
}  // namespace waybill_test
