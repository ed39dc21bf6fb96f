// What goes out in place of a message: by topic, by envelope, within the room that there is.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "support/contexts.hpp"
#include "support/sent_messages.hpp"
#include "waybill/envelope.hpp"

namespace waybill_test {
namespace {

namespace mqtt = waybill::mqtt;
using waybill::context;
using waybill::direction;
using waybill::envelope_form;
using waybill::errc;
using waybill::outbound_mode;
using waybill::propagation;
using waybill::propagation_options;
using texts = std::vector<std::string>;

const std::string look_alike("\xfe\x77\x62\x6c\x01 not a frame");

/// Names the parts of a context: t, s, b.
std::string parts_of(const context& of) {
  return std::string(of.has_trace() ? "t" : "") + (of.tracestate_text().empty() ? "" : "s") +
         (of.has_baggage() ? "b" : "");
}

propagation by_boundary(waybill::boundary_entry entry, const char* topic = "topic") {
  propagation_options options;
  options.boundary.set(topic, std::move(entry));
  return propagation(std::move(options));
}
propagation with(envelope_form form, outbound_mode outbound = outbound_mode::everything) {
  return by_boundary({.outbound = outbound, .envelope = form});
}

class mqtt_outgoing : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t counted(errc code) const {
    return settings_.diagnostics()->count(direction::outbound, code);
  }
  void use(propagation settings) {
    settings_ = std::move(settings);
    by_ = std::make_unique<mqtt::publishing>(settings_, mqtt::publisher_options());
  }
  wire_mqtt send(std::string_view payload, owned_properties& list, const context* sent,
                 waybill::inject_mode mode = waybill::inject_mode::automatic) {
    return sent_by(*by_, {.topic = "topic", .payload = payload, .properties = list.list()},
                   {.context = sent, .mode = mode});
  }
  void connect(std::size_t limit) {
    mqtt::connection_state& connection = by_->connection();
    connection.answered(connection.asked(MQTTVERSION_5), MQTTVERSION_5, limit);
  }
  // What arrives of a payload that has `room` bytes for an envelope.
  std::string wrap_within(std::size_t room, const context& sent, std::string_view payload,
                          envelope_form form = envelope_form::json_members) {
    use(with(form));
    owned_properties none;
    const mqtt::message_view message{
        .topic = "topic", .payload = payload, .qos = 1, .properties = none.list()};
    const std::size_t bytes_max = mqtt::encoded_bytes(message.packet(), none.list()) + room;
    mqtt::outgoing ready(settings_, message, {.context = &sent}, false,
                         {.fields_bytes_max = bytes_max, .packet_bytes_max = bytes_max});
    EXPECT_LE(packet_bytes(ready, message), bytes_max);
    changed_ = ready.payload().has_value();
    sent_ = ready.waiting().sent;
    const std::string text = ready.payload().value_or(std::string(payload));
    const waybill::unwrapped came = waybill::unwrap(form, text, settings_, "topic");
    EXPECT_TRUE(form == envelope_form::frame || came.payload() == payload) << text;
    EXPECT_EQ(sent_, came.extraction().sender());
    return parts_of(came.extraction().context());
  }

  propagation settings_{propagation_options{}};
  std::unique_ptr<mqtt::publishing> by_ =
      std::make_unique<mqtt::publishing>(settings_, mqtt::publisher_options());
  bool changed_ = false;
  waybill::span_context sent_;
  const context full_ = make_context(traceparent_a, "a=1", "k=v");
};

TEST_F(mqtt_outgoing, gives_up_what_escapes_make_too_large) {
  constexpr std::string_view payload = R"({"a":1})";
  const context sent = make_context(traceparent_a, "a=" + std::string(200, '"'), "k=v");
  const std::size_t trace = 6 + 11 + 55;
  const std::size_t state = 6 + 10 + 2 + 2 * 200;
  const std::size_t items = 6 + 7 + 3;
  struct row {
    std::size_t room;
    const char* parts;
  };
  const std::size_t length = 1;  // a Remaining Length of two bytes
  for (const row& each :
       {row{trace + state + items + length, "tsb"}, row{trace + state + items, "ts"},
        row{trace + state + length, "ts"}, row{trace + state, "t"}, row{350, "t"}, row{trace, "t"},
        row{trace - 1, ""}, row{0, ""}}) {
    EXPECT_EQ(wrap_within(each.room, sent, payload), each.parts) << each.room;
    EXPECT_EQ(counted(errc::dropped_for_size), std::string_view(each.parts) == "tsb" ? 0U : 1U);
  }
  EXPECT_FALSE(changed_);
}

// What an outcome names has to be what was sent.
TEST_F(mqtt_outgoing, names_the_span_context_that_goes_out_and_no_other) {
  constexpr std::size_t enough = 1'000;
  EXPECT_EQ(wrap_within(enough, full_, "21.5"), "") << "no object";
  EXPECT_EQ(wrap_within(enough, full_, R"({"traceparent":1})"), "b");
  EXPECT_EQ(wrap_within(enough, full_, R"({"tracestate":7})"), "b");
  constexpr auto event = envelope_form::cloudevents_json;
  const std::string begin = R"({"specversion":"1.0","traceparent":")";
  EXPECT_EQ(wrap_within(enough, full_, begin + "bad\"}", event), "");
  EXPECT_EQ(wrap_within(enough, full_, begin + std::string(traceparent_b) + "\"}", event), "t");
  EXPECT_EQ(sent_, make_context(traceparent_b).span_context()) << "an event keeps its own";
}

