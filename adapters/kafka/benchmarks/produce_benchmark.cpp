// A wrapped produce against the same three headers added by hand. Nobody answers at the broker's
// address, so that the messages stay in the client's queue; it is emptied outside of the time
// taken.
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "../tests/support/clients.hpp"
#include "support/allocations.hpp"
#include "support/fields.hpp"
#include "support/stopwatch.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_benchmark {
namespace {

using waybill_test::config;
using waybill_test::owned_client;

constexpr const char* topic = "orders";
constexpr std::string_view key = "customer-4711";
constexpr std::string_view value =
    R"({"order":4711,"customer":"alice","items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}]})";
constexpr benchmark::IterationCount batch_messages = 2'000;

config quiet() {
  config made = waybill_test::unreachable();
  // Attempts to connect would only take time from what is measured.
  made.set("reconnect.backoff.ms", "10000").set("reconnect.backoff.max.ms", "10000");
  made.set("topic.metadata.refresh.interval.ms", "-1");
  return made;
}

/// Sends batches by `send`, which answers what librdkafka did. Only sending is timed.
template <class F>
void send_batches(benchmark::State& state, rd_kafka_t* client, F&& send) {
  std::size_t refused = 0;
  std::size_t sent = 0;
  allocation_counter allocations;
  while (state.KeepRunningBatch(batch_messages)) {
    allocations.resume();
    const stopwatch running;
    for (benchmark::IterationCount i = 0; i < batch_messages; ++i) {
      if (send() != RD_KAFKA_RESP_ERR_NO_ERROR) ++refused;
    }
    const double seconds = running.seconds();
    allocations.pause();
    state.SetIterationTime(seconds);
    sent += static_cast<std::size_t>(batch_messages);
    waybill_test::purge(client);
  }
  allocations.report(state);
  if (refused > 0 || sent == 0) state.SkipWithError("librdkafka refused messages");
}

void produce_by_hand(benchmark::State& state, rd_kafka_t* client) {
  const application_headers own(state.range(0));
  send_batches(state, client, [&] {
    rd_kafka_headers_t* list = own.make_list();
    add_fields(*list);
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(list);
    return error;
  });
}

void produce_wrapped(benchmark::State& state, waybill::kafka::producer& producer) {
  const application_headers own(state.range(0));
  const waybill::scope active(make_context());
  send_batches(state, producer.client(), [&] {
    rd_kafka_headers_t* list = own.empty() ? nullptr : own.make_list();
    const rd_kafka_resp_err_t error =
        producer.produce({.topic = topic, .payload = value, .key = key, .headers = list});
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && list != nullptr) rd_kafka_headers_destroy(list);
    return error;
  });
}

/// One client for both sides: two of them differ by some hundredths, whoever uses them.
rd_kafka_t* shared_client() {
  static const owned_client client = waybill_test::make_client(RD_KAFKA_PRODUCER, quiet());
  return client.get();
}

void by_hand(benchmark::State& state) { produce_by_hand(state, shared_client()); }

void wrapped(benchmark::State& state) {
  waybill::kafka::producer producer(shared_client(), waybill::propagation());
  produce_wrapped(state, producer);
}

/// Both sides want to know what became of each message.
void by_hand_with_outcome(benchmark::State& state) {
  config how = quiet();
  rd_kafka_conf_set_dr_msg_cb(how.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    benchmark::DoNotOptimize(message->err);
  });
  const owned_client client = waybill_test::make_client(RD_KAFKA_PRODUCER, std::move(how));
  produce_by_hand(state, client.get());
}

void wrapped_with_outcome(benchmark::State& state) {
  config how = quiet();
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(how.get());
  const owned_client client = waybill_test::make_client(RD_KAFKA_PRODUCER, std::move(how));
  waybill::kafka::producer producer(
      client.get(), waybill::propagation(), observed,
      [](const waybill::kafka::delivery_report& told) { benchmark::DoNotOptimize(told.error); });
  produce_wrapped(state, producer);
}

/// What the messages in flight carry.
enum class carried { nothing, one_context, different_contexts };

/// Ends 100,000 messages in flight at once, by a purge; only that is timed. It must not matter
/// whether their headers are alike.
void acknowledge(benchmark::State& state, carried by_each) {
  constexpr int messages = 100'000;
  config how = quiet();
  how.set("queue.buffering.max.messages", "100000");
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(how.get());
  const owned_client client = waybill_test::make_client(RD_KAFKA_PRODUCER, std::move(how));
  std::size_t ended = 0;
  waybill::kafka::producer producer(client.get(), waybill::propagation(), observed,
                                    [&ended](const waybill::kafka::delivery_report&) { ++ended; });
  std::size_t accepted = 0;
  waybill::context sent = by_each == carried::nothing ? waybill::context() : make_context();
  for (auto _ : state) {
    for (int i = 0; i < messages; ++i) {
      if (by_each == carried::different_contexts) sent = sent.new_child();
      const rd_kafka_resp_err_t error =
          producer.produce({.topic = topic, .payload = value, .key = key}, {.context = &sent});
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) ++accepted;
    }
    const stopwatch running;
    waybill_test::purge(client.get());
    state.SetIterationTime(running.seconds());
  }
  if (ended != accepted || accepted == 0) state.SkipWithError("an outcome is missing");
}
BENCHMARK_CAPTURE(acknowledge, nothing, carried::nothing)
    ->Name("waybill/kafka/acknowledge/nothing")
    ->UseManualTime();
BENCHMARK_CAPTURE(acknowledge, one_context, carried::one_context)
    ->Name("waybill/kafka/acknowledge/one-context")
    ->UseManualTime();
BENCHMARK_CAPTURE(acknowledge, different_contexts, carried::different_contexts)
    ->Name("waybill/kafka/acknowledge/different-contexts")
    ->UseManualTime();

void header_counts(benchmark::internal::Benchmark* each) {
  each->Arg(0)->Arg(1)->Arg(3)->Arg(10)->UseManualTime();
}
BENCHMARK(by_hand)->Name("by-hand/kafka/produce")->Apply(header_counts);
BENCHMARK(wrapped)->Name("waybill/kafka/produce")->Apply(header_counts);
BENCHMARK(by_hand_with_outcome)->Name("by-hand/kafka/produce-with-outcome")->Apply(header_counts);
BENCHMARK(wrapped_with_outcome)->Name("waybill/kafka/produce-with-outcome")->Apply(header_counts);

}  // namespace
}  // namespace waybill_benchmark
