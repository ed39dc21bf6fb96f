#include <gtest/gtest.h>

#include <string>

#include "support/property_lists.hpp"
#include "waybill/mqtt/cpp/message.hpp"

namespace {

using waybill_test::described;

TEST(with_properties, keeps_all_but_the_properties) {
  MQTTAsync_message received = MQTTAsync_message_initializer;
  received.qos = 2;
  received.retained = 1;
  received.dup = 1;
  const ::mqtt::message original("topic", received);
  waybill_test::owned_properties other{{"a", "1"}};
  const ::mqtt::message_ptr made = waybill::mqtt::with_properties(original, other.list());
  EXPECT_EQ(made->get_topic(), "topic");
  EXPECT_EQ(made->get_qos(), 2);
  EXPECT_TRUE(made->is_retained());
  EXPECT_TRUE(made->is_duplicate());
  EXPECT_EQ(described(made->get_properties().c_struct()), std::vector<std::string>{"38 a=1"});
}

TEST(with_properties, shares_the_payload) {
  const std::string bytes("\0\xff payload", 10);
  const ::mqtt::message original("topic", bytes, 1, false);
  const MQTTProperties none = MQTTProperties_initializer;
  const ::mqtt::message_ptr made = waybill::mqtt::with_properties(original, none);
  EXPECT_EQ(made->get_payload(), bytes);
  EXPECT_EQ(made->get_payload().data(), original.get_payload().data());
  EXPECT_EQ(made->get_qos(), 1);
}

TEST(with_properties, takes_a_message_without_anything) {
  const ::mqtt::message original;
  const MQTTProperties none = MQTTProperties_initializer;
  const ::mqtt::message_ptr made = waybill::mqtt::with_properties(original, none);
  EXPECT_EQ(made->get_topic(), "");
  EXPECT_EQ(made->get_payload(), "");
}

}  // namespace
