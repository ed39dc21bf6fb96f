// What is published arrives as it was, with the context in its user properties.

#include <gtest/gtest.h>

#include <string>

#include "support/mqtt_test.hpp"
#include "support/paho_reader.hpp"
#include "waybill/current.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::mqtt::publisher;

class mqtt_publish : public testing::Test {
 protected:
  mqtt_publish() : reader_(server_) { reader_.subscribe(topic_, 2); }

  // The next message is this one, and nothing else is in its properties.
  void expect_next(const std::string& payload, const property_pairs& properties) {
    const ::mqtt::const_message_ptr message = reader_.next();
    EXPECT_EQ(message->get_payload_str(), payload);
    EXPECT_EQ(properties_of(*message), properties);
  }

  const mqtt_address server_ = shared_mosquitto();
  const std::string topic_ = unique_name("publish");
  bare_client reader_;
  bare_client client_{server_};
  const waybill::context context_ = make_context(7, "vendor=value", "user=1,tenant=a%20b");
};

TEST_F(mqtt_publish, passes_payload_and_own_properties_byte_for_byte_to_a_client_in_python) {
  const std::string payload("\0\x01\xff\xc3\x28 not utf-8 \0", 17);
  paho_reader python(server_, topic_, 3);
  ::mqtt::properties list = make_properties({{"b", "2"}, {"a", "1"}, {"b", "2"}, {"empty", ""}});
  list.add(::mqtt::property(::mqtt::property::CONTENT_TYPE, "application/octet-stream"));
  list.add(::mqtt::property(::mqtt::property::CORRELATION_DATA, std::string("\0\x7f", 2)));
  publisher waybill_publisher(client_.client(), {});
  for (int qos = 0; qos <= 2; ++qos) {
    const auto message = ::mqtt::message::create(topic_, payload, qos, false, list);
    waybill_publisher.publish(message, {.context = &context_})->wait_for(patience);
    EXPECT_EQ(message->get_properties().size(), 6U) << "the application's message is as it was";
  }

  const std::vector<nlohmann::json> messages = python.messages();
  ASSERT_EQ(messages.size(), 3U);
  const property_pairs expected =
      on_wire({{"b", "2"}, {"a", "1"}, {"b", "2"}, {"empty", ""}}, context_);
  for (int qos = 0; qos <= 2; ++qos) {
    const nlohmann::json& message = messages[static_cast<std::size_t>(qos)];
    EXPECT_EQ(message["qos"], qos);
    EXPECT_EQ(message["topic"], topic_);
    EXPECT_EQ(message["payload"], "0001ffc328206e6f74207574662d382000");
    EXPECT_EQ(message["properties"].get<property_pairs>(), expected);
    EXPECT_EQ(message["content_type"], "application/octet-stream");
    EXPECT_EQ(message["correlation"], "007f");
    EXPECT_EQ(message["retain"], false);
  }
}

TEST_F(mqtt_publish, takes_the_current_context_and_without_any_leaves_the_message_alone) {
  publisher waybill_publisher(client_.client(), {});
  waybill_publisher.publish(topic_, "none", 4, 1, false)->wait_for(patience);
  {
    const waybill::scope active(context_);
    waybill_publisher.publish(topic_, "current", 7, 1, false)->wait_for(patience);
  }
  expect_next("none", {});
  expect_next("current", on_wire({}, context_));
}

TEST_F(mqtt_publish, again_replaces_the_context_and_appends_nothing) {
  publisher waybill_publisher(client_.client(), {});
  ::mqtt::const_message_ptr message = ::mqtt::message::create(
      topic_, "again", 1, false, make_properties({{"Traceparent", "stale"}, {"own", "1"}}));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const waybill::context context = make_context(i);
    message = waybill_publisher.publish(message, {.context = &context})->get_message();
    expect_next("again", on_wire({{"own", "1"}}, context));
  }
}

TEST_F(mqtt_publish, in_keep_mode_leaves_the_context_that_is_there) {
  publisher waybill_publisher(client_.client(), {});
  const property_pairs there = on_wire({{"own", "1"}}, make_context(3));
  const auto message = ::mqtt::message::create(topic_, "kept", 1, false, make_properties(there));
  waybill_publisher.publish(message, {.context = &context_, .mode = waybill::inject_mode::keep})
      ->wait_for(patience);
  expect_next("kept", there);
}

TEST_F(mqtt_publish, has_every_form_of_pahos_publish) {
  publisher waybill_publisher(client_.client(), {});
  const waybill::scope active(context_);
  const property_pairs expected = on_wire({}, context_);
  waybill_publisher.publish(topic_, "bytes", 5)->wait_for(patience);
  waybill_publisher.publish(topic_, "bytes", 5, 1, false)->wait_for(patience);
  waybill_publisher.publish(topic_, ::mqtt::binary_ref("binary"))->wait_for(patience);
  waybill_publisher.publish(topic_, ::mqtt::binary_ref("binary"), 1, false)->wait_for(patience);
  waybill_publisher.publish(::mqtt::message::create(topic_, "message", 7))->wait_for(patience);
  for (const char* payload : {"bytes", "bytes", "binary", "binary", "message"}) {
    expect_next(payload, expected);
  }
}

