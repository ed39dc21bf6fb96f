// Receiving, handling and settling on a real queue.

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/rabbitmq_test.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using consuming = rabbitmq_test;
using std::chrono::milliseconds;
using waybill::rabbitmq::failure_mode;
using waybill::rabbitmq::message;

constexpr auto throws = [](const message&) { throw std::runtime_error("handler"); };

TEST_F(consuming, acknowledges_what_was_handled_and_nothing_else) {
  const std::string queue = new_queue();
  for (const char* body : {"handled", "left"}) bare_.publish("", queue, body);
  {
    waybill::rabbitmq::consumer consumer(connection_, queue, {});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    EXPECT_EQ(consumer.start(), AMQP_STATUS_INVALID_PARAMETER) << "it has been started";
    message handled = next(consumer);
    EXPECT_EQ(handled.delivery_tag(), 1U);
    EXPECT_EQ(handled.routing_key(), queue);
    EXPECT_EQ(handled.exchange(), "");
    EXPECT_EQ(consumer.handle(handled, [](const auto&) {}), AMQP_STATUS_OK);
    EXPECT_TRUE(handled.is_settled());
    EXPECT_EQ(consumer.ack(handled), AMQP_STATUS_INVALID_PARAMETER) << "twice";
    message left = next(consumer);
    EXPECT_THROW(consumer.handle(left, throws), std::runtime_error);
    EXPECT_FALSE(left.is_settled());
    EXPECT_TRUE(waybill::current().is_empty());
  }
  waybill::rabbitmq::consumer later(connection_, queue, {});
  ASSERT_EQ(later.start(), AMQP_STATUS_OK);
  message again = next(later);
  EXPECT_EQ(again.payload(), "left");
  EXPECT_TRUE(again.redelivered());
  EXPECT_EQ(again.attempt(), 2U);
}

TEST_F(consuming, rejects_or_requeues_what_a_handler_threw_at_as_told) {
  const std::string queue = new_queue();
  bare_.publish("", queue, "poison");
  {
    waybill::rabbitmq::consumer consumer(connection_, queue, {},
                                         {.on_failure = failure_mode::requeue});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    for (int attempt = 1; attempt <= 3; ++attempt) {
      message received = next(consumer);
      EXPECT_EQ(received.redelivered(), attempt > 1);
      EXPECT_THROW(consumer.handle(received, throws), std::runtime_error);
      EXPECT_TRUE(received.is_settled());
    }
  }
  waybill::rabbitmq::consumer consumer(connection_, queue, {},
                                       {.on_failure = failure_mode::reject});
  message received;
  while (!received) received = consumer.get(patience);
  EXPECT_THROW(consumer.handle(received, throws), std::runtime_error);
  EXPECT_FALSE(consumer.get(patience)) << "the queue is empty";
}

TEST_F(consuming, settles_many_at_once) {
  const std::string queue = new_queue();
  for (int i = 0; i < 6; ++i) bare_.publish("", queue, std::to_string(i));
  {
    waybill::rabbitmq::consumer consumer(connection_, queue, {});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    std::vector<message> received;
    for (int i = 0; i < 6; ++i) received.push_back(next(consumer));
    EXPECT_EQ(consumer.ack(received[2], true), AMQP_STATUS_OK);
    EXPECT_EQ(consumer.nack(received[4], false, true), AMQP_STATUS_OK);
    EXPECT_EQ(consumer.reject(received[5], true), AMQP_STATUS_OK);
    message other;
    EXPECT_EQ(consumer.ack(other), AMQP_STATUS_INVALID_PARAMETER);
  }
  // The queue has it back when the broker has seen that the consumer is gone.
  waybill::rabbitmq::consumer later(connection_, queue, {});
  ASSERT_EQ(later.start(), AMQP_STATUS_OK);
  EXPECT_EQ(payload_in(next(later)), "5");
  EXPECT_EQ(bare_.messages_in(queue), 0U);
}

TEST_F(consuming, settles_no_message_again_that_was_settled_with_a_later_one) {
  const std::string queue = new_queue();
  for (int i = 0; i < 7; ++i) bare_.publish("", queue, std::to_string(i));
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  std::vector<message> received;
  for (int i = 0; i < 7; ++i) received.push_back(next(consumer));
  EXPECT_EQ(consumer.ack(received[2], true), AMQP_STATUS_OK);
  EXPECT_EQ(consumer.ack(received[0]), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.nack(received[1], true, true), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer.nack(received[4], false, true), AMQP_STATUS_OK);
  EXPECT_EQ(consumer.reject(received[3], true), AMQP_STATUS_INVALID_PARAMETER);
  // As a handler does that acknowledges all it has kept.
  EXPECT_EQ(consumer.handle(received[5], [&](auto&) { consumer.ack(received[6], true); }),
            AMQP_STATUS_OK);
  // The broker closes the channel at a second answer, before it answers this.
  EXPECT_FALSE(consumer.get(patience)) << "the queue is empty";
  EXPECT_TRUE(consumer.is_open()) << consumer.reason().reply_text;
}

