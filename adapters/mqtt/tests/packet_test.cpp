#include "waybill/mqtt/packet.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/mqtt/carrier.hpp"

namespace {

using waybill::inject_report;
using waybill::propagation;
using waybill::mqtt::encoded_bytes;
using waybill::mqtt::packet_bytes_ceiling;
using waybill::mqtt::publish_packet;
using waybill::mqtt::room_in_packet;
using waybill_test::make_context;
using waybill_test::owned_properties;
using waybill_test::traceparent_a;

constexpr MQTTPropertyCodes numbers[] = {
    MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
    MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, MQTTPROPERTY_CODE_TOPIC_ALIAS,
    MQTTPROPERTY_CODE_RECEIVE_MAXIMUM};
constexpr MQTTPropertyCodes strings[] = {MQTTPROPERTY_CODE_CONTENT_TYPE,
                                         MQTTPROPERTY_CODE_RESPONSE_TOPIC,
                                         MQTTPROPERTY_CODE_CORRELATION_DATA};

void add_random(owned_properties& list, std::mt19937& random) {
  const auto any = static_cast<unsigned int>(random());
  // Of every length that a variable byte integer may have.
  const unsigned int number = any >> (random() % 32) & 268'435'455U;
  const std::string text(random() % (random() % 16 == 0 ? 5'000 : 60), 'x');
  switch (random() % 3) {
    case 0:
      return list.add(numbers[any % std::size(numbers)], number);
    case 1:
      return list.add(strings[any % std::size(strings)], text);
    default:
      return list.add(any % 4 == 0 ? "baggage" : std::string(any % 9, 'n'), text);
  }
}

/// By the text of the specification, apart from the code that is tested.
std::size_t variable_bytes(std::size_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

std::size_t expected_bytes(const publish_packet& packet, std::size_t property_bytes) {
  const std::size_t remaining = 2 + packet.topic_bytes + (packet.qos == 0 ? 0 : 2) +
                                variable_bytes(property_bytes) + property_bytes +
                                packet.payload_bytes;
  return 1 + variable_bytes(remaining) + remaining;
}

TEST(mqtt_packet, has_the_length_that_paho_encodes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2'000; ++round) {
    owned_properties list;
    const auto count = random() % 30;
    for (unsigned int i = 0; i < count; ++i) add_random(list, random);
    const publish_packet packet{random() % 200, random() % 300'000, static_cast<int>(random() % 3)};
    ASSERT_EQ(encoded_bytes(packet, list.list()),
              expected_bytes(packet, static_cast<std::size_t>(list.list().length)));
  }
}

TEST(mqtt_packet, of_the_specifications_smallest_example) {
  MQTTProperties none = MQTTProperties_initializer;
  EXPECT_EQ(encoded_bytes({.topic_bytes = 3, .payload_bytes = 0}, none), 2U + 2 + 3 + 1);
  EXPECT_EQ(encoded_bytes({.topic_bytes = 3, .payload_bytes = 0, .qos = 1}, none),
            2U + 2 + 3 + 2 + 1);
}

TEST(mqtt_packet, fields_that_were_written_by_its_room_are_all_that_fits) {
  std::mt19937 random(2);
  const propagation settings;
  for (int round = 0; round < 3'000; ++round) {
    owned_properties list;
    const auto count = random() % 6;
    for (unsigned int i = 0; i < count; ++i) add_random(list, random);
    const publish_packet packet{random() % 40, random() % 400, static_cast<int>(random() % 3)};
    owned_properties bare(list.list());
    waybill::mqtt::strip(bare.list(), settings, waybill::any_destination);
    const std::size_t smallest = encoded_bytes(packet, bare.list());
    const std::size_t limit = smallest + random() % 300;

    const waybill::inject_budget room = room_in_packet(packet, list.list(), settings, limit);
    // One text that fills the room to the byte, and one that is a byte longer.
    const std::size_t name_and_lengths = 1 + room.bytes_per_field;
    if (room.bytes_max >= name_and_lengths) {
      const std::string filling(room.bytes_max - name_and_lengths, 'f');
      owned_properties full(bare.list());
      full.add("f", filling);
      ASSERT_LE(encoded_bytes(packet, full.list()), limit);
      owned_properties over(bare.list());
      over.add("f", filling + 'f');
      ASSERT_GT(encoded_bytes(packet, over.list()), limit);
    }

    waybill::mqtt::inject(make_context(traceparent_a, "rojo=1", "k=" + std::string(100, 'v')),
                          list.list(), settings, "topic", {.budget = room, .stamps_time = true});
    ASSERT_LE(encoded_bytes(packet, list.list()), limit);
  }
}

TEST(mqtt_packet, gives_up_baggage_then_tracestate_then_traceparent) {
  const propagation settings(waybill::propagation_options{});
  const waybill::context sent = make_context(traceparent_a, "rojo=1", "user=1");
  const publish_packet packet{5, 50, 1};
  MQTTProperties none = MQTTProperties_initializer;
  const std::size_t bare = encoded_bytes(packet, none);
  const std::size_t trace = 5 + 11 + 55;
  const std::size_t state = 5 + 10 + 6;
  const std::size_t items = 5 + 7 + 6;
  const auto written_within = [&](std::size_t limit) {
    owned_properties list;
    const inject_report report =
        waybill::mqtt::inject(sent, list.list(), settings, "topic",
                              {.budget = room_in_packet(packet, list.list(), settings, limit)});
    EXPECT_LE(encoded_bytes(packet, list.list()), limit);
    return std::string(report.trace ? "t" : "") + (report.tracestate ? "s" : "") +
           (report.baggage ? "b" : "");
  };
  // The packet's length takes a second byte with any of them.
  EXPECT_EQ(written_within(bare + 1 + trace + state + items), "tsb");
  EXPECT_EQ(written_within(bare + trace + state + items), "ts");
  EXPECT_EQ(written_within(bare + 1 + trace + state), "ts");
  EXPECT_EQ(written_within(bare + trace + state), "t");
  EXPECT_EQ(written_within(bare + 1 + trace), "t");
  EXPECT_EQ(written_within(bare + trace), "");
  EXPECT_EQ(
      settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::dropped_for_size),
      5U);
}

TEST(mqtt_packet, too_large_without_fields_has_no_room) {
  MQTTProperties none = MQTTProperties_initializer;
  EXPECT_EQ(room_in_packet({10, 1'000, 0}, none, propagation(), 500).bytes_max, 0U);
  EXPECT_EQ(
      room_in_packet({10, 300'000'000, 0}, none, propagation(), packet_bytes_ceiling).bytes_max,
      0U);
}

TEST(mqtt_packet, counts_what_a_cloud_event_keeps) {
  const propagation settings;
  owned_properties event{{"specversion", "1.0"},
                         {"id", "1"},
                         {"source", "s"},
                         {"type", "t"},
                         {"traceparent", traceparent_a}};
  owned_properties other{{"specversion_", "1.0"},
                         {"id", "1"},
                         {"source", "s"},
                         {"type", "t"},
                         {"traceparent", traceparent_a}};
  const publish_packet packet{5, 50, 1};
  EXPECT_EQ(room_in_packet(packet, other.list(), settings, 1'000).bytes_max -
                room_in_packet(packet, event.list(), settings, 1'000).bytes_max,
            5U + 11 + 55 - 1);
  owned_properties stamped{{"specversion", "1.0"},
                           {"id", "1"},
                           {"source", "s"},
                           {"type", "t"},
                           {"traceparent", traceparent_a},
                           {waybill::mqtt::sent_time_name, "1"}};
  EXPECT_EQ(room_in_packet(packet, event.list(), settings, 1'000).bytes_max -
                room_in_packet(packet, stamped.list(), settings, 1'000).bytes_max,
            5U + waybill::mqtt::sent_time_name.size() + 1);
}

TEST(mqtt_packet, the_servers_limit_is_read_from_its_connack) {
  owned_properties connack;
  EXPECT_EQ(waybill::mqtt::packet_bytes_max_of(connack.list()), packet_bytes_ceiling);
  connack.add(MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, 20);
  connack.add(MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0xffffffffU);
  EXPECT_EQ(waybill::mqtt::packet_bytes_max_of(connack.list()), 0xffffffffU);
  owned_properties zero;
  zero.add(MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0);
  EXPECT_EQ(waybill::mqtt::packet_bytes_max_of(zero.list()), packet_bytes_ceiling);
}

}  // namespace
