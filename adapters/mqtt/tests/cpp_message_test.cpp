#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/mqtt/cpp/message.hpp"

namespace {

using waybill::context;
using waybill::errc;
using waybill::propagation;
using waybill_test::described;
using waybill_test::make_context;
using waybill_test::owned_properties;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
namespace mqtt = waybill::mqtt;
using texts = std::vector<std::string>;

const context& full_context() {
  static const context made = make_context(traceparent_a, "rojo=1", "user=1");
  return made;
}

/// As a client's callback gets it.
::mqtt::const_message_ptr received(owned_properties& list, bool is_retained = false) {
  MQTTAsync_message message = MQTTAsync_message_initializer;
  message.qos = 2;
  message.retained = is_retained ? 1 : 0;
  message.dup = 1;
  char payload[] = "\0\xff payload";
  message.payload = payload;
  message.payloadlen = sizeof(payload) - 1;
  message.properties = list.list();
  return ::mqtt::message::create("topic", message);
}

texts properties_of(const ::mqtt::const_message_ptr& message) {
  return described(message->get_properties().c_struct());
}

void expect_all_but_properties_alike(const ::mqtt::message& a, const ::mqtt::message& b) {
  EXPECT_EQ(a.get_topic(), b.get_topic());
  EXPECT_EQ(a.get_payload(), b.get_payload());
  EXPECT_EQ(a.get_payload().data(), b.get_payload().data()) << "shared, not copied";
  EXPECT_EQ(a.get_qos(), b.get_qos());
  EXPECT_EQ(a.is_retained(), b.is_retained());
  EXPECT_EQ(a.is_duplicate(), b.is_duplicate());
}

TEST(with_properties, keeps_all_but_the_properties) {
  owned_properties before{{"a", "1"}};
  owned_properties after{{"b", "2"}};
  const ::mqtt::const_message_ptr original = received(before, true);
  const ::mqtt::message_ptr made = mqtt::with_properties(*original, after.list());
  expect_all_but_properties_alike(*made, *original);
  EXPECT_EQ(made->get_qos(), 2);
  EXPECT_TRUE(made->is_retained());
  EXPECT_TRUE(made->is_duplicate());
  EXPECT_EQ(properties_of(made), texts{"38 b=2"});
}

TEST(with_properties, takes_a_message_without_anything) {
  const ::mqtt::message original;
  const MQTTProperties none = MQTTProperties_initializer;
  const ::mqtt::message_ptr made = mqtt::with_properties(original, none);
  EXPECT_EQ(made->get_topic(), "");
  EXPECT_EQ(made->get_payload(), "");
}

TEST(mqtt_cpp_take, gives_a_stripped_copy_that_knows_its_context) {
  owned_properties list{{"a", "1"}, {"a", ""}};
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  const ::mqtt::const_message_ptr original = received(list);
  const texts before = properties_of(original);
  const ::mqtt::const_message_ptr taken = mqtt::take(original, propagation());
  expect_all_but_properties_alike(*taken, *original);
  EXPECT_EQ(properties_of(taken), (texts{"38 a=1", "38 a="}));
  EXPECT_EQ(properties_of(original), before);
  EXPECT_EQ(mqtt::context_of(taken), full_context());
  ASSERT_NE(mqtt::extraction_of(taken), nullptr);
  EXPECT_EQ(*mqtt::extraction_of(taken)->parent(), full_context());
}

TEST(mqtt_cpp_take, of_a_message_without_fields_copies_nothing) {
  owned_properties list{{"a", "1"}};
  const ::mqtt::const_message_ptr original = received(list);
  const ::mqtt::const_message_ptr taken = mqtt::take(original, propagation());
  EXPECT_EQ(taken.get(), original.get());
  ASSERT_NE(mqtt::extraction_of(taken), nullptr);
  EXPECT_TRUE(mqtt::context_of(taken).is_empty());
}

TEST(mqtt_cpp_take, the_context_lives_as_long_as_the_last_pointer) {
  owned_properties list;
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  ::mqtt::const_message_ptr original = received(list);
  const std::weak_ptr<const ::mqtt::message> watched = original;
  ::mqtt::const_message_ptr taken = mqtt::take(original, propagation());
  original.reset();
  EXPECT_TRUE(watched.expired()) << "the copy needs no original";
  const ::mqtt::const_message_ptr other = taken;
  taken.reset();
  EXPECT_EQ(mqtt::context_of(other), full_context());
  EXPECT_EQ(other->get_payload().size(), 10U);
}

TEST(mqtt_cpp_take, a_retained_message_is_linked) {
  owned_properties list;
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  const auto taken = mqtt::take(received(list, true), propagation());
  EXPECT_EQ(mqtt::extraction_of(taken)->links().size(), 1U);
  EXPECT_EQ(mqtt::extraction_of(taken)->parent(), nullptr);
  EXPECT_FALSE(mqtt::peek(*received(list, true), propagation()).has_value());
  EXPECT_TRUE(mqtt::peek(*received(list), propagation()).has_value());
  EXPECT_EQ(mqtt::extract(*received(list), propagation()).context(), full_context());
}

TEST(mqtt_cpp_take, of_null_is_null_and_other_messages_have_no_extraction) {
  EXPECT_EQ(mqtt::take(nullptr, propagation()), nullptr);
  EXPECT_EQ(mqtt::extraction_of(nullptr), nullptr);
  owned_properties list{{"traceparent", traceparent_a}};
  EXPECT_EQ(mqtt::extraction_of(received(list)), nullptr);
  EXPECT_TRUE(mqtt::context_of(received(list)).is_empty());
}

TEST(mqtt_cpp_take, takes_the_boundary_of_the_topic) {
  owned_properties list{{"traceparent", traceparent_a}};
  waybill::propagation_options options;
  options.boundary.set("topic", {.inbound = waybill::inbound_mode::ignore});
  const propagation settings(std::move(options));
  const auto taken = mqtt::take(received(list), settings);
  EXPECT_TRUE(mqtt::context_of(taken).is_empty());
  EXPECT_TRUE(properties_of(taken).empty());
}

TEST(mqtt_cpp_inject, writes_to_a_copy_and_leaves_the_message_alone) {
  owned_properties list{{"a", "1"}, {"TraceParent", "old"}, {"a", "1"}};
  const ::mqtt::const_message_ptr original = received(list);
  const texts before = properties_of(original);
  waybill::inject_report report;
  const auto sent = mqtt::inject(make_context(traceparent_a), original, propagation(), {}, &report);
  EXPECT_TRUE(report.trace);
  expect_all_but_properties_alike(*sent, *original);
  EXPECT_EQ(properties_of(original), before);
  EXPECT_EQ(properties_of(sent),
            (texts{"38 a=1", "38 a=1", "38 traceparent=" + std::string(traceparent_a)}));
}

TEST(mqtt_cpp_inject, of_nothing_gives_the_message_itself) {
  owned_properties list{{"traceparent", traceparent_b}};
  const ::mqtt::const_message_ptr original = received(list);
  EXPECT_EQ(mqtt::inject(context(), original, propagation()), original);
  EXPECT_EQ(mqtt::inject(full_context(), nullptr, propagation()), nullptr);
}

TEST(mqtt_cpp_inject, many_properties_of_ones_own_survive) {
  owned_properties list;
  for (int i = 0; i < 45; ++i) list.add("own", std::to_string(i));
  const ::mqtt::const_message_ptr original = received(list);
  texts expected = properties_of(original);
  const auto sent = mqtt::inject(make_context(traceparent_a), original, propagation());
  expected.push_back("38 traceparent=" + std::string(traceparent_a));
  EXPECT_EQ(properties_of(sent), expected);
}

TEST(mqtt_cpp_inject, one_message_is_published_from_many_threads) {
  owned_properties list{{"own", "1"}};
  const ::mqtt::const_message_ptr shared = received(list);
  const propagation settings;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        const context mine = context::new_root(true);
        const auto sent = mqtt::inject(mine, shared, settings);
        EXPECT_EQ(mqtt::extract(*sent, settings).context(), mine);
        EXPECT_EQ(sent->get_properties().size(), 2U);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(properties_of(shared), texts{"38 own=1"});
}

TEST(mqtt_cpp_inject, into_properties_writes_in_place) {
  ::mqtt::properties will{{::mqtt::property::USER_PROPERTY, "own", "1"}};
  mqtt::inject(full_context(), will, propagation(), waybill::any_destination);
  mqtt::inject(make_context(traceparent_b), will, propagation(), "will");
  EXPECT_EQ(described(will.c_struct()),
            (texts{"38 own=1", "38 traceparent=" + std::string(traceparent_b)}));
}

TEST(mqtt_cpp_inject, keeps_to_the_room_in_the_packet) {
  const ::mqtt::const_message_ptr message = ::mqtt::make_message("topic", "payload", 1, false);
  const propagation settings;
  const auto& own = message->get_properties().c_struct();
  const mqtt::publish_packet packet = mqtt::packet_of(*message);
  EXPECT_EQ(mqtt::encoded_bytes(packet, own), 1U + 1 + 2 + 5 + 2 + 1 + 7);
  waybill::inject_report report;
  const auto sent =
      mqtt::inject(full_context(), message, settings,
                   {.budget = mqtt::room_in_packet(packet, own, settings, 100)}, &report);
  EXPECT_EQ(report.code, errc::dropped_for_size);
  EXPECT_TRUE(report.trace);
  EXPECT_FALSE(report.tracestate);
  EXPECT_LE(mqtt::encoded_bytes(mqtt::packet_of(*sent), sent->get_properties().c_struct()), 100U);
}

}  // namespace