TEST_F(consuming, settles_no_message_of_another_consumer_with_the_same_numbers) {
  const std::string queue = new_queue();
  const std::string other_queue = new_queue();
  bare_.publish("", queue, "of the lost connection");
  bare_.publish("", other_queue, "of the next one");
  message old;
  {
    auto lost = waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
    waybill::rabbitmq::consumer consumer(lost, queue, {});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    old = next(consumer);
  }
  {
    auto opened = waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
    waybill::rabbitmq::consumer consumer(opened, other_queue, {});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    const message unsettled = next(consumer);
    ASSERT_EQ(old.raw().channel, unsettled.raw().channel);
    ASSERT_EQ(old.delivery_tag(), unsettled.delivery_tag());
    EXPECT_EQ(consumer.ack(old), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_EQ(consumer.nack(old, false), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_EQ(consumer.reject(old, false), AMQP_STATUS_INVALID_PARAMETER);
  }
  waybill::rabbitmq::consumer later(connection_, other_queue, {});
  ASSERT_EQ(later.start(), AMQP_STATUS_OK);
  EXPECT_EQ(payload_in(next(later)), "of the next one") << "it was lost";
}

TEST_F(consuming, gives_out_what_had_come_when_it_was_cancelled) {
  constexpr std::uint64_t messages = 2'000;
  for (const bool no_ack : {true, false}) {
    const std::string queue = new_queue();
    for (std::uint64_t number = 0; number < messages; ++number) {
      bare_.publish("", queue, payload_of(number));
    }
    waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.no_ack = no_ack});
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    ASSERT_EQ(consumer.cancel(), AMQP_STATUS_OK);
    std::uint64_t number = 0;
    while (const message received = consumer.receive(patience)) {
      ASSERT_EQ(number_in(received.payload()), number);
      ++number;
    }
    EXPECT_GT(number, 0U) << "the broker had sent nothing yet";
    EXPECT_EQ(number + bare_.messages_in(queue), messages) << "no_ack: " << no_ack;
  }
}

TEST_F(consuming, gives_out_what_had_come_when_a_listener_cancelled_it) {
  const std::string queue = new_queue();
  bare_.publish("", queue, "one");
  waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.no_ack = true});
  waybill::rabbitmq::publisher publisher(connection_, {}, [&](const auto&) {
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    // The consumer's own channel, so that the message is
    // there before its answer.
    amqp_queue_declare(connection_.raw(), consumer.channel(), waybill::rabbitmq::bytes_of(queue), 1,
                       0, 0, 0, amqp_empty_table);
    ASSERT_EQ(consumer.cancel(), AMQP_STATUS_OK);
  });
  ASSERT_EQ(publisher.publish({.routing_key = new_queue()}), AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(payload_in(consumer.receive(patience)), "one");
  EXPECT_FALSE(consumer.receive(patience));
}

TEST_F(consuming, drops_what_the_application_published_on_its_channel_and_got_back) {
  const std::string queue = new_queue();
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  const amqp_bytes_t nowhere = amqp_cstring_bytes("waybill-nowhere");
  ASSERT_EQ(amqp_basic_publish(connection_.raw(), consumer.channel(), amqp_empty_bytes, nowhere, 1,
                               0, nullptr, nowhere),
            AMQP_STATUS_OK);
  ASSERT_EQ(amqp_basic_publish(connection_.raw(), consumer.channel(), amqp_empty_bytes,
                               waybill::rabbitmq::bytes_of(queue), 0, 0, nullptr,
                               amqp_cstring_bytes("taken")),
            AMQP_STATUS_OK);
  EXPECT_EQ(payload_in(next(consumer)), "taken");
  EXPECT_TRUE(consumer.is_open());
}

