// How large a packet may become, by sequences of what a client hears of its connection.

#include "waybill/mqtt/packet_budget.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace waybill::mqtt {
namespace {

constexpr std::size_t unlimited = packet_bytes_ceiling;
constexpr std::size_t usual = packet_budget::bytes_when_unknown_usual;

struct step {
  enum class kind { asked, connack, lost, refused } what;
  std::size_t limit = unlimited;
  int version = MQTTVERSION_5;
};
constexpr step asked{step::kind::asked};
constexpr step lost{step::kind::lost};
constexpr step refused{step::kind::refused};
constexpr step connack(std::size_t limit, int version = MQTTVERSION_5) {
  return {step::kind::connack, limit, version};
}

struct sequence {
  const char* name;
  std::vector<step> steps;
  std::size_t when_unknown;
  std::size_t fields;
  std::size_t connect;
  std::size_t payload;
};

std::string name_of(const testing::TestParamInfo<sequence>& of) { return of.param.name; }

class packet_budget_after : public testing::TestWithParam<sequence> {};

TEST_P(packet_budget_after, a_sequence_is) {
  const sequence& row = GetParam();
  packet_budget budget(row.when_unknown);
  for (const step& each : row.steps) {
    switch (each.what) {
      case step::kind::asked:
        budget.connecting(each.version);
        break;
      case step::kind::connack:
        budget.connected(each.version, each.limit);
        break;
      case step::kind::lost:
        budget.in_doubt();
        break;
      case step::kind::refused:
        budget.refused();
        break;
    }
  }
  EXPECT_EQ(budget.for_fields(), row.fields);
  EXPECT_EQ(budget.for_connect(), row.connect);
  EXPECT_EQ(budget.for_payload(), row.payload);
}

INSTANTIATE_TEST_SUITE_P(
    sequences, packet_budget_after,
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
        sequence{"a_loss", {connack(20'000), lost}, usual, usual, usual, 20'000},
        sequence{"a_loss_of_a_small_one", {connack(300), lost}, usual, 300, 300, 300},
        sequence{"a_smaller_one_seen_earlier",
                 {connack(300), lost, connack(20'000), lost},
                 usual,
                 300,
                 300,
                 300},
        sequence{"a_known_one_after_a_smaller_one",
                 {connack(300), lost, connack(20'000)},
                 usual,
                 20'000,
                 300,
                 20'000},
        sequence{"another_connect", {connack(20'000), asked}, usual, usual, usual, 20'000},
        sequence{"a_refusal", {connack(20'000), lost, refused}, usual, 0, 0, 20'000},
        sequence{
            "a_refusal_and_a_loss", {connack(20'000), refused, lost, lost}, usual, 0, 0, 20'000},
        sequence{"a_refusal_while_known", {connack(20'000), refused}, usual, 0, 0, 20'000},
        sequence{
            "a_refusal_and_a_connack", {refused, lost, asked, connack(500)}, usual, 500, 500, 500},
        sequence{"a_refusal_and_a_connect", {refused, asked}, usual, 0, 0, unlimited},
        sequence{"nothing_without_an_assumption", {}, 0, 0, 0, unlimited},
        sequence{"a_loss_without_an_assumption", {connack(20'000), lost}, 0, 0, 0, 20'000},
        sequence{"a_connack_without_an_assumption", {connack(300)}, 0, 300, 0, 300},
        sequence{"a_connack_of_mqtt_3",
                 {asked, connack(unlimited, MQTTVERSION_3_1_1)},
                 usual,
                 usual,
                 usual,
                 unlimited},
        sequence{"a_refusal_and_a_connack_of_mqtt_3",
                 {connack(20'000), refused, asked, connack(unlimited, MQTTVERSION_3_1_1)},
                 usual,
                 usual,
                 usual,
                 20'000},
        sequence{"a_larger_assumption",
                 {connack(unlimited), lost},
                 100'000,
                 100'000,
                 100'000,
                 unlimited}),
    name_of);

TEST(packet_budget_versions, below_5_have_no_properties_and_the_unknown_one_may_have) {
  packet_budget budget;
  EXPECT_TRUE(budget.has_properties());
  budget.connecting(MQTTVERSION_3_1_1);
  EXPECT_FALSE(budget.has_properties());
  budget.connecting(MQTTVERSION_DEFAULT);
  EXPECT_TRUE(budget.has_properties());
  budget.connected(MQTTVERSION_3_1_1, unlimited);
  EXPECT_FALSE(budget.has_properties());
  budget.connecting(MQTTVERSION_5);
  EXPECT_TRUE(budget.has_properties());
}

}  // namespace
}  // namespace waybill::mqtt
