#pragma once

#include <mqtt/async_client.h>

#include <string>
#include <vector>

#include "log_file.hpp"

/// The little that the programs share of Paho itself. Nothing here knows of waybill.
/// @par Errors   Paho's exceptions, and std::runtime_error.
namespace order_pipeline {

/// Connects with MQTT 5 (MQTTVERSION_5) or 3.1.1 (MQTTVERSION_3_1_1), a new session.
void connect(mqtt::async_client& client, int version);
/// Subscribes with QoS 1 and waits for the broker's answer.
void subscribe(mqtt::async_client& client, const std::string& filter);

/// The order that a message is about: the last level of its topic.
[[nodiscard]] std::string order_of(const mqtt::message& message);
/// The user properties of a message as they are.
[[nodiscard]] std::vector<header> headers_of(const mqtt::message& message);
/// A message about an order, to TOPIC/ORDER, with user properties and QoS 1.
[[nodiscard]] mqtt::message_ptr make_message(std::string topic, const std::string& order,
                                             const std::string& body,
                                             const std::vector<header>& headers);

}  // namespace order_pipeline
