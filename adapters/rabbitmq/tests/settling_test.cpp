// Handling and settling messages, and what a publisher and a consumer share.

#include <stdexcept>
#include <thread>

#include "support/contexts.hpp"
#include "support/scripted_test.hpp"
#include "support/tables.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;
using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::consumer;
using waybill::rabbitmq::consumer_options;
using waybill::rabbitmq::failure_mode;
using waybill::rabbitmq::message;
using waybill::rabbitmq::settle_mode;
using waybill::rabbitmq::text_of;

class settling : public scripted_test {
 protected:
  /// A message with this delivery tag and a context.
  message next(consumer& from, std::uint64_t tag = 1) {
    own_table table{{"traceparent", traceparent_a}};
    server_.send(deliver_bytes(from.channel(), tag) +
                 content_bytes(from.channel(), "body", table.properties()));
    message got = from.receive(no_end);
    EXPECT_TRUE(got);
    return got;
  }

  /// Methods and their delivery tags, as text.
  std::vector<std::string> answers() {
    std::vector<std::string> all;
    for (const client_frame& each : server_.frames()) {
      if (each.method.id == AMQP_BASIC_ACK_METHOD) {
        const auto& ack = each.as<amqp_basic_ack_t>();
        all.push_back("ack " + std::to_string(ack.delivery_tag) + (ack.multiple ? " all" : ""));
      } else if (each.method.id == AMQP_BASIC_NACK_METHOD) {
        const auto& nack = each.as<amqp_basic_nack_t>();
        all.push_back("nack " + std::to_string(nack.delivery_tag) + (nack.multiple ? " all" : "") +
                      (nack.requeue ? " requeue" : ""));
      } else if (each.method.id == AMQP_BASIC_REJECT_METHOD) {
        const auto& reject = each.as<amqp_basic_reject_t>();
        all.push_back("reject " + std::to_string(reject.delivery_tag) +
                      (reject.requeue ? " requeue" : ""));
      } else {
        all.emplace_back(amqp_method_name(each.method.id));
      }
    }
    return all;
  }

  using texts = std::vector<std::string>;
};

constexpr auto throws = [](const message&) { throw std::runtime_error("handler"); };
constexpr auto returns = [](const message&) {};

