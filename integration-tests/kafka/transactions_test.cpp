// Transactions are librdkafka's own calls; what is sent within them has context and outcome.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/groups.hpp"
#include "support/kafka_test.hpp"
#include "support/numbered.hpp"

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
    producer.send(topic, {"key", std::to_string(number), {{"app", "1"}}}, {.context = &context});
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
  EXPECT_EQ(reported[0].sent, make_context(1).span_context());
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
  origin.send(topic, {"key", "first", {{"app", "1"}}}, {.context = &context});
  origin.send(topic, {"key", "second", {{"app", "1"}}}, {.context = &context});
  origin.send(topic, {"key", "third", {{"app", "1"}}}, {.context = &context});
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

// Many transactions of two producers in the same partitions at the same time, every other one
// aborted after the broker had acknowledged all of it; and a producer without transactions among
// them.
class transactions_side_by_side : public transactions {
 protected:
  static constexpr std::uint64_t producers = 2;
  static constexpr std::uint64_t rounds = 20;
  static constexpr std::uint64_t messages_each = 25;
  static constexpr std::uint64_t numbers_plain = rounds * messages_each;
  static constexpr std::uint64_t numbers = numbers_plain * (producers + 1);
  static constexpr std::uint64_t partitions = 3;

  // A third of the numbers is each producer's; its rounds have what follows each other.
  static bool is_aborted(std::uint64_t number) {
    return number < numbers_plain * producers && number / messages_each % 2 == 1;
  }
  void send_numbers(waybill::kafka::producer& producer, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t number = first; number < first + count; ++number) {
      EXPECT_EQ(
          send_numbered(producer, topic_, number, static_cast<std::int32_t>(number % partitions),
                        std::chrono::steady_clock::now() + patience),
          RD_KAFKA_RESP_ERR_NO_ERROR);
    }
  }
  void send_in_transactions(waybill_producer& producer, std::uint64_t which) {
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t first = (which * rounds + round) * messages_each;
      begin(producer);
      send_numbers(producer.producer(), first, messages_each);
      if (is_aborted(first)) {
        producer.flush();
        abort(producer);
      } else {
        commit(producer);
      }
    }
  }
  // Reads what a consumer of this isolation sees up to the end, through waybill and without it.
  void expect_seen(const std::string& isolation, bool sees_aborted) {
    std::vector<int> expected_times;
    for (std::uint64_t number = 0; number < numbers; ++number) {
      expected_times.push_back(is_aborted(number) && !sees_aborted ? 0 : 1);
    }
    const auto count = static_cast<std::size_t>(std::ranges::count(expected_times, 1));
    tally wire(numbers);
    std::map<std::pair<std::uint64_t, std::int32_t>, std::uint64_t> next_numbers;
    bare_consumer bare(bootstrap(), topic_, {{"isolation.level", isolation}});
    // The broker shows a committed transaction a moment after it has answered.
    for (const bare_record& record : bare.take(count)) {
      const auto number = check_wire(record, wire);
      if (!number.has_value()) continue;
      std::uint64_t& next = next_numbers[{*number / numbers_plain, record.partition}];
      EXPECT_GE(*number, next) << "out of order";
      next = *number + 1;
    }
    EXPECT_TRUE(bare.take_all().empty());
    tally seen(numbers);
    waybill_consumer consumer(bootstrap(), topic_, {}, {}, {{"isolation.level", isolation}});
    for (std::size_t i = 0; i < count; ++i) {
      waybill::kafka::message received = consumer.next();
      consumer.consumer().handle(received,
                                 [&](const auto& message) { check_received(message, seen); });
    }
    for (const tally* each : {&wire, &seen}) {
      EXPECT_EQ(each->wrong().count(), 0U) << each->wrong().first();
      for (std::uint64_t number = 0; number < numbers; ++number) {
        EXPECT_EQ(each->times(number), expected_times[number]) << number;
      }
    }
  }

  const std::string topic_ = new_topic(partitions);
};

TEST_F(transactions_side_by_side, show_what_was_committed_with_its_own_contexts_and_no_more) {
  std::vector<std::unique_ptr<waybill_producer>> all;
  for (std::uint64_t i = 0; i < producers; ++i) all.push_back(new_producer());
  all.push_back(std::make_unique<waybill_producer>(
      bootstrap(), kafka_properties{{"enable.idempotence", "true"}}));
  {
    std::vector<std::jthread> senders;
    for (std::uint64_t i = 0; i < producers; ++i) {
      senders.emplace_back([&, i] { send_in_transactions(*all[i], i); });
    }
    send_numbers(all.back()->producer(), numbers_plain * producers, numbers_plain);
    all.back()->flush();
  }

  // An outcome says what the broker answered: aborted messages had been acknowledged too.
  tally outcomes(numbers);
  for (const auto& each : all) {
    EXPECT_EQ(each->producer().in_flight(), 0U);
    for (const reported_outcome& outcome : each->log().outcomes()) {
      const std::uint64_t number = number_of(outcome.sent);
      if (!outcomes.add(number)) continue;
      outcomes.expect(outcome.sent == trace_of(number), number, "the span context");
      outcomes.expect(outcome.state == outcome_state::succeeded, number, "the state");
    }
  }
  EXPECT_EQ(outcomes.wrong().count(), 0U) << outcomes.wrong().first();
  EXPECT_EQ(outcomes.counted(1), numbers);
  expect_seen("read_committed", false);
  expect_seen("read_uncommitted", true);
}

}  // namespace
}  // namespace waybill_test
