// The attributes that a tracer sees of an operation.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <waybill/messaging/operation.hpp>

namespace waybill_test {
namespace {

using waybill::attribute_value;
using waybill::operation;
using waybill::operation_details;
using waybill::operation_kind;

static_assert(!std::is_copy_constructible_v<operation> && !std::is_copy_assignable_v<operation>);
static_assert(!std::is_default_constructible_v<operation>, "only a walk makes one");

using attribute = std::variant<std::string, std::int64_t, bool>;
using attributes = std::map<std::string, attribute>;

attributes attributes_of(const operation& told) {
  attributes found;
  told.for_each_attribute(
      [](void* state, std::string_view name, const attribute_value& value) {
        attribute each;
        if (value.type() == attribute_value::kind::text) each = std::string(value.text());
        if (value.type() == attribute_value::kind::number) each = value.number();
        if (value.type() == attribute_value::kind::boolean) each = value.boolean();
        EXPECT_TRUE(static_cast<attributes*>(state)->emplace(name, each).second) << name;
      },
      &found);
  return found;
}

TEST(operation, its_details_are_made_once_and_only_when_they_are_asked_for) {
  int asked = 0;
  const auto describe = [&asked] {
    ++asked;
    return operation_details{.system = "kafka", .name = "send", .partition = 7};
  };
  const operation told(operation_kind::send, "orders", describe);
  EXPECT_EQ(told.kind(), operation_kind::send);
  EXPECT_EQ(told.destination().name, "orders");
  EXPECT_TRUE(told.injects());
  EXPECT_FALSE(told.started_at());
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(told.system(), "kafka");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(told.name(), "send");
  EXPECT_EQ(told.partition(), 7);
  static_cast<void>(attributes_of(told));
  EXPECT_EQ(asked, 1);
}

TEST(operation, tells_every_detail) {
  const auto describe = [] {
    return operation_details{.system = "rabbitmq",
                             .name = "deliver",
                             .queue = "q",
                             .destination_template = "t",
                             .consumer_group = "g",
                             .client_id = "c",
                             .message_key = "k",
                             .partition = 1,
                             .offset = 2,
                             .delivery_tag = 3,
                             .message_id = "m",
                             .conversation_id = "v",
                             .batch_messages = 4,
                             .body_bytes = 5,
                             .tombstone = true};
  };
  operation told(operation_kind::process, {"exchange", "key"}, describe);
  EXPECT_EQ(told.destination().routing_key, "key");
  EXPECT_EQ(told.system(), "rabbitmq");
  EXPECT_EQ(told.name(), "deliver");
  EXPECT_EQ(told.queue(), "q");
  EXPECT_EQ(told.destination_template(), "t");
  EXPECT_EQ(told.consumer_group(), "g");
  EXPECT_EQ(told.client_id(), "c");
  EXPECT_EQ(told.message_key(), "k");
  EXPECT_EQ(told.partition(), 1);
  EXPECT_EQ(told.offset(), 2);
  EXPECT_EQ(told.delivery_tag(), 3U);
  EXPECT_EQ(told.message_id(), "m");
  EXPECT_EQ(told.conversation_id(), "v");
  EXPECT_EQ(told.batch_messages(), 4U);
  EXPECT_EQ(told.body_bytes(), 5U);
  EXPECT_TRUE(told.is_tombstone());
  const auto then = std::chrono::system_clock::now();
  told.set_started_at(then);
  told.set_injects(false);
  EXPECT_EQ(told.started_at(), then);
  EXPECT_FALSE(told.injects());
}

TEST(operation, for_each_attribute_names_what_is_known_as_opentelemetry_does_for_kafka) {
  const auto describe = [] {
    return operation_details{.system = "kafka",
                             .name = "poll",
                             .consumer_group = "billing",
                             .client_id = "c1",
                             .message_key = "key",
                             .partition = -12,
                             .offset = std::int64_t{1} << 40,
                             .message_id = "m",
                             .conversation_id = "v",
                             .batch_messages = 10,
                             .body_bytes = 0,
                             .tombstone = true};
  };
  EXPECT_EQ(attributes_of(operation(operation_kind::receive, "orders", describe)),
            (attributes{{"messaging.system", "kafka"},
                        {"messaging.operation.name", "poll"},
                        {"messaging.operation.type", "receive"},
                        {"messaging.destination.name", "orders"},
                        {"messaging.destination.partition.id", "-12"},
                        {"messaging.consumer.group.name", "billing"},
                        {"messaging.client.id", "c1"},
                        {"messaging.message.id", "m"},
                        {"messaging.message.conversation_id", "v"},
                        {"messaging.batch.message_count", std::int64_t{10}},
                        {"messaging.message.body.size", std::int64_t{0}},
                        {"messaging.kafka.message.key", "key"},
                        {"messaging.kafka.offset", std::int64_t{1} << 40},
                        {"messaging.kafka.message.tombstone", true}}));
}

TEST(operation, for_each_attribute_names_what_is_known_as_opentelemetry_does_for_rabbitmq) {
  const auto describe = [] {
    return operation_details{.system = "rabbitmq",
                             .name = "ack",
                             .message_key = "not its own",
                             .offset = 1,
                             .delivery_tag = 9,
                             .tombstone = true};
  };
  EXPECT_EQ(attributes_of(operation(operation_kind::settle, {"exchange", "key"}, describe)),
            (attributes{{"messaging.system", "rabbitmq"},
                        {"messaging.operation.name", "ack"},
                        {"messaging.operation.type", "settle"},
                        {"messaging.destination.name", "exchange"},
                        {"messaging.rabbitmq.destination.routing_key", "key"},
                        {"messaging.rabbitmq.message.delivery_tag", std::int64_t{9}}}));
}

TEST(operation, for_each_attribute_names_the_template_of_a_filter) {
  const auto describe = [] {
    return operation_details{.system = "mqtt", .destination_template = "room/+/light"};
  };
  EXPECT_EQ(attributes_of(operation(operation_kind::process, "room/7/light", describe)),
            (attributes{{"messaging.system", "mqtt"},
                        {"messaging.operation.type", "process"},
                        {"messaging.destination.name", "room/7/light"},
                        {"messaging.destination.template", "room/+/light"}}));
}

TEST(operation, for_each_attribute_says_nothing_of_what_is_not_known) {
  const auto describe = [] { return operation_details{}; };
  const std::map<operation_kind, std::string> types = {{operation_kind::create, "create"},
                                                       {operation_kind::send, "send"},
                                                       {operation_kind::receive, "receive"},
                                                       {operation_kind::process, "process"},
                                                       {operation_kind::settle, "settle"}};
  for (const auto& [kind, type] : types) {
    EXPECT_EQ(attributes_of(operation(kind, waybill::any_destination, describe)),
              (attributes{{"messaging.operation.type", type}}));
  }
}

TEST(operation, for_each_attribute_passes_on_what_the_visitor_throws) {
  const auto describe = [] { return operation_details{.system = "kafka"}; };
  const operation told(operation_kind::send, "orders", describe);
  const auto throwing = [](void*, std::string_view, const attribute_value&) { throw 1; };
  EXPECT_THROW(told.for_each_attribute(throwing, nullptr), int);
}

TEST(attribute_value, of_another_kind_is_empty) {
  const attribute_value text(std::string_view("7"));
  EXPECT_EQ(text.type(), attribute_value::kind::text);
  EXPECT_EQ(text.number(), 0);
  EXPECT_FALSE(text.boolean());
  const attribute_value number(std::int64_t{7});
  EXPECT_EQ(number.type(), attribute_value::kind::number);
  EXPECT_EQ(number.text(), "");
  EXPECT_FALSE(number.boolean());
  const attribute_value truth(true);
  EXPECT_EQ(truth.type(), attribute_value::kind::boolean);
  EXPECT_TRUE(truth.boolean());
  EXPECT_EQ(truth.text(), "");
  EXPECT_EQ(truth.number(), 0);
}

}  // namespace
}  // namespace waybill_test
