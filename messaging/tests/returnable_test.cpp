// Messages that come back without their number.
#include "waybill/messaging/returnable.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace waybill_test {
namespace {

using waybill::messaging::returnable;

TEST(returnable, a_message_is_recognised_by_its_fingerprint_once) {
  returnable waiting(10);
  waiting.add(7, 1);
  EXPECT_EQ(waiting.take(8), std::nullopt);
  EXPECT_EQ(waiting.take(7), 1U);
  EXPECT_EQ(waiting.take(7), std::nullopt);
}

TEST(returnable, equal_messages_are_taken_oldest_first) {
  returnable waiting(10);
  for (const std::uint64_t tag : {1U, 2U, 3U}) waiting.add(7, tag);
  EXPECT_EQ(waiting.take(7), 1U);
  EXPECT_EQ(waiting.take(7), 2U);
  EXPECT_EQ(waiting.take(7), 3U);
  EXPECT_EQ(waiting.take(7), std::nullopt);
}

TEST(returnable, what_is_older_than_a_return_is_not_returned) {
  returnable waiting(10);
  waiting.add(1, 1);
  waiting.add(2, 2);
  waiting.add(3, 3);
  EXPECT_EQ(waiting.take(2), 2U);
  EXPECT_EQ(waiting.take(1), std::nullopt);
  EXPECT_EQ(waiting.take(3), 3U);
}

TEST(returnable, what_is_confirmed_is_not_returned) {
  returnable waiting(10);
  for (const std::uint64_t tag : {1U, 2U, 4U}) waiting.add(tag * 10, tag);
  waiting.confirmed_to(3);
  EXPECT_EQ(waiting.take(10), std::nullopt);
  EXPECT_EQ(waiting.take(20), std::nullopt);
  EXPECT_EQ(waiting.take(40), 4U);
  waiting.confirmed_to(100);
  EXPECT_EQ(waiting.take(40), std::nullopt);
}

TEST(returnable, beyond_the_limit_the_oldest_is_forgotten) {
  returnable waiting(2);
  for (const std::uint64_t tag : {1U, 2U, 3U}) waiting.add(tag * 10, tag);
  EXPECT_EQ(waiting.take(10), std::nullopt);
  EXPECT_EQ(waiting.take(20), 2U);
  EXPECT_EQ(waiting.take(30), 3U);
}

TEST(returnable, a_limit_of_none_keeps_the_last_one) {
  returnable waiting(0);
  for (const std::uint64_t tag : {1U, 2U}) waiting.add(tag * 10, tag);
  EXPECT_EQ(waiting.take(10), std::nullopt);
  EXPECT_EQ(waiting.take(20), 2U);
}

}  // namespace
}  // namespace waybill_test
