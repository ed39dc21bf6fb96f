// The pump of one connection, on a server that says what the test wants.

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/scripted_test.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::outcome_state;
using waybill::rabbitmq::connection_options;
using waybill::rabbitmq::publisher;

constexpr amqp_channel_t unknown = 9;

/// What the listeners of a connection heard.
struct heard {
  std::vector<std::string> events;
  std::vector<std::pair<amqp_channel_t, std::uint8_t>> frames;
  std::function<void()> then = [] {};
};

class connection_events : public scripted_test {
 protected:
  connection_events() : connection_events(std::make_shared<heard>()) {}
  explicit connection_events(const std::shared_ptr<heard>& heard)
      : scripted_test({.on_other_frame =
                           [heard](const amqp_frame_t& frame) {
                             heard->frames.emplace_back(frame.channel, frame.frame_type);
                             heard->then();
                           },
                       .on_blocked =
                           [heard](std::string_view reason) {
                             heard->events.push_back("blocked: " + std::string(reason));
                             heard->then();
                           },
                       .on_unblocked =
                           [heard] {
                             heard->events.emplace_back("unblocked");
                             heard->then();
                           }}),
        heard_(*heard) {}

  heard& heard_;
};

TEST_F(connection_events, blocked_and_unblocked_are_events_and_a_state) {
  EXPECT_FALSE(connection_.is_blocked());
  EXPECT_EQ(pump(blocked_bytes("low on disk")), AMQP_STATUS_OK);
  EXPECT_TRUE(connection_.is_blocked());
  EXPECT_EQ(pump(unblocked_bytes()), AMQP_STATUS_OK);
  EXPECT_FALSE(connection_.is_blocked());
  EXPECT_EQ(heard_.events, (std::vector<std::string>{"blocked: low on disk", "unblocked"}));
  EXPECT_EQ(heard_.frames.size(), 2U) << "they are frames of channel 0 too";
}

