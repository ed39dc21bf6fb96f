// Transactions are librdkafka's own calls; what is sent within them has context and outcome.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/groups.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;

struct error_deleter {
  void operator()(rd_kafka_error_t* error) const noexcept { rd_kafka_error_destroy(error); }
};

// What a transactional call answered: empty when it succeeded.
std::string text_of(rd_kafka_error_t* answer) {
  const std::unique_ptr<rd_kafka_error_t, error_deleter> error(answer);
  return error ? rd_kafka_error_string(error.get()) : "";
}

class transactions : public kafka_test {
 protected:
  void begin(waybill_producer& producer) {
    ASSERT_EQ(text_of(rd_kafka_begin_transaction(producer.handle())), "");
  }
  void commit(waybill_producer& producer) {
    ASSERT_EQ(text_of(rd_kafka_commit_transaction(producer.handle(), patience_milliseconds)), "");
  }
  void abort(waybill_producer& producer) {
    ASSERT_EQ(text_of(rd_kafka_abort_transaction(producer.handle(), patience_milliseconds)), "");
  }
  std::unique_ptr<waybill_producer> new_producer(kafka_properties properties = {}) {
    properties["transactional.id"] = unique_topic("id");
    auto producer = std::make_unique<waybill_producer>(bootstrap(), properties);
    EXPECT_EQ(text_of(rd_kafka_init_transactions(producer->handle(), patience_milliseconds)), "");
    return producer;
  }
  void send(waybill_producer& producer, const std::string& topic, std::uint64_t number) {
    const waybill::context context = make_context(number, "t=1", "b=1");
    producer.send(topic, {"key", std::to_string(number), {{"app", "1"}}}, &context);
  }
};

TEST_F(transactions, that_are_committed_show_their_messages_with_context) {
  const std::string topic = new_topic();
  const auto producer = new_producer();
  begin(*producer);
  send(*producer, topic, 1);
  send(*producer, topic, 2);
  commit(*producer);

  // The broker shows a committed transaction a moment after it has answered.
  const std::vector<bare_record> wire = bare_consumer(bootstrap(), topic).take(2);
  EXPECT_EQ(wire[0].headers, on_wire({{"app", "1"}}, make_context(1, "t=1", "b=1")));
  EXPECT_EQ(wire[1].headers, on_wire({{"app", "1"}}, make_context(2, "t=1", "b=1")));
  const std::vector<reported_outcome> reported = producer->log().outcomes();
  ASSERT_EQ(reported.size(), 2U);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::succeeded) << outcome;
  }
}

TEST_F(transactions, that_are_aborted_show_nothing_though_the_broker_had_acknowledged) {
  const std::string topic = new_topic();
  const auto producer = new_producer();
  begin(*producer);
  send(*producer, topic, 1);
  producer->flush();
  abort(*producer);
  begin(*producer);
  send(*producer, topic, 2);
  commit(*producer);

  // What the broker answered about a message is one thing, what becomes of the transaction another.
  const std::vector<reported_outcome> reported = producer->log().outcomes();
  ASSERT_EQ(reported.size(), 2U);
  EXPECT_EQ(reported[0].state, outcome_state::succeeded) << reported[0];
  EXPECT_EQ(reported[0].trace, make_context(1).trace());
  EXPECT_EQ(reported[1].state, outcome_state::succeeded) << reported[1];

  waybill_consumer committed(bootstrap(), topic, {}, {}, {{"isolation.level", "read_committed"}});
  const waybill::kafka::message received = committed.next();
  EXPECT_EQ(received.payload(), "2");
  EXPECT_EQ(received.context(), make_context(2, "t=1", "b=1"));
  EXPECT_EQ(records_of(topic).size(), 1U);

  waybill_consumer all(bootstrap(), topic, {}, {}, {{"isolation.level", "read_uncommitted"}});
  EXPECT_EQ(all.next().context(), make_context(1, "t=1", "b=1"));
  EXPECT_EQ(all.next().context(), make_context(2, "t=1", "b=1"));
}

TEST_F(transactions, that_are_aborted_purge_what_is_still_in_the_queue) {
  constexpr std::uint64_t count = 10;
  const std::string topic = new_topic();
  // Long enough that nothing leaves the queue by itself.
  const auto producer = new_producer({{"linger.ms", "50000"}, {"message.timeout.ms", "60000"}});
  begin(*producer);
  for (std::uint64_t i = 1; i <= count; ++i) send(*producer, topic, i);
  abort(*producer);

  const std::vector<reported_outcome> reported = producer->log().outcomes();
  ASSERT_EQ(reported.size(), count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::purged) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR__PURGE_QUEUE) << outcome;
  }
  EXPECT_EQ(producer->producer().in_flight(), 0U);
  EXPECT_TRUE(records_of(topic).empty());
}

// Consume, transform, produce: the offset is part of the transaction, and the context goes on.
TEST_F(transactions, of_a_relay_carry_the_context_and_commit_the_offset) {
  const std::string topic = new_topic();
  const std::string next_topic = new_topic();
  const std::string group = unique_topic("group");
  const waybill::context context = make_context(1, "t=1", "b=1");
  waybill_producer origin(bootstrap());
  origin.send(topic, {"key", "first", {{"app", "1"}}}, &context);
  origin.send(topic, {"key", "second", {{"app", "1"}}}, &context);
  origin.send(topic, {"key", "third", {{"app", "1"}}}, &context);
  origin.flush();

  waybill_consumer consumer(bootstrap(), topic, {}, {}, {{"group.id", group}});
  const auto producer = new_producer();
  const std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                        void (*)(rd_kafka_consumer_group_metadata_t*)>
      membership(rd_kafka_consumer_group_metadata(consumer.handle()),
                 rd_kafka_consumer_group_metadata_destroy);
  const auto relay_in_transaction = [&](bool commits) {
    waybill::kafka::message received = consumer.next();
    begin(*producer);
    consumer.consumer().handle(received, [&](const waybill::kafka::message& message) {
      const bare_record record = to_record(*message.raw());
      producer->send(next_topic, {record.key, record.value, record.headers});
    });
    const offset_list behind = offsets_of(topic, 0, received.offset() + 1);
    ASSERT_EQ(text_of(rd_kafka_send_offsets_to_transaction(
                  producer->handle(), behind.get(), membership.get(), patience_milliseconds)),
              "");
    if (commits) {
      commit(*producer);
    } else {
      abort(*producer);
    }
  };
  relay_in_transaction(true);
  relay_in_transaction(false);
  EXPECT_EQ(committed_offset(bootstrap(), group, topic), 1);
  relay_in_transaction(true);

  // What is aborted is not there, though something behind it is.
  const std::vector<bare_record> wire = bare_consumer(bootstrap(), next_topic).take(2);
  EXPECT_EQ(wire[0].value, "first");
  EXPECT_EQ(wire[0].headers, on_wire({{"app", "1"}}, context));
  EXPECT_EQ(wire[1].value, "third");
  EXPECT_EQ(wire[1].headers, on_wire({{"app", "1"}}, context));
  EXPECT_EQ(committed_offset(bootstrap(), group, topic), 3);
}

}  // namespace
}  // namespace waybill_test