TEST_F(consuming, refuses_names_that_are_too_long_and_keeps_the_connection) {
  const std::string longest(255, 'q');
  const std::string too_long(256, 'q');
  bare_.declare_queue(longest);
  bare_.publish("", longest, "in a queue with a long name");
  {
    waybill::rabbitmq::consumer bad_queue(connection_, too_long, {});
    EXPECT_EQ(bad_queue.start(), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_FALSE(bad_queue.get(patience));
    waybill::rabbitmq::consumer bad_tag(connection_, longest, {}, {.consumer_tag = too_long});
    EXPECT_EQ(bad_tag.start(), AMQP_STATUS_INVALID_PARAMETER);
    waybill::rabbitmq::consumer good(connection_, longest, {}, {.consumer_tag = longest});
    EXPECT_EQ(good.start(), AMQP_STATUS_OK);
    EXPECT_EQ(good.handle(next(good), [](const auto&) {}), AMQP_STATUS_OK);
    EXPECT_TRUE(bad_tag.is_open());
    EXPECT_FALSE(bad_queue.is_open());
    EXPECT_FALSE(bad_queue.reason().reply_text.empty());
  }
  EXPECT_TRUE(connection_.is_open());
  bare_.delete_queue(longest);
}

TEST_F(consuming, leaves_to_the_handler_what_it_settles_or_moves_away) {
  const std::string queue = new_queue();
  for (const char* body : {"rejected", "kept"}) bare_.publish("", queue, body);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  message received = next(consumer);
  EXPECT_EQ(consumer.handle(received, [&](message& m) { consumer.reject(m, false); }),
            AMQP_STATUS_OK);
  message kept;
  received = next(consumer);
  EXPECT_EQ(consumer.handle(received, [&](message& m) { kept = std::move(m); }), AMQP_STATUS_OK);
  EXPECT_FALSE(received);
  EXPECT_EQ(kept.payload(), "kept");
  EXPECT_EQ(consumer.ack(kept), AMQP_STATUS_OK);
}

TEST_F(consuming, gives_nothing_after_a_time_out_and_what_comes_later) {
  const std::string queue = new_queue();
  waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.no_ack = true});
  EXPECT_FALSE(consumer.receive(patience)) << "it was not started";
  EXPECT_FALSE(consumer.get(patience));
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer.receive(milliseconds(1)));
  bare_.publish("", queue, "later");
  message received = next(consumer);
  EXPECT_EQ(received.payload(), "later");
  EXPECT_TRUE(received.is_settled()) << "the broker has forgotten it already";
  EXPECT_EQ(consumer.cancel(), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer.is_consuming());
  bare_.publish("", queue, "after the end");
  EXPECT_FALSE(consumer.receive(patience));
  EXPECT_EQ(payload_in(consumer.get(patience)), "after the end");
}

TEST_F(consuming, is_told_when_its_queue_is_deleted) {
  const std::string queue = new_queue();
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  bare_.delete_queue(queue);
  EXPECT_FALSE(consumer.receive(patience));
  EXPECT_TRUE(consumer.was_cancelled());
  EXPECT_FALSE(consumer.is_consuming());
  EXPECT_TRUE(consumer.is_open());
}

TEST_F(consuming, from_a_queue_that_is_not_there_closes_the_consumer_alone) {
  waybill::rabbitmq::consumer lost(connection_, unique_queue("none"), {});
  EXPECT_EQ(lost.start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(lost.is_open());
  EXPECT_EQ(lost.reason().reply_code, AMQP_NOT_FOUND);
  EXPECT_TRUE(connection_.is_open());
  waybill::rabbitmq::consumer other(connection_, new_queue(), {});
  EXPECT_EQ(other.start(), AMQP_STATUS_OK);
}

TEST_F(consuming, puts_bodies_of_many_frames_together_while_channels_take_turns) {
  waybill::rabbitmq::connection small =
      waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq(), 4096));
  const std::vector<std::string> queues = {new_queue(), new_queue(), new_queue()};
  constexpr std::size_t body_bytes = 300'000;
  waybill::rabbitmq::publisher publisher(small, {});
  std::vector<std::unique_ptr<waybill::rabbitmq::consumer>> consumers;
  for (const std::string& queue : queues) {
    consumers.push_back(
        std::make_unique<waybill::rabbitmq::consumer>(small, queue, waybill::propagation{}));
    ASSERT_EQ(consumers.back()->start(), AMQP_STATUS_OK);
  }
  for (std::uint64_t number = 0; number < 12; ++number) {
    const waybill::context context = context_of(number);
    const std::string body(body_bytes + number, static_cast<char>('a' + number));
    ASSERT_EQ(publisher.publish({.routing_key = queues[number % 3], .payload = body},
                                {.context = &context}),
              AMQP_STATUS_OK);
  }
  for (std::uint64_t number = 0; number < 12; ++number) {
    message received = next(*consumers[number % 3]);
    EXPECT_EQ(received.payload(),
              std::string(body_bytes + number, static_cast<char>('a' + number)));
    EXPECT_EQ(received.context(), context_of(number));
  }
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
}