TEST_F(connection_events, a_lost_connection_is_not_blocked) {
  EXPECT_EQ(pump(blocked_bytes("low on memory")), AMQP_STATUS_OK);
  EXPECT_EQ(pump(close_bytes(0, 320, "shutdown")), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(connection_.is_blocked());
}

TEST_F(connection_events, every_frame_that_is_not_the_adapters_is_the_applications) {
  const auto publisher = make_publisher();
  amqp_channel_flow_t flow{};
  const std::string bytes =
      blocked_bytes("") + method_bytes(0, AMQP_CHANNEL_FLOW_METHOD, flow) + close_ok_bytes(0) +
      deliver_bytes(unknown, 1) + content_bytes(unknown, "body") + ack_bytes(unknown, 1) +
      ack_bytes(publisher->channel(), 1) + close_ok_bytes(unknown) + header_bytes(0, 3);
  EXPECT_EQ(pump(bytes), AMQP_STATUS_OK);
  const std::vector<std::pair<amqp_channel_t, std::uint8_t>> expected{
      {0, AMQP_FRAME_METHOD},       {0, AMQP_FRAME_METHOD},       {0, AMQP_FRAME_METHOD},
      {unknown, AMQP_FRAME_METHOD}, {unknown, AMQP_FRAME_HEADER}, {unknown, AMQP_FRAME_BODY},
      {unknown, AMQP_FRAME_METHOD}, {unknown, AMQP_FRAME_METHOD}, {0, AMQP_FRAME_HEADER}};
  EXPECT_EQ(heard_.frames, expected);
  EXPECT_EQ(pump(close_bytes(0, 320, "bye")), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(heard_.frames.size(), expected.size()) << "connection.close is the adapter's";
}

TEST_F(connection_events, a_listener_that_throws_is_counted_and_costs_nothing) {
  heard_.then = [] { throw std::runtime_error("listener"); };
  EXPECT_EQ(pump(blocked_bytes("x") + unblocked_bytes() + ack_bytes(unknown, 1)), AMQP_STATUS_OK);
  EXPECT_FALSE(connection_.is_blocked());
  EXPECT_EQ(heard_.events.size(), 2U);
  EXPECT_EQ(heard_.frames.size(), 3U);
  EXPECT_EQ(counters_->count(waybill::direction::inbound, errc::listener_failed), 5U);
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(connection_events, a_listener_that_pumps_is_given_no_frame) {
  int status = AMQP_STATUS_OK;
  heard_.then = [&] { status = connection_.pump(no_end); };
  EXPECT_EQ(pump(ack_bytes(unknown, 1) + ack_bytes(unknown, 2)), AMQP_STATUS_OK);
  EXPECT_EQ(status, AMQP_STATUS_UNEXPECTED_STATE);
  EXPECT_EQ(heard_.frames.size(), 2U);
}

TEST_F(connection_events, frames_that_never_end_do_not_hold_a_call_for_ever) {
  constexpr std::size_t no_end_of_frames = 200'000;
  const auto publisher = make_publisher();
  const auto consumer = make_started();
  ASSERT_EQ(publisher->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  // Each frame of the application's brings the next one.
  heard_.then = [&] {
    if (heard_.frames.size() < no_end_of_frames) server_.send(ack_bytes(unknown, 1));
  };
  server_.send(ack_bytes(unknown, 1));
  EXPECT_FALSE(consumer->receive(at_once));
  EXPECT_FALSE(consumer->get(at_once));
  EXPECT_EQ(publisher->wait_for_confirms(at_once), AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(connection_.pump(at_once), AMQP_STATUS_OK);
  EXPECT_LT(heard_.frames.size(), no_end_of_frames);
  EXPECT_TRUE(connection_.is_open());
}

TEST(connection_without_counters, a_listener_that_throws_costs_nothing) {
  scripted_connection link;
  connection_options options{.on_blocked = [](auto) { throw std::runtime_error("listener"); }};
  options.diagnostics = nullptr;
  waybill::rabbitmq::connection connection(link.raw(), std::move(options));
  link.server().send(blocked_bytes("low on memory"));
  EXPECT_EQ(connection.pump(scripted_server::patience), AMQP_STATUS_OK);
  EXPECT_TRUE(connection.is_blocked());
}

class connection_pump : public scripted_test {};

TEST_F(connection_pump, without_a_frame_times_out) {
  EXPECT_EQ(connection_.pump(at_once), AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(connection_.pump(milliseconds(1)), AMQP_STATUS_TIMEOUT);
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(connection_pump, takes_frames_that_came_during_another_call) {
  const auto consumer = make_started();
  server_.send(deliver_bytes(first_channel, 1) + content_bytes(first_channel, "early"));
  const auto publisher = make_publisher();
  EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_OK);
  EXPECT_EQ(payload_of(consumer->receive(at_once)), "early");
}

TEST_F(connection_pump, a_closed_connection_is_heard_of_by_everybody_once) {
  const auto publisher = make_publisher();
  const auto consumer = make_started();
  ASSERT_EQ(publisher->publish({.routing_key = "queue", .payload = "x"}), AMQP_STATUS_OK);
  static_cast<void>(server_.frames());
  EXPECT_EQ(pump(close_bytes(0, 320, "CONNECTION_FORCED")), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(server_.methods(), std::vector{AMQP_CONNECTION_CLOSE_OK_METHOD});
  for (const auto* reason : {&connection_.reason(), &publisher->reason(), &consumer->reason()}) {
    EXPECT_EQ(reason->status, AMQP_STATUS_CONNECTION_CLOSED);
    EXPECT_EQ(reason->reply_code, 320);
    EXPECT_EQ(reason->reply_text, "CONNECTION_FORCED");
  }
  EXPECT_FALSE(connection_.is_open() || publisher->is_open() || consumer->is_open());
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
  EXPECT_EQ(reports_[0].reply_code, 320);
  EXPECT_EQ(reports_[0].reply_text, "CONNECTION_FORCED");
  EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_CONNECTION_CLOSED) << "at once";
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
  EXPECT_EQ(publisher->wait_for_confirms(no_end), AMQP_STATUS_CONNECTION_CLOSED) << "at once";
  EXPECT_EQ(outcomes().size(), 1U);
}

TEST_F(connection_pump, an_end_of_file_is_a_lost_connection_with_words) {
  const auto publisher = make_publisher();
  ASSERT_EQ(publisher->publish({.routing_key = "queue", .payload = "x"}), AMQP_STATUS_OK);
  server_.hang_up();
  EXPECT_NE(connection_.pump(no_end), AMQP_STATUS_OK);
  EXPECT_FALSE(connection_.is_open());
  EXPECT_NE(connection_.reason().status, AMQP_STATUS_OK);
  EXPECT_EQ(connection_.reason().reply_code, 0);
  EXPECT_EQ(connection_.reason().reply_text, amqp_error_string2(connection_.reason().status));
  EXPECT_EQ(publisher->reason().reply_text, connection_.reason().reply_text);
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
}

TEST_F(connection_pump, a_connection_that_goes_closes_what_was_made_on_it) {
  const auto publisher = make_publisher();
  const auto consumer = make_started();
  ASSERT_EQ(publisher->publish({.routing_key = "queue", .payload = "x"}), AMQP_STATUS_OK);
  scripted_connection other;
  connection_ = waybill::rabbitmq::connection(other.raw());
  EXPECT_FALSE(publisher->is_open());
  EXPECT_FALSE(consumer->is_open());
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
  EXPECT_FALSE(consumer->receive(no_end));
  EXPECT_TRUE(connection_.is_open());
  EXPECT_EQ(connection_.raw(), other.raw());
}

TEST_F(connection_pump, heartbeats_go_out_while_it_waits_and_a_silent_server_is_lost) {
  scripted_connection link({.heartbeat = 1});
  waybill::rabbitmq::connection connection(link.raw());
  EXPECT_EQ(connection.pump(no_end), AMQP_STATUS_HEARTBEAT_TIMEOUT);
  EXPECT_EQ(connection.reason().reply_text, amqp_error_string2(AMQP_STATUS_HEARTBEAT_TIMEOUT));
  const auto frames = link.server().frames();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, AMQP_FRAME_HEARTBEAT);
}

class channels : public scripted_test {};

TEST_F(channels, that_the_broker_closes_instead_of_opening_say_why) {
  server_.send(close_bytes(first_channel, 504, "CHANNEL_ERROR"));
  const publisher refused(connection_, settings_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().reply_code, 504);
  EXPECT_EQ(refused.reason().reply_text, "CHANNEL_ERROR");
  EXPECT_TRUE(connection_.is_open());
  EXPECT_EQ(server_.methods(),
            (std::vector{AMQP_CHANNEL_OPEN_METHOD, AMQP_CHANNEL_CLOSE_OK_METHOD}));
}

TEST_F(channels, that_a_closing_connection_does_not_open_say_why) {
  server_.send(close_bytes(0, 320, "shutdown"));
  const publisher refused(connection_, settings_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().reply_code, 320);
  EXPECT_EQ(connection_.reason().reply_text, "shutdown");
  EXPECT_EQ(server_.methods(),
            (std::vector{AMQP_CHANNEL_OPEN_METHOD, AMQP_CONNECTION_CLOSE_OK_METHOD}));
}

TEST_F(channels, without_an_answer_cost_the_connection) {
  const timeval patience{0, 50'000};
  amqp_set_rpc_timeout(link_.raw(), &patience);
  const publisher refused(connection_, settings_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().status, AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(refused.reason().reply_text, amqp_error_string2(AMQP_STATUS_TIMEOUT));
  EXPECT_FALSE(connection_.is_open());
}

TEST_F(channels, that_the_broker_refuses_confirms_on_are_closed) {
  server_.send_channel(first_channel);
  server_.send(close_bytes(first_channel, 540, "NOT_IMPLEMENTED"));
  const publisher refused(connection_, settings_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().reply_code, 540);
}

TEST_F(channels, beyond_the_brokers_limit_are_not_open_with_words) {
  scripted_connection link({.channel_max = 1});
  waybill::rabbitmq::connection connection(link.raw());
  link.server().send_channel(1, true);
  const publisher only(connection, settings_);
  EXPECT_EQ(only.channel(), 1);
  const publisher refused(connection, settings_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.channel(), 0);
  EXPECT_EQ(refused.reason().reply_text, "no channel is free");
  EXPECT_TRUE(connection.is_open());
  EXPECT_TRUE(only.is_open());
}

TEST_F(channels, are_given_back_without_a_pump_between_them) {
  for (amqp_channel_t channel = first_channel; channel > 0; --channel) {
    server_.send_channel(channel, true);
    {
      const publisher each(connection_, settings_);
      ASSERT_EQ(each.channel(), channel);
    }
    static_cast<void>(server_.frames());  // for the socket has room for a few only
  }
  std::string answers;
  for (amqp_channel_t channel = first_channel; channel > 0; --channel) {
    answers += close_ok_bytes(channel);
  }
  server_.send(answers);
  server_.send_channel(first_channel, true);
  const publisher again(connection_, settings_);
  EXPECT_TRUE(again.is_open()) << again.reason().reply_text;
  EXPECT_EQ(again.channel(), first_channel);
}

TEST_F(channels, ended_without_a_word_are_gone_for_their_owners) {
  const auto publisher = make_publisher();
  const auto consumer = make_started();
  ASSERT_EQ(publisher->publish({.routing_key = "queue", .payload = "x"}), AMQP_STATUS_OK);
  EXPECT_EQ(pump(close_ok_bytes(first_channel) + close_ok_bytes(second_channel)), AMQP_STATUS_OK);
  EXPECT_FALSE(publisher->is_open());
  EXPECT_FALSE(consumer->is_open());
  EXPECT_FALSE(publisher->reason().reply_text.empty());
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
  EXPECT_FALSE(consumer->get(no_end)) << "at once";
  EXPECT_NE(publisher->wait_for_confirms(no_end), AMQP_STATUS_OK) << "at once";
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(channels, closed_within_a_content_are_gone_for_their_owners) {
  const auto consumer = make_started();
  const std::string begun = deliver_bytes(first_channel, 1) + header_bytes(first_channel, 100) +
                            frame_bytes(AMQP_FRAME_BODY, first_channel, "half");
  EXPECT_EQ(pump(begun + close_bytes(first_channel, 406, "PRECONDITION_FAILED")), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer->is_open());
  EXPECT_EQ(consumer->reason().reply_code, 406);
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
  EXPECT_EQ(server_.methods(), std::vector{AMQP_CHANNEL_CLOSE_OK_METHOD});
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(channels, of_an_owner_that_is_gone_take_what_was_on_its_way) {
  auto consumer = make_started();
  consumer.reset();
  server_.send(deliver_bytes(first_channel, 1) + content_bytes(first_channel, "late") +
               close_bytes(first_channel, 406, "crossing") + close_ok_bytes(first_channel));
  EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_OK);
  EXPECT_TRUE(connection_.is_open());
  EXPECT_EQ(server_.methods(),
            (std::vector{AMQP_CHANNEL_CLOSE_METHOD, AMQP_CHANNEL_CLOSE_OK_METHOD}));
}

class waking : public scripted_test {
 protected:
  /// Runs `waits`, and wakes the connection from another thread as soon as this one sleeps in it.
  template <class F>
  void wake_while(F&& waits) {
    const std::string stat = "/proc/self/task/" + std::to_string(gettid()) + "/stat";
    std::atomic<bool> is_waiting{false};
    std::thread other([&] {
      const auto sleeps = [&] {
        std::string text;
        std::getline(std::ifstream(stat), text);
        return text.find(") S ") != std::string::npos;
      };
      while (!is_waiting || !sleeps()) std::this_thread::yield();
      connection_.wake();
    });
    is_waiting = true;
    const stopwatch watch;
    waits();
    EXPECT_LT(watch.elapsed(), no_end / 2);
    other.join();
  }
};

TEST_F(waking, ends_a_receive_that_waits) {
  const auto consumer = make_started();
  wake_while([&] { EXPECT_FALSE(consumer->receive(no_end)); });
  EXPECT_TRUE(consumer->is_consuming());
}

TEST_F(waking, ends_a_pump_that_waits) {
  wake_while([&] { EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_TIMEOUT); });
}

TEST_F(waking, ends_the_next_wait_where_nobody_waits_yet) {
  const auto consumer = make_started();
  connection_.wake();
  connection_.wake();
  EXPECT_FALSE(consumer->receive(no_end));
  const stopwatch watch;
  EXPECT_FALSE(consumer->receive(milliseconds(50)));
  EXPECT_GE(watch.elapsed(), milliseconds(50)) << "one wait for all calls so far";
  connection_.wake();
  EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_TIMEOUT);
}

TEST_F(waking, does_not_keep_a_message_back) {
  const auto consumer = make_started();
  connection_.wake();
  server_.send(deliver_bytes(first_channel, 1) + content_bytes(first_channel, "here"));
  EXPECT_EQ(payload_of(consumer->receive(no_end)), "here");
}

TEST_F(waking, is_kept_by_a_wait_for_confirms_for_the_next_receive) {
  const auto publisher = make_publisher();
  const auto consumer = make_started();
  ASSERT_EQ(publisher->publish({.routing_key = "queue", .payload = "x"}), AMQP_STATUS_OK);
  connection_.wake();
  const stopwatch watch;
  EXPECT_EQ(publisher->wait_for_confirms(milliseconds(50)), AMQP_STATUS_TIMEOUT);
  EXPECT_GE(watch.elapsed(), milliseconds(50));
  server_.send(ack_bytes(first_channel, 1));
  EXPECT_EQ(publisher->wait_for_confirms(no_end), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer->receive(no_end)) << "the wake is still there";
}

}  // namespace
}  // namespace waybill_test
