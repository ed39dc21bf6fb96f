// The server's Maximum Packet Size: where it is known, in doubt, or another than before. A message
// or a will that fits without fields goes out in each case.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>

#include "mosquitto_broker.hpp"
#include "support/mqtt_test.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::mqtt::async_client;
using waybill::mqtt::client;
using waybill::mqtt::client_options;

constexpr connection_options reconnecting{.reconnects = true};
constexpr std::uint32_t limit = 10'000;  // above the assumption
// Paho's own client ends the process otherwise when it connects after stop_consuming(): issue 571.
constexpr bool survives_stop = ::mqtt::VERSION < 0x01050000 || ::mqtt::VERSION >= 0x01060000;

class mqtt_limits_in_doubt : public testing::Test {
 protected:
  [[nodiscard]] static client_options options(std::size_t when_unknown = 8'192) {
    client_options made;
    made.publish.packet_bytes_when_unknown = when_unknown;
    return made;
  }
  // A message to "t" that takes so many bytes without fields.
  [[nodiscard]] static ::mqtt::message_ptr message_of(std::size_t packet_bytes, int qos = 1) {
    // The first byte, a Remaining Length, the topic, the packet identifier, no properties.
    const std::size_t length_bytes = packet_bytes < 130 ? 1 : 2;
    const std::size_t overhead = 1 + length_bytes + 3 + (qos > 0 ? 2 : 0) + 1;
    return ::mqtt::message::create("t", std::string(packet_bytes - overhead, 'p'), qos, false);
  }
  template <class Condition>
  static bool wait_until(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  // These clients have heard of the end of their connections when the server comes back.
  template <class... Clients>
  void restart_with(std::uint32_t max_packet_size, const Clients&... clients) {
    broker_.kill();
    ASSERT_TRUE(wait_until([&] { return !(clients.is_connected() || ...); }));
    broker_.set_max_packet_size(max_packet_size);
    broker_.start();
  }
  static std::size_t fields_of(const ::mqtt::const_message_ptr& message) {
    return properties_of(*message).size();
  }
  [[nodiscard]] std::size_t times_in_log(const std::string& text) const {
    const std::string log = broker_.log();
    std::size_t times = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
      ++times;
    }
    return times;
  }
  void expect_never_too_large() const {
    EXPECT_EQ(broker_.log().find("oversize"), std::string::npos) << broker_.log();
    EXPECT_EQ(broker_.log().find("too large"), std::string::npos) << broker_.log();
  }

  mosquitto_broker broker_;
  const waybill::context context_ = make_context(1, "v=1", "k=v");
};

TEST_F(mqtt_limits_in_doubt, a_large_message_before_connect_has_no_fields) {
  restart_with(limit);
  bare_client reader(broker_.address());
  reader.subscribe("t");
  ::mqtt::create_options offline(MQTTVERSION_5, 100);
  offline.set_send_while_disconnected(true, true);
  async_client sender(options(), broker_.address().uri(), unique_name("early"), offline);
  sender.publish(message_of(limit), {.context = &context_});
  sender.publish(message_of(limit - 50), {.context = &context_});
  sender.publish(message_of(100), {.context = &context_});
  sender.connect(connecting())->wait();
  EXPECT_EQ(fields_of(reader.next()), 0U);
  EXPECT_EQ(fields_of(reader.next()), 0U);
  EXPECT_EQ(fields_of(reader.next()), 3U);
  expect_never_too_large();
}

TEST_F(mqtt_limits_in_doubt, after_an_automatic_reconnect_large_messages_have_no_fields) {
  async_client sender(options(), broker_.address().uri(), unique_name("auto"), creation());
  sender.connect(connecting(reconnecting))->wait();
  // Each is acknowledged: Paho sends what is not again, as it is, to the server that comes back.
  ASSERT_TRUE(wait_until([&] {
    const auto known = sender.publish(message_of(limit), {.context = &context_});
    return known->wait_for(patience) && fields_of(known->get_message()) == 3U;
  })) << "there is no limit, and that is known";
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, sender));
  ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  for (const std::size_t bytes : {std::size_t{limit}, std::size_t{limit - 50}, std::size_t{100}}) {
    sender.publish(message_of(bytes), {.context = &context_})->wait_for(patience);
    EXPECT_EQ(fields_of(reader.next()), bytes == 100 ? 3U : 0U) << bytes;
  }
  EXPECT_TRUE(sender.is_connected());
  expect_never_too_large();
}

