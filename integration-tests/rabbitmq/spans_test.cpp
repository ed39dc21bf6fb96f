// The spans around what is sent, received, processed and settled.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/rabbitmq_test.hpp"
#include "support/recording_tracer.hpp"

namespace waybill_test {
namespace {

using waybill::operation_kind;
using waybill::outcome_state;

/// The system, the name and the place, as far as the span has one: exchange:key:queue#delivery_tag.
std::string what(const recording_tracer::span& span) {
  std::string text = span.system + " " + span.name + " " + span.destination;
  for (const std::string& part : {span.routing_key, span.queue}) {
    if (!part.empty()) text += ":" + part;
  }
  if (span.delivery_tag.has_value()) text += "#" + std::to_string(*span.delivery_tag);
  return text;
}

class spans : public rabbitmq_test {
 protected:
  std::shared_ptr<recording_tracer> tracer_ = std::make_shared<recording_tracer>();
  const waybill::propagation settings_{waybill::propagation_options{.tracer = tracer_}};
};

TEST_F(spans, of_a_message_tell_its_whole_way) {
  const std::string exchange = unique_queue("exchange");
  const std::string queue = new_queue();
  bare_.declare_exchange(exchange, "direct");
  bare_.bind(queue, exchange, "key");
  const waybill::context context = context_of(1);
  waybill::rabbitmq::publisher publisher(connection_, settings_);
  ASSERT_EQ(publisher.publish({.exchange = exchange, .routing_key = "key"}, {.context = &context}),
            AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  waybill::rabbitmq::consumer consumer(connection_, queue, settings_);
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  waybill::rabbitmq::message received = next(consumer);
  consumer.handle(received, [](const auto&) {});

  const auto all = tracer_->spans();
  ASSERT_EQ(all.size(), 4U);
  const recording_tracer::span& sent = all[0];
  EXPECT_EQ(what(sent), "rabbitmq publish " + exchange + ":key");
  EXPECT_EQ(sent.kind, operation_kind::send);
  EXPECT_EQ(sent.parent.span_context(), context.span_context());
  EXPECT_EQ(received.context().span_context(), sent.started.span_context())
      << "it is what was injected";
  const std::string where = exchange + ":key:" + queue + "#1";
  EXPECT_EQ(what(all[1]), "rabbitmq consume " + where);
  EXPECT_EQ(all[1].kind, operation_kind::receive);
  EXPECT_EQ(what(all[2]), "rabbitmq process " + where);
  EXPECT_EQ(all[2].kind, operation_kind::process);
  EXPECT_EQ(all[2].parent.span_context(), sent.started.span_context());
  EXPECT_EQ(what(all[3]), "rabbitmq ack " + where);
  EXPECT_EQ(all[3].kind, operation_kind::settle);
  for (const recording_tracer::span& each : all) {
    EXPECT_EQ(each.ends, 1);
    EXPECT_EQ(each.ended_as, outcome_state::succeeded);
    if (each.kind == operation_kind::send) continue;
    EXPECT_EQ(each.links, std::vector{sent.started.span_context()}) << what(each);
  }
}

TEST_F(spans, end_with_what_went_wrong) {
  const std::string queue = new_queue();
  const std::string nowhere = unique_queue("nowhere");
  {
    waybill::rabbitmq::publisher publisher(connection_, settings_);
    ASSERT_EQ(publisher.publish({.routing_key = nowhere, .mandatory = true}), AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
    ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  }
  waybill::rabbitmq::publisher without(connection_, settings_, {}, {.confirms = false});
  ASSERT_EQ(without.publish({.routing_key = queue}), AMQP_STATUS_OK);
  EXPECT_EQ(without.in_flight(), 0U);
  waybill::rabbitmq::consumer consumer(connection_, queue, settings_);
  EXPECT_FALSE(waybill::rabbitmq::consumer(connection_, new_queue(), settings_).get(patience));
  waybill::rabbitmq::message received;
  while (!received) received = consumer.get(patience);
  EXPECT_THROW(consumer.handle(received, [](const auto&) { throw 1; }), int);

  const auto all = tracer_->spans();
  ASSERT_EQ(all.size(), 5U) << "nothing is told of a queue that was empty";
  EXPECT_EQ(all[0].ended_as, outcome_state::failed);
  EXPECT_EQ(all[0].error, "312");
  EXPECT_EQ(what(all[0]), "rabbitmq publish " + nowhere);
  EXPECT_EQ(all[1].ended_as, outcome_state::unanswered);
  EXPECT_EQ(all[2].ended_as, outcome_state::unknown);
  EXPECT_EQ(what(all[3]), "rabbitmq get " + queue + ":" + queue + "#1");
  EXPECT_EQ(all[4].ended_as, outcome_state::failed);
  EXPECT_EQ(all[4].error, "exception");
  for (const recording_tracer::span& each : all) EXPECT_EQ(each.ends, 1);
}

TEST_F(spans, keep_to_the_boundary_of_exchange_and_queue) {
  const std::string queue = new_queue();
  waybill::propagation_options options;
  options.boundary.set(queue, {.inbound = waybill::inbound_mode::link});
  const waybill::propagation settings(options);
  waybill::rabbitmq::publisher publisher(connection_, {});
  const waybill::context context = context_of(3);
  ASSERT_EQ(publisher.publish({.routing_key = queue}, {.context = &context}), AMQP_STATUS_OK);
  waybill::rabbitmq::consumer consumer(connection_, queue, settings);
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  const waybill::rabbitmq::message received = next(consumer);
  EXPECT_EQ(received.extraction().parent(), nullptr);
  EXPECT_EQ(received.extraction().links().size(), 1U);
  EXPECT_EQ(received.extraction().links()[0], context.span_context());
  EXPECT_EQ(received.extraction().sender(), context.span_context());
  EXPECT_NE(received.context().span_context().trace_id(), context.span_context().trace_id());
  EXPECT_EQ(received.context().baggage_text(), context.baggage_text());
}

}  // namespace
}  // namespace waybill_test
