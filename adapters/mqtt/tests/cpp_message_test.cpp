#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/current.hpp"
#include "waybill/mqtt/cpp/consumer.hpp"
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

TEST(mqtt_cpp_take, gives_a_stripped_copy_and_its_context) {
  owned_properties list{{"a", "1"}, {"a", ""}};
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  const ::mqtt::const_message_ptr original = received(list);
  const texts before = properties_of(original);
  const auto [message, extraction] = mqtt::take(original, propagation());
  expect_all_but_properties_alike(*message, *original);
  EXPECT_EQ(properties_of(message), (texts{"38 a=1", "38 a="}));
  EXPECT_EQ(properties_of(original), before);
  ASSERT_NE(extraction.parent(), nullptr);
  EXPECT_EQ(*extraction.parent(), full_context());
}

TEST(mqtt_cpp_take, of_a_message_without_fields_copies_nothing) {
  owned_properties list{{"a", "1"}};
  const ::mqtt::const_message_ptr original = received(list);
  const auto [message, extraction] = mqtt::take(original, propagation());
  EXPECT_EQ(message, original);
  EXPECT_TRUE(extraction.context().is_empty());
}

TEST(mqtt_cpp_take, a_retained_message_is_linked) {
  owned_properties list;
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  const mqtt::taken_message taken = mqtt::take(received(list, true), propagation());
  EXPECT_EQ(taken.extraction.links().size(), 1U);
  EXPECT_EQ(taken.extraction.parent(), nullptr);
  EXPECT_FALSE(mqtt::peek(*received(list, true), propagation()).has_value());
  EXPECT_TRUE(mqtt::peek(*received(list), propagation()).has_value());
  EXPECT_EQ(mqtt::extract(*received(list), propagation()).context(), full_context());
}

TEST(mqtt_cpp_take, takes_the_boundary_of_the_topic) {
  owned_properties list{{"traceparent", traceparent_a}};
  waybill::propagation_options options;
  options.boundary.set("topic", {.inbound = waybill::inbound_mode::ignore});
  const propagation settings(std::move(options));
  const mqtt::taken_message taken = mqtt::take(received(list), settings);
  EXPECT_TRUE(taken.extraction.context().is_empty());
  EXPECT_TRUE(properties_of(taken.message).empty());
}

TEST(mqtt_cpp_strip, lets_the_pointer_point_to_a_copy_without_fields) {
  owned_properties list{{"traceparent", traceparent_a}, {"a", "1"}};
  const ::mqtt::const_message_ptr original = received(list);
  ::mqtt::const_message_ptr message = original;
  EXPECT_EQ(mqtt::strip(message, propagation()), errc::ok);
  EXPECT_EQ(properties_of(message), texts{"38 a=1"});
  EXPECT_EQ(properties_of(original).size(), 2U);
  const ::mqtt::const_message_ptr stripped = message;
  EXPECT_EQ(mqtt::strip(message, propagation()), errc::ok);
  EXPECT_EQ(message, stripped) << "there is nothing to change";
}

TEST(mqtt_cpp_functions, leave_null_null) {
  EXPECT_EQ(mqtt::take(nullptr, propagation()).message, nullptr);
  ::mqtt::const_message_ptr none;
  EXPECT_EQ(mqtt::strip(none, propagation()), errc::ok);
  EXPECT_EQ(mqtt::inject(full_context(), none, propagation()).code, errc::ok);
  EXPECT_EQ(none, nullptr);
}

class mqtt_consumer : public testing::Test {
 protected:
  mqtt::consumer consumer_{propagation(waybill::propagation_options{})};
};

TEST_F(mqtt_consumer, gives_a_message_that_knows_its_context) {
  owned_properties list{{"a", "1"}};
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  const ::mqtt::const_message_ptr taken = consumer_.take(received(list));
  EXPECT_EQ(properties_of(taken), texts{"38 a=1"});
  EXPECT_EQ(mqtt::context_of(taken), full_context());
  ASSERT_NE(mqtt::extraction_of(taken), nullptr);
  EXPECT_EQ(consumer_.take(taken), taken) << "once";
  EXPECT_EQ(consumer_.adopt(taken), taken);
}

TEST_F(mqtt_consumer, context_lives_as_long_as_the_last_pointer) {
  owned_properties list;
  mqtt::inject(full_context(), list.list(), propagation(), waybill::any_destination);
  ::mqtt::const_message_ptr original = received(list);
  const std::weak_ptr<const ::mqtt::message> watched = original;
  ::mqtt::const_message_ptr taken = consumer_.take(original);
  original.reset();
  EXPECT_TRUE(watched.expired()) << "the copy needs no original";
  const ::mqtt::const_message_ptr other = taken;
  taken.reset();
  EXPECT_EQ(mqtt::context_of(other), full_context());
  EXPECT_EQ(other->get_payload().size(), 10U);
}