TEST_F(mqtt_limits_in_doubt, an_explicit_reconnect_knows_the_new_limit) {
  async_client sender(options(), broker_.address().uri(), unique_name("explicit"), creation());
  sender.connect(connecting())->wait();
  client waiting(options(), broker_.address().uri(), unique_name("explicit"), creation());
  waiting.connect(connecting());
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, sender, waiting));
  static_cast<::mqtt::iasync_client&>(sender).reconnect()->wait();
  waiting.reconnect();
  bare_client reader(broker_.address());
  reader.subscribe("t");
  for (const std::size_t bytes : {std::size_t{limit}, std::size_t{limit - 200}}) {
    const std::size_t fields = bytes == limit ? 0 : 3;
    sender.publish(message_of(bytes), {.context = &context_})->wait_for(patience);
    EXPECT_EQ(fields_of(reader.next()), fields) << bytes;
    waiting.publish(message_of(bytes), {.context = &context_});
    EXPECT_EQ(fields_of(reader.next()), fields) << bytes;
  }
  expect_never_too_large();
}

// Nobody tells of a lost connection then.
TEST_F(mqtt_limits_in_doubt, an_automatic_reconnect_is_noticed_without_callbacks) {
  async_client stopped(options(), broker_.address().uri(), unique_name("stopped"), creation());
  async_client disabled(options(), broker_.address().uri(), unique_name("disabled"), creation());
  client waiting(options(), broker_.address().uri(), unique_name("waiting"), creation());
  if (survives_stop) {
    stopped.start_consuming();
    stopped.stop_consuming();
  }
  disabled.disable_callbacks();
  waiting.start_consuming();
  waiting.stop_consuming();
  stopped.connect(connecting(reconnecting))->wait();
  disabled.connect(connecting(reconnecting))->wait();
  waiting.connect(connecting(reconnecting));
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, stopped, disabled, waiting));
  ASSERT_TRUE(wait_until(
      [&] { return stopped.is_connected() && disabled.is_connected() && waiting.is_connected(); }));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  for (async_client* each : {&stopped, &disabled}) {
    each->publish(message_of(limit), {.context = &context_})->wait_for(patience);
    EXPECT_EQ(fields_of(reader.next()), 0U);
  }
  waiting.publish(message_of(limit), {.context = &context_});
  EXPECT_EQ(fields_of(reader.next()), 0U);
  expect_never_too_large();
}

TEST_F(mqtt_limits_in_doubt, while_callbacks_are_disabled_large_messages_have_no_fields) {
  async_client sender(options(), broker_.address().uri(), unique_name("deaf"), creation());
  const auto fields = [&] {
    const auto sent = sender.publish(message_of(limit), {.context = &context_});
    EXPECT_TRUE(sent->wait_for(patience));
    return fields_of(sent->get_message());
  };
  sender.connect(connecting())->wait();
  sender.start_consuming();
  EXPECT_EQ(fields(), 3U) << "somebody hears of a lost connection";
  sender.disable_callbacks();
  EXPECT_EQ(fields(), 0U);
  sender.start_consuming();
  EXPECT_EQ(fields(), 0U) << "it may have been lost meanwhile";
}

