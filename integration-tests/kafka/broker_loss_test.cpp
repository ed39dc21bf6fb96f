// Brokers that are killed or do not answer while messages are on their way.
//
// What Kafka promises: a message that was acknowledged is not lost, as long as one that has it
// comes back (one node) or most of them live (acks=all). An idempotent producer's message is there
// once. Without idempotence one that was sent again is there twice; then both are the same.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "kafka_cluster.hpp"
#include "support/clients.hpp"
#include "support/numbered.hpp"
#include "support/numbered_flow.hpp"

namespace waybill_test {
namespace {

using clock = std::chrono::steady_clock;

// One request at a time: of several that a broker refuses while it comes up, librdkafka 2.0.2 loses
// count, and gives the client up.
const kafka_properties idempotent = {{"enable.idempotence", "true"},
                                     {"max.in.flight.requests.per.connection", "1"}};
const kafka_properties acknowledged_by_one = {{"acks", "1"}};
const kafka_properties acknowledged_by_all = {{"acks", "all"}};

// How many records there are beyond one for each number.
std::uint64_t expect_each_on_wire(const std::string& bootstrap, const std::string& topic,
                                  std::uint64_t sent, bool once_in_order) {
  tally wire(sent);
  std::uint64_t records = 0;
  std::map<std::int32_t, std::uint64_t> next_numbers;
  for (const bare_record& record : bare_consumer(bootstrap, topic).take_all()) {
    ++records;
    const auto number = check_wire(record, wire);
    if (!number.has_value() || !once_in_order) continue;
    std::uint64_t& next = next_numbers[record.partition];
    EXPECT_GE(*number, next) << "out of order in partition " << record.partition;
    next = *number + 1;
  }
  EXPECT_EQ(wire.wrong().count(), 0U) << wire.wrong().first();
  EXPECT_EQ(wire.counted(0), 0U) << "messages are lost";
  if (once_in_order) {
    EXPECT_EQ(wire.counted(1), sent);
  }
  return records - sent;
}

// A message that is there twice comes twice, with the same context.
void expect_each_received(const std::string& bootstrap, const std::string& topic,
                          std::uint64_t sent, std::uint64_t duplicates) {
  tally seen(sent);
  waybill_consumer consumer(bootstrap, topic);
  for (std::uint64_t i = 0; i < sent + duplicates; ++i) {
    waybill::kafka::message received = consumer.next();
    consumer.consumer().handle(received,
                               [&](const auto& message) { check_received(message, seen); });
  }
  EXPECT_EQ(seen.wrong().count(), 0U) << seen.wrong().first();
  EXPECT_EQ(seen.counted(0), 0U);
}

void expect_each_told_once(numbered_flow& flow, std::uint64_t sent) {
  EXPECT_EQ(flow.outcomes().wrong().count(), 0U) << flow.outcomes().wrong().first();
  EXPECT_EQ(flow.outcomes().counted(1), sent);
  EXPECT_EQ(flow.outcomes().counted(0), numbered_flow::numbers_max - sent);
  EXPECT_EQ(flow.producer().in_flight(), 0U);
}

/// Runs `test` until librdkafka keeps its client: three times at most.
template <class Test>
void while_the_client_lasts(Test&& test) {
  constexpr int runs_max = 3;
  for (int run = 1; run < runs_max; ++run) {
    try {
      return test();
    } catch (const client_given_up& reason) {
      std::cout << "librdkafka gave its client up, again: " << reason.what() << '\n';
    }
  }
  test();
}

class broker_loss : public testing::Test {
 protected:
  std::string new_topic() {
    std::string topic = unique_topic("waybill");
    broker_.create_topic(topic, numbered_flow::partitions);
    return topic;
  }

  void kill_while_producing();

