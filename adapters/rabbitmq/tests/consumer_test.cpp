// Receiving and settling, on a server that says what the test wants.

#include <utility>

#include "support/contexts.hpp"
#include "support/scripted_test.hpp"
#include "support/tables.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using waybill::direction;
using waybill::errc;
using waybill::outcome_state;
using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::consumer;
using waybill::rabbitmq::consumer_options;
using waybill::rabbitmq::message;
using waybill::rabbitmq::text_of;

class consuming : public scripted_test {
 protected:
  /// A delivery on the first channel.
  static std::string delivery(std::uint64_t tag, std::string_view body = "body",
                              const amqp_basic_properties_t& properties = {}) {
    return deliver_bytes(first_channel, tag) + content_bytes(first_channel, body, properties);
  }

  static std::string get_ok(std::string_view body, std::uint64_t tag = 1) {
    amqp_basic_get_ok_t answer{};
    answer.delivery_tag = tag;
    answer.exchange = bytes_of("exchange");
    answer.routing_key = bytes_of("key");
    return method_bytes(first_channel, AMQP_BASIC_GET_OK_METHOD, answer) +
           content_bytes(first_channel, body);
  }

  static std::string get_empty() {
    return method_bytes(first_channel, AMQP_BASIC_GET_EMPTY_METHOD, amqp_basic_get_empty_t{});
  }

  /// The only frame that the client has sent.
  client_frame only_frame() {
    auto frames = server_.frames();
    EXPECT_EQ(frames.size(), 1U);
    return frames.empty() ? client_frame{} : frames[0];
  }
};

TEST_F(consuming, starts_as_its_options_say) {
  own_table arguments;
  arguments.add("x-stream-offset", "first").add("x-priority", int64_value(7));
  const auto consumer = make_consumer({.no_ack = true,
                                       .exclusive = true,
                                       .arguments = arguments.get(),
                                       .prefetch = 9,
                                       .consumer_tag = "mine"});
  server_.send_consuming(first_channel, "mine");
  ASSERT_EQ(consumer->start(), AMQP_STATUS_OK);
  EXPECT_TRUE(consumer->is_consuming());
  EXPECT_EQ(consumer->queue(), "queue");
  EXPECT_EQ(consumer->options().prefetch, 9);
  const auto frames = server_.frames();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].method.id, AMQP_BASIC_QOS_METHOD);
  EXPECT_EQ(frames[0].as<amqp_basic_qos_t>().prefetch_count, 9);
  EXPECT_EQ(frames[1].method.id, AMQP_BASIC_CONSUME_METHOD);
  const auto& asked = frames[1].as<amqp_basic_consume_t>();
  EXPECT_EQ(text_of(asked.queue), "queue");
  EXPECT_EQ(text_of(asked.consumer_tag), "mine");
  EXPECT_EQ(asked.no_ack, 1);
  EXPECT_EQ(asked.exclusive, 1);
  EXPECT_EQ(encoded(asked.arguments), encoded(arguments.get()));
  EXPECT_EQ(consumer->start(), AMQP_STATUS_INVALID_PARAMETER) << "it was started";
}