// Paho 1.2 copies options with a pointer into the original.
TEST_F(mqtt_limits_in_doubt, an_explicit_reconnect_has_the_properties_of_the_connect_before) {
  async_client sender(options(), broker_.address().uri(), unique_name("expiry"), creation());
  client waiting(options(), broker_.address().uri(), unique_name("expiry"), creation());
  const auto connect = [](auto&& call) {
    ::mqtt::connect_options how = connecting();
    ::mqtt::properties list;
    list.add({::mqtt::property::SESSION_EXPIRY_INTERVAL, 3'600});
    how.set_properties(std::move(list));
    call(std::move(how));
  };
  connect([&](auto how) { sender.connect(std::move(how))->wait(); });
  connect([&](auto how) { waiting.connect(std::move(how)); });
  for (int i = 0; i < 2; ++i) {
    ASSERT_NO_FATAL_FAILURE(restart_with(limit, sender, waiting));
    static_cast<::mqtt::iasync_client&>(sender).reconnect()->wait();
    waiting.reconnect();
    EXPECT_TRUE(sender.is_connected());
    EXPECT_TRUE(waiting.is_connected());
  }
}

TEST_F(mqtt_limits_in_doubt, an_explicit_reconnect_keeps_the_messages_that_were_received) {
  client waiting(options(), broker_.address().uri(), unique_name("keeps"), creation());
  waiting.connect(connecting());
  waiting.subscribe("t", 1);
  bare_client(broker_.address()).publish("t", "received");
  bare_client other(broker_.address());
  other.subscribe("t");
  other.publish("t", "later");
  EXPECT_EQ(other.next()->get_payload_str(), "later") << "so both have been sent to all";
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, waiting));
  waiting.reconnect();
  ::mqtt::const_message_ptr message;
  ASSERT_TRUE(waiting.try_consume_message_for(&message, patience));
  while (message == nullptr) ASSERT_TRUE(waiting.try_consume_message_for(&message, patience));
  EXPECT_EQ(message->get_payload_str(), "received");
}

// Within the call that asks for the connection, or before it has returned its token.
TEST_F(mqtt_limits_in_doubt, a_listener_that_publishes_at_once_never_goes_by_the_older_limit) {
  class publishing_listener : public ::mqtt::iaction_listener {
   public:
    explicit publishing_listener(std::function<void()> publish) : publish_(std::move(publish)) {}
    void on_success(const ::mqtt::token& /*token*/) override { publish_(); }
    void on_failure(const ::mqtt::token& /*token*/) override {}

   private:
    std::function<void()> publish_;
  };
  async_client sender(options(), broker_.address().uri(), unique_name("at-once"), creation());
  sender.connect(connecting())->wait();
  const auto known = sender.publish(message_of(limit), {.context = &context_});
  EXPECT_TRUE(known->wait_for(patience));
  EXPECT_EQ(fields_of(known->get_message()), 3U);
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, sender));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  publishing_listener listener([&] { sender.publish(message_of(limit), {.context = &context_}); });
  sender.connect(connecting(), nullptr, listener)->wait_for(patience);
  EXPECT_EQ(fields_of(reader.next()), 0U);
  EXPECT_TRUE(sender.is_connected());
  expect_never_too_large();
}

// The first message shows that the limit was known.
TEST_F(mqtt_limits_in_doubt, after_the_applications_own_disconnect_large_messages_have_no_fields) {
  ::mqtt::create_options offline(MQTTVERSION_5, 100);
  offline.set_send_while_disconnected(true, true);
  async_client sender(options(), broker_.address().uri(), unique_name("own"), offline);
  sender.connect(connecting())->wait();
  const auto known = sender.publish(message_of(limit), {.context = &context_});
  EXPECT_TRUE(known->wait_for(patience));
  EXPECT_EQ(fields_of(known->get_message()), 3U);
  sender.disconnect()->wait();
  const auto queued = sender.publish(message_of(limit), {.context = &context_});
  EXPECT_EQ(fields_of(queued->get_message()), 0U);
  ASSERT_NO_FATAL_FAILURE(restart_with(limit, sender));
  sender.connect(connecting())->wait();
  EXPECT_TRUE(queued->wait_for(patience));
  expect_never_too_large();
}

TEST_F(mqtt_limits_in_doubt, without_an_assumption_every_limit_holds) {
  async_client sender(options(0), broker_.address().uri(), unique_name("none"), creation());
  sender.connect(connecting(reconnecting))->wait();
  client waiting(options(0), broker_.address().uri(), unique_name("none"), creation());
  waiting.connect(connecting(reconnecting));
  constexpr std::uint32_t small = 120;
  ASSERT_NO_FATAL_FAILURE(restart_with(small, sender, waiting));
  ASSERT_TRUE(wait_until([&] { return sender.is_connected() && waiting.is_connected(); }));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  sender.publish(message_of(small), {.context = &context_})->wait_for(patience);
  EXPECT_EQ(fields_of(reader.next()), 0U);
  waiting.publish(message_of(small), {.context = &context_});
  EXPECT_EQ(fields_of(reader.next()), 0U);
  expect_never_too_large();
}

