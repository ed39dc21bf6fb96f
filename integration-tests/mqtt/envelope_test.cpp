// Context within the payload, on topics where both ends agreed on it.

#include <gtest/gtest.h>

#include <string>

#include "support/mqtt_test.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/consumer.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::envelope_form;
using waybill::mqtt::context_of;
using waybill::mqtt::extraction_of;

constexpr connection_options mqtt_3{.version = MQTTVERSION_3_1_1};
const std::string magic("\xfe\x77\x62\x6c\x01", 5);

class mqtt_envelope : public testing::Test {
 protected:
  mqtt_envelope() { reader_.subscribe(base_ + "/#", 1); }

  void publish(const std::string& topic, const std::string& payload,
               const waybill::context* context, bool retained = false) {
    waybill::mqtt::publisher publisher(sender_.client(), settings_);
    publisher.publish(::mqtt::message::create(topic, payload, 1, retained), {.context = context})
        ->wait_for(patience);
  }

  const mqtt_address server_ = shared_mosquitto();
  const std::string base_ = unique_name("envelope");
  const std::string framed_ = base_ + "/1/framed";
  const waybill::propagation settings_ =
      with_envelopes({{base_ + "/+/framed", envelope_form::frame},
                      {base_ + "/json", envelope_form::json_members}});
  waybill::mqtt::consumer agreeing_{settings_};
  waybill::mqtt::consumer unaware_{waybill::propagation()};
  const waybill::context context_ = make_context(5, "v=1", "k=v");
  bare_client reader_{server_, mqtt_3};
  bare_client sender_{server_, mqtt_3};
};

TEST_F(mqtt_envelope, carries_context_through_mqtt_3_1_1_and_comes_off_again) {
  const std::string payload("any \0\xff bytes", 12);
  publish(framed_, payload, &context_);
  const ::mqtt::const_message_ptr came = reader_.next();
  EXPECT_EQ(came->get_payload_str().substr(0, magic.size()), magic);
  EXPECT_EQ(came->get_payload_str().substr(came->get_payload_str().size() - payload.size()),
            payload);

  const ::mqtt::const_message_ptr received = agreeing_.take(came);
  EXPECT_EQ(received->get_payload_str(), payload);
  EXPECT_EQ(received->get_topic(), framed_);
  EXPECT_EQ(received->get_qos(), 1);
  EXPECT_EQ(context_of(received), context_);
  EXPECT_EQ(agreeing_.take(received), received) << "one envelope comes off";

  const ::mqtt::const_message_ptr seen = unaware_.take(came);
  EXPECT_EQ(seen->get_payload_str(), came->get_payload_str()) << "who did not agree sees it all";
  EXPECT_TRUE(context_of(seen).is_empty());
}

TEST_F(mqtt_envelope, is_on_topics_of_the_filter_alone) {
  publish(base_ + "/1/2/framed", "plain", &context_);
  EXPECT_EQ(reader_.next()->get_payload_str(), "plain");
  publish(framed_, "without a context", nullptr);
  const ::mqtt::const_message_ptr came = reader_.next();
  EXPECT_EQ(came->get_payload_str(), "without a context");
  const ::mqtt::const_message_ptr received = agreeing_.take(came);
  EXPECT_EQ(received->get_payload_str(), "without a context");
  EXPECT_TRUE(context_of(received).is_empty());
}

TEST_F(mqtt_envelope, gives_back_a_payload_that_looks_like_one) {
  const std::string look_alike = magic + std::string("\0\0 not a frame", 14);
  publish(framed_, look_alike, nullptr);
  const ::mqtt::const_message_ptr came = reader_.next();
  EXPECT_NE(came->get_payload_str(), look_alike);
  EXPECT_EQ(agreeing_.take(came)->get_payload_str(), look_alike);
}

TEST_F(mqtt_envelope, of_json_members_leaves_the_rest_of_the_text) {
  const std::string text = R"({ "b": 1.50, "a" : [ ] })";
  publish(base_ + "/json", text, &context_);
  const ::mqtt::const_message_ptr came = reader_.next();
  EXPECT_NE(came->get_payload_str().find(traceparent_of(context_)), std::string::npos);
  const ::mqtt::const_message_ptr received = agreeing_.take(came);
  EXPECT_EQ(received->get_payload_str(), text);
  EXPECT_EQ(context_of(received), context_);

  publish(base_ + "/json", "no object", &context_);
  EXPECT_EQ(agreeing_.take(reader_.next())->get_payload_str(), "no object");
}

TEST_F(mqtt_envelope, of_a_retained_message_is_linked_and_its_removal_removes_it) {
  publish(framed_, "state", &context_, true);
  EXPECT_NE(extraction_of(agreeing_.take(reader_.next()))->parent(), nullptr);
  {
    bare_client late(server_, mqtt_3);
    late.subscribe(framed_);
    const ::mqtt::const_message_ptr received = agreeing_.take(late.next());
    EXPECT_EQ(received->get_payload_str(), "state");
    EXPECT_TRUE(received->is_retained());
    EXPECT_EQ(extraction_of(received)->parent(), nullptr);
    ASSERT_EQ(extraction_of(received)->links().size(), 1U);
    EXPECT_EQ(extraction_of(received)->links()[0], context_.span_context());
  }
  publish(framed_, "", &context_, true);
  EXPECT_EQ(reader_.next()->get_payload_str(), "");
  // Had anything been retained it would come before what is sent now.
  bare_client later(server_, mqtt_3);
  later.subscribe(framed_);
  publish(framed_, "now", nullptr);
  EXPECT_EQ(later.next()->get_payload_str(), "now");
}

TEST_F(mqtt_envelope, of_the_drop_in_holds_for_either_version_of_mqtt) {
  for (const int version : {MQTTVERSION_3_1_1, MQTTVERSION_5}) {
    const waybill::mqtt::client_options options{.settings = settings_};
    waybill::mqtt::async_client client(options, server_.uri(), unique_name("dropin"),
                                       creation({.version = version}));
    client.start_consuming();
    client.connect(connecting({.version = version}))->wait();
    client.subscribe(framed_, 1)->wait();
    client.publish(::mqtt::message::create(framed_, "payload", 1, false), {.context = &context_})
        ->wait_for(patience);
    const ::mqtt::const_message_ptr received = client.try_consume_message_for(patience);
    ASSERT_NE(received, nullptr);
    EXPECT_EQ(received->get_payload_str(), "payload");
    EXPECT_EQ(context_of(received), context_);
    EXPECT_EQ(properties_of(*received), property_pairs{});
    const ::mqtt::const_message_ptr came = reader_.next();
    EXPECT_EQ(came->get_payload_str().substr(0, magic.size()), magic);
  }
}

}  // namespace
}  // namespace waybill_test