TEST_F(consuming, what_rabbitmq_c_cannot_send_is_refused_and_nothing_goes_out) {
  own_table unknown_kind;
  unknown_kind.add("name", value_of_kind('?'));
  own_table large{{"name", std::string(200'000, 'x')}};
  struct row {
    const char* name;
    consumer_options options;
    int status;
  };
  const std::vector<row> rows{
      {"tag", {.consumer_tag = std::string(256, 't')}, AMQP_STATUS_INVALID_PARAMETER},
      {"kind", {.arguments = unknown_kind.get()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"size", {.arguments = large.get()}, AMQP_STATUS_TABLE_TOO_BIG},
  };
  for (const row& each : rows) {
    SCOPED_TRACE(each.name);
    server_.send_channel(next_channel_--);
    consumer refused(connection_, "queue", settings_, each.options);
    static_cast<void>(server_.frames());
    EXPECT_EQ(refused.start(), each.status);
    EXPECT_TRUE(server_.methods().empty());
    // basic.get has neither tag nor arguments.
    EXPECT_FALSE(refused.get(at_once));
    EXPECT_EQ(server_.methods(), std::vector{AMQP_BASIC_GET_METHOD});
    EXPECT_TRUE(refused.is_open());
  }
}

TEST_F(consuming, a_queue_with_too_long_a_name_is_an_error) {
  server_.send_channel(first_channel);
  consumer refused(connection_, std::string(256, 'q'), settings_);
  static_cast<void>(server_.frames());
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().status, AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(refused.reason().reply_text, "the queue's name has more than 255 bytes");
  EXPECT_EQ(refused.start(), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_FALSE(refused.receive(no_end)) << "at once";
  EXPECT_FALSE(refused.get(no_end)) << "at once";
  EXPECT_TRUE(server_.frames().empty());
  server_.send_channel(second_channel);
  const consumer longest(connection_, std::string(255, 'q'), settings_);
  EXPECT_TRUE(longest.is_open());
}

TEST_F(consuming, arguments_are_looked_at_by_the_start_alone) {
  auto arguments = std::make_unique<own_table>();
  arguments->add("x-priority", int64_value(1));
  const auto consumer = make_started({.arguments = arguments->get()});
  server_.send(method_bytes(first_channel, AMQP_BASIC_CANCEL_OK_METHOD,
                            amqp_basic_cancel_ok_t{bytes_of("consumer")}));
  ASSERT_EQ(consumer->cancel(), AMQP_STATUS_OK);
  arguments.reset();
  static_cast<void>(server_.frames());
  EXPECT_FALSE(consumer->get(at_once));
  EXPECT_EQ(server_.methods(), std::vector{AMQP_BASIC_GET_METHOD});
}

TEST_F(consuming, a_message_before_a_failed_call_is_received_where_the_queue_forgot_it) {
  const auto consumer = make_started({.no_ack = true});
  server_.send(deliver_bytes(first_channel, 1) + content_bytes(first_channel, "last") +
               close_bytes(first_channel, 541, "INTERNAL_ERROR"));
  EXPECT_EQ(consumer->cancel(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(payload_of(consumer->receive(at_once)), "last");
}

TEST_F(consuming, a_channel_that_the_broker_closes_at_the_start_says_why) {
  const auto consumer = make_consumer();
  server_.send(method_bytes(first_channel, AMQP_BASIC_QOS_OK_METHOD, amqp_basic_qos_ok_t{}) +
               close_bytes(first_channel, 404, "NOT_FOUND - no queue"));
  EXPECT_EQ(consumer->start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(consumer->is_consuming());
  EXPECT_EQ(consumer->reason().reply_code, 404);
  EXPECT_EQ(consumer->reason().reply_text, "NOT_FOUND - no queue");
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(consuming, a_refused_prefetch_ends_the_start) {
  const auto consumer = make_consumer();
  server_.send(close_bytes(first_channel, 540, "NOT_IMPLEMENTED"));
  EXPECT_EQ(consumer->start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(consumer->reason().reply_code, 540);
}

TEST_F(consuming, gives_a_message_without_its_context_and_the_context) {
  const auto consumer = make_started();
  own_table table{{"first", "1"}, {"traceparent", traceparent_a}, {"last", ""}};
  own_table expected{{"first", "1"}, {"last", ""}};
  amqp_basic_properties_t properties = table.properties();
  properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.message_id = bytes_of("id");
  server_.send(delivery(7, "body", properties));
  const message got = consumer->receive(no_end);
  ASSERT_TRUE(got);
  EXPECT_EQ(got.payload(), "body");
  EXPECT_EQ(got.exchange(), "exchange");
  EXPECT_EQ(got.routing_key(), "key");
  EXPECT_EQ(got.delivery_tag(), 7U);
  EXPECT_EQ(got.attempt(), 1U);
  EXPECT_FALSE(got.redelivered());
  EXPECT_EQ(got.raw().channel, first_channel);
  EXPECT_EQ(text_of(got.raw().consumer_tag), "consumer");
  EXPECT_EQ(text_of(got.properties().message_id), "id");
  EXPECT_EQ(encoded(got.properties().headers), encoded(expected.get()));
  EXPECT_EQ(traceparent_text(got.context()), traceparent_a);
}

TEST_F(consuming, leaves_the_fields_where_it_is_told_to) {
  const auto consumer = make_started({.strip = false});
  own_table table{{"traceparent", traceparent_a}};
  server_.send(delivery(1, "", table.properties()));
  const message got = consumer->receive(no_end);
  EXPECT_EQ(encoded(got.properties()), encoded(table.properties()));
  EXPECT_TRUE(got.context().has_trace());
}

TEST_F(consuming, counts_deliveries_and_keeps_the_brokers_numbers) {
  const auto consumer = make_started();
  own_table table;
  table.add("x-delivery-count", int64_value(4));
  const std::string content = content_bytes(first_channel, "", table.properties());
  server_.send(deliver_bytes(first_channel, 1) + content + deliver_bytes(first_channel, 2, true) +
               content);
  const message first = consumer->receive(no_end);
  EXPECT_EQ(first.attempt(), 1U) << "the count was copied";
  EXPECT_EQ(first.counts().returned, 4U);
  const message again = consumer->receive(no_end);
  EXPECT_TRUE(again.redelivered());
  EXPECT_EQ(again.attempt(), 5U);
}

TEST_F(consuming, headers_of_every_kind_come_out_byte_for_byte) {
  const auto consumer = make_started();
  own_table nested{{"", ""}, {"inner", "value"}};
  own_table table{{"", "of an empty name"}, {"empty", ""}, {"", ""}, {"twice", "1"}};
  for (const char kind : all_kinds) {
    table.add(std::string("kind ") + kind, value_of_kind(static_cast<std::uint8_t>(kind)));
  }
  table.add("table", nested).add("", nested).add("twice", "2");
  table.add_array("array", {long_string(""), int64_value(-1), void_value()});
  table.add("bytes", byte_array(std::string_view("\0\xff", 2)));
  for (std::uint64_t tag = 1; tag <= 3; ++tag) {
    server_.send(delivery(tag, "body", table.properties()));
    const message got = consumer->receive(no_end);
    ASSERT_TRUE(got) << connection_.reason().reply_text;
    EXPECT_EQ(encoded(got.properties()), encoded(table.properties()));
    EXPECT_EQ(got.payload(), "body");
  }
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(consuming, more_messages_than_may_wait_cost_the_connection) {
  const auto consumer = make_started({.prefetch = 3, .beyond_prefetch_max = 3});
  const auto publisher = make_publisher();
  ASSERT_EQ(publisher->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  std::string bytes;
  // The answer to a get may be one more.
  for (std::uint64_t tag = 1; tag <= 7; ++tag) bytes += delivery(tag);
  EXPECT_EQ(pump(bytes), AMQP_STATUS_OK);
  EXPECT_EQ(pump(delivery(8) + ack_bytes(second_channel, 1)), AMQP_STATUS_BAD_AMQP_DATA);
  EXPECT_FALSE(consumer->is_open());
  EXPECT_EQ(consumer->reason().reply_text, "more messages than may wait");
  EXPECT_FALSE(consumer->receive(no_end)) << "the queue has them back";
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
}

TEST_F(consuming, messages_of_a_cancelled_start_leave_room_for_those_of_the_next_one) {
  const auto consumer = make_started({.prefetch = 1, .beyond_prefetch_max = 1});
  std::uint64_t tag = 0;
  for (int i = 0; i < 10; ++i) {
    server_.send(delivery(++tag) + method_bytes(first_channel, AMQP_BASIC_CANCEL_OK_METHOD,
                                                amqp_basic_cancel_ok_t{bytes_of("consumer")}));
    ASSERT_EQ(consumer->cancel(), AMQP_STATUS_OK);
    server_.send_consuming(first_channel);
    ASSERT_EQ(consumer->start(), AMQP_STATUS_OK);
  }
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(consumer->receive(at_once));
}

TEST_F(consuming, where_the_prefetch_is_no_limit_any_number_of_messages_waits) {
  for (const consumer_options& options :
       {consumer_options{.no_ack = true, .prefetch = 1}, consumer_options{.prefetch = 0}}) {
    const auto consumer = make_started(options);
    const amqp_channel_t channel = consumer->channel();
    std::string bytes;
    for (std::uint64_t tag = 1; tag <= 1'000; ++tag) {
      bytes += deliver_bytes(channel, tag) + content_bytes(channel, "x");
    }
    EXPECT_EQ(pump(bytes), AMQP_STATUS_OK);
    int messages = 0;
    while (consumer->receive(at_once)) ++messages;
    EXPECT_EQ(messages, 1'000);
  }
}

TEST_F(consuming, a_receive_that_times_out_gives_no_message) {
  const auto consumer = make_started();
  EXPECT_FALSE(consumer->receive(at_once));
  EXPECT_FALSE(consumer->receive(milliseconds(1)));
  EXPECT_TRUE(consumer->is_consuming());
}

TEST_F(consuming, does_not_wait_where_it_was_not_started) {
  const auto consumer = make_consumer();
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
}

TEST_F(consuming, a_cancel_by_the_broker_ends_the_waiting) {
  const auto consumer = make_started();
  amqp_basic_cancel_t cancel{};
  cancel.consumer_tag = bytes_of("consumer");
  cancel.nowait = 1;
  server_.send(delivery(1, "before") +
               method_bytes(first_channel, AMQP_BASIC_CANCEL_METHOD, cancel));
  EXPECT_EQ(payload_of(consumer->receive(no_end)), "before");
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
  EXPECT_TRUE(consumer->was_cancelled());
  EXPECT_FALSE(consumer->is_consuming());
  EXPECT_TRUE(consumer->is_open());
  EXPECT_EQ(consumer->cancel(), AMQP_STATUS_OK) << "there is nothing to cancel";
  server_.send_consuming(first_channel, "again");
  EXPECT_EQ(consumer->start(), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer->was_cancelled());
}

TEST_F(consuming, its_own_cancel_leaves_what_has_come) {
  const auto consumer = make_started();
  amqp_basic_cancel_ok_t answer{};
  answer.consumer_tag = bytes_of("consumer");
  server_.send(delivery(1, "before") +
               method_bytes(first_channel, AMQP_BASIC_CANCEL_OK_METHOD, answer));
  EXPECT_EQ(consumer->cancel(), AMQP_STATUS_OK);
  const auto asked = only_frame();
  EXPECT_EQ(asked.method.id, AMQP_BASIC_CANCEL_METHOD);
  EXPECT_EQ(text_of(asked.as<amqp_basic_cancel_t>().consumer_tag), "consumer");
  EXPECT_FALSE(consumer->is_consuming());
  EXPECT_FALSE(consumer->was_cancelled());
  EXPECT_EQ(payload_of(consumer->receive(no_end)), "before");
  EXPECT_FALSE(consumer->receive(no_end)) << "at once";
}

TEST_F(consuming, a_cancel_without_an_answer_costs_the_connection) {
  const auto consumer = make_started();
  const timeval patience{0, 50'000};
  amqp_set_rpc_timeout(link_.raw(), &patience);
  EXPECT_EQ(consumer->cancel(), AMQP_STATUS_TIMEOUT);
  EXPECT_FALSE(connection_.is_open());
}

TEST_F(consuming, gets_one_message_or_none) {
  const auto consumer = make_consumer();
  server_.send(get_ok("one"));
  const message got = consumer->get(no_end);
  EXPECT_EQ(got.payload(), "one");
  EXPECT_EQ(got.exchange(), "exchange");
  EXPECT_EQ(only_frame().method.id, AMQP_BASIC_GET_METHOD);
  server_.send(get_empty());
  EXPECT_FALSE(consumer->get(no_end)) << "at once";
}

TEST_F(consuming, a_get_whose_answer_is_late_gives_it_to_the_next_call) {
  const auto consumer = make_consumer();
  EXPECT_FALSE(consumer->get(milliseconds(1)));
  EXPECT_FALSE(consumer->get(at_once));
  EXPECT_EQ(server_.methods(), std::vector{AMQP_BASIC_GET_METHOD}) << "it asks once";
  server_.send(get_ok("late"));
  EXPECT_EQ(payload_of(consumer->get(no_end)), "late");
}

TEST_F(consuming, a_get_on_a_channel_that_closes_ends) {
  const auto consumer = make_consumer();
  server_.send(close_bytes(first_channel, 404, "NOT_FOUND"));
  EXPECT_FALSE(consumer->get(no_end));
  EXPECT_EQ(consumer->reason().reply_code, 404);
}

TEST_F(consuming, a_closed_channel_keeps_only_what_the_broker_forgot) {
  for (const bool no_ack : {false, true}) {
    next_channel_ = first_channel;  // it is free again
    const auto consumer = make_started({.no_ack = no_ack});
    const amqp_channel_t channel = consumer->channel();
    EXPECT_EQ(pump(deliver_bytes(channel, 1) + content_bytes(channel, "waits") +
                   close_bytes(channel, 406, "x")),
              AMQP_STATUS_OK);
    EXPECT_EQ(payload_of(consumer->receive(no_end)), no_ack ? "waits" : "");
    EXPECT_FALSE(consumer->receive(no_end));
  }
}

TEST_F(consuming, fills_the_received_slot_where_the_option_says_so) {
  const auto consumer = make_started({.fills_received_slot = true});
  own_table table{{"traceparent", traceparent_a}};
  server_.send(delivery(1, "", table.properties()) + delivery(2));
  const message got = consumer->receive(no_end);
  EXPECT_EQ(traceparent_text(waybill::current()), traceparent_a);
  static_cast<void>(consumer->receive(no_end));
  EXPECT_TRUE(waybill::current().is_empty()) << "the next call clears it";
}

TEST_F(consuming, a_context_that_nobody_looked_at_is_counted) {
  const auto consumer = make_started();
  own_table table{{"traceparent", traceparent_a}};
  server_.send(delivery(1, "", table.properties()) + delivery(2, "", table.properties()) +
               delivery(3));
  static_cast<void>(consumer->receive(no_end));
  EXPECT_EQ(counted(direction::inbound, errc::unused_context), 1U);
  EXPECT_TRUE(waybill::current().is_empty()) << "the slot is not filled by default";
  EXPECT_TRUE(consumer->receive(no_end).context().has_trace());
  static_cast<void>(consumer->receive(no_end));
  EXPECT_EQ(counted(direction::inbound, errc::unused_context), 1U);
}

TEST_F(consuming, a_message_outlives_its_consumer_and_its_connection) {
  message kept;
  {
    scripted_connection link;
    waybill::rabbitmq::connection connection(link.raw());
    link.server().send_channel(first_channel);
    consumer consumer(connection, "queue", settings_);
    link.server().send_consuming(first_channel);
    ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
    own_table table{{"own", "header"}};
    link.server().send(delivery(1, "kept", table.properties()));
    message got = consumer.receive(no_end);
    kept = std::move(got);
    // NOLINTNEXTLINE(bugprone-use-after-move): a message says what it leaves behind
    EXPECT_FALSE(got);
    EXPECT_EQ(got.counts().attempt, 0U);
  }
  EXPECT_EQ(kept.counts().attempt, 1U);
  EXPECT_EQ(kept.payload(), "kept");
  EXPECT_EQ(texts_of(kept.properties().headers)[0].second, "header");
  message moved(std::move(kept));
  EXPECT_EQ(moved.payload(), "kept");
}

TEST_F(consuming, receive_and_settle_have_spans) {
  settings_ = waybill::propagation(waybill::propagation_options{.tracer = tracer_});
  const auto consumer = make_started();
  own_table table{{"traceparent", traceparent_a}};
  server_.send(delivery(1, "body", table.properties()));
  message got = consumer->receive(no_end);
  EXPECT_EQ(consumer->handle(got, [](const message&) {}), AMQP_STATUS_OK);
  EXPECT_EQ(tracer_->badly_ended(), 0U);
  using waybill::operation_kind;
  const auto received = tracer_->spans(operation_kind::receive);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].name, "consume");
  EXPECT_EQ(received[0].queue, "queue");
  EXPECT_EQ(received[0].destination, "exchange");
  EXPECT_EQ(received[0].delivery_tag, 1U);
  EXPECT_EQ(received[0].body_bytes, std::size_t{4});
  ASSERT_EQ(tracer_->spans(operation_kind::process).size(), 1U);
  const auto settled = tracer_->spans(operation_kind::settle);
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].name, "ack");
  EXPECT_EQ(settled[0].ended_as, outcome_state::succeeded);
}

}  // namespace
}  // namespace waybill_test
