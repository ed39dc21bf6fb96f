// How large a packet may become, by sequences of what a client hears of its connection.

#include "waybill/mqtt/connection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/property_lists.hpp"

namespace waybill::mqtt {
namespace {

constexpr std::size_t unlimited = packet_bytes_ceiling;
constexpr std::size_t usual = connection_state::bytes_when_unknown_usual;

struct step {
  enum class kind { asked, connack, late_connack, lost, replaced, doubt, refused } what;
  std::size_t limit = unlimited;
  int version = MQTTVERSION_5;
};
constexpr step asked{step::kind::asked};
constexpr step lost{step::kind::lost};
constexpr step replaced{step::kind::replaced};
constexpr step doubt{step::kind::doubt};
constexpr step refused{step::kind::refused};
// The CONNACK of the last attempt.
constexpr step connack(std::size_t limit, int version = MQTTVERSION_5) {
  return {step::kind::connack, limit, version};
}
// The CONNACK of the first attempt.
constexpr step late_connack(std::size_t limit) { return {step::kind::late_connack, limit}; }

struct sequence {
  const char* name;
  std::vector<step> steps;
  std::size_t when_unknown;
  std::size_t fields;
  std::size_t in_doubt;
  std::size_t payload;
};

std::string name_of(const testing::TestParamInfo<sequence>& of) { return of.param.name; }

class connection_state_after : public testing::TestWithParam<sequence> {};

TEST_P(connection_state_after, a_sequence_is) {
  const sequence& row = GetParam();
  connection_state connection(row.when_unknown);
  std::uint64_t attempt = 0;
  for (const step& each : row.steps) {
    switch (each.what) {
      case step::kind::asked:
        attempt = connection.asked(each.version);
        break;
      case step::kind::connack:
        connection.answered(attempt, each.version, each.limit);
        break;
      case step::kind::late_connack:
        connection.answered(1, each.version, each.limit);
        break;
      case step::kind::lost:
        connection.lost();
        break;
      case step::kind::doubt:
        connection.doubt();
        break;
      case step::kind::replaced:
        connection.replaced();
        break;
      case step::kind::refused:
        EXPECT_TRUE(connection.refused(MQTTREASONCODE_PACKET_TOO_LARGE));
        break;
    }
  }
  EXPECT_EQ(connection.room().fields_bytes_max, row.fields);
  EXPECT_EQ(connection.bytes_in_doubt(), row.in_doubt);
  EXPECT_EQ(connection.room().packet_bytes_max, row.payload);
}

INSTANTIATE_TEST_SUITE_P(
    sequences, connection_state_after,
    testing::Values(
        sequence{"nothing", {}, usual, usual, usual, unlimited},
        sequence{"a_connect_without_answer", {asked}, usual, usual, usual, unlimited},
        sequence{"a_connack_without_a_limit",
                 {asked, connack(unlimited)},
                 usual,
                 unlimited,
                 usual,
                 unlimited},
        sequence{
            "a_connack_with_a_large_limit", {asked, connack(20'000)}, usual, 20'000, usual, 20'000},
        sequence{"a_connack_with_a_small_limit", {asked, connack(300)}, usual, 300, 300, 300},
        sequence{"a_loss", {asked, connack(20'000), lost}, usual, usual, usual, 20'000},
        sequence{"a_loss_of_a_small_one", {asked, connack(300), lost}, usual, 300, 300, 300},
        sequence{"a_smaller_one_seen_earlier",
                 {asked, connack(300), lost, asked, connack(20'000), lost},
                 usual,
                 300,
                 300,
                 300},
        sequence{"a_known_one_after_a_smaller_one",
                 {asked, connack(300), lost, asked, connack(20'000)},
                 usual,
                 20'000,
                 300,
                 20'000},
        sequence{"another_connect", {asked, connack(20'000), asked}, usual, usual, usual, 20'000},
        sequence{"a_doubt", {asked, connack(20'000), doubt}, usual, usual, usual, 20'000},
        sequence{"a_doubt_before_the_connack",
                 {asked, doubt, connack(20'000)},
                 usual,
                 usual,
                 usual,
                 unlimited},
        sequence{"a_refusal", {asked, connack(20'000), lost, refused}, usual, 0, 0, 20'000},
        sequence{"a_refusal_and_a_loss",
                 {asked, connack(20'000), refused, lost, lost},
                 usual,
                 0,
                 0,
                 20'000},
        sequence{"a_refusal_while_known", {asked, connack(20'000), refused}, usual, 0, 0, 20'000},
        sequence{
            "a_refusal_and_a_connack", {refused, lost, asked, connack(500)}, usual, 500, 500, 500},
        sequence{"a_refusal_and_a_connect", {refused, asked}, usual, 0, 0, unlimited},
        sequence{"nothing_without_an_assumption", {}, 0, 0, 0, unlimited},
        sequence{"a_loss_without_an_assumption", {asked, connack(20'000), lost}, 0, 0, 0, 20'000},
        sequence{"a_connack_without_an_assumption", {asked, connack(300)}, 0, 300, 0, 300},
        sequence{"a_connack_of_mqtt_3",
                 {asked, connack(unlimited, MQTTVERSION_3_1_1)},
                 usual,
                 usual,
                 usual,
                 unlimited},
        sequence{"a_refusal_and_a_connack_of_mqtt_3",
                 {asked, connack(20'000), refused, asked, connack(unlimited, MQTTVERSION_3_1_1)},
                 usual,
                 usual,
                 usual,
                 20'000},
        sequence{"a_larger_assumption",
                 {asked, connack(unlimited), lost},
                 100'000,
                 100'000,
                 100'000,
                 unlimited},
        sequence{"a_loss_before_the_connack",
                 {asked, connack(300), asked, lost, connack(20'000)},
                 usual,
                 20'000,
                 300,
                 20'000},
        sequence{"an_end_before_the_connack",
                 {asked, replaced, connack(20'000)},
                 usual,
                 usual,
                 usual,
                 unlimited},
        sequence{
            "a_reconnect_by_paho", {asked, connack(20'000), replaced}, usual, usual, usual, 20'000},
        sequence{"a_connack_of_an_older_attempt",
                 {asked, asked, late_connack(20'000)},
                 usual,
                 usual,
                 usual,
                 unlimited},
        sequence{"a_connack_of_an_older_attempt_after_the_newer_one",
                 {asked, asked, connack(300), late_connack(20'000)},
                 usual,
                 300,
                 300,
                 300},
        sequence{"a_connack_that_is_seen_again_after_a_loss",
                 {asked, connack(20'000), lost, connack(20'000)},
                 usual,
                 usual,
                 usual,
                 20'000}),
    name_of);

TEST(connection_state, is_turned_off_by_the_reason_packet_too_large_alone) {
  connection_state connection;
  EXPECT_FALSE(connection.refused(0));
  EXPECT_FALSE(connection.refused(MQTTREASONCODE_QUOTA_EXCEEDED));
  EXPECT_EQ(connection.bytes_in_doubt(), usual);
  EXPECT_TRUE(connection.refused(MQTTREASONCODE_PACKET_TOO_LARGE));
  EXPECT_EQ(connection.bytes_in_doubt(), 0U);
}

TEST(connection_state, below_version_5_has_no_properties_and_an_unknown_one_may_have) {
  connection_state connection;
  const auto has_properties = [&] { return connection.room().has_properties; };
  EXPECT_TRUE(has_properties());
  connection.asked(MQTTVERSION_3_1_1);
  EXPECT_FALSE(has_properties());
  const std::uint64_t attempt = connection.asked(MQTTVERSION_DEFAULT);
  EXPECT_TRUE(has_properties());
  connection.answered(attempt, MQTTVERSION_3_1_1, unlimited);
  EXPECT_FALSE(has_properties());
  connection.asked(MQTTVERSION_5);
  EXPECT_TRUE(has_properties());
}

// A listener of Paho's may publish or connect within the call that asks.
TEST(connection_state, forgets_limit_and_aliases_when_a_connection_is_asked_for_or_ends) {
  using event = void (*)(connection_state&);
  for (const event each : {event([](connection_state& of) { of.asked(MQTTVERSION_5); }),
                           event([](connection_state& of) { of.lost(); }),
                           event([](connection_state& of) { of.replaced(); })}) {
    connection_state connection;
    connection.answered(connection.asked(MQTTVERSION_5), MQTTVERSION_5, 20'000);
    waybill_test::owned_properties list;
    list.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, 1U);
    std::string storage;
    const auto topic_of = [&](std::string_view topic) {
      return connection.aliases().topic_of({.topic = topic, .properties = list.list()}, storage);
    };
    EXPECT_EQ(topic_of("topic"), "topic");
    EXPECT_EQ(topic_of(""), "topic");
    each(connection);
    EXPECT_EQ(topic_of(""), "");
    EXPECT_EQ(connection.room().fields_bytes_max, usual);
  }
}

}  // namespace
}  // namespace waybill::mqtt
