// A relay that changes the construction of its client, and nothing else, keeps the trace.

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "support/mqtt_test.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"

namespace waybill_test {
namespace {

class mqtt_relay : public testing::Test {
 protected:
  mqtt_relay() { reader_.subscribe(out_); }

  void send(std::uint64_t number, ::mqtt::properties list = {}) {
    for (const auto& [name, value] : on_wire({{"own", "1"}}, make_context(number, "v=1", "k=v"))) {
      list.add({::mqtt::property::USER_PROPERTY, name, value});
    }
    sender_.client()
        .publish(::mqtt::message::create(in_, "question", 1, false, list))
        ->wait_for(patience);
  }
  void expect_relayed(std::uint64_t number) {
    const ::mqtt::const_message_ptr relayed = reader_.next();
    EXPECT_EQ(relayed->get_payload_str(), "answer");
    EXPECT_EQ(properties_of(*relayed), on_wire({}, make_context(number, "v=1", "k=v")));
  }

  const mqtt_address server_ = shared_mosquitto();
  const std::string in_ = unique_name("in");
  const std::string out_ = unique_name("out");
  bare_client sender_{server_};
  bare_client reader_{server_};
};

TEST_F(mqtt_relay, in_a_callback_keeps_the_trace) {
  waybill::mqtt::async_client relay(server_.uri(), unique_name("relay"), creation());
  relay.set_message_callback([&](const ::mqtt::const_message_ptr& /*message*/) {
    relay.publish(::mqtt::message::create(out_, "answer", 1, false));
  });
  relay.connect(connecting())->wait();
  relay.subscribe(in_, 1)->wait();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    send(i);
    expect_relayed(i);
  }
}

TEST_F(mqtt_relay, in_a_consume_loop_keeps_the_trace) {
  waybill::mqtt::async_client relay(server_.uri(), unique_name("relay"), creation());
  relay.start_consuming();
  relay.connect(connecting())->wait();
  relay.subscribe(in_, 1)->wait();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    send(i);
    const ::mqtt::const_message_ptr came = relay.consume_message();
    ASSERT_EQ(came->get_payload_str(), "question");
    relay.publish(::mqtt::message::create(out_, "answer", 1, false));
    expect_relayed(i);
  }
}

TEST_F(mqtt_relay, by_a_client_that_waits_keeps_the_trace) {
  waybill::mqtt::client relay(server_.uri(), unique_name("relay"), creation());
  relay.start_consuming();
  relay.connect(connecting());
  relay.subscribe(in_, 1);
  send(5);
  ASSERT_EQ(relay.consume_message()->get_payload_str(), "question");
  relay.publish(::mqtt::message::create(out_, "answer", 1, false));
  expect_relayed(5);
}

// As Paho's own sample of a math service does.
TEST_F(mqtt_relay, that_answers_requests_keeps_the_trace) {
  waybill::mqtt::async_client service(server_.uri(), unique_name("service"), creation());
  service.start_consuming();
  service.connect(connecting())->wait();
  service.subscribe(in_, 1)->wait();
  ::mqtt::properties asking;
  asking.add({::mqtt::property::RESPONSE_TOPIC, out_});
  asking.add({::mqtt::property::CORRELATION_DATA, "7"});
  send(7, asking);

  const ::mqtt::const_message_ptr request = service.consume_message();
  const ::mqtt::properties& list = request->get_properties();
  ASSERT_TRUE(list.contains(::mqtt::property::RESPONSE_TOPIC));
  const auto topic = ::mqtt::get<std::string>(list, ::mqtt::property::RESPONSE_TOPIC);
  const auto number = ::mqtt::get<std::string>(list, ::mqtt::property::CORRELATION_DATA);
  ::mqtt::properties answering;
  answering.add({::mqtt::property::CORRELATION_DATA, number});
  service.publish(::mqtt::message::create(topic, "answer", 1, false, answering));
  expect_relayed(7);
}

TEST_F(mqtt_relay, whose_messages_come_one_after_another_never_mixes_them) {
  waybill::mqtt::async_client relay(server_.uri(), unique_name("relay"), creation());
  relay.start_consuming();
  relay.connect(connecting())->wait();
  relay.subscribe(in_, 1)->wait();
  send(1);
  sender_.publish(in_, "question");
  ASSERT_NE(relay.consume_message(), nullptr);
  ASSERT_NE(relay.consume_message(), nullptr);
  relay.publish(::mqtt::message::create(out_, "answer", 1, false));
  EXPECT_EQ(properties_of(*reader_.next()), property_pairs{}) << "the second one has no context";
}

}  // namespace
}  // namespace waybill_test
