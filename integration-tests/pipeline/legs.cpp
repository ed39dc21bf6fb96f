#include "legs.hpp"

#include <mqtt/async_client.h>

#include <chrono>
#include <stdexcept>

#include "bare_amqp.hpp"
#include "bare_kafka.hpp"
#include "shared_kafka.hpp"
#include "shared_mosquitto.hpp"
#include "shared_rabbitmq.hpp"
#include "waybill/kafka/consumer.hpp"
#include "waybill/kafka/producer.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/headers.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {

namespace {

constexpr std::chrono::seconds patience{30};

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

class kafka_leg final : public leg {
 public:
  explicit kafka_leg(const kafka_address& where)
      : topic_(unique_topic("bridge")),
        sender_(make_kafka_handle(RD_KAFKA_PRODUCER, where.bootstrap())),
        receiver_(make_kafka_handle(RD_KAFKA_CONSUMER, where.bootstrap(),
                                    {{"group.id", topic_}, {"auto.offset.reset", "earliest"}})),
        producer_(sender_.get(), {}),
        consumer_(receiver_.get(), {}) {
    where.create_topic(topic_);
    rd_kafka_topic_partition_list_t* one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, topic_.c_str(), 0)->offset = 0;
    rd_kafka_assign(receiver_.get(), one);
    rd_kafka_topic_partition_list_destroy(one);
  }

  [[nodiscard]] std::string name() const override { return "Kafka"; }
  void send(const parcel& sent) override {
    waybill::kafka::headers list;
    for (const auto& [header, value] : sent.headers) list.add(header, value);
    require(producer_.produce({.topic = topic_.c_str(), .payload = sent.body}, list) ==
                RD_KAFKA_RESP_ERR_NO_ERROR,
            "Kafka takes no message");
  }
  void receive(const std::function<void(const parcel&)>& handler) override {
    waybill::kafka::message came = consumer_.poll(patience);
    require(came.is_message(), "nothing came from Kafka");
    parcel seen{{}, std::string(came.payload().value_or(""))};
    const waybill::kafka::header_reader headers(came.headers());
    headers.for_each([&](std::string_view header, const waybill::field_value& value) {
      seen.headers.emplace_back(header, value.text);
    });
    consumer_.handle(came, [&](const waybill::kafka::message&) { handler(seen); });
  }

 private:
  std::string topic_;
  kafka_handle sender_;
  kafka_handle receiver_;
  waybill::kafka::producer producer_;
  waybill::kafka::consumer consumer_;
};

/// Headers as an application makes them.
std::vector<amqp_table_entry_t> entries_for(const pairs& headers) {
  std::vector<amqp_table_entry_t> entries;
  for (const auto& [header, value] : headers) {
    amqp_table_entry_t& entry = entries.emplace_back();
    entry.key = waybill::rabbitmq::bytes_of(header);
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = waybill::rabbitmq::bytes_of(value);
  }
  return entries;
}

amqp_basic_properties_t properties_for(std::vector<amqp_table_entry_t>& entries) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {static_cast<int>(entries.size()), entries.data()};
  return properties;
}

pairs texts_of(const amqp_table_t& headers) {
  pairs texts;
  for (const amqp_table_entry_t& entry : waybill::rabbitmq::entries_of(headers)) {
    texts.emplace_back(waybill::rabbitmq::text_of(entry.key),
                       waybill::rabbitmq::text_of(entry.value.value.bytes));
  }
  return texts;
}

class rabbitmq_leg final : public leg {
 public:
  explicit rabbitmq_leg(const amqp_address& where)
      : bare_(where),
        bare_queue_(unique_queue("bridge")),
        connection_(waybill::rabbitmq::connection::open({.host = where.host, .port = where.port})),
        queue_(declare(connection_)),
        publisher_(connection_, {}),
        consumer_(connection_, queue_, {}) {
    require(consumer_.start() == AMQP_STATUS_OK, "RabbitMQ sends nothing");
    bare_.declare_queue(bare_queue_);
  }

  [[nodiscard]] std::string name() const override { return "RabbitMQ"; }
  /// RabbitMQ 4 keeps one header of each name.
  [[nodiscard]] pairs bare(const pairs& headers) override {
    std::vector<amqp_table_entry_t> entries = entries_for(headers);
    const amqp_basic_properties_t properties = properties_for(entries);
    bare_.publish("", bare_queue_, "", &properties);
    return texts_of(bare_.get(bare_queue_).value().properties().headers);
  }
  void send(const parcel& sent) override {
    std::vector<amqp_table_entry_t> entries = entries_for(sent.headers);
    const amqp_basic_properties_t properties = properties_for(entries);
    require(publisher_.publish(
                {.routing_key = queue_, .payload = sent.body, .properties = &properties}) ==
                AMQP_STATUS_OK,
            "RabbitMQ takes no message");
  }
  void receive(const std::function<void(const parcel&)>& handler) override {
    waybill::rabbitmq::message came = consumer_.receive(patience);
    require(static_cast<bool>(came), "nothing came from RabbitMQ");
    const parcel seen{texts_of(came.properties().headers), std::string(came.payload())};
    const int settled =
        consumer_.handle(came, [&](const waybill::rabbitmq::message&) { handler(seen); });
    require(settled == AMQP_STATUS_OK, "RabbitMQ takes no acknowledgement");
  }

