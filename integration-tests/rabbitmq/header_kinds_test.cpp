// A header without a name, which rabbitmq-c cannot copy, is as good as any other.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/rabbitmq_test.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::message;

class header_without_a_name : public rabbitmq_test {
 protected:
  header_without_a_name() {
    EXPECT_EQ(consumer_.start(), AMQP_STATUS_OK);
    EXPECT_EQ(behind_.start(), AMQP_STATUS_OK);
  }

  /// One header table for each kind of value that RabbitMQ passes on.
  static std::vector<amqp_field_value_t> values_of(header_table& every_type) {
    every_type.add_every_type();
    const amqp_table_t table = every_type.table();
    std::vector<amqp_field_value_t> values;
    for (int i = 0; i < table.num_entries; ++i) values.push_back(table.entries[i].value);
    return values;
  }
  void publish(const std::string& to, const amqp_basic_properties_t& properties,
               const waybill::context& context) {
    ASSERT_EQ(publisher_.publish({.routing_key = to, .payload = "body", .properties = &properties},
                                 {.context = &context}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher_.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
  /// Sends the headers, relays what comes, and expects them on both sides as they were.
  void expect_to_pass(header_table& headers) {
    const std::string sent = encoded(headers.table());
    publish(queue_, headers.properties(), context_of(1));
    message received = next(consumer_);
    ASSERT_TRUE(received);
    EXPECT_EQ(encoded(received.properties().headers), sent);
    EXPECT_EQ(received.payload(), "body");
    EXPECT_EQ(received.context(), context_of(1));
    publish(behind_queue_, received.properties(), received.context());
    EXPECT_EQ(consumer_.ack(received), AMQP_STATUS_OK);
    message relayed = next(behind_);
    ASSERT_TRUE(relayed);
    EXPECT_EQ(encoded(relayed.properties().headers), sent);
    EXPECT_EQ(relayed.context(), context_of(1));
    EXPECT_EQ(behind_.ack(relayed), AMQP_STATUS_OK);
  }

  std::string queue_ = new_queue();
  std::string behind_queue_ = new_queue();
  waybill::rabbitmq::publisher publisher_{connection_, {}};
  waybill::rabbitmq::consumer consumer_{connection_, queue_, {}};
  waybill::rabbitmq::consumer behind_{connection_, behind_queue_, {}};
};

TEST_F(header_without_a_name, passes_with_a_value_of_every_kind) {
  header_table every_type;
  for (const amqp_field_value_t& value : values_of(every_type)) {
    SCOPED_TRACE(static_cast<char>(value.kind));
    header_table headers;
    headers.add("", value);
    expect_to_pass(headers);
    if (HasFatalFailure()) return;  // each of the others would wait as long
  }
  EXPECT_TRUE(connection_.is_open()) << connection_.reason().reply_text;
}

TEST_F(header_without_a_name, passes_next_to_others_and_within_a_table) {
  amqp_table_entry_t nameless{};
  nameless.value.kind = AMQP_FIELD_KIND_UTF8;
  amqp_field_value_t table{};
  table.kind = AMQP_FIELD_KIND_TABLE;
  table.value.table = {1, &nameless};
  header_table headers;
  headers.add("", "");
  headers.add("a", "text");
  headers.add("b", table);
  expect_to_pass(headers);
  EXPECT_TRUE(connection_.is_open()) << connection_.reason().reply_text;
}

TEST_F(header_without_a_name, comes_back_with_a_message_that_no_queue_takes) {
  header_table headers;
  headers.add("", "");
  const amqp_basic_properties_t properties = headers.properties();
  std::string returned;
  waybill::rabbitmq::publisher publisher(
      connection_, {}, [&](const waybill::rabbitmq::delivery_report& report) {
        ASSERT_NE(report.returned, nullptr);
        EXPECT_EQ(report.outcome, waybill::outcome_state::failed);
        returned = encoded(report.returned->properties.headers);
      });
  ASSERT_EQ(
      publisher.publish(
          {.routing_key = unique_queue("nowhere"), .properties = &properties, .mandatory = true}),
      AMQP_STATUS_OK);
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(returned, encoded(headers.table()));
}

}  // namespace
}  // namespace waybill_test