  kafka_broker broker_;
};

// Kills the broker while both flow, one with and one without idempotence.
void broker_loss::kill_while_producing() {
  if (!broker_.running()) broker_.start();
  constexpr std::uint64_t some = 2'000;
  constexpr std::size_t waiting = 100;
  constexpr int kills = 2;
  const std::string topic_once = new_topic();
  const std::string topic_plain = new_topic();
  numbered_flow once(broker_.bootstrap(), topic_once, idempotent);
  numbered_flow plain(broker_.bootstrap(), topic_plain, acknowledged_by_one);
  for (int i = 0; i < kills; ++i) {
    once.wait_for_outcomes(some);
    plain.wait_for_outcomes(some);
    broker_.kill();
    once.wait_for_in_flight(waiting);
    plain.wait_for_in_flight(waiting);
    broker_.start();
  }
  once.wait_for_outcomes(some);
  plain.wait_for_outcomes(some);
  const std::uint64_t sent_once = once.stop();
  const std::uint64_t sent_plain = plain.stop();

  expect_each_told_once(once, sent_once);
  expect_each_told_once(plain, sent_plain);
  EXPECT_EQ(expect_each_on_wire(broker_.bootstrap(), topic_once, sent_once, true), 0U);
  const std::uint64_t duplicates =
      expect_each_on_wire(broker_.bootstrap(), topic_plain, sent_plain, false);
  expect_each_received(broker_.bootstrap(), topic_plain, sent_plain, duplicates);
  std::cout << sent_once << " messages once, " << sent_plain << " with " << duplicates
            << " duplicates\n";
}

TEST_F(broker_loss, while_producing_loses_no_acknowledged_message_and_no_outcome) {
  while_the_client_lasts([this] { kill_while_producing(); });
}

/// A producer's client that counts the requests whose time was over.
class impatient_client {
 public:
  impatient_client(const std::string& bootstrap, kafka_properties properties) {
    properties.insert({{"socket.timeout.ms", "500"},
                       {"statistics.interval.ms", "50"},
                       {"linger.ms", "0"},
                       {"message.timeout.ms", "60000"}});
    being_made = this;
    handle_ = make_kafka_handle(RD_KAFKA_PRODUCER, bootstrap, properties, &configure);
  }

  [[nodiscard]] rd_kafka_t* handle() const { return handle_.get(); }
  [[nodiscard]] const waybill::kafka::instrumentation& observed() const { return observed_; }
  // By the thread that polls.
  [[nodiscard]] std::int64_t timeouts() const { return timeouts_; }
  /// Serves the client until all that has happened is counted.
  void catch_up() {
    // The next report may have been made before; that after it was not.
    const auto known = reports_ + 2;
    const auto deadline = clock::now() + patience;
    while (reports_ < known && clock::now() < deadline) rd_kafka_poll(handle_.get(), 10);
  }

 private:
  static void configure(rd_kafka_conf_t* configuration) {
    being_made->observed_ = waybill::kafka::instrument(configuration);
    rd_kafka_conf_set_opaque(configuration, being_made);
    rd_kafka_conf_set_stats_cb(configuration, [](rd_kafka_t*, char* text, size_t size, void* self) {
      std::int64_t timeouts = 0;
      const auto statistics = nlohmann::json::parse(text, text + size);
      for (const auto& broker : statistics.at("brokers")) {
        timeouts += broker.at("req_timeouts").get<std::int64_t>();
      }
      auto& counted = *static_cast<impatient_client*>(self);
      counted.timeouts_ = timeouts;
      ++counted.reports_;
      return 0;
    });
  }

  static constinit thread_local impatient_client* being_made;

  std::int64_t timeouts_ = 0;
  std::uint64_t reports_ = 0;
  waybill::kafka::instrumentation observed_;
  kafka_handle handle_;
};

constinit thread_local impatient_client* impatient_client::being_made = nullptr;

// A broker that reads a request only when the client has given up waiting and sends it again.
class late_answer : public broker_loss {
 protected:
  static constexpr std::uint64_t count = 50;

  void SetUp() override { topic_ = new_topic(); }

