#include "mosquitto_broker.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "environment.hpp"
#include "run.hpp"
#include "shared_mosquitto.hpp"

namespace waybill_test {
namespace {

std::vector<std::string> client_command(const char* program, const mqtt_address& at,
                                        std::vector<std::string> more) {
  std::vector<std::string> all{program, "-h", at.host, "-p", std::to_string(at.port),
                               "-V",    "5",  "-q",    "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

run_result publish(const mqtt_address& at, const std::vector<std::string>& more) {
  return run(client_command("mosquitto_pub", at, more));
}

run_result receive_one(const mqtt_address& at, std::vector<std::string> more) {
  more.insert(more.end(), {"-C", "1", "-W", "20"});
  return run(client_command("mosquitto_sub", at, more));
}

std::string text_of_failed_start(mosquitto_options options) {
  try {
    const mosquitto_broker broker(std::move(options));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TEST(mosquitto_broker, keeps_sessions_and_messages_when_it_is_killed_and_restarted) {
  mosquitto_options options;
  options.persistence = true;
  mosquitto_broker broker(options);
  const mqtt_address at = broker.address();
  // A session that stays for an hour, without a client.
  const run_result subscribed = run(client_command(
      "mosquitto_sub", at, {"-i", "faithful", "-c", "-x", "3600", "-t", "goods/#", "-E"}));
  ASSERT_TRUE(subscribed.succeeded()) << subscribed;
  ASSERT_TRUE(publish(at, {"-t", "goods/one", "-m", "kept"}).succeeded());
  ASSERT_TRUE(publish(at, {"-t", "retained", "-m", "still here", "-r"}).succeeded());
  const pid_t first = broker.process_id();
  broker.stop();
  EXPECT_FALSE(broker.running());
  EXPECT_EQ(broker.process_id(), -1);
  EXPECT_FALSE(publish(at, {"-t", "goods/one", "-m", "while it is down"}).succeeded());

  broker.start();
  EXPECT_NE(broker.process_id(), first);
  EXPECT_EQ(broker.address().uri(), at.uri());
  broker.restart();
  EXPECT_EQ(
      receive_one(at, {"-i", "faithful", "-c", "-x", "3600", "-t", "goods/#"}).standard_output,
      "kept\n");
  EXPECT_EQ(receive_one(at, {"-t", "retained"}).standard_output, "still here\n");
}

TEST(mosquitto_broker, refuses_packets_beyond_the_size_it_was_given) {
  mosquitto_options options;
  options.max_packet_size = 300;
  const mosquitto_broker broker(options);
  const mqtt_address at = broker.address();
  EXPECT_TRUE(publish(at, {"-t", "t", "-m", std::string(200, 'v')}).succeeded());
  // With MQTT 5 this client knows the limit, and silently sends nothing.
  const std::string large(400, 'v');
  EXPECT_FALSE(publish(at, {"-V", "311", "-t", "t", "-m", large}).succeeded());
  EXPECT_NE(broker.log().find("oversize packet"), std::string::npos) << broker.log();
}

TEST(mosquitto_broker, that_is_paused_answers_nobody_until_it_is_resumed) {
  mosquitto_broker broker;
  broker.pause();
  EXPECT_TRUE(broker.running());
  const run_result hasty =
      run(client_command("mosquitto_sub", broker.address(), {"-t", "t", "-E", "-W", "1"}));
  EXPECT_FALSE(hasty.succeeded());
  broker.resume();
  EXPECT_TRUE(publish(broker.address(), {"-t", "t", "-m", "heard"}).succeeded());
}

TEST(mosquitto_broker, leaves_no_process_and_no_file_behind) {
  std::filesystem::path folder;
  pid_t id = -1;
  {
    const mosquitto_broker broker;
    folder = broker.folder();
    id = broker.process_id();
    EXPECT_TRUE(std::filesystem::exists("/proc/" + std::to_string(id)));
    EXPECT_TRUE(std::filesystem::exists(folder / "mosquitto.conf"));
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(id)));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(mosquitto_broker, that_cannot_start_throws_with_the_end_of_its_log) {
  mosquitto_options options;
  options.settings = {{"no_such_setting", "1"}};
  const std::string text = text_of_failed_start(options);
  EXPECT_NE(text.find("did not start: exit code"), std::string::npos) << text;
  EXPECT_NE(text.find("no_such_setting"), std::string::npos) << text;
}

TEST(shared_mosquitto, is_one_server_for_all_tests_and_may_be_named_by_the_environment) {
  {
    const changed_variable named("WAYBILL_TEST_MQTT", "broker.example:1884");
    EXPECT_EQ(shared_mosquitto().uri(), "tcp://broker.example:1884");
  }
  {
    const changed_variable wrong("WAYBILL_TEST_MQTT", "1884");
    EXPECT_THROW(shared_mosquitto(), std::runtime_error);
  }
  EXPECT_EQ(shared_mosquitto().uri(), shared_mosquitto().uri());
  EXPECT_TRUE(publish(shared_mosquitto(), {"-t", "t", "-m", "m"}).succeeded());
}

}  // namespace
}  // namespace waybill_test
