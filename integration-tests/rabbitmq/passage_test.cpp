// What the application put in comes out byte for byte, also for those who know nothing of waybill.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/rabbitmq_test.hpp"
#include "support/seen_by_pika.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using passage = rabbitmq_test;

const std::string any_bytes = std::string("\0\xff\xfe body \0", 10);

amqp_basic_properties_t with_more(amqp_basic_properties_t properties) {
  properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                       AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.content_type = amqp_cstring_bytes("application/octet-stream");
  properties.message_id = amqp_cstring_bytes("message-1");
  properties.priority = 3;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  return properties;
}

TEST_F(passage, shows_a_foreign_client_what_it_always_saw_plus_the_fields) {
  const std::string queue = new_queue();
  header_table headers;
  headers.add_every_type();
  const amqp_basic_properties_t properties = with_more(headers.properties());
  waybill::rabbitmq::publisher publisher(connection_, {});
  const waybill::context sent = context_of(1);

  bare_.publish("", queue, any_bytes, &properties);
  ASSERT_EQ(
      publisher.publish({.routing_key = queue, .payload = any_bytes, .properties = &properties},
                        {.context = &sent}),
      AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);

  std::vector<nlohmann::json> seen = seen_by_pika(queue);
  ASSERT_EQ(seen.size(), 2U);
  nlohmann::json& with_fields = seen[1];
  EXPECT_EQ(with_fields["headers"]["traceparent"], "'" + traceparent_of(sent) + "'");
  EXPECT_EQ(with_fields["headers"]["tracestate"], "'" + std::string(sent.tracestate_text()) + "'");
  EXPECT_EQ(with_fields["headers"]["baggage"], "'" + std::string(sent.baggage_text()) + "'");
  for (const char* field : {"traceparent", "tracestate", "baggage"}) {
    with_fields["headers"].erase(field);
    auto& names = with_fields["names"];
    names.erase(std::remove(names.begin(), names.end(), field), names.end());
  }
  EXPECT_EQ(with_fields, seen[0]);
}

// RabbitMQ 4 sorts the headers and keeps one of each name: what counts is what the broker makes of
// the same headers when waybill had no part in them.
TEST_F(passage, keeps_headers_of_every_type_byte_for_byte) {
  const std::string queue = new_queue();
  header_table headers;
  headers.add_every_type();
  const std::string before = encoded(headers.table());
  const amqp_basic_properties_t properties = with_more(headers.properties());
  waybill::rabbitmq::publisher publisher(connection_, {});
  const waybill::context sent = context_of(2);
  const auto bare_encoded = [&](const amqp_basic_properties_t& published) {
    bare_.publish("", queue, any_bytes, &published);
    return encoded(bare_.get(queue).value().properties().headers);
  };
  const std::string bare_without_fields = bare_encoded(properties);
  header_table headers_and_fields;
  headers_and_fields.add_every_type();
  add_fields(headers_and_fields, sent);
  const std::string bare_with_fields = bare_encoded(with_more(headers_and_fields.properties()));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(
        publisher.publish({.routing_key = queue, .payload = any_bytes, .properties = &properties},
                          {.context = &sent}),
        AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(encoded(headers.table()), before) << "the application's own table was written to";

  const auto on_wire = bare_.get(queue);
  ASSERT_TRUE(on_wire);
  EXPECT_EQ(on_wire->body(), any_bytes);
  EXPECT_EQ(encoded(on_wire->properties().headers), bare_with_fields);

  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  const waybill::rabbitmq::message received = consumer.get(patience);
  ASSERT_TRUE(received);
  EXPECT_EQ(received.payload(), any_bytes);
  EXPECT_EQ(encoded(received.properties().headers), bare_without_fields);
  EXPECT_EQ(received.properties().priority, 3);
  EXPECT_EQ(received.context(), sent);
}

TEST_F(passage, of_a_message_without_headers_gives_one_without_headers) {
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {});
  const waybill::context sent = context_of(3);
  {
    const waybill::scope active(sent);
    ASSERT_EQ(publisher.publish({.routing_key = queue}), AMQP_STATUS_OK);
  }
  ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = "no context"}), AMQP_STATUS_OK);
  waybill::rabbitmq::consumer consumer(connection_, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  waybill::rabbitmq::message received = next(consumer);
  EXPECT_EQ(received.properties()._flags & AMQP_BASIC_HEADERS_FLAG, 0U);
  EXPECT_EQ(received.payload(), "");
  consumer.handle(received, [&](const auto&) { EXPECT_EQ(waybill::current(), sent); });
  EXPECT_TRUE(waybill::current().is_empty());
  const waybill::rabbitmq::message bare = next(consumer);
  EXPECT_EQ(bare.payload(), "no context");
  EXPECT_TRUE(bare.context().is_empty());
  EXPECT_EQ(bare.properties()._flags & AMQP_BASIC_HEADERS_FLAG, 0U);
}

// Neither a consumer that leaves the fields in nor one that takes them off makes them more.
TEST_F(passage, of_a_message_that_is_sent_on_again_and_again_leaves_one_of_each_field) {
  constexpr std::uint64_t times = 5;
  const std::string queue = new_queue();
  waybill::rabbitmq::publisher publisher(connection_, {});
  waybill::rabbitmq::consumer consumer(connection_, queue, {}, {.strip = false});
  header_table headers;
  headers.add("number", "1");
  headers.add("TraceParent", "00-11111111111111111111111111111111-1111111111111111-01");
  const amqp_basic_properties_t properties = headers.properties();
  const waybill::context first = context_of(10);
  ASSERT_EQ(
      publisher.publish({.routing_key = queue, .properties = &properties}, {.context = &first}),
      AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  for (std::uint64_t number = 11; number < 11 + times; ++number) {
    waybill::rabbitmq::message received = consumer.get(patience);
    ASSERT_TRUE(received);
    EXPECT_EQ(received.context(), context_of(number - 1));
    const waybill::context own = context_of(number);
    ASSERT_EQ(publisher.publish({.routing_key = queue,
                                 .payload = received.payload(),
                                 .properties = &received.properties()},
                                {.context = &own}),
              AMQP_STATUS_OK);
    ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
    EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
  }
  const auto last = bare_.get(queue);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->properties().headers.num_entries, 4);
  EXPECT_EQ(last->text_headers().at("traceparent"), traceparent_of(context_of(10 + times)));
  for (const char* field : {"traceparent", "tracestate", "baggage", "number"}) {
    EXPECT_EQ(last->count(field), 1U) << field;
  }
}

}  // namespace
}  // namespace waybill_test