TEST_F(consuming, works_on_a_connection_that_the_application_opened) {
  const std::string queue = new_queue();
  const unique_amqp own = open_amqp(shared_rabbitmq());
  {
    waybill::rabbitmq::connection borrowed(own.get());
    ASSERT_TRUE(borrowed.is_open());
    EXPECT_EQ(borrowed.raw(), own.get());
    waybill::rabbitmq::publisher publisher(borrowed, {});
    waybill::rabbitmq::consumer consumer(borrowed, queue, {});
    const waybill::context context = context_of(1);
    ASSERT_EQ(publisher.publish({.routing_key = queue}, {.context = &context}), AMQP_STATUS_OK);
    EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
    message received = consumer.get(patience);
    EXPECT_EQ(received.context(), context);
    EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
  }
  require(amqp_connection_close(own.get(), AMQP_REPLY_SUCCESS), "closing");
}

// Frames that come while something else is asked belong to others, and reach them.
TEST_F(consuming, shares_its_connection_with_publishers_other_consumers_and_the_application) {
  const std::string queue = new_queue();
  const std::string other_queue = new_queue();
  std::size_t frames_of_others = 0;
  waybill::rabbitmq::connection shared = waybill::rabbitmq::connection::open(
      parameters_of(shared_rabbitmq()), {.on_other_frame = [&](const amqp_frame_t& frame) {
        EXPECT_EQ(frame.channel, 1);
        ++frames_of_others;
      }});
  amqp_channel_open(shared.raw(), 1);
  waybill::rabbitmq::consumer first(shared, queue, {});
  waybill::rabbitmq::consumer second(shared, other_queue, {});
  ASSERT_EQ(first.start(), AMQP_STATUS_OK);
  ASSERT_EQ(second.start(), AMQP_STATUS_OK);
  waybill::rabbitmq::publisher publisher(shared, {}, keep());
  constexpr std::uint64_t messages = 50;
  for (std::uint64_t number = 0; number < messages; ++number) {
    const waybill::context context = context_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = number % 2 == 0 ? queue : other_queue,
                                 .payload = payload_of(number)},
                                {.context = &context}),
              AMQP_STATUS_OK);
    // Its answer comes between deliveries and confirms.
    amqp_queue_declare(shared.raw(), 1, waybill::rabbitmq::bytes_of(queue), 1, 0, 0, 0,
                       amqp_empty_table);
    require(amqp_get_rpc_reply(shared.raw()), "looking at the queue");
  }
  for (std::uint64_t number = 0; number < messages; ++number) {
    message received = next(number % 2 == 0 ? first : second);
    ASSERT_EQ(number_in(received.payload()), number);
    EXPECT_EQ(received.context(), context_of(number));
  }
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes_.size(), messages);
  // A return to the application's own channel: a method, a header and a body.
  const amqp_bytes_t nowhere = amqp_cstring_bytes("waybill-nowhere");
  amqp_basic_publish(shared.raw(), 1, amqp_empty_bytes, nowhere, 1, 0, nullptr, nowhere);
  while (frames_of_others < 3 && shared.pump(patience) == AMQP_STATUS_OK) {
  }
  EXPECT_EQ(frames_of_others, 3U);
}

TEST_F(consuming, counts_what_the_listener_for_other_channels_throws) {
  waybill::rabbitmq::connection_options options;
  options.on_other_frame = [](const amqp_frame_t&) { throw std::runtime_error("listener"); };
  const auto diagnostics = options.diagnostics;
  auto shared =
      waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()), std::move(options));
  amqp_channel_open(shared.raw(), 1);
  require(amqp_get_rpc_reply(shared.raw()), "opening a channel");
  const amqp_bytes_t nowhere = amqp_cstring_bytes("waybill-nowhere");
  amqp_basic_publish(shared.raw(), 1, amqp_empty_bytes, nowhere, 1, 0, nullptr, nowhere);
  while (diagnostics->total() < 3 && shared.pump(patience) == AMQP_STATUS_OK) {
  }
  EXPECT_EQ(diagnostics->count(waybill::direction::inbound, waybill::errc::listener_failed), 3U)
      << "a method, a header and a body";
  EXPECT_TRUE(shared.is_open());
}

}  // namespace
}  // namespace waybill_test