 private:
  static std::string declare(const waybill::rabbitmq::connection& connection) {
    require(connection.is_open(), "RabbitMQ refuses the connection");
    constexpr amqp_channel_t channel = 1000;
    constexpr amqp_boolean_t exclusive = 1;
    amqp_channel_open(connection.raw(), channel);
    const amqp_queue_declare_ok_t* made = amqp_queue_declare(
        connection.raw(), channel, amqp_empty_bytes, 0, 0, exclusive, 1, amqp_empty_table);
    require(made != nullptr, "RabbitMQ makes no queue");
    return std::string(waybill::rabbitmq::text_of(made->queue));
  }

  bare_amqp bare_;
  std::string bare_queue_;
  waybill::rabbitmq::connection connection_;
  std::string queue_;
  waybill::rabbitmq::publisher publisher_;
  waybill::rabbitmq::consumer consumer_;
};

class mqtt_leg final : public leg {
 public:
  mqtt_leg(const mqtt_address& where, int version)
      : version_(version),
        topic_(unique_topic("bridge")),
        client_(options_for(topic_), where.uri(), topic_,
                mqtt::create_options(version == MQTTVERSION_5 ? version : MQTTVERSION_DEFAULT)) {
    client_.start_consuming();
    mqtt::connect_options options;
    options.set_mqtt_version(version_);
    if (version_ == MQTTVERSION_5) {
      options.set_clean_start(true);
    } else {
      options.set_clean_session(true);
    }
    client_.connect(options)->wait();
    client_.subscribe(topic_, 1)->wait();
  }
  ~mqtt_leg() override { client_.disconnect()->wait(); }
  mqtt_leg(const mqtt_leg&) = delete;
  mqtt_leg& operator=(const mqtt_leg&) = delete;

  [[nodiscard]] std::string name() const override {
    return carries_headers() ? "MQTT 5" : "MQTT 3.1.1";
  }
  [[nodiscard]] pairs bare(const pairs& headers) override {
    return carries_headers() ? headers : pairs();
  }
  void send(const parcel& sent) override {
    mqtt::properties properties;
    if (carries_headers()) {
      for (const auto& [header, value] : sent.headers) {
        properties.add(mqtt::property(mqtt::property::USER_PROPERTY, header, value));
      }
    }
    client_.publish(mqtt::message::create(topic_, sent.body, 1, false, properties))->wait();
  }
  void receive(const std::function<void(const parcel&)>& handler) override {
    mqtt::const_message_ptr came;
    require(client_.try_consume_message_for(&came, patience) && came != nullptr,
            "nothing came by MQTT");
    parcel seen{{}, came->to_string()};
    const mqtt::properties& properties = came->get_properties();
    const std::size_t count = properties.count(mqtt::property::USER_PROPERTY);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [property, value] =
          mqtt::get<mqtt::string_pair>(properties, mqtt::property::USER_PROPERTY, i);
      seen.headers.emplace_back(property, value);
    }
    client_.handle(came, [&](const mqtt::const_message_ptr&) { handler(seen); });
  }

 private:
  /// Whether there is a place for the application's own headers.
  [[nodiscard]] bool carries_headers() const { return version_ == MQTTVERSION_5; }
  /// The frame is for MQTT 3.1.1: with MQTT 5 the context goes into properties all the same.
  static waybill::mqtt::client_options options_for(const std::string& topic) {
    waybill::mqtt::client_options options;
    // Each handler is given its context; in between no context is to be the current one.
    options.receive.fills_received_slot = false;
    waybill::propagation_options settings;
    settings.boundary.set(topic, {.envelope = waybill::envelope_form::frame});
    options.settings = waybill::propagation(std::move(settings));
    return options;
  }

  int version_;
  std::string topic_;
  waybill::mqtt::async_client client_;
};

}  // namespace

std::vector<std::unique_ptr<leg>> make_legs() {
  std::vector<std::unique_ptr<leg>> legs;
  legs.push_back(std::make_unique<kafka_leg>(shared_kafka()));
  legs.push_back(std::make_unique<rabbitmq_leg>(shared_rabbitmq()));
  legs.push_back(std::make_unique<mqtt_leg>(shared_mosquitto(), MQTTVERSION_5));
  legs.push_back(std::make_unique<mqtt_leg>(shared_mosquitto(), MQTTVERSION_3_1_1));
  return legs;
}

}  // namespace waybill_test
