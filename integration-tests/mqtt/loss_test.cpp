// Servers that die, refuse and limit. Each test has a Mosquitto of its own.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "mosquitto_broker.hpp"
#include "support/mqtt_test.hpp"
#include "support/recording_tracer.hpp"
#include "unique_descriptor.hpp"
#include "waybill/header_list.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;
using waybill::mqtt::context_of;

constexpr connection_options lasting{.keeps_session = true, .reconnects = true};

waybill::mqtt::client_options options_telling(collected<told>& outcomes) {
  waybill::mqtt::client_options options;
  options.publish.on_delivery_report = telling(outcomes);
  return options;
}

std::map<std::string, int> times_of(const std::vector<told>& outcomes) {
  std::map<std::string, int> times;
  for (const told& each : outcomes) ++times[each.traceparent];
  return times;
}

TEST(mqtt_loss, while_publishing_gives_every_accepted_message_one_outcome) {
  constexpr std::uint64_t count = 600;
  constexpr std::uint64_t die_after = 200;
  mosquitto_options persistent;
  persistent.persistence = true;
  mosquitto_broker broker(persistent);
  collected<told> outcomes;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  {
    // Room for messages that wait until the server is back.
    waybill::mqtt::async_client client(options_telling(outcomes), broker.address().uri(),
                                       unique_name("lossy"), ::mqtt::create_options(5, 10'000));
    client.connect(connecting(lasting))->wait();
    std::atomic<std::uint64_t> sent = 0;
    std::jthread killer([&] {
      while (sent < die_after) std::this_thread::yield();
      broker.restart();
    });
    for (std::uint64_t i = 1; i <= count; ++i) {
      const waybill::context context = make_context(i);
      const int qos = 1 + static_cast<int>(i % 2);
      try {
        client.publish(::mqtt::message::create("t", "payload", qos, false), {.context = &context});
        ++accepted;
      } catch (const ::mqtt::exception&) {
        ++refused;
      }
      ++sent;
      // Some before, some while it is away, some after.
      if (i == die_after + 100) killer.join();
    }
    EXPECT_EQ(outcomes.wait_for(accepted).size(), accepted);
    EXPECT_EQ(client.in_flight(), 0U);
  }
  EXPECT_EQ(accepted + refused, count);
  EXPECT_GT(accepted, die_after);
  const std::vector<told> all = outcomes.all();
  EXPECT_EQ(all.size(), accepted);
  EXPECT_EQ(times_of(all).size(), accepted) << "a message had two outcomes";
  std::size_t succeeded = 0;
  for (const told& each : all) {
    if (each.state == outcome_state::succeeded) ++succeeded;
    EXPECT_EQ(each.state == outcome_state::succeeded, each.return_code == MQTTASYNC_SUCCESS);
  }
  EXPECT_GT(succeeded, die_after);
}

TEST(mqtt_loss, of_the_connection_leaves_messages_in_flight_unanswered) {
  mosquitto_broker broker;
  collected<told> outcomes;
  collected<told> later;
  bare_client forgetful(broker.address());
  {
    waybill::mqtt::publisher publisher(forgetful.client(), {},
                                       {.on_delivery_report = telling(later)});
    waybill::mqtt::async_client client(options_telling(outcomes), broker.address().uri(),
                                       unique_name("closing"), creation(lasting));
    client.connect(connecting(lasting))->wait();
    broker.pause();
    for (std::uint64_t i = 1; i <= 5; ++i) {
      const waybill::context context = make_context(i);
      const auto message = ::mqtt::message::create("t", "x", 1, false);
      client.publish(message, {.context = &context});
      publisher.publish(message, {.context = &context});
    }
    EXPECT_EQ(client.in_flight(), 5U);
    EXPECT_EQ(publisher.in_flight(), 5U);
    EXPECT_TRUE(outcomes.all().empty());
  }
  // Both are closed.
  for (const std::vector<told>& all : {outcomes.all(), later.all()}) {
    EXPECT_EQ(times_of(all).size(), 5U);
    for (const told& each : all) EXPECT_EQ(each.state, outcome_state::unanswered);
  }
  broker.resume();
}

// A subscriber that never acknowledges: Paho does so before it tells the application.
class mute_subscriber {
 public:
  // Connects with a session that stays, and subscribes to the topic "t" with QoS 1.
  mute_subscriber(const mqtt_address& server, const std::string& client_id)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    // MQTT 5; no clean start; 60 s; Session Expiry Interval of an hour.
    const std::string variable("\0\4MQTT\5\0\0\x3c\5\x11\0\0\x0e\x10", 16);
    write('\x10', variable + text(client_id));
    EXPECT_EQ(next_packet_type(), 2) << "CONNACK";
    write('\x82', std::string("\0\1\0", 3) + text("t") + '\1');
    EXPECT_EQ(next_packet_type(), 9) << "SUBACK";
  }

  int next_packet_type() {
    const int first = next_byte();
    std::size_t left = 0;
    for (unsigned shift = 0;; shift += 7) {
      const int byte = next_byte();
      if (byte < 0) return -1;
      left |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    while (left-- > 0) static_cast<void>(next_byte());
    return first >> 4;
  }

 private:
  static std::string text(const std::string& bytes) {
    return std::string(1, '\0') + static_cast<char>(bytes.size()) + bytes;
  }
  void write(char first, const std::string& rest) const {
    const std::string packet = std::string(1, first) + static_cast<char>(rest.size()) + rest;
    EXPECT_EQ(::write(socket_.get(), packet.data(), packet.size()),
              static_cast<ssize_t>(packet.size()));
  }
  [[nodiscard]] int next_byte() const {
    constexpr int patience_milliseconds = 30'000;
    pollfd entry{socket_.get(), POLLIN, 0};
    unsigned char byte = 0;
    const bool came =
        ::poll(&entry, 1, patience_milliseconds) == 1 && ::read(socket_.get(), &byte, 1) == 1;
    return came ? byte : -1;
  }

  unique_descriptor socket_;
};

TEST(mqtt_loss, of_an_acknowledgement_redelivers_with_dup_and_the_same_context) {
  const mosquitto_broker broker;
  const std::string id = unique_name("again");
  const waybill::context sent = make_context(3);
  {
    mute_subscriber first(broker.address(), id);
    bare_client(broker.address()).publish("t", "x", on_wire({{"own", "1"}}, sent));
    EXPECT_EQ(first.next_packet_type(), 3) << "PUBLISH";
  }
  waybill::mqtt::async_client client(broker.address().uri(), id, creation());
  client.start_consuming();
  client.connect(connecting({.keeps_session = true}))->wait();
  const ::mqtt::const_message_ptr again = client.try_consume_message_for(patience);
  ASSERT_NE(again, nullptr);
  EXPECT_TRUE(again->is_duplicate()) << "the stripped copy has lost the flag";
  EXPECT_EQ(properties_of(*again), (property_pairs{{"own", "1"}}));
  EXPECT_EQ(context_of(again), sent);
}

TEST(mqtt_loss, of_the_connection_ends_every_wait_for_a_message_with_null) {
  mosquitto_broker broker;
  waybill::mqtt::async_client first(broker.address().uri(), unique_name("lost"), creation());
  waybill::mqtt::async_client second(broker.address().uri(), unique_name("lost"), creation());
  waybill::mqtt::async_client third(broker.address().uri(), unique_name("lost"), creation());
  for (waybill::mqtt::async_client* each : {&first, &second, &third}) {
    each->start_consuming();
    each->connect(connecting())->wait();
    each->subscribe("t", 1)->wait();
  }
  waybill::mqtt::client waiting(broker.address().uri(), unique_name("lost"), creation());
  waiting.start_consuming();
  waiting.connect(connecting());
  waiting.subscribe("t", 1);
  // A message that was fetched leaves no older news in the queue.
  bare_client(broker.address()).publish("t", "x");
  for (waybill::mqtt::async_client* each : {&first, &second, &third}) {
    ASSERT_NE(each->consume_message(), nullptr);
  }
  ASSERT_NE(waiting.consume_message(), nullptr);
  broker.kill();

  EXPECT_EQ(first.consume_message(), nullptr);
  const ::mqtt::const_message_ptr none = ::mqtt::make_message("t", "x");
  ::mqtt::const_message_ptr came = none;
  EXPECT_TRUE(second.try_consume_message_for(&came, patience));
  EXPECT_EQ(came, nullptr);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  came = none;
  EXPECT_TRUE(third.try_consume_message_until(&came, deadline));
  EXPECT_EQ(came, nullptr);
  came = none;
  EXPECT_TRUE(waiting.try_consume_message_until(&came, deadline));
  EXPECT_EQ(came, nullptr);
}

TEST(mqtt_limits, a_packet_too_large_with_context_goes_without_some_of_it) {
  mosquitto_options options;
  options.max_packet_size = 300;
  const mosquitto_broker broker(options);
  bare_client reader(broker.address());
  reader.subscribe("t");
  const waybill::context large = make_context(1, "v=1", "k=" + std::string(100, 'b'));
  waybill::mqtt::async_client client(broker.address().uri(), unique_name("limited"), creation());
  client.connect(connecting())->wait();
  waybill::mqtt::client waiting(broker.address().uri(), unique_name("limited"), creation());
  waiting.connect(connecting());

  const waybill::context without_baggage = large.without_baggage();
  const waybill::context only_trace(large.span_context());
  struct {
    std::size_t payload_bytes;
    property_pairs expected;
  } const cases[] = {{50, on_wire({}, large)},
                     {150, on_wire({}, without_baggage)},
                     {205, on_wire({}, only_trace)},
                     {285, {}}};
  for (const auto& [payload_bytes, expected] : cases) {
    const auto message = ::mqtt::message::create("t", std::string(payload_bytes, 'p'), 1, false);
    client.publish(message, {.context = &large})->wait_for(patience);
    EXPECT_EQ(properties_of(*reader.next()), expected) << payload_bytes;
    waiting.publish(message, {.context = &large});
    EXPECT_EQ(properties_of(*reader.next()), expected) << payload_bytes;
  }
  EXPECT_TRUE(client.is_connected());
  EXPECT_EQ(broker.log().find("oversize"), std::string::npos) << broker.log();
}

TEST(mqtt_limits, a_packet_that_escapes_make_too_large_goes_without_some_of_its_envelope) {
  mosquitto_options options;
  options.max_packet_size = 400;
  const mosquitto_broker broker(options);
  bare_client reader(broker.address());
  reader.subscribe("t");
  waybill::mqtt::client_options json;
  json.settings = with_envelopes({{"t", waybill::envelope_form::json_members}});
  waybill::mqtt::async_client client(json, broker.address().uri(), unique_name("escaping"),
                                     creation());
  client.connect(connecting())->wait();
  const waybill::context context = make_context(1, "v=" + std::string(200, '"'));
  client.publish(::mqtt::message::create("t", R"({"a":1})", 1, false), {.context = &context})
      ->wait_for(patience);
  EXPECT_EQ(reader.next()->get_payload_str(),
            R"({"traceparent":")" + traceparent_of(context) + R"(","a":1})");
  EXPECT_TRUE(client.is_connected());
  EXPECT_EQ(broker.log().find("oversize"), std::string::npos) << broker.log();
}

TEST(mqtt_limits, no_context_that_can_be_had_makes_the_server_close_the_connection) {
  const mosquitto_broker broker;
  bare_client reader(broker.address());
  reader.subscribe("t");
  waybill::mqtt::async_client client(broker.address().uri(), unique_name("hostile"), creation());
  client.connect(connecting())->wait();
  const std::string traceparent = traceparent_of(make_context(1));
  const std::vector<property_pairs> came = {
      {{"tracestate", "a=1\t,\tb=2"}, {"baggage", "k=v\t,\tl=w"}},
      {{"baggage", "k=v;p=\x01"}},
      {{"baggage", "k=\xc3\xa9,l=\xff"}},
      {{"baggage", "k=" + std::string(8'000, 'v')}},
      {{"tracestate", "a=" + std::string(256, 'v')}},
      {{"baggage", std::string("k=v\0w", 5)}}};
  for (const property_pairs& fields : came) {
    waybill::header_list headers;
    headers.add("traceparent", traceparent);
    for (const auto& [name, value] : fields) headers.add(name, value);
    const waybill::extraction taken =
        waybill::extract(headers, waybill::propagation(), waybill::any_destination);
    const waybill::context& context = taken.context();
    ASSERT_TRUE(context.has_trace());
    client.publish(::mqtt::message::create("t", "x", 1, false), {.context = &context})
        ->wait_for(patience);
    EXPECT_EQ(properties_of(*reader.next()), on_wire({}, context));
  }
  EXPECT_TRUE(client.is_connected());
  for (const char* complaint : {"malformed", "protocol error", "Protocol error"}) {
    EXPECT_EQ(broker.log().find(complaint), std::string::npos) << broker.log();
  }
}

TEST(mqtt_outcomes, of_qos_0_are_unknown_and_of_an_unconnected_client_refused) {
  collected<told> outcomes;
  const auto tracer = std::make_shared<recording_tracer>();
  waybill::mqtt::client_options options = options_telling(outcomes);
  options.settings = waybill::propagation(waybill::propagation_options{.tracer = tracer});
  waybill::mqtt::async_client client(options, shared_mosquitto().uri(), unique_name("zero"),
                                     creation());
  EXPECT_THROW(client.publish("t", "x", 1, 1, false), ::mqtt::exception);
  EXPECT_EQ(client.in_flight(), 0U);
  EXPECT_TRUE(outcomes.all().empty()) << "it was never accepted";
  EXPECT_EQ(tracer->spans().at(0).ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->spans().at(0).ends, 1);
  EXPECT_NE(tracer->spans().at(0).error, "");

  client.connect(connecting())->wait();
  client.publish("t", "x", 1, 0, false)->wait_for(patience);
  ASSERT_EQ(outcomes.wait_for(1).size(), 1U);
  EXPECT_EQ(outcomes.all()[0].state, outcome_state::unknown);
  EXPECT_EQ(tracer->spans().at(1).ended_as, outcome_state::unknown);
}

TEST(mqtt_outcomes, of_messages_that_a_waiting_client_refuses_are_not_told) {
  collected<told> outcomes;
  const auto tracer = std::make_shared<recording_tracer>();
  waybill::mqtt::client_options options = options_telling(outcomes);
  options.settings = waybill::propagation(waybill::propagation_options{.tracer = tracer});
  waybill::mqtt::client client(options, shared_mosquitto().uri(), unique_name("refused"),
                               creation());
  EXPECT_THROW(client.publish("t", "x", 1, 1, false), ::mqtt::exception);
  EXPECT_TRUE(outcomes.all().empty());
  EXPECT_EQ(tracer->spans().at(0).ends, 1);
  EXPECT_EQ(tracer->spans().at(0).ended_as, outcome_state::failed);
}

class silent_listener final : public ::mqtt::iaction_listener {
 public:
  void on_success(const ::mqtt::token& /*token*/) override {}
  void on_failure(const ::mqtt::token& /*token*/) override {}
};

TEST(mqtt_outcomes, come_even_where_the_application_gives_the_token_another_listener) {
  mosquitto_broker broker;
  collected<told> outcomes;
  silent_listener other;
  waybill::mqtt::async_client client(options_telling(outcomes), broker.address().uri(),
                                     unique_name("relistened"), creation());
  client.connect(connecting())->wait();
  broker.pause();
  const waybill::context context = make_context(1);
  auto token = client.publish(::mqtt::message::create("t", "x", 1, false), {.context = &context});
  token->set_action_callback(other);
  broker.resume();
  token->wait_for(patience);
  token.reset();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  // Paho lets go of the token some time after it is complete.
  while (times_of(outcomes.all())[traceparent_of(context)] == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    client.publish("t", "y", 1, 0, false)->wait_for(patience);
  }
  const std::vector<told> all = outcomes.all();
  EXPECT_EQ(times_of(all)[traceparent_of(context)], 1);
  for (const told& each : all) {
    if (each.traceparent == traceparent_of(context)) {
      EXPECT_EQ(each.state, outcome_state::unknown);
    }
  }
}

TEST(mqtt_outcomes, beyond_the_bound_are_unknown_for_the_oldest) {
  mosquitto_broker broker;
  collected<told> outcomes;
  const auto tracer = std::make_shared<recording_tracer>();
  waybill::mqtt::client_options options = options_telling(outcomes);
  options.settings = waybill::propagation(waybill::propagation_options{.tracer = tracer});
  options.publish.in_flight_max = 2;
  waybill::mqtt::async_client client(options, broker.address().uri(), unique_name("bounded"),
                                     creation());
  client.connect(connecting())->wait();
  broker.pause();
  ::mqtt::delivery_token_ptr last;
  for (int i = 0; i < 3; ++i) last = client.publish("t", "x", 1, 1, false);
  EXPECT_EQ(client.in_flight(), 2U);
  EXPECT_EQ(tracer->spans().at(0).ends, 1);
  EXPECT_EQ(tracer->spans().at(0).ended_as, outcome_state::unknown);
  broker.resume();
  last->wait_for(patience);
  const std::vector<told> all = outcomes.wait_for(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].state, outcome_state::unknown);
  EXPECT_EQ(all[2].state, outcome_state::succeeded);
}

TEST(mqtt_outcomes, of_a_client_that_waits_are_told_when_publish_returns) {
  mosquitto_broker broker;
  collected<told> outcomes;
  waybill::mqtt::client client(options_telling(outcomes), broker.address().uri(),
                               unique_name("waiting"), creation());
  client.connect(connecting());
  const waybill::context context = make_context(4);
  client.publish(::mqtt::message::create("t", "x", 1, false), {.context = &context});
  ASSERT_EQ(outcomes.all().size(), 1U);
  EXPECT_EQ(outcomes.all()[0].state, outcome_state::succeeded);
  EXPECT_EQ(outcomes.all()[0].traceparent, traceparent_of(context));
  broker.pause();
  client.set_timeout(std::chrono::milliseconds(50));
  EXPECT_THROW(client.publish("t", "x", 1, 1, false), ::mqtt::timeout_error);
  ASSERT_EQ(outcomes.all().size(), 2U);
  EXPECT_EQ(outcomes.all()[1].state, outcome_state::unanswered);
  broker.resume();
}

}  // namespace
}  // namespace waybill_test
