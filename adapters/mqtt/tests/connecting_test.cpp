// CONNECT packets with a will: how large they are, and what is left of a will without context.

#include "waybill/mqtt/connecting.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"

namespace waybill_test {
namespace {

namespace mqtt = waybill::mqtt;
using waybill::envelope_form;
using waybill::propagation;
using texts = std::vector<std::string>;

class mqtt_connect : public testing::Test {
 protected:
  void add_will(std::string_view payload) {
    packet_.will = {.topic = "will", .payload = payload, .properties = will_properties_.list()};
  }

  owned_properties will_properties_;
  mqtt::connect_packet packet_{.client_id_bytes = 2};
};

// By hand: MQTT 5, 3.1.
TEST_F(mqtt_connect, has_the_bytes_of_all_its_parts) {
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 1 + 2 + 2);
  packet_.version = MQTTVERSION_3_1_1;
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 2 + 2);
  packet_.version = MQTTVERSION_DEFAULT;
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 1 + 2 + 2);
  owned_properties own{{"a", "bc"}};
  packet_.properties = own.list();
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 1 + 8 + 2 + 2);
  packet_.user_name_bytes = 4;
  packet_.password_bytes = 3;
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 1 + 8 + 4 + 6 + 5);
  add_will("gone");
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 2U + 10 + 1 + 8 + 4 + 6 + 5 + 1 + 6 + 6);
  const std::string large(200, 'p');
  add_will(large);
  EXPECT_EQ(mqtt::encoded_bytes(packet_), 3U + 10 + 1 + 8 + 4 + 6 + 5 + 1 + 6 + 202);
}

TEST_F(mqtt_connect, has_a_bare_will_without_fields_in_its_properties) {
  will_properties_.add("own", "1");
  add_will("gone");
  const propagation settings;
  EXPECT_FALSE(mqtt::bare_will(packet_, settings, 0).is_changed());
  mqtt::inject(make_context(traceparent_a), will_properties_.list(), settings, "will",
               {.stamps_time = true});
  add_will("gone");
  mqtt::bare_will bare(packet_, settings, 0);
  EXPECT_TRUE(bare.is_changed());
  EXPECT_EQ(described(bare.properties()), texts{"38 own=1"});
  EXPECT_FALSE(bare.payload().has_value());
}

TEST_F(mqtt_connect, has_its_will_as_it_is_where_it_fits) {
  const propagation settings(waybill::propagation_options{});
  mqtt::inject(make_context(traceparent_a), will_properties_.list(), settings, "will");
  add_will("gone");
  const auto counted = [&] {
    return settings.diagnostics()->count(waybill::direction::outbound,
                                         waybill::errc::dropped_for_size);
  };
  const std::size_t bytes = mqtt::encoded_bytes(packet_);
  EXPECT_FALSE(mqtt::bare_will(packet_, settings, bytes).is_changed());
  EXPECT_EQ(counted(), 0U);
  EXPECT_TRUE(mqtt::bare_will(packet_, settings, bytes - 1).is_changed());
  EXPECT_EQ(counted(), 1U);
  packet_.will = {};
  EXPECT_FALSE(mqtt::bare_will(packet_, settings, 0).is_changed());
  EXPECT_EQ(counted(), 1U);
}

TEST_F(mqtt_connect, has_a_will_that_is_an_event_without_the_span_context_that_was_added) {
  for (const char* name : {"specversion", "id", "source", "type"}) will_properties_.add(name, "1");
  const propagation settings;
  owned_properties own(will_properties_.list());
  own.add("traceparent", traceparent_a);
  own.add("baggage", "k=v");
  mqtt::inject(make_context(traceparent_a, "", "k=v"), will_properties_.list(), settings, "will",
               {.stamps_time = true});
  add_will("gone");
  EXPECT_EQ(mqtt::bare_will(packet_, settings, 0).properties().count, 4);
  packet_.will.properties = own.list();
  EXPECT_EQ(mqtt::bare_will(packet_, settings, 0).properties().count, 5)
      << "without a stamp it is the event's own";
}

TEST_F(mqtt_connect, has_a_bare_will_without_fields_in_its_envelope) {
  waybill::propagation_options with_envelope;
  with_envelope.boundary.set("will", {.envelope = envelope_form::frame});
  const propagation settings(std::move(with_envelope));
  const auto wrapped = [&](std::string_view payload, const waybill::context& context) {
    std::string text;
    waybill::wrap(envelope_form::frame, payload, context, settings, "will").append_to(text);
    return text;
  };
  const std::string with_fields = wrapped("gone", make_context(traceparent_a));
  add_will(with_fields);
  EXPECT_EQ(mqtt::bare_will(packet_, settings, 0).payload(), "gone");

  const std::string look_alike = wrapped(with_fields, make_context(traceparent_a));
  add_will(look_alike);
  const std::string bare_frame = wrapped(with_fields, waybill::context());
  EXPECT_EQ(mqtt::bare_will(packet_, settings, 0).payload(), bare_frame)
      << "its receiver takes a frame off";

  add_will(bare_frame);
  EXPECT_FALSE(mqtt::bare_will(packet_, settings, 0).is_changed());
  add_will("gone");
  EXPECT_FALSE(mqtt::bare_will(packet_, settings, 0).is_changed());
}

}  // namespace
}  // namespace waybill_test
