#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../../../testing/support/recording_tracer.hpp"
#include "bare_headers.hpp"
#include "clients.hpp"
#include "support/contexts.hpp"
#include "waybill/kafka/consumer.hpp"

namespace waybill_test {

/// A consumer of partition 0 of the mock cluster's topic. Send first, then connect: librdkafka
/// waits before it asks a broker again that had nothing.
struct kafka_receiving : testing::Test {
  std::shared_ptr<recording_tracer> tracer;  // null, unless a test makes one
  waybill::propagation_options options;
  const mock_cluster cluster;
  owned_client client;
  std::unique_ptr<waybill::kafka::consumer> receiver;

  static constexpr const char* topic = mock_cluster::topic;

  void trace() {
    tracer = std::make_shared<recording_tracer>();
    options.tracer = tracer;
  }
  [[nodiscard]] waybill::propagation settings() const { return waybill::propagation(options); }
  void connect(waybill::kafka::consumer_options consuming = {}) {
    connect(cluster.consumer_config(), consuming);
  }
  void connect(config how, waybill::kafka::consumer_options consuming = {}) {
    receiver.reset();
    client = make_client(RD_KAFKA_CONSUMER, std::move(how));
    assign(client.get(), topic, 0);
    receiver = std::make_unique<waybill::kafka::consumer>(client.get(), settings(), consuming);
  }
  /// Sends messages whose values are their numbers, each with the same headers.
  void send(int count, const bare_headers& headers) const {
    for (int i = 0; i < count; ++i) cluster.send(headers, std::to_string(i), "key");
  }
  [[nodiscard]] waybill::kafka::message poll() const {
    if (receiver == nullptr) return {};
    return receiver->poll(std::chrono::milliseconds(patience));
  }
  /// Connects, if that is still to be done, and takes what was sent, one by one.
  [[nodiscard]] waybill::kafka::message receive() {
    if (receiver == nullptr) connect();
    return poll();
  }
  /// Batches together until `count` messages are there.
  [[nodiscard]] std::vector<waybill::kafka::message> receive_batches(std::size_t count) const {
    std::vector<waybill::kafka::message> all;
    while (all.size() < count) {
      auto some = receiver->poll_batch(count - all.size(), std::chrono::milliseconds(patience));
      if (some.empty()) break;
      for (auto& each : some) all.push_back(std::move(each));
    }
    return all;
  }
};

}  // namespace waybill_test
