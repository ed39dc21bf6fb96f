#pragma once

/// waybill behind librdkafka's own C++ interface: what is made by these functions is an
/// RdKafka::Producer or RdKafka::KafkaConsumer and is used as such, so that one line changes.
///   create_producer   instead of RdKafka::Producer::create
///   create_consumer   instead of RdKafka::KafkaConsumer::create
///   create_topic      instead of RdKafka::Topic::create, create_queue of RdKafka::Queue::create
///   context_of        the context that a received message came with
/// Header-only, for librdkafka 2.0.2 and newer; link waybill::kafka_cpp. Needs RTTI.

#include "waybill/kafka/cpp/consumer.hpp"
#include "waybill/kafka/cpp/handle.hpp"
#include "waybill/kafka/cpp/message.hpp"
#include "waybill/kafka/cpp/producer.hpp"
