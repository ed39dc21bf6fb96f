#include "kafka_broker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bare_kafka.hpp"
#include "broker_watch.hpp"
#include "environment.hpp"
#include "held_broker.hpp"
#include "kafka_admin.hpp"
#include "shared_kafka.hpp"

namespace waybill_test {
namespace {

std::string text_of_failed_start(kafka_broker_options options = {}) {
  try {
    const kafka_broker broker(std::move(options));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TEST(kafka_broker, keeps_what_was_written_when_it_is_killed_and_restarted) {
  kafka_broker broker;
  const std::string bootstrap = broker.bootstrap();
  const std::string topic = unique_topic("restart");
  broker.create_topic(topic, 2);
  bare_producer(bootstrap).produce(topic, {"key", "before", {{"n", "v"}}, 1});

  bare_consumer faithful(bootstrap, topic);
  EXPECT_EQ(faithful.take(1).at(0).value, "before");

  const pid_t first = broker.process_id();
  broker.kill();
  EXPECT_FALSE(broker.running());
  EXPECT_EQ(broker.process_id(), -1);
  EXPECT_THROW(bare_producer(bootstrap, {{"message.timeout.ms", "500"}})
                   .produce(topic, {"key", "while it is down", {}, 1}),
               std::runtime_error);

  broker.start();
  EXPECT_EQ(broker.bootstrap(), bootstrap);
  EXPECT_NE(broker.process_id(), first);
  bare_producer(bootstrap).produce(topic, {"key", "after", {}, 1});
  std::vector<bare_record> records = bare_consumer(bootstrap, topic).take_all();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].value, "before");
  EXPECT_EQ(records[0].headers, (std::vector<bare_header>{{"n", "v"}}));
  EXPECT_EQ(records[1].value, "after");
  EXPECT_EQ(faithful.take(1).at(0).value, "after");

  broker.stop();
  EXPECT_FALSE(broker.running());
  broker.restart();
  EXPECT_EQ(bare_consumer(bootstrap, topic).take_all().size(), 2U);
}

TEST(kafka_broker, that_is_paused_answers_nobody_until_it_is_resumed) {
  kafka_broker broker;
  const std::string topic = unique_topic("pause");
  broker.create_topic(topic);
  bare_producer hasty(broker.bootstrap(), {{"message.timeout.ms", "3000"}});
  hasty.produce(topic, {"key", "one", {}});

  broker.pause();
  EXPECT_TRUE(broker.running());
  EXPECT_THROW(hasty.produce(topic, {"key", "nobody listens", {}}), std::runtime_error);
  broker.resume();
  EXPECT_NO_THROW(bare_producer(broker.bootstrap()).produce(topic, {"key", "two", {}}));
}

TEST(kafka_broker, takes_the_settings_it_is_given) {
  kafka_broker_options options;
  options.properties = {{"message.max.bytes", "2000"}, {"num.partitions", "5"}};
  kafka_broker broker(options);
  const std::string topic = unique_topic("made-by-itself");
  bare_producer producer(broker.bootstrap());
  producer.produce(topic, {"key", "small", {}, 4});
  EXPECT_THROW(producer.produce(topic, {"key", std::string(20'000, 'v'), {}, 4}),
               std::runtime_error);
}

TEST(kafka_broker, leaves_no_process_and_no_file_behind) {
  std::filesystem::path folder;
  pid_t id = -1;
  {
    const kafka_broker broker;
    folder = broker.data_folder();
    id = broker.process_id();
    EXPECT_EQ(processes_with(folder), std::vector<std::string>{std::to_string(id)});
    EXPECT_TRUE(std::filesystem::exists(folder / "data" / "meta.properties"));
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(id)));
  EXPECT_EQ(processes_with(folder), std::vector<std::string>{});
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(kafka_broker, starts_beside_others_of_its_kind) {
  std::array<std::unique_ptr<kafka_broker>, 2> brokers;
  std::vector<std::thread> threads;
  threads.reserve(brokers.size());
  for (auto& broker : brokers) {
    threads.emplace_back([&broker] {
      try {
        broker = std::make_unique<kafka_broker>();
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(brokers[0] && brokers[1]);
  EXPECT_NE(brokers[0]->bootstrap(), brokers[1]->bootstrap());

  const std::string topic = unique_topic("same-name");
  for (const auto& broker : brokers) {
    broker->create_topic(topic);
    bare_producer(broker->bootstrap()).produce(topic, {"key", broker->bootstrap(), {}});
  }
  for (const auto& broker : brokers) {
    const std::vector<bare_record> records = bare_consumer(broker->bootstrap(), topic).take_all();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].value, broker->bootstrap());
  }
}

TEST(kafka_broker, takes_other_ports_when_its_ports_were_taken_meanwhile) {
  std::vector<std::uint16_t> chosen;
  unique_descriptor thief;
  kafka_broker_options options;
  options.on_port_chosen = [&](std::uint16_t port) {
    chosen.push_back(port);
    if (chosen.size() == 1) thief = listen_on(port);
  };
  kafka_broker broker(options);
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(broker.bootstrap(), "127.0.0.1:" + std::to_string(chosen[1]));
  const std::string topic = unique_topic("other-port");
  broker.create_topic(topic);
  bare_producer(broker.bootstrap()).produce(topic, {"key", "value", {}});
  EXPECT_EQ(bare_consumer(broker.bootstrap(), topic).take_all().size(), 1U);
}

// Not only when the test ends in order: an interrupted or crashed test leaves no broker either.
TEST(kafka_broker, dies_with_the_process_that_owns_it) {
  const temporary_folder folder("waybill-holder");
  held_broker java(WAYBILL_HOLD_BROKERS, "kafka", folder);
  ASSERT_EQ(processes_with(folder.path()), std::vector{std::to_string(java.process())});
  EXPECT_NO_THROW(
      bare_producer(java.address()).produce(unique_topic("held"), {"key", "value", {}}));

  EXPECT_TRUE(java.ends_with_its_holder());
  EXPECT_EQ(processes_with(folder.path()), std::vector<std::string>{});
}

TEST(kafka_broker, without_its_jars_throws_and_says_what_to_do) {
  {
    const changed_variable none("WAYBILL_KAFKA_LIBS", std::nullopt);
    EXPECT_NE(text_of_failed_start().find("WAYBILL_KAFKA_LIBS is not set"), std::string::npos);
  }
  const changed_variable wrong("WAYBILL_KAFKA_LIBS", "/no/such/folder");
  EXPECT_NE(text_of_failed_start().find("/no/such/folder"), std::string::npos);
}

TEST(kafka_broker, that_cannot_be_formatted_throws_with_the_reason) {
  kafka_broker_options options;
  options.properties = {{"num.partitions", "many"}};
  EXPECT_NE(text_of_failed_start(options).find("num.partitions"), std::string::npos);
}

TEST(kafka_broker, that_cannot_start_throws_with_the_end_of_its_log) {
  kafka_broker_options options;
  options.properties = {{"authorizer.class.name", "no.such.Authorizer"}};
  const std::string text = text_of_failed_start(options);
  EXPECT_NE(text.find("did not start: exit code"), std::string::npos) << text;
  EXPECT_NE(text.find("no.such.Authorizer"), std::string::npos) << text;
}

TEST(kafka_broker, refuses_a_topic_that_is_there_already) {
  const std::string topic = unique_topic("twice");
  shared_kafka().create_topic(topic);
  EXPECT_THROW(shared_kafka().create_topic(topic), std::runtime_error);
  EXPECT_THROW(shared_kafka().create_topic("not a/name"), std::runtime_error);
  EXPECT_THROW(shared_kafka().create_topic(unique_topic("t"), 1, 2), std::runtime_error)
      << "one broker can't hold two copies";
}

TEST(shared_kafka, is_one_broker_for_all_tests) {
  EXPECT_EQ(shared_kafka().bootstrap(), shared_kafka().bootstrap());
  EXPECT_EQ(&own_kafka(), &own_kafka());
  EXPECT_TRUE(own_kafka().running());
}

TEST(shared_kafka, is_the_one_that_the_environment_names) {
  const changed_variable variable("WAYBILL_TEST_KAFKA", own_kafka().bootstrap());
  const std::optional<kafka_address> named = kafka_of_environment();
  ASSERT_TRUE(named);
  const std::string topic = unique_topic("named");
  named->create_topic(topic, 3);
  kafka_admin admin(own_kafka().bootstrap());
  EXPECT_EQ(admin.leader_of(topic, 2, std::chrono::seconds(10)), 1);
}

TEST(shared_kafka, is_our_own_where_the_environment_names_none) {
  for (const std::optional<std::string>& nothing : {std::optional<std::string>(), {""}}) {
    const changed_variable variable("WAYBILL_TEST_KAFKA", nothing);
    EXPECT_FALSE(kafka_of_environment());
  }
}

}  // namespace
}  // namespace waybill_test