  // Sends the numbers below `count`, all but the first one while the broker stands still.
  void be_late(const kafka_properties& properties) {
    tally outcomes(count);
    impatient_client client(broker_.bootstrap(), properties);
    waybill::kafka::producer producer(client.handle(), {}, client.observed(), counting(outcomes));
    // The partition is known from here on, so that what follows is on its way at once.
    send(producer, 0);
    ASSERT_EQ(rd_kafka_flush(client.handle(), patience_milliseconds), RD_KAFKA_RESP_ERR_NO_ERROR);
    client.catch_up();
    const std::int64_t timeouts_before = client.timeouts();
    broker_.pause();
    for (std::uint64_t number = 1; number < count; ++number) send(producer, number);
    const auto deadline = clock::now() + patience;
    while (client.timeouts() == timeouts_before && clock::now() < deadline) {
      rd_kafka_poll(client.handle(), 10);
    }
    EXPECT_GT(client.timeouts(), timeouts_before);
    EXPECT_EQ(producer.in_flight(), count - 1);
    broker_.resume();
    ASSERT_EQ(rd_kafka_flush(client.handle(), patience_milliseconds), RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(outcomes.wrong().count(), 0U) << outcomes.wrong().first();
    EXPECT_EQ(outcomes.counted(1), count);
    EXPECT_EQ(producer.in_flight(), 0U);
  }

  std::string topic_;

 private:
  void send(waybill::kafka::producer& producer, std::uint64_t number) {
    ASSERT_EQ(send_numbered(producer, topic_, number, 0, clock::now() + patience),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
};

TEST_F(late_answer, without_idempotence_makes_duplicates_with_the_same_context_and_one_outcome) {
  be_late(acknowledged_by_one);
  const std::uint64_t duplicates = expect_each_on_wire(broker_.bootstrap(), topic_, count, false);
  EXPECT_GT(duplicates, 0U);
  expect_each_received(broker_.bootstrap(), topic_, count, duplicates);
}

TEST_F(late_answer, with_idempotence_makes_no_duplicate_and_one_outcome) {
  be_late(idempotent);
  EXPECT_EQ(expect_each_on_wire(broker_.bootstrap(), topic_, count, true), 0U);
  expect_each_received(broker_.bootstrap(), topic_, count, 0);
}

void kill_a_leader_while_producing() {
  constexpr std::uint64_t some = 1'000;
  kafka_cluster cluster;
  const std::string topic_once = unique_topic("once");
  const std::string topic_plain = unique_topic("plain");
  cluster.create_topic(topic_once, numbered_flow::partitions);
  cluster.create_topic(topic_plain, numbered_flow::partitions);
  numbered_flow once(cluster.bootstrap(), topic_once, idempotent);
  numbered_flow plain(cluster.bootstrap(), topic_plain, acknowledged_by_all);
  once.wait_for_outcomes(some);
  plain.wait_for_outcomes(some);

  const int killed = cluster.leader_of(topic_once, 0);
  cluster.node(killed).kill();
  EXPECT_NE(cluster.leader_of(topic_once, 0, killed), killed);
  // More than the queue held when the leader died: some go to the new one.
  once.wait_for_outcomes(3 * some);
  plain.wait_for_outcomes(3 * some);
  cluster.node(killed).start();
  once.wait_for_outcomes(some);
  plain.wait_for_outcomes(some);
  const std::uint64_t sent_once = once.stop();
  const std::uint64_t sent_plain = plain.stop();

  expect_each_told_once(once, sent_once);
  expect_each_told_once(plain, sent_plain);
  EXPECT_EQ(expect_each_on_wire(cluster.bootstrap(), topic_once, sent_once, true), 0U);
  const std::uint64_t duplicates =
      expect_each_on_wire(cluster.bootstrap(), topic_plain, sent_plain, false);
  expect_each_received(cluster.bootstrap(), topic_once, sent_once, 0);
  std::cout << sent_once << " messages once, " << sent_plain << " with " << duplicates
            << " duplicates\n";
}

TEST(cluster_loss, of_a_leader_while_producing_loses_no_acknowledged_message_and_no_outcome) {
  while_the_client_lasts(kill_a_leader_while_producing);
}

}  // namespace
}  // namespace waybill_test
