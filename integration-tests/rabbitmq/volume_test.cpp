// Many messages, each with a context of its own, and every one of them checked: 200,000, or as many
// as WAYBILL_VOLUME_MESSAGES says.

#include "volume.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/rabbitmq_test.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

constexpr std::uint64_t ahead_max = 2'000;
constexpr std::size_t growth_kibibytes_max = 8'192;

class volume : public rabbitmq_test {
 protected:
  void send(waybill::rabbitmq::publisher& publisher, std::uint64_t number) {
    const waybill::context context = context_of(number);
    const std::string body = payload_of(number);
    header_table headers;
    headers.add("number", std::to_string(number));
    const amqp_basic_properties_t properties = headers.properties();
    const waybill::rabbitmq::publication message{
        .routing_key = queue_, .payload = body, .properties = &properties};
    // Every other one with the context given to the call, the rest under the current one.
    if (number % 2 == 0) {
      ASSERT_EQ(publisher.publish(message, {.context = &context}), AMQP_STATUS_OK);
    } else {
      const waybill::scope active(context);
      ASSERT_EQ(publisher.publish(message), AMQP_STATUS_OK);
    }
  }

  void check(const waybill::rabbitmq::message& received, std::uint64_t number) {
    if (number_in(received.payload()) != number || received.payload() != payload_of(number) ||
        received.context() != context_of(number) || waybill::current() != received.context() ||
        received.properties().headers.num_entries != 1) {
      if (wrong_++ == 0) first_wrong_ = number;
    }
  }

  std::string queue_ = new_queue();
  std::uint64_t wrong_ = 0;
  std::uint64_t first_wrong_ = 0;
};

TEST_F(volume, of_many_messages_swaps_no_context_loses_no_outcome_and_keeps_no_memory) {
  const std::uint64_t message_count = volume_message_count();
  std::vector<std::uint8_t> outcomes(message_count);
  std::uint64_t wrong_outcomes = 0;
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::rabbitmq::publisher publisher(
      connection_, settings, [&](const waybill::rabbitmq::delivery_report& report) {
        const std::uint64_t number = report.delivery_tag - 1;
        ++outcomes.at(number);
        if (report.outcome != waybill::outcome_state::succeeded ||
            report.sent != context_of(number).span_context()) {
          ++wrong_outcomes;
        }
      });
  waybill::rabbitmq::consumer consumer(connection_, queue_, settings,
                                       {.settle = waybill::rabbitmq::settle_mode::none});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);

  std::size_t resident_after_warm_up = 0;
  std::uint64_t sent = 0;
  for (std::uint64_t received_count = 0; received_count < message_count; ++received_count) {
    while (sent < message_count && sent < received_count + ahead_max) send(publisher, sent++);
    waybill::rabbitmq::message received = next(consumer);
    ASSERT_TRUE(received) << received_count;
    consumer.handle(received, [&](const auto& m) { check(m, received_count); });
    if (received_count % 100 == 99) {
      ASSERT_EQ(consumer.ack(received, true), AMQP_STATUS_OK);
    }
    if (received_count == volume_warm_up_count) resident_after_warm_up = resident_kibibytes();
  }
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  const std::size_t resident_at_end = resident_kibibytes();

  EXPECT_EQ(wrong_, 0U) << "the first one: " << first_wrong_;
  EXPECT_EQ(wrong_outcomes, 0U);
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), 1), message_count);
  EXPECT_EQ(publisher.in_flight(), 0U);
  EXPECT_EQ(publisher.propagation().diagnostics()->total(), 0U);
  EXPECT_EQ(consumer.propagation().diagnostics()->total(), 0U);
  expect_no_memory_kept(resident_after_warm_up, resident_at_end, growth_kibibytes_max);
}

}  // namespace
}  // namespace waybill_test
