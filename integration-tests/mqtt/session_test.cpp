// Retained messages, last wills, shared subscriptions.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/mqtt_test.hpp"
#include "waybill/mqtt/cpp/consumer.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"
#include "waybill/mqtt/cpp/will.hpp"

namespace waybill_test {
namespace {

using waybill::inbound_mode;
using waybill::mqtt::consumer;
using waybill::mqtt::context_of;
using waybill::mqtt::extraction_of;
using waybill::mqtt::publisher;

class mqtt_session : public testing::Test {
 protected:
  void publish(const std::string& payload, const waybill::context& context, bool retained,
               waybill::mqtt::publisher_options options = {}) {
    publisher(client_.client(), {}, std::move(options))
        .publish(::mqtt::message::create(topic_, payload, 1, retained), {.context = &context})
        ->wait_for(patience);
  }
  // A client that leaves a will with this context, and is gone.
  void die_with(const ::mqtt::will_options& will, const waybill::context& sent, bool stamps_time,
                const connection_options& version = {}, const waybill::propagation& settings = {}) {
    const std::string id = unique_name("mortal");
    ::mqtt::async_client mortal(server_.uri(), id, creation(version));
    ::mqtt::connect_options options = connecting(version);
    options.set_will(waybill::mqtt::will_with_context(will, settings, {.context = &sent},
                                                      {.stamps_time = stamps_time}));
    mortal.connect(options)->wait();
    // The server throws the first one of two clients with one id out, which is no orderly end.
    const bare_client other(server_, version, id);
  }
  // Takes what the server has retained away again: it may be a server that goes on.
  void TearDown() override { client_.publish(topic_, "", {}, 1, true); }

