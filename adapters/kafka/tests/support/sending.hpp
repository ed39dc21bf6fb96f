#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../../../../testing/support/recording_tracer.hpp"
#include "bare_headers.hpp"
#include "clients.hpp"
#include "delivery_log.hpp"
#include "support/contexts.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_test {

inline constexpr const char* topic = mock_cluster::topic;

/// A producer on a client whose messages stay in the queue, so that a test sees each message as
/// it was accepted when it is purged.
struct sending {
  delivery_log log;
  std::shared_ptr<recording_tracer> tracer;  // null, unless a test makes one
  waybill::propagation_options options;
  const waybill::context full = make_context(traceparent_a, "x=1,y=2", "user=alice,n=1");
  owned_client client;
  waybill::kafka::instrumentation observed;

  /// Makes the instrumented client.
  void connect(config how = unreachable()) {
    observed = waybill::kafka::instrument(how.get());
    client = make_client(RD_KAFKA_PRODUCER, std::move(how));
  }
  void trace() {
    tracer = std::make_shared<recording_tracer>();
    options.tracer = tracer;
  }
  [[nodiscard]] waybill::propagation settings() const { return waybill::propagation(options); }
  [[nodiscard]] static waybill::kafka::producer_options producing(waybill::inject_mode mode) {
    return {.mode = mode, .in_flight_max = {}};
  }
  /// A producer whose outcomes are in the log.
  [[nodiscard]] std::unique_ptr<waybill::kafka::producer> make_producer(
      waybill::inject_mode mode = waybill::inject_mode::automatic) {
    if (client == nullptr) connect();
    return std::make_unique<waybill::kafka::producer>(client.get(), settings(), observed,
                                                      log.listener(), producing(mode));
  }
  /// What a message has become at the moment it was accepted.
  [[nodiscard]] std::optional<delivery_log::entry> sent(const waybill::kafka::record& message,
                                                        const waybill::send_options& how = {}) {
    const auto producer = make_producer();
    const std::size_t before = log.size();
    if (producer->produce(message, how) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
    purge(client.get());
    const auto entries = log.entries();
    if (entries.size() != before + 1 || !entries.back().message.has_value()) return std::nullopt;
    return entries.back();
  }
  /// The headers a message goes out with, given those the application hands over.
  [[nodiscard]] std::optional<bare_headers> sent_headers(
      const bare_headers& before, const waybill::context* context,
      waybill::inject_mode mode = waybill::inject_mode::automatic) {
    owned_list list = make_list(before);
    const auto entry =
        sent({.topic = topic, .headers = list.get()}, {.context = context, .mode = mode});
    if (!entry.has_value()) return std::nullopt;
    static_cast<void>(list.release());
    return entry->message->headers;
  }
};

struct kafka_sending : testing::Test, sending {};

}  // namespace waybill_test
