#include "mqtt_client.hpp"

#include <stdexcept>

namespace order_pipeline {

namespace {
constexpr int qos = 1;
constexpr std::chrono::seconds patience{60};

void wait(const mqtt::token_ptr& answer, const std::string& what) {
  if (!answer->wait_for(patience)) throw std::runtime_error(what + ": no answer within 60 s");
}
}  // namespace

void connect(mqtt::async_client& client, int version) {
  mqtt::connect_options options;
  options.set_mqtt_version(version);
  if (version == MQTTVERSION_5) {
    options.set_clean_start(true);
  } else {
    options.set_clean_session(true);
  }
  wait(client.connect(options), client.get_server_uri());
}

void subscribe(mqtt::async_client& client, const std::string& filter) {
  wait(client.subscribe(filter, qos), "subscribing to " + filter);
}

std::string order_of(const mqtt::message& message) {
  const std::string& topic = message.get_topic();
  return topic.substr(topic.rfind('/') + 1);
}

std::vector<header> headers_of(const mqtt::message& message) {
  std::vector<header> found;
  const mqtt::properties& properties = message.get_properties();
  const std::size_t count = properties.count(mqtt::property::USER_PROPERTY);
  for (std::size_t i = 0; i < count; ++i) {
    const auto [name, value] =
        mqtt::get<mqtt::string_pair>(properties, mqtt::property::USER_PROPERTY, i);
    found.push_back({name, value});
  }
  return found;
}

mqtt::message_ptr make_message(std::string topic, const std::string& order, const std::string& body,
                               const std::vector<header>& headers) {
  topic.append("/").append(order);
  mqtt::properties properties;
  for (const header& each : headers) {
    properties.add(
        mqtt::property(mqtt::property::USER_PROPERTY, each.name, each.value.value_or("")));
  }
  return mqtt::message::create(topic, body, qos, false, properties);
}

}  // namespace order_pipeline
