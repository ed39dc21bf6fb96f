// What an application sees of a received message, and by which policy.

#include <gtest/gtest.h>

#include <string>

#include "support/contexts.hpp"
#include "support/sent_messages.hpp"
#include "waybill/envelope.hpp"

namespace waybill_test {
namespace {

namespace mqtt = waybill::mqtt;
using waybill::context;
using waybill::envelope_form;
using waybill::inbound_mode;
using waybill::propagation;
using texts = std::vector<std::string>;

class mqtt_incoming : public testing::Test {
 protected:
  void use(waybill::boundary_entry entry, mqtt::consumer_options options = {}) {
    waybill::propagation_options made;
    made.boundary.set("topic", std::move(entry));
    by_ = std::make_unique<mqtt::consuming>(propagation(std::move(made)), std::move(options));
  }
  mqtt::received_message receive(const mqtt::message_view& message) {
    mqtt::incoming shown(*by_, message);
    payload_ = shown.payload().value_or(std::string(message.payload));
    properties_ = described(shown.properties());
    return shown.take();
  }
  [[nodiscard]] std::string framed(std::string_view payload, const context& context) const {
    std::string text;
    waybill::wrap(envelope_form::frame, payload, context, propagation(), waybill::any_destination)
        .append_to(text);
    return text;
  }

  std::unique_ptr<mqtt::consuming> by_ =
      std::make_unique<mqtt::consuming>(propagation(), mqtt::consumer_options());
  std::string payload_;
  texts properties_;
  const context sent_ = make_context(traceparent_a, "a=1", "k=v");
};

TEST_F(mqtt_incoming, beside_an_envelope_has_no_fields_and_their_context_does_not_count) {
  use({.envelope = envelope_form::frame});
  owned_properties list{{"traceparent", traceparent_b}, {"own", "1"}};
  const std::string payload = framed("payload", sent_);
  const mqtt::received_message got =
      receive({.topic = "topic", .payload = payload, .properties = list.list()});
  EXPECT_EQ(got.context(), sent_);
  EXPECT_EQ(payload_, "payload");
  EXPECT_EQ(properties_, texts{"38 own=1"});
}

TEST_F(mqtt_incoming, without_its_envelope_is_read_by_its_properties) {
  use({.envelope = envelope_form::frame});
  owned_properties list{{"traceparent", traceparent_b}};
  const mqtt::received_message got =
      receive({.topic = "topic", .payload = "bare", .properties = list.list()});
  EXPECT_EQ(got.context(), make_context(traceparent_b));
  EXPECT_EQ(payload_, "bare");
  EXPECT_TRUE(properties_.empty());
}

TEST_F(mqtt_incoming, with_an_alias_alone_has_the_policy_of_its_topic) {
  use({.inbound = inbound_mode::ignore});
  owned_properties list{{"traceparent", traceparent_b}};
  list.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, 7U);
  EXPECT_TRUE(receive({.topic = "topic", .properties = list.list()}).context().is_empty());
  const mqtt::received_message alone = receive({.topic = "", .properties = list.list()});
  EXPECT_TRUE(alone.context().is_empty());
  EXPECT_EQ(alone.topic_of(""), "topic");
  EXPECT_EQ(properties_, texts{"35 7"}) << "the alias stays the application's";
  EXPECT_FALSE(receive({.topic = "other", .properties = list.list()}).context().is_empty());
  EXPECT_FALSE(receive({.topic = "", .properties = list.list()}).context().is_empty());
}

TEST_F(mqtt_incoming, keeps_its_fields_where_they_are_not_stripped_but_no_envelope) {
  use({.envelope = envelope_form::frame}, {.strip = false});
  owned_properties list{{"traceparent", traceparent_b}};
  const std::string payload = framed("payload", sent_);
  EXPECT_EQ(receive({.topic = "topic", .payload = payload, .properties = list.list()}).context(),
            sent_);
  EXPECT_EQ(payload_, "payload");
  EXPECT_EQ(properties_.size(), 1U);
}

TEST_F(mqtt_incoming, that_was_stored_with_an_envelope_is_linked) {
  use({.envelope = envelope_form::frame});
  const std::string payload = framed("payload", sent_);
  owned_properties none;
  const mqtt::received_message got = receive(
      {.topic = "topic", .payload = payload, .is_retained = true, .properties = none.list()});
  EXPECT_EQ(got.extraction().parent(), nullptr);
  EXPECT_EQ(got.extraction().links().size(), 1U);
}

}  // namespace
}  // namespace waybill_test