TEST_F(mqtt_limits_in_doubt, a_session_that_lasts_gets_its_queued_messages_through) {
  constexpr connection_options lasting{.keeps_session = true, .reconnects = true};
  mosquitto_options persistent;
  persistent.persistence = true;
  mosquitto_broker broker(persistent);
  const std::string reader = unique_name("reader");
  bare_client(broker.address(), lasting, reader).subscribe("t");
  async_client sender(options(), broker.address().uri(), unique_name("lasting"),
                      ::mqtt::create_options(MQTTVERSION_5, 100));
  sender.connect(connecting(lasting))->wait();
  broker.stop();
  ASSERT_TRUE(wait_until([&] { return !sender.is_connected(); }));
  std::vector<::mqtt::delivery_token_ptr> queued;
  for (const std::size_t bytes : {std::size_t{limit}, std::size_t{100}}) {
    queued.push_back(sender.publish(message_of(bytes), {.context = &context_}));
  }
  broker.set_max_packet_size(limit);
  broker.start();
  for (const auto& each : queued) EXPECT_TRUE(each->wait_for(patience));
  bare_client again(broker.address(), lasting, reader);
  EXPECT_EQ(fields_of(again.next()), 0U);
  EXPECT_EQ(fields_of(again.next()), 3U);
  EXPECT_EQ(broker.log().find("oversize"), std::string::npos) << broker.log();
}

TEST_F(mqtt_limits_in_doubt, a_publisher_next_to_a_client_is_told_of_its_connection) {
  bare_client own(broker_.address());
  waybill::mqtt::publisher publisher(own.client(), {});
  const auto fields_with = [&](std::size_t bytes) {
    const auto token = publisher.publish(message_of(bytes), {.context = &context_});
    token->wait_for(patience);
    return properties_of(*token->get_message()).size();
  };
  EXPECT_EQ(fields_with(limit), 0U);
  EXPECT_EQ(fields_with(100), 3U);
  own.client().disconnect()->wait_for(patience);
  publisher.connected(own.client().connect(connecting())->get_connect_response());
  EXPECT_EQ(fields_with(limit), 3U);
  publisher.connection_lost();
  EXPECT_EQ(fields_with(limit), 0U);
}

// Whether the application consumes messages.
class mqtt_limits_below_the_assumption : public mqtt_limits_in_doubt,
                                         public testing::WithParamInterface<bool> {};

TEST_P(mqtt_limits_below_the_assumption, turn_fields_off_once) {
  const std::string id = unique_name("below");
  async_client sender(options(), broker_.address().uri(), id, creation());
  if (GetParam()) sender.start_consuming();
  sender.connect(connecting(reconnecting))->wait();
  ASSERT_NO_FATAL_FAILURE(restart_with(120, sender));
  ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
  sender.publish(message_of(100, 0), {.context = &context_})->wait_for(patience);
  // The server refuses the first one, and no other.
  ASSERT_TRUE(wait_until([&] {
    return broker_.log().find("oversize") != std::string::npos ||
           broker_.log().find("too large") != std::string::npos;
  })) << broker_.log();
  // The third connection: the first, that after the restart, and that after the refusal.
  ASSERT_TRUE(wait_until([&] { return times_in_log(" as " + id + " ") == 3; })) << broker_.log();
  ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
    sender.publish(message_of(100), {.context = &context_})->wait_for(patience);
    EXPECT_EQ(fields_of(reader.next()), 0U);
  }
  EXPECT_TRUE(sender.is_connected());
}

INSTANTIATE_TEST_SUITE_P(clients, mqtt_limits_below_the_assumption, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& of) {
                           return of.param ? "that_consume" : "that_only_send";
                         });