  const mqtt_address server_ = shared_mosquitto();
  const std::string topic_ = unique_name("session");
  bare_client client_{server_};
};

// The one message that a new subscriber gets at once.
::mqtt::const_message_ptr retained_message(const mqtt_address& server, const std::string& topic) {
  bare_client late(server);
  late.subscribe(topic);
  return late.next();
}

TEST_F(mqtt_session, links_a_retained_message_and_adopts_a_live_one) {
  const waybill::context sent = make_context(5, {}, "k=v");
  bare_client early(server_);
  early.subscribe(topic_);
  publish("state", sent, true);

  consumer receiving{waybill::propagation()};
  const ::mqtt::const_message_ptr live = receiving.take(early.next());
  ASSERT_NE(extraction_of(live), nullptr);
  ASSERT_NE(extraction_of(live)->parent(), nullptr);
  EXPECT_EQ(*extraction_of(live)->parent(), sent);

  const ::mqtt::const_message_ptr late = receiving.take(retained_message(server_, topic_));
  EXPECT_TRUE(late->is_retained());
  EXPECT_TRUE(properties_of(*late).empty());
  ASSERT_NE(extraction_of(late), nullptr);
  EXPECT_EQ(extraction_of(late)->parent(), nullptr);
  ASSERT_EQ(extraction_of(late)->links().size(), 1U);
  EXPECT_EQ(extraction_of(late)->links()[0], sent.span_context());
  EXPECT_NE(context_of(late).span_context().trace_id(), sent.span_context().trace_id());
  const waybill::context worked_under = context_of(late);
  EXPECT_EQ(worked_under.baggage_text(), "k=v");
}

TEST_F(mqtt_session, with_retain_as_published_tells_by_the_stamped_age) {
  const waybill::context sent = make_context(6);
  const ::mqtt::subscribe_options keeps_retain(false, true);
  bare_client early(server_);
  early.subscribe(topic_, 1, keeps_retain);
  publish("state", sent, true, {.stamps_time = true});
  const ::mqtt::const_message_ptr live = early.next();
  EXPECT_TRUE(live->is_retained());

  consumer patient({}, {.rules = {true, std::chrono::minutes(10)}});
  const ::mqtt::const_message_ptr adopted = patient.take(live);
  EXPECT_NE(extraction_of(adopted)->parent(), nullptr);
  EXPECT_TRUE(properties_of(*adopted).empty()) << "the stamp is gone, too";

  consumer plain{waybill::propagation()};
  EXPECT_EQ(extraction_of(plain.take(live))->parent(), nullptr);
}

TEST_F(mqtt_session, sends_a_will_with_the_context_of_the_connect_call) {
  const waybill::context sent = make_context(9, "v=1", "k=v");
  client_.subscribe(topic_);
  die_with({topic_, std::string("gone"), 1, false, make_properties({{"own", "1"}})}, sent, false);
  const ::mqtt::const_message_ptr will = client_.next();
  EXPECT_EQ(will->get_payload_str(), "gone");
  EXPECT_EQ(properties_of(*will), on_wire({{"own", "1"}}, sent));

  waybill::propagation_options options;
  options.boundary.set(topic_, {.inbound = inbound_mode::link});
  const waybill::propagation settings(options);
  const ::mqtt::const_message_ptr taken = consumer(settings).take(will);
  EXPECT_EQ(extraction_of(taken)->parent(), nullptr);
  ASSERT_EQ(extraction_of(taken)->links().size(), 1U);
  EXPECT_EQ(extraction_of(taken)->links()[0], sent.span_context());
}

TEST_F(mqtt_session, links_a_retained_will_for_who_subscribes_late) {
  const waybill::context sent = make_context(10, "v=1", "k=v");
  client_.subscribe(topic_);
  die_with({topic_, std::string("gone"), 1, true}, sent, true);
  EXPECT_EQ(client_.next()->get_payload_str(), "gone") << "now it is retained";

  const ::mqtt::const_message_ptr late =
      consumer(waybill::propagation()).take(retained_message(server_, topic_));
  EXPECT_EQ(late->get_payload_str(), "gone");
  EXPECT_TRUE(properties_of(*late).empty());
  ASSERT_NE(extraction_of(late), nullptr);
  EXPECT_EQ(extraction_of(late)->parent(), nullptr);
  ASSERT_EQ(extraction_of(late)->links().size(), 1U);
  EXPECT_EQ(extraction_of(late)->links()[0], sent.span_context());
}

TEST_F(mqtt_session, tells_an_old_will_by_its_stamp) {
  const waybill::context sent = make_context(11);
  client_.subscribe(topic_);
  die_with({topic_, std::string("gone"), 1, false}, sent, true);
  const ::mqtt::const_message_ptr will = client_.next();

  consumer patient({}, {.rules = {.age_max = std::chrono::minutes(10)}});
  ASSERT_NE(extraction_of(patient.take(will))->parent(), nullptr);
  EXPECT_EQ(*extraction_of(patient.take(will))->parent(), sent);

  const auto age = [&] {
    return waybill::mqtt::age_of(will->get_properties().c_struct(), sent.span_context(),
                                 std::chrono::system_clock::now());
  };
  ASSERT_TRUE(age().has_value());
  while (*age() == std::chrono::milliseconds(0)) std::this_thread::yield();
  consumer strict({}, {.rules = {.age_max = std::chrono::milliseconds(0)}});
  const ::mqtt::const_message_ptr old = strict.take(will);
  EXPECT_EQ(extraction_of(old)->parent(), nullptr);
  ASSERT_EQ(extraction_of(old)->links().size(), 1U);
  EXPECT_EQ(extraction_of(old)->links()[0], sent.span_context());
}

TEST_F(mqtt_session, wraps_a_will_on_a_topic_with_an_envelope_whatever_it_looks_like) {
  const waybill::context sent = make_context(12, "v=1", "k=v");
  const waybill::propagation with_frames =
      with_envelopes({{topic_, waybill::envelope_form::frame}});
  consumer agreeing(with_frames);
  client_.subscribe(topic_);
  // What another will looked like on its way: a frame of its own.
  const std::string framed =
      waybill::mqtt::will_with_context({topic_, std::string("inner"), 1, false}, with_frames,
                                       {.context = &sent})
          .get_payload_str();
  for (const int version : {MQTTVERSION_3_1_1, MQTTVERSION_5}) {
    for (const waybill::context& settings : {sent, waybill::context()}) {
      for (const std::string& payload : {std::string("gone"), framed}) {
        die_with({topic_, payload, 1, false}, settings, true, {.version = version}, with_frames);
        const ::mqtt::const_message_ptr will = client_.next();
        EXPECT_EQ(properties_of(*will), property_pairs{});
        const ::mqtt::const_message_ptr taken = agreeing.take(will);
        EXPECT_EQ(taken->get_payload_str(), payload);
        EXPECT_EQ(context_of(taken), settings);
      }
    }
  }
}

TEST_F(mqtt_session, of_a_shared_subscription_gives_each_message_once_with_its_own_context) {
  constexpr std::uint64_t count = 40;
  consumer receiving{waybill::propagation()};
  collected<std::pair<int, std::string>> seen;
  std::vector<std::unique_ptr<::mqtt::async_client>> workers;
  for (int worker = 0; worker < 2; ++worker) {
    workers.push_back(
        std::make_unique<::mqtt::async_client>(server_.uri(), unique_name("worker"), creation()));
    workers.back()->set_message_callback(
        receiving.handling([&, worker](const ::mqtt::const_message_ptr& message) {
          EXPECT_EQ(message->get_payload_str(), traceparent_of(waybill::current()));
          seen.add({worker, message->get_payload_str()});
        }));
    workers.back()->connect(connecting())->wait();
    workers.back()->subscribe("$share/" + topic_ + "/" + topic_, 1)->wait();
  }
  for (std::uint64_t i = 1; i <= count; ++i) {
    publish(traceparent_of(make_context(i)), make_context(i), false);
  }
  std::map<std::string, int> times;
  std::map<int, int> by_worker;
  for (const auto& [worker, payload] : seen.wait_for(count)) {
    ++times[payload];
    ++by_worker[worker];
  }
  EXPECT_EQ(times.size(), count);
  EXPECT_EQ(seen.all().size(), count);
  EXPECT_EQ(by_worker.size(), 2U) << "both had work";
}

}  // namespace
}  // namespace waybill_test
