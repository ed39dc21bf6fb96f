#include "rabbitmq_broker.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "broker_watch.hpp"
#include "environment.hpp"
#include "held_broker.hpp"
#include "shared_rabbitmq.hpp"

namespace waybill_test {
namespace {

amqp_basic_properties_t persistent() {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  return properties;
}

std::string body_of(const std::optional<bare_amqp_message>& message) {
  return message ? message->body() : "(none)";
}

TEST(rabbitmq_broker, keeps_what_was_written_and_leaves_neither_process_nor_file_behind) {
  const amqp_basic_properties_t kept = persistent();
  std::filesystem::path folder;
  pid_t id = -1;
  {
    rabbitmq_broker broker;
    folder = broker.data_folder();
    const std::string queue = unique_queue("restart");
    {
      bare_amqp client(broker.address());
      client.declare_queue_to_last(queue);
      client.publish("", queue, "before", &kept);
      EXPECT_EQ(client.messages_in(queue), 1U);
    }
    const pid_t first = broker.process_id();
    broker.kill();
    EXPECT_FALSE(broker.running());
    EXPECT_EQ(broker.process_id(), -1);
    EXPECT_THROW(bare_amqp{broker.address()}, std::runtime_error);

    broker.start();
    id = broker.process_id();
    EXPECT_NE(id, first);
    bare_amqp client(broker.address());
    EXPECT_EQ(body_of(client.get(queue)), "before");
    EXPECT_EQ(body_of(client.get(queue)), "(none)");
    EXPECT_FALSE(processes_with(folder).empty());
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(id)));
  EXPECT_EQ(processes_with(folder), std::vector<std::string>{});
  EXPECT_FALSE(std::filesystem::exists(folder));
}

// Not only when the test ends in order: an interrupted or crashed test leaves no broker either.
TEST(rabbitmq_broker, dies_with_the_process_that_owns_it) {
  const temporary_folder folder("waybill-holder");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  held_broker node(WAYBILL_HOLD_BROKERS, "rabbitmq", folder);
  const std::string& address = node.address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  EXPECT_NO_THROW(bare_amqp({"127.0.0.1", port}));

  EXPECT_TRUE(node.ends_with_its_holder());
  EXPECT_FALSE(accepts_connections(port));
}

TEST(rabbitmq_broker, takes_other_ports_and_the_settings_and_plugins_it_is_given) {
  std::vector<std::uint16_t> chosen;
  unique_descriptor thief;
  const loopback_port stomp;
  rabbitmq_broker_options options;
  options.settings = {{"stomp.listeners.tcp.1", "127.0.0.1:" + std::to_string(stomp.number())}};
  options.plugins = {"rabbitmq_stomp"};
  options.on_port_chosen = [&](std::uint16_t port) {
    chosen.push_back(port);
    if (chosen.size() == 1) thief = listen_on(port);
  };
  rabbitmq_broker broker(options);
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(broker.address().port, chosen[1]);
  EXPECT_TRUE(accepts_connections(stomp.number()));

  broker.pause();
  EXPECT_TRUE(broker.running());
  broker.resume();
  EXPECT_NO_THROW(bare_amqp{broker.address()});
  broker.stop();
  EXPECT_FALSE(broker.running());
}

TEST(rabbitmq_broker, that_cannot_start_throws_with_the_end_of_its_log) {
  rabbitmq_broker_options options;
  options.settings = {{"no.such.setting", "1"}};
  try {
    const rabbitmq_broker broker(options);
    ADD_FAILURE() << "it started";
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("did not start: exit code"), std::string::npos) << text;
    EXPECT_NE(text.find("failed_to_prepare_configuration"), std::string::npos) << text;
  }
}

TEST(shared_rabbitmq, is_the_one_that_the_environment_names) {
  const changed_variable named("WAYBILL_TEST_RABBITMQ", "127.0.0.1:12345");
  EXPECT_EQ(shared_rabbitmq().port, 12345);
  EXPECT_EQ(shared_rabbitmq().host, "127.0.0.1");
}

}  // namespace
}  // namespace waybill_test