TEST_F(mqtt_limits_in_doubt, below_the_assumption_turn_fields_off_once_for_a_waiting_client) {
  client sender(options(), broker_.address().uri(), unique_name("below"), creation());
  sender.connect(connecting(reconnecting));
  ASSERT_NO_FATAL_FAILURE(restart_with(120, sender));
  ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
  sender.publish(message_of(100, 0), {.context = &context_});
  ASSERT_TRUE(wait_until([&] { return !sender.is_connected(); })) << broker_.log();
  ASSERT_TRUE(wait_until([&] { return sender.is_connected(); }));
  bare_client reader(broker_.address());
  reader.subscribe("t");
  for (int i = 0; i < 3; ++i) {
    sender.publish(message_of(100), {.context = &context_});
    EXPECT_EQ(fields_of(reader.next()), 0U);
  }
  EXPECT_TRUE(sender.is_connected());
}

class mqtt_wills_in_doubt : public mqtt_limits_in_doubt {
 protected:
  [[nodiscard]] ::mqtt::will_options will_of(std::size_t payload_bytes) const {
    return waybill::mqtt::will_with_context({"will", std::string(payload_bytes, 'p'), 1, false}, {},
                                            {.context = &context_},
                                            {.stamps_time = false, .packet_bytes_max = 100'000});
  }
  // What a subscriber gets of a will when its client is thrown out by another of its id.
  template <class Client, class Connect>
  std::size_t fields_of_will(std::size_t payload_bytes, Connect&& connect,
                             std::size_t when_unknown = 8'192) {
    bare_client reader(broker_.address());
    reader.subscribe("will");
    const std::string id = unique_name("mortal");
    Client mortal(options(when_unknown), broker_.address().uri(), id, creation());
    ::mqtt::connect_options how = connecting();
    how.set_will(will_of(payload_bytes));
    connect(mortal, how);
    const bare_client other(broker_.address(), {}, id);
    const ::mqtt::const_message_ptr will = reader.next();
    EXPECT_EQ(will->get_payload_str().size(), payload_bytes);
    return properties_of(*will).size();
  }
  static void connect_async(async_client& mortal, const ::mqtt::connect_options& how) {
    mortal.connect(how)->wait();
  }
  static void connect_waiting(client& mortal, const ::mqtt::connect_options& how) {
    mortal.connect(how);
  }
};

TEST_F(mqtt_wills_in_doubt, connect_with_a_large_will_has_no_fields) {
  restart_with(limit);
  EXPECT_EQ(fields_of_will<async_client>(limit - 80, connect_async), 0U);
  EXPECT_EQ(fields_of_will<client>(limit - 80, connect_waiting), 0U);
  EXPECT_EQ(fields_of_will<async_client>(100, connect_async), 3U);
  EXPECT_EQ(fields_of_will<client>(100, connect_waiting), 3U);
  expect_never_too_large();
}

TEST_F(mqtt_wills_in_doubt, without_an_assumption_have_no_fields) {
  restart_with(160);
  EXPECT_EQ(fields_of_will<async_client>(60, connect_async, 0), 0U);
  EXPECT_EQ(fields_of_will<client>(60, connect_waiting, 0), 0U);
  expect_never_too_large();
}

// CONNECT goes out again with each automatic reconnect, and nobody can change it.
TEST_F(mqtt_wills_in_doubt, never_keep_a_client_from_reconnecting) {
  async_client mortal(options(), broker_.address().uri(), unique_name("mortal"), creation());
  client waiting(options(), broker_.address().uri(), unique_name("mortal"), creation());
  ::mqtt::connect_options how = connecting(reconnecting);
  how.set_will(will_of(60));
  mortal.connect(how)->wait();
  waiting.connect(how);
  constexpr std::uint32_t with_the_will_alone = 160;
  ASSERT_NO_FATAL_FAILURE(restart_with(with_the_will_alone, mortal, waiting));
  EXPECT_TRUE(wait_until([&] { return mortal.is_connected() && waiting.is_connected(); }))
      << broker_.log();
  expect_never_too_large();
}

}  // namespace
}  // namespace waybill_test