TEST_F(mqtt_consumer, knows_nothing_of_other_messages) {
  EXPECT_EQ(consumer_.take(nullptr), nullptr);
  EXPECT_EQ(mqtt::extraction_of(nullptr), nullptr);
  owned_properties list{{"traceparent", traceparent_a}};
  EXPECT_EQ(mqtt::extraction_of(received(list)), nullptr);
  EXPECT_TRUE(mqtt::context_of(received(list)).is_empty());
}

TEST_F(mqtt_consumer, fills_the_received_slot_where_it_should) {
  owned_properties list{{"traceparent", traceparent_a}};
  for (const bool fills : {false, true}) {
    mqtt::consumer consumer(propagation(), {.fills_received_slot = fills});
    const ::mqtt::const_message_ptr adopted = consumer.adopt(received(list));
    EXPECT_EQ(waybill::current().has_trace(), fills);
    EXPECT_EQ(consumer.adopt(nullptr), nullptr);
    EXPECT_FALSE(waybill::current().has_trace()) << "each receive call empties it";
  }
}

TEST_F(mqtt_consumer, counts_a_context_that_nobody_used) {
  owned_properties list{{"traceparent", traceparent_a}};
  const auto unused = [&] {
    return consumer_.propagation().diagnostics()->count(waybill::direction::inbound,
                                                        errc::unused_context);
  };
  static_cast<void>(consumer_.adopt(received(list)));
  EXPECT_EQ(unused(), 1U);
  static_cast<void>(mqtt::context_of(consumer_.adopt(received(list))));
  EXPECT_EQ(unused(), 1U);
}

TEST_F(mqtt_consumer, message_may_be_looked_at_by_many_threads) {
  owned_properties list{{"traceparent", traceparent_a}};
  const ::mqtt::const_message_ptr shared = consumer_.adopt(received(list));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(mqtt::context_of(shared), make_context(traceparent_a)); });
  }
  for (std::thread& each : threads) each.join();
}

TEST(mqtt_cpp_inject, writes_to_a_copy_and_leaves_the_message_alone) {
  owned_properties list{{"a", "1"}, {"TraceParent", "old"}, {"a", "1"}};
  const ::mqtt::const_message_ptr original = received(list);
  const texts before = properties_of(original);
  ::mqtt::const_message_ptr sent = original;
  const waybill::inject_report report =
      mqtt::inject(make_context(traceparent_a), sent, propagation());
  EXPECT_TRUE(report.trace);
  expect_all_but_properties_alike(*sent, *original);
  EXPECT_EQ(properties_of(original), before);
  EXPECT_EQ(properties_of(sent),
            (texts{"38 a=1", "38 a=1", "38 traceparent=" + std::string(traceparent_a)}));
}

TEST(mqtt_cpp_inject, of_nothing_gives_the_message_itself) {
  owned_properties list{{"traceparent", traceparent_b}};
  const ::mqtt::const_message_ptr original = received(list);
  ::mqtt::const_message_ptr sent = original;
  mqtt::inject(context(), sent, propagation());
  EXPECT_EQ(sent, original);
}

TEST(mqtt_cpp_inject, many_properties_of_ones_own_survive) {
  owned_properties list;
  for (int i = 0; i < 45; ++i) list.add("own", std::to_string(i));
  const ::mqtt::const_message_ptr original = received(list);
  texts expected = properties_of(original);
  ::mqtt::const_message_ptr sent = original;
  mqtt::inject(make_context(traceparent_a), sent, propagation());
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
        ::mqtt::const_message_ptr sent = shared;
        mqtt::inject(mine, sent, settings);
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
  const mqtt::publish_packet packet = mqtt::view_of(*message).packet();
  EXPECT_EQ(mqtt::encoded_bytes(packet, own), 1U + 1 + 2 + 5 + 2 + 1 + 7);
  ::mqtt::const_message_ptr sent = message;
  const waybill::inject_report report = mqtt::inject(
      full_context(), sent, settings, {.budget = mqtt::room_in_packet(packet, own, settings, 100)});
  EXPECT_EQ(report.code, errc::dropped_for_size);
  EXPECT_TRUE(report.trace);
  EXPECT_FALSE(report.tracestate);
  EXPECT_LE(mqtt::encoded_bytes(mqtt::view_of(*sent).packet(), sent->get_properties().c_struct()),
            100U);
}

}  // namespace
