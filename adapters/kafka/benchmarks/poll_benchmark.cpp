// A wrapped poll, which takes the context off, against a bare one that looks at the headers. The
// messages come from librdkafka's own mock cluster and are in the client's queue before time is
// taken.
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

#include "../tests/support/clients.hpp"
#include "support/allocations.hpp"
#include "support/fields.hpp"
#include "support/stopwatch.hpp"
#include "waybill/kafka/consumer.hpp"

namespace waybill_benchmark {
namespace {

using waybill_test::mock_cluster;
using waybill_test::owned_client;
using waybill_test::owned_queue;

// What the mock cluster keeps of a partition is 5 MB.
constexpr benchmark::IterationCount batch_messages = 4'000;

const mock_cluster& filled_cluster() {
  static const mock_cluster& cluster = []() -> const mock_cluster& {
    static const mock_cluster made;
    const owned_client client = made.producer();
    const application_headers own(2);
    for (benchmark::IterationCount i = 0; i < batch_messages; ++i) {
      std::string value = "order " + std::to_string(i);
      rd_kafka_headers_t* list = own.make_list();
      add_fields(*list);
      rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(mock_cluster::topic),
                        RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(value.data(), value.size()), RD_KAFKA_V_KEY("key", 3),
                        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
    }
    waybill_test::flush(client.get());
    return made;
  }();
  return cluster;
}

/// Has all messages of the cluster fetched, then takes them by `take`, which answers whether there
/// was one. Only taking is timed.
template <class F>
void take_batches(benchmark::State& state, rd_kafka_t* client, F&& take) {
  using clock = std::chrono::steady_clock;
  const owned_queue queue(rd_kafka_queue_get_consumer(client));
  benchmark::IterationCount missing = 0;
  allocation_counter allocations;
  while (state.KeepRunningBatch(batch_messages)) {
    waybill_test::assign(client, mock_cluster::topic, 0);
    const clock::time_point deadline = clock::now() + waybill_test::patience;
    while (rd_kafka_queue_length(queue.get()) < static_cast<std::size_t>(batch_messages) &&
           clock::now() < deadline) {
      std::this_thread::yield();
    }
    allocations.resume();
    const stopwatch running;
    for (benchmark::IterationCount i = 0; i < batch_messages; ++i) {
      if (!take()) ++missing;
    }
    const double seconds = running.seconds();
    allocations.pause();
    state.SetIterationTime(seconds);
  }
  allocations.report(state);
  if (missing > 0) state.SkipWithError("messages did not come");
}

owned_client make_consumer() {
  waybill_test::config how = filled_cluster().consumer_config();
  how.set("queued.min.messages", "1000000").set("fetch.message.max.bytes", "8000000");
  return waybill_test::make_client(RD_KAFKA_CONSUMER, std::move(how));
}

void poll_bare(benchmark::State& state) {
  const owned_client client = make_consumer();
  take_batches(state, client.get(), [&] {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 1'000);
    if (message == nullptr) return false;
    rd_kafka_headers_t* list = nullptr;
    const bool has_headers = rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t bytes = 0;
    for (std::size_t i = 0;
         has_headers &&
         rd_kafka_header_get_all(list, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      benchmark::DoNotOptimize(name);
      benchmark::DoNotOptimize(value);
      benchmark::DoNotOptimize(bytes);
    }
    rd_kafka_message_destroy(message);
    return has_headers;
  });
}

void poll_by(benchmark::State& state, waybill::kafka::consumer_options options) {
  const owned_client client = make_consumer();
  waybill::kafka::consumer consumer(client.get(), waybill::propagation(), options);
  take_batches(state, client.get(), [&] {
    const waybill::kafka::message received = consumer.poll(std::chrono::seconds(1));
    benchmark::DoNotOptimize(received);
    return received.context().has_trace();
  });
}

void poll_wrapped(benchmark::State& state) { poll_by(state, {}); }
/// The context is read, and the fields are left in the headers.
void poll_without_strip(benchmark::State& state) { poll_by(state, {.strip = false}); }

BENCHMARK(poll_bare)->Name("by-hand/kafka/poll")->UseManualTime();
BENCHMARK(poll_wrapped)->Name("waybill/kafka/poll")->UseManualTime();
BENCHMARK(poll_without_strip)->Name("waybill/kafka/poll-without-strip")->UseManualTime();

}  // namespace
}  // namespace waybill_benchmark