TEST_F(mqtt_outgoing, EF07_payload_that_looks_like_a_frame_has_one_where_it_fits) {
  EXPECT_EQ(wrap_within(0, context(), look_alike, envelope_form::frame), "");
  EXPECT_FALSE(changed_);
  EXPECT_EQ(counted(errc::dropped_for_size), 1U);
  // In doubt it has no fields, but the frame that its receiver takes off.
  use(with(envelope_form::frame));
  owned_properties none;
  const std::string large = look_alike + std::string(9'000, 'p');
  const std::string sent = send(large, none, &full_).payload;
  const waybill::unwrapped came = waybill::unwrap(envelope_form::frame, sent, settings_, "topic");
  EXPECT_EQ(came.payload(), large);
  EXPECT_TRUE(came.extraction().context().is_empty());
}

TEST_F(mqtt_outgoing, has_context_in_one_place) {
  use(with(envelope_form::frame));
  owned_properties list{{"traceparent", traceparent_b}, {"own", "1"}, {"Baggage", "old=1"}};
  const wire_mqtt sent = send("payload", list, &full_);
  EXPECT_EQ(sent.properties, texts{"38 own=1"}) << "replaced like headers";
  EXPECT_EQ(waybill::unwrap(envelope_form::frame, sent.payload, settings_, "topic")
                .extraction()
                .context(),
            full_);
  const wire_mqtt kept = send("payload", list, nullptr);
  EXPECT_EQ(kept.properties, described(list.list())) << "without a context it is kept";
  EXPECT_EQ(kept.payload, "payload");
  const wire_mqtt asked = send("payload", list, &full_, waybill::inject_mode::keep);
  EXPECT_EQ(asked.properties, described(list.list()));
  EXPECT_EQ(asked.payload, "payload");
}

TEST_F(mqtt_outgoing, has_nothing_beside_an_envelope_where_nothing_may_go_out) {
  use(with(envelope_form::frame, outbound_mode::nothing));
  owned_properties list{{"traceparent", traceparent_b}, {"own", "1"}, {"baggage", "old=1"}};
  for (const context* each : {&full_, static_cast<const context*>(nullptr)}) {
    const wire_mqtt sent = send("payload", list, each);
    EXPECT_EQ(sent.properties, texts{"38 own=1"});
    EXPECT_EQ(sent.payload, "payload");
  }
  use(with(envelope_form::frame, outbound_mode::trace_only));
  owned_properties baggage{{"own", "1"}, {"baggage", "old=1"}};
  EXPECT_EQ(send("payload", baggage, nullptr).properties, texts{"38 own=1"});
}

TEST_F(mqtt_outgoing, payload_that_is_marked_as_text_gets_no_frame) {
  use(with(envelope_form::frame));
  owned_properties text;
  text.add(MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1U);
  const wire_mqtt sent = send("payload", text, &full_);
  EXPECT_EQ(sent.payload, "payload");
  EXPECT_EQ(sent.properties.size(), 4U) << "the context is in the properties";
  EXPECT_EQ(counted(errc::no_envelope), 1U);

  owned_properties bytes;
  bytes.add(MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 0U);
  EXPECT_NE(send("payload", bytes, &full_).payload, "payload");
  EXPECT_NE(send(look_alike, text, nullptr).payload, look_alike)
      << "what looks like a frame is no text in any case";
  EXPECT_EQ(counted(errc::no_envelope), 1U);

  use(with(envelope_form::json_members));
  EXPECT_NE(send("{}", text, &full_).payload, "{}") << "members are text";
}

TEST_F(mqtt_outgoing, takes_the_policy_of_the_topic_that_an_alias_stands_for) {
  use(by_boundary({.outbound = outbound_mode::nothing}, "secret"));
  owned_properties list{{"traceparent", traceparent_b}};
  list.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, 3U);
  const auto send_to = [&](std::string_view topic) {
    return sent_by(*by_, {.topic = topic, .properties = list.list()}, {.context = &full_})
        .properties.size();
  };
  EXPECT_EQ(send_to("secret"), 1U);
  EXPECT_EQ(send_to(""), 1U) << "the alias alone";
  EXPECT_EQ(send_to("open"), 4U);
  EXPECT_EQ(send_to(""), 4U) << "the alias stands for another topic now";
}

TEST_F(mqtt_outgoing, has_fields_within_the_budget_of_its_connection_alone) {
  const std::string payload(9'000, 'p');
  owned_properties none;
  EXPECT_EQ(send(payload, none, &full_).properties.size(), 0U) << "in doubt";
  EXPECT_EQ(send("small", none, &full_).properties.size(), 3U);
  connect(mqtt::packet_bytes_ceiling);
  EXPECT_EQ(send(payload, none, &full_).properties.size(), 3U);
  connect(9'095);
  EXPECT_EQ(send(payload, none, &full_).properties.size(), 1U) << "traceparent alone";
  by_->connection().lost();
  EXPECT_EQ(send(payload, none, &full_).properties.size(), 0U);
  EXPECT_EQ(send("small", none, &full_).properties.size(), 3U);
  by_->connection().refused(MQTTREASONCODE_PACKET_TOO_LARGE);
  EXPECT_EQ(send("small", none, &full_).properties.size(), 0U);
  EXPECT_EQ(counted(errc::dropped_for_size), 4U);
}

TEST_F(mqtt_outgoing, without_properties_goes_as_it_is) {
  by_->connection().asked(MQTTVERSION_3_1_1);
  owned_properties none;
  mqtt::outgoing ready(*by_, {.topic = "topic", .properties = none.list()}, {.context = &full_});
  EXPECT_FALSE(ready.is_changed());
  EXPECT_FALSE(ready.waiting().sent.is_valid());
}

}  // namespace
}  // namespace waybill_test
