// RabbitMQ 4 speaks MQTT 5 and AMQP 0-9-1 about the same messages: user properties become headers,
// and headers user properties. A context has to survive both ways.

#include <gtest/gtest.h>
#include <mqtt/async_client.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bare_amqp.hpp"
#include "loopback_port.hpp"
#include "rabbitmq_broker.hpp"
#include "waybill/header_list.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/headers.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;
using pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::seconds patience{30};
constexpr const char* exchange = "amq.topic";  // that of RabbitMQ's MQTT

waybill::context context_with_everything() {
  waybill::header_list headers;
  headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
  headers.add("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  headers.add("baggage", "city=K%C3%B6ln,list=a%2Cb%3Bc");
  return waybill::extract(waybill::reader_ref(headers), {}, waybill::any_destination).context();
}

class mqtt_and_amqp : public testing::Test {
 public:
  ~mqtt_and_amqp() override { client_.disconnect()->wait(); }

 protected:
  static void SetUpTestSuite() {
    const loopback_port port;
    rabbitmq_broker_options options;
    options.plugins = {"rabbitmq_mqtt"};
    options.settings = {{"mqtt.listeners.tcp.1", "127.0.0.1:" + std::to_string(port.number())}};
    broker = std::make_unique<rabbitmq_broker>(options);
    mqtt_uri = "tcp://127.0.0.1:" + std::to_string(port.number());
  }
  static void TearDownTestSuite() { broker.reset(); }

  mqtt_and_amqp()
      : connection_(waybill::rabbitmq::connection::open(
            {.host = broker->address().host, .port = broker->address().port})),
        client_(mqtt_uri, "both-ways", mqtt::create_options(MQTTVERSION_5)) {
    client_.start_consuming();
    mqtt::connect_options options;
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(true);
    options.set_user_name("guest");
    options.set_password("guest");
    client_.connect(options)->wait();
  }

  /// A queue of what MQTT publishes to a topic whose levels are joined by dots here.
  std::string bind(const std::string& routing_key) {
    constexpr amqp_channel_t channel = 1000;
    constexpr amqp_boolean_t exclusive = 1;
    amqp_channel_open(connection_.raw(), channel);
    const amqp_queue_declare_ok_t* made = amqp_queue_declare(
        connection_.raw(), channel, amqp_empty_bytes, 0, 0, exclusive, 1, amqp_empty_table);
    require(amqp_get_rpc_reply(connection_.raw()), "queue.declare");
    std::string queue(text_of(made->queue));
    amqp_queue_bind(connection_.raw(), channel, bytes_of(queue), bytes_of(exchange),
                    bytes_of(routing_key), amqp_empty_table);
    require(amqp_get_rpc_reply(connection_.raw()), "queue.bind");
    return queue;
  }

  static std::unique_ptr<rabbitmq_broker> broker;
  static std::string mqtt_uri;
  waybill::rabbitmq::connection connection_;
  waybill::mqtt::async_client client_;
};
std::unique_ptr<rabbitmq_broker> mqtt_and_amqp::broker;
std::string mqtt_and_amqp::mqtt_uri;

TEST_F(mqtt_and_amqp, a_context_that_was_published_over_mqtt_is_consumed_over_amqp) {
  ASSERT_TRUE(connection_.is_open());
  waybill::rabbitmq::consumer consumer(connection_, bind("from.mqtt"), {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  const waybill::context sent = context_with_everything();
  {
    const waybill::scope active(sent);
    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::USER_PROPERTY, "colour", "blue"));
    client_.publish(mqtt::message::create("from/mqtt", "an order", 1, false, properties))->wait();
  }
  const waybill::rabbitmq::message came = consumer.receive(patience);
  ASSERT_TRUE(came);
  EXPECT_EQ(came.context(), sent);
  EXPECT_EQ(came.payload(), "an order");
  for (const amqp_table_entry_t& entry : waybill::rabbitmq::entries_of(came.properties())) {
    const std::string_view name = text_of(entry.key);
    EXPECT_TRUE(name != "traceparent" && name != "tracestate" && name != "baggage") << name;
    if (name == "colour") {
      EXPECT_EQ(text_of(entry.value.value.bytes), "blue");
    }
  }
}

TEST_F(mqtt_and_amqp, a_context_that_was_published_over_amqp_is_consumed_over_mqtt) {
  ASSERT_TRUE(connection_.is_open());
  client_.subscribe("from/amqp", 1)->wait();
  waybill::rabbitmq::publisher publisher(connection_, {});
  const waybill::context sent = context_with_everything();
  amqp_table_entry_t colour{};
  colour.key = bytes_of("colour");
  colour.value.kind = AMQP_FIELD_KIND_UTF8;
  colour.value.value.bytes = bytes_of("blue");
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {1, &colour};
  ASSERT_EQ(publisher.publish({.exchange = exchange,
                               .routing_key = "from.amqp",
                               .payload = "a parcel",
                               .properties = &properties},
                              {.context = &sent}),
            AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  mqtt::const_message_ptr came;
  ASSERT_TRUE(client_.try_consume_message_for(&came, patience) && came != nullptr);
  EXPECT_EQ(waybill::mqtt::context_of(came), sent);
  EXPECT_EQ(came->to_string(), "a parcel");
  pairs left;
  const mqtt::properties& received = came->get_properties();
  for (std::size_t i = 0; i < received.count(mqtt::property::USER_PROPERTY); ++i) {
    const auto [name, value] =
        mqtt::get<mqtt::string_pair>(received, mqtt::property::USER_PROPERTY, i);
    left.emplace_back(name, value);
  }
  EXPECT_EQ(left, (pairs{{"colour", "blue"}}));
}

}  // namespace
}  // namespace waybill_test