// Through Paho's own types, as code does that was there before.
void publish_in_every_form(::mqtt::iasync_client& client, const std::string& topic,
                           ::mqtt::iaction_listener& listener) {
  client.publish(topic, "1", 1)->wait_for(patience);
  client.publish(topic, "2", 1, 1, false)->wait_for(patience);
  client.publish(topic, "3", 1, 1, false, nullptr, listener)->wait_for(patience);
  client.publish(topic, ::mqtt::binary_ref("4"))->wait_for(patience);
  client.publish(topic, ::mqtt::binary_ref("5"), 1, false)->wait_for(patience);
  client.publish(::mqtt::message::create(topic, "6", 1, false))->wait_for(patience);
  client.publish(::mqtt::message::create(topic, "7", 1, false), nullptr, listener)
      ->wait_for(patience);
  ::mqtt::topic(client, topic, 1, false).publish("8")->wait_for(patience);
}

class counting_listener final : public ::mqtt::iaction_listener {
 public:
  void on_success(const ::mqtt::token& token) override { succeeded.add(token.get_user_context()); }
  void on_failure(const ::mqtt::token& token) override { failed.add(token.get_user_context()); }

  collected<void*> succeeded;
  collected<void*> failed;
};

TEST_F(mqtt_publish, of_the_drop_in_injects_in_every_virtual_function) {
  counting_listener listener;
  waybill::mqtt::async_client client(server_.uri(), unique_name("dropin"), creation());
  client.connect(connecting())->wait();
  const waybill::scope active(context_);
  publish_in_every_form(client, topic_, listener);
  for (int i = 1; i <= 8; ++i) expect_next(std::to_string(i), on_wire({}, context_));
  EXPECT_EQ(listener.succeeded.wait_for(2).size(), 2U);
  client.disconnect()->wait_for(patience);
}

TEST_F(mqtt_publish, of_the_waiting_drop_in_injects_in_every_virtual_function) {
  waybill::mqtt::client client(server_.uri(), unique_name("dropin"), creation());
  client.connect(connecting());
  {
    const waybill::scope active(context_);
    ::mqtt::client& base = client;
    base.publish(topic_, "1", 1);
    base.publish(topic_, "2", 1, 2, false);
    base.publish(::mqtt::message::create(topic_, "3", 1, false));
    base.publish(::mqtt::message(topic_, "4", 1, 1, false));
  }
  client.publish(::mqtt::message::create(topic_, "5", 1, false), {.context = &context_});
  for (int i = 1; i <= 5; ++i) expect_next(std::to_string(i), on_wire({}, context_));
  client.disconnect();
}

TEST_F(mqtt_publish, keeps_the_applications_listener_and_user_context) {
  int mine = 0;
  counting_listener listener;
  collected<told> outcomes;
  publisher waybill_publisher(client_.client(), {}, {.on_delivery_report = telling(outcomes)});
  const auto token = waybill_publisher.publish(::mqtt::message::create(topic_, "x", 1, false),
                                               &mine, listener, {.context = &context_});
  EXPECT_EQ(token->get_user_context(), &mine);
  token->wait_for(patience);
  EXPECT_EQ(listener.succeeded.wait_for(1), std::vector<void*>{&mine});
  const std::vector<told> seen = outcomes.wait_for(1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].state, waybill::outcome_state::succeeded);
  EXPECT_EQ(seen[0].traceparent, traceparent_of(context_));
}

TEST_F(mqtt_publish, by_mqtt_3_1_1_adds_nothing_and_still_knows_outcomes) {
  bare_client old(server_, {.version = MQTTVERSION_3_1_1});
  collected<told> outcomes;
  publisher waybill_publisher(old.client(), {}, {.on_delivery_report = telling(outcomes)});
  waybill_publisher
      .publish(::mqtt::message::create(topic_, "old", 1, false), {.context = &context_})
      ->wait_for(patience);
  expect_next("old", {});
  ASSERT_EQ(outcomes.wait_for(1).size(), 1U);
  EXPECT_EQ(outcomes.all()[0].state, waybill::outcome_state::succeeded);

  waybill::mqtt::async_client client(server_.uri(), unique_name("old"), creation({.version = 4}));
  client.connect(connecting({.version = 4}))->wait();
  const auto token =
      client.publish(::mqtt::message::create(topic_, "older", 1, false), {.context = &context_});
  token->wait_for(patience);
  EXPECT_EQ(token->get_message()->get_properties().size(), 0U) << "not even tried";
  expect_next("older", {});
  client.disconnect()->wait_for(patience);
}

}  // namespace
}  // namespace waybill_test