TEST_F(settling, each_call_sends_its_method_once) {
  const auto consumer = make_started();
  message acked = next(*consumer, 1);
  message nacked = next(*consumer, 2);
  message rejected = next(*consumer, 3);
  EXPECT_EQ(consumer->ack(acked), AMQP_STATUS_OK);
  EXPECT_EQ(consumer->nack(nacked, true), AMQP_STATUS_OK);
  EXPECT_EQ(consumer->reject(rejected, false), AMQP_STATUS_OK);
  EXPECT_TRUE(acked.is_settled() && nacked.is_settled() && rejected.is_settled());
  EXPECT_EQ(answers(), (texts{"ack 1", "nack 2 requeue", "reject 3"}));
  for (message* each : {&acked, &nacked, &rejected}) {
    EXPECT_EQ(consumer->ack(*each), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_EQ(consumer->nack(*each, true), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_EQ(consumer->reject(*each, true), AMQP_STATUS_INVALID_PARAMETER);
    EXPECT_EQ(consumer->settle(*each), AMQP_STATUS_OK) << "it is settled";
  }
  EXPECT_TRUE(answers().empty());
}

TEST_F(settling, multiple_settles_every_message_before_it) {
  const auto consumer = make_started();
  std::vector<message> got;
  for (std::uint64_t tag = 1; tag <= 5; ++tag) got.push_back(next(*consumer, tag));
  EXPECT_EQ(consumer->ack(got[1], true), AMQP_STATUS_OK);
  EXPECT_EQ(consumer->ack(got[0]), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer->nack(got[3], false, true), AMQP_STATUS_OK);
  EXPECT_EQ(consumer->reject(got[2], true), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer->handle(got[2], returns), AMQP_STATUS_OK);
  EXPECT_EQ(consumer->ack(got[4]), AMQP_STATUS_OK);
  EXPECT_EQ(answers(), (texts{"ack 2 all", "nack 4 all", "ack 5"}));
}

TEST_F(settling, a_message_of_another_consumer_is_not_settled) {
  const auto consumer = make_started();
  const auto other = make_started();
  message got = next(*consumer, 1);
  message of_other = next(*other, 1);
  EXPECT_EQ(consumer->ack(of_other), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(other->ack(got, true), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_FALSE(got.is_settled() || of_other.is_settled());
  EXPECT_TRUE(answers().empty());
}

TEST_F(settling, a_message_is_settled_only_when_that_went_out) {
  const auto consumer = make_started();
  message first = next(*consumer, 1);
  message second = next(*consumer, 2);
  server_.hang_up();
  const int status = consumer->ack(second, true);
  EXPECT_NE(status, AMQP_STATUS_OK);
  EXPECT_FALSE(second.is_settled());
  EXPECT_FALSE(connection_.is_open());
  EXPECT_EQ(connection_.reason().status, status);
  EXPECT_EQ(connection_.reason().reply_text, amqp_error_string2(status));
  EXPECT_EQ(consumer->ack(first), AMQP_STATUS_CONNECTION_CLOSED) << "the other did not settle it";
  EXPECT_EQ(consumer->nack(second, true), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(first.is_settled() || second.is_settled());
}

TEST_F(settling, a_message_that_needs_no_answer_is_settled_from_the_beginning) {
  const auto consumer = make_started({.no_ack = true});
  message got = next(*consumer);
  EXPECT_TRUE(got.is_settled());
  EXPECT_EQ(consumer->ack(got), AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(consumer->handle(got, returns), AMQP_STATUS_OK);
  EXPECT_THROW(consumer->handle(got, throws), std::runtime_error);
  EXPECT_TRUE(answers().empty());
}

TEST_F(settling, handling_runs_under_the_messages_context) {
  const auto consumer = make_started();
  bool is_run = false;
  EXPECT_EQ(consumer->handle(next(*consumer),
                             [&](const message& got) {
                               is_run = true;
                               EXPECT_EQ(got.payload(), "body");
                               EXPECT_EQ(traceparent_text(waybill::current()), traceparent_a);
                             }),
            AMQP_STATUS_OK);
  EXPECT_TRUE(is_run);
  EXPECT_TRUE(waybill::current().is_empty());
  EXPECT_EQ(answers(), texts{"ack 1"});
}

TEST_F(settling, handling_ends_as_the_options_say) {
  struct row {
    const char* name;
    settle_mode settle;
    failure_mode on_failure;
    texts of_returned;
    texts of_thrown;
  };
  const std::vector<row> rows{
      {"nothing", settle_mode::none, failure_mode::none, {}, {}},
      {"ack", settle_mode::ack, failure_mode::none, {"ack 1"}, {}},
      {"reject", settle_mode::ack, failure_mode::reject, {"ack 1"}, {"reject 2"}},
      {"requeue", settle_mode::none, failure_mode::requeue, {}, {"reject 2 requeue"}},
  };
  for (const row& each : rows) {
    SCOPED_TRACE(each.name);
    const auto consumer = make_started({.settle = each.settle, .on_failure = each.on_failure});
    message returned = next(*consumer, 1);
    EXPECT_EQ(consumer->handle(returned, returns), AMQP_STATUS_OK);
    EXPECT_EQ(answers(), each.of_returned);
    EXPECT_EQ(returned.is_settled(), !each.of_returned.empty());
    message thrown = next(*consumer, 2);
    EXPECT_THROW(consumer->handle(thrown, throws), std::runtime_error);
    EXPECT_EQ(answers(), each.of_thrown);
    EXPECT_EQ(thrown.is_settled(), !each.of_thrown.empty());
    EXPECT_TRUE(waybill::current().is_empty());
  }
}

TEST_F(settling, a_handler_may_settle_the_message_itself_or_move_it_away) {
  const auto consumer = make_started({.on_failure = failure_mode::reject});
  EXPECT_EQ(consumer->handle(next(*consumer, 1), [&](message& got) { consumer->nack(got, true); }),
            AMQP_STATUS_OK);
  message kept;
  EXPECT_EQ(consumer->handle(next(*consumer, 2), [&](message& got) { kept = std::move(got); }),
            AMQP_STATUS_OK);
  EXPECT_THROW(consumer->handle(next(*consumer, 3),
                                [&](message& got) {
                                  consumer->ack(got);
                                  throws(got);
                                }),
               std::runtime_error);
  EXPECT_EQ(answers(), (texts{"nack 1 requeue", "ack 3"}));
  EXPECT_EQ(consumer->ack(kept), AMQP_STATUS_OK);
}

TEST_F(settling, work_may_end_on_another_thread_than_it_is_settled_on) {
  settings_ = waybill::propagation(waybill::propagation_options{.tracer = tracer_});
  const auto consumer = make_started();
  message got = next(*consumer);
  waybill::messaging::processing work = consumer->process(got);
  std::thread other([&, work = std::move(work)]() mutable {
    const waybill::scope active(work.context());
    EXPECT_EQ(waybill::current().span_context().trace_id(),
              make_context(traceparent_a).span_context().trace_id());
    work.succeed();
    connection_.wake();
  });
  EXPECT_FALSE(consumer->receive(no_end)) << "woken up";
  other.join();
  EXPECT_EQ(consumer->settle(got), AMQP_STATUS_OK);
  EXPECT_TRUE(got.is_settled());
  EXPECT_EQ(answers(), texts{"ack 1"});
  const auto processed = tracer_->spans(waybill::operation_kind::process);
  ASSERT_EQ(processed.size(), 1U);
  EXPECT_EQ(processed[0].ends, 1);
  EXPECT_EQ(processed[0].ended_as, outcome_state::succeeded);
}

class sharing : public settling {
 protected:
  static constexpr std::string_view reply_queue = "amq.rabbitmq.reply-to";

  std::unique_ptr<waybill::rabbitmq::publisher> publisher_ = make_publisher();
  std::unique_ptr<consumer> consumer_ = std::make_unique<consumer>(
      *publisher_, std::string(reply_queue), settings_, consumer_options{.no_ack = true});
};

TEST_F(sharing, one_channel_serves_a_publisher_and_a_consumer) {
  EXPECT_TRUE(consumer_->is_open());
  EXPECT_EQ(consumer_->channel(), publisher_->channel());
  server_.send_consuming(first_channel);
  ASSERT_EQ(consumer_->start(), AMQP_STATUS_OK);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_REPLY_TO_FLAG;
  properties.reply_to = waybill::rabbitmq::bytes_of(reply_queue);
  ASSERT_EQ(publisher_->publish({.routing_key = "requests",
                                 .payload = "request",
                                 .properties = &properties,
                                 .mandatory = true}),
            AMQP_STATUS_OK);
  ASSERT_EQ(publisher_->publish({.routing_key = "nowhere", .payload = "x", .mandatory = true}),
            AMQP_STATUS_OK);
  server_.send(ack_bytes(first_channel, 1) + deliver_bytes(first_channel, 1) +
               content_bytes(first_channel, "reply") + return_bytes(first_channel, "", "nowhere") +
               content_bytes(first_channel, "x") + ack_bytes(first_channel, 2));
  EXPECT_EQ(publisher_->wait_for_confirms(no_end), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes(), (std::vector{outcome_state::succeeded, outcome_state::failed}));
  EXPECT_EQ(payload_of(consumer_->receive(no_end)), "reply");
}

TEST_F(sharing, a_channel_has_one_consumer) {
  consumer second(*publisher_, "other", settings_);
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(second.reason().status, AMQP_STATUS_INVALID_PARAMETER);
  EXPECT_EQ(second.reason().reply_text, "the channel has a consumer already");
  EXPECT_EQ(second.start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_FALSE(second.receive(no_end)) << "at once";
  EXPECT_TRUE(consumer_->is_open()) << "the first one is not disturbed";
  consumer_.reset();
  const consumer third(*publisher_, "other", settings_);
  EXPECT_TRUE(third.is_open());
}

TEST_F(sharing, a_consumer_that_goes_is_cancelled_and_the_publisher_stays) {
  server_.send_consuming(first_channel, "its tag");
  ASSERT_EQ(consumer_->start(), AMQP_STATUS_OK);
  static_cast<void>(server_.frames());
  consumer_.reset();
  const auto frames = server_.frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].method.id, AMQP_BASIC_CANCEL_METHOD);
  EXPECT_EQ(text_of(frames[0].as<amqp_basic_cancel_t>().consumer_tag), "its tag");
  server_.send(deliver_bytes(first_channel, 1) + content_bytes(first_channel, "late"));
  ASSERT_EQ(publisher_->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  EXPECT_EQ(pump(ack_bytes(first_channel, 1)), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes(), std::vector{outcome_state::succeeded});
}

TEST_F(sharing, a_later_consumer_gets_no_message_of_an_earlier_one) {
  server_.send_consuming(first_channel, "consumer");
  ASSERT_EQ(consumer_->start(), AMQP_STATUS_OK);
  consumer_.reset();
  consumer later(*publisher_, "other", settings_);
  // What the broker sent to the earlier one before it heard of the cancel.
  const std::string late =
      deliver_bytes(first_channel, 1) + content_bytes(first_channel, "of another queue");
  EXPECT_EQ(pump(late), AMQP_STATUS_OK);
  server_.send(late);
  server_.send_consuming(first_channel, "later");
  ASSERT_EQ(later.start(), AMQP_STATUS_OK);
  EXPECT_FALSE(later.receive(at_once));
  EXPECT_TRUE(later.is_open());
}

TEST_F(sharing, a_cancel_of_an_earlier_consumer_leaves_the_later_one_alone) {
  consumer_.reset();
  consumer later(*publisher_, "other", settings_);
  server_.send_consuming(first_channel, "later");
  ASSERT_EQ(later.start(), AMQP_STATUS_OK);
  amqp_basic_cancel_t cancel{};
  cancel.consumer_tag = bytes_of("earlier");
  EXPECT_EQ(pump(method_bytes(first_channel, AMQP_BASIC_CANCEL_METHOD, cancel)), AMQP_STATUS_OK);
  EXPECT_TRUE(later.is_consuming());
  cancel.consumer_tag = bytes_of("later");
  EXPECT_EQ(pump(method_bytes(first_channel, AMQP_BASIC_CANCEL_METHOD, cancel)), AMQP_STATUS_OK);
  EXPECT_TRUE(later.was_cancelled());
}

TEST_F(sharing, a_later_consumer_gets_no_answer_to_an_earlier_ones_get) {
  EXPECT_FALSE(consumer_->get(at_once));
  consumer_.reset();
  consumer later(*publisher_, "other", settings_);
  const auto got = [](std::string_view payload) {
    return method_bytes(first_channel, AMQP_BASIC_GET_OK_METHOD, amqp_basic_get_ok_t{}) +
           content_bytes(first_channel, payload);
  };
  server_.send(got("of another queue") + got("its own"));
  EXPECT_EQ(payload_of(later.get(no_end)), "its own");
}

TEST_F(sharing, confirms_that_came_before_a_failed_call_count_still) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(publisher_->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  }
  server_.send(ack_bytes(first_channel, 3, true) +
               method_bytes(first_channel, AMQP_BASIC_QOS_OK_METHOD, amqp_basic_qos_ok_t{}) +
               close_bytes(first_channel, 404, "NOT_FOUND"));
  EXPECT_EQ(consumer_->start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(outcomes(), std::vector(3, outcome_state::succeeded));
  // The next channel may have the same number.
  next_channel_ = first_channel;
  const auto next = make_publisher();
  ASSERT_EQ(next->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  EXPECT_EQ(connection_.pump(at_once), AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(next->in_flight(), 1U);
}

TEST_F(sharing, a_publisher_that_goes_leaves_the_channel_to_the_consumer) {
  server_.send_consuming(first_channel);
  ASSERT_EQ(consumer_->start(), AMQP_STATUS_OK);
  ASSERT_EQ(publisher_->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  publisher_.reset();
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
  static_cast<void>(server_.frames());
  server_.send(ack_bytes(first_channel, 1) + deliver_bytes(first_channel, 1) +
               content_bytes(first_channel, "reply"));
  EXPECT_EQ(payload_of(consumer_->receive(no_end)), "reply");
  consumer_.reset();
  EXPECT_EQ(server_.methods(), std::vector{AMQP_CHANNEL_CLOSE_METHOD});
}

TEST_F(sharing, both_hear_that_the_channel_is_gone) {
  server_.send_consuming(first_channel);
  ASSERT_EQ(consumer_->start(), AMQP_STATUS_OK);
  ASSERT_EQ(publisher_->publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  EXPECT_EQ(pump(close_bytes(first_channel, 406, "PRECONDITION_FAILED")), AMQP_STATUS_OK);
  EXPECT_FALSE(consumer_->is_open());
  EXPECT_FALSE(publisher_->is_open());
  EXPECT_EQ(consumer_->reason().reply_text, "PRECONDITION_FAILED");
  EXPECT_EQ(outcomes(), std::vector{outcome_state::unanswered});
  EXPECT_FALSE(consumer_->receive(no_end)) << "at once";
}

}  // namespace
}  // namespace waybill_test
