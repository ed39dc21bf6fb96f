// Counts the allocations of the calling thread: all of them, and by operator new, which librdkafka
// never calls, ours. An executable of its own, because it replaces both.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "support/receiving.hpp"
#include "support/sending.hpp"
#include "waybill/kafka/carrier.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): glibc's names
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

struct allocations {
  std::size_t all = 0;
  std::size_t ours = 0;  // by operator new
};
constinit thread_local allocations counted;
constinit thread_local bool is_memory_out = false;  // for operator new

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the library's are reserved
extern "C" void* malloc(std::size_t bytes) {
  ++counted.all;
  return __libc_malloc(bytes);
}
extern "C" void* calloc(std::size_t count, std::size_t bytes) {
  ++counted.all;
  return __libc_calloc(count, bytes);
}
extern "C" void* realloc(void* memory, std::size_t bytes) {
  ++counted.all;
  return __libc_realloc(memory, bytes);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

// Inlined, gcc would see malloc's memory deleted and new's memory freed.
// NOLINTBEGIN(cppcoreguidelines-no-malloc): what operator new is made of
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++counted.ours;
  void* const memory = is_memory_out ? nullptr : std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  ++counted.ours;
  return is_memory_out ? nullptr : std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace {

using waybill_test::bare_headers;
using waybill_test::make_list;
using waybill_test::owned_list;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

template <class F>
allocations allocations_in(F&& work) {
  const allocations before = counted;
  std::forward<F>(work)();
  return {counted.all - before.all, counted.ours - before.ours};
}

/// What adopters' own code does.
void add_by_hand(rd_kafka_headers_t& list, const waybill::context& context) {
  const auto trace = waybill::to_traceparent(context.span_context());
  const std::string_view state = context.tracestate_text();
  const std::string_view items = context.baggage_text();
  rd_kafka_header_add(&list, "traceparent", 11, trace.data(), static_cast<ssize_t>(trace.size()));
  rd_kafka_header_add(&list, "tracestate", 10, state.data(), static_cast<ssize_t>(state.size()));
  rd_kafka_header_add(&list, "baggage", 7, items.data(), static_cast<ssize_t>(items.size()));
}

/// So many headers of an application's own.
bare_headers own_headers(std::size_t count) {
  bare_headers made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back({"own-header-" + std::to_string(i), "value"});
  }
  return made;
}

struct kafka_allocation : waybill_test::kafka_sending {
  static constexpr std::size_t own_counts[] = {0, 1, 5, 10, 40};

  [[nodiscard]] rd_kafka_resp_err_t produce_bare(rd_kafka_headers_t* list) const {
    return rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(waybill_test::topic),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list),
                             RD_KAFKA_V_END);
  }
  /// A message by hand, then one by the producer: what each allocated.
  std::pair<allocations, allocations> by_hand_and_by(waybill::kafka::producer& producer,
                                                     const bare_headers& own) {
    std::pair<allocations, allocations> counts;
    for (int i = 0; i < 3; ++i) {  // the first ones warm up: the topic, the producer's own tables
      rd_kafka_headers_t* list = own.empty() ? nullptr : make_list(own).release();
      counts.first = allocations_in([&] {
        if (list == nullptr) list = rd_kafka_headers_new(4);
        add_by_hand(*list, full);
        EXPECT_EQ(produce_bare(list), no_error);
      });
      const waybill::kafka::record message{
          .topic = waybill_test::topic,
          .headers = own.empty() ? nullptr : make_list(own).release()};
      counts.second = allocations_in(
          [&] { EXPECT_EQ(producer.produce(message, {.context = &full}), no_error); });
    }
    waybill_test::purge(client.get());
    return counts;
  }
};

TEST_F(kafka_allocation, is_counted) {
  std::vector<int> grown;
  const allocations growing = allocations_in([&] { grown.resize(10'000); });
  EXPECT_EQ(grown.size(), 10'000U);
  EXPECT_EQ(growing.ours, 1U);
  EXPECT_EQ(growing.all, 1U);
  rd_kafka_headers_t* list = nullptr;
  const allocations making = allocations_in([&] { list = rd_kafka_headers_new(4); });
  rd_kafka_headers_destroy(list);
  EXPECT_EQ(making.ours, 0U);
  EXPECT_GE(making.all, 1U);
}

TEST_F(kafka_allocation, there_is_none_of_ours_in_injecting) {
  const waybill::propagation with_counters = settings();
  for (const std::size_t own : own_counts) {
    const owned_list by_hand = make_list(own_headers(own));
    const owned_list list = make_list(own_headers(own));
    const allocations bare = allocations_in([&] { add_by_hand(*by_hand, full); });
    const allocations injected =
        allocations_in([&] { waybill::kafka::inject(full, *list, with_counters, "orders"); });
    EXPECT_EQ(injected.ours, 0U) << own;
    EXPECT_EQ(injected.all, bare.all) << own;
  }
}

TEST_F(kafka_allocation, there_is_none_in_reading_and_stripping) {
  const waybill::propagation with_counters = settings();
  for (const std::size_t own : own_counts) {
    const owned_list list = make_list(own_headers(own));
    add_by_hand(*list, full);
    waybill::extraction taken;
    EXPECT_EQ(allocations_in([&] {
                taken =
                    waybill::kafka::extract(list.get(), with_counters, waybill::any_destination);
              }).all,
              0U);
    EXPECT_EQ(allocations_in([&] {
                static_cast<void>(
                    waybill::kafka::peek(list.get(), with_counters, waybill::any_destination));
              }).all,
              0U);
    EXPECT_EQ(allocations_in([&] {
                taken = waybill::kafka::take(list.get(), with_counters, waybill::any_destination);
              }).all,
              0U);
    EXPECT_EQ(taken.context(), full);
  }
}

TEST_F(kafka_allocation, there_is_none_of_ours_in_producing) {
  connect();
  waybill::kafka::producer producer(client.get(), settings());
  for (const std::size_t own : own_counts) {
    const auto [bare, wrapped] = by_hand_and_by(producer, own_headers(own));
    EXPECT_EQ(wrapped.ours, 0U) << own;
    EXPECT_EQ(wrapped.all, bare.all) << own;
  }
}

TEST_F(kafka_allocation, there_is_none_of_ours_while_nobody_waits_for_outcomes) {
  connect();
  waybill::kafka::producer producer(client.get(), settings(), observed, {});
  for (const std::size_t own : own_counts) {
    const auto [bare, wrapped] = by_hand_and_by(producer, own_headers(own));
    EXPECT_EQ(wrapped.ours, 0U) << own;
    EXPECT_EQ(wrapped.all, bare.all) << own;
  }
}

TEST_F(kafka_allocation, there_is_one_at_most_for_an_outcome_that_is_waited_for) {
  const auto producer = make_producer();
  // A table that grows by doubling allocates now and then; here it has grown already.
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic}, {.context = &full}), no_error);
  }
  waybill_test::purge(client.get());
  const auto [bare, wrapped] = by_hand_and_by(*producer, own_headers(5));
  EXPECT_LE(wrapped.ours, 1U);
  EXPECT_EQ(wrapped.all - wrapped.ours, bare.all);
}

TEST_F(kafka_allocation, there_is_none_of_ours_in_a_message_that_is_refused) {
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "1")));
  waybill::kafka::producer producer(client.get(), settings());
  ASSERT_EQ(produce_bare(nullptr), no_error);
  const owned_list list = make_list(own_headers(5));
  const auto refused = allocations_in([&] {
    EXPECT_EQ(
        producer.produce({.topic = waybill_test::topic, .headers = list.get()}, {.context = &full}),
        RD_KAFKA_RESP_ERR__QUEUE_FULL);
  });
  EXPECT_EQ(refused.ours, 0U);
}

TEST_F(kafka_allocation, that_fails_loses_no_message_and_no_span) {
  // recording_tracer allocates itself.
  struct counting_tracer : waybill::tracer {
    int starts = 0;
    int ends = 0;
    waybill::span_handle start(const waybill::operation&, const waybill::context_view& parent,
                               std::span<const waybill::span_context>,
                               waybill::context& started) noexcept override {
      started = waybill::context(parent);
      ++starts;
      return {this};
    }
    void end(waybill::span_handle, const waybill::outcome&) noexcept override { ++ends; }
  };
  const auto counting = std::make_shared<counting_tracer>();
  options.tracer = counting;
  connect();
  const auto producer = make_producer();
  for (int i = 0; i < 50; ++i) {
    rd_kafka_headers_t* const list = make_list(own_headers(3)).release();
    is_memory_out = i % 2 == 1;
    const auto answer =
        producer->produce({.topic = waybill_test::topic, .headers = list}, {.context = &full});
    is_memory_out = false;
    ASSERT_EQ(answer, no_error);
  }
  EXPECT_GE(rd_kafka_outq_len(client.get()), 50);  // and what librdkafka has to tell
  // A message that there is no room for is given up, and so reported. The log has no memory either:
  // it throws.
  using waybill::direction;
  const std::uint64_t given_up =
      options.diagnostics->count(direction::outbound, waybill::errc::given_up);
  EXPECT_GT(given_up, 0U);
  EXPECT_LE(given_up, 25U);
  EXPECT_EQ(options.diagnostics->count(direction::outbound, waybill::errc::listener_failed),
            given_up);
  EXPECT_EQ(producer->in_flight(), 50 - given_up);
  EXPECT_EQ(counting->starts, 50);
  EXPECT_EQ(static_cast<std::uint64_t>(counting->ends), given_up);
  waybill_test::purge(client.get());
  EXPECT_EQ(log.size(), 50 - given_up);
  EXPECT_EQ(log.count(waybill::outcome_state::purged), 50 - given_up);
  EXPECT_EQ(counting->ends, 50);
}

using kafka_allocation_receiving = waybill_test::kafka_receiving;

TEST_F(kafka_allocation_receiving, there_is_none_of_ours_in_a_poll) {
  const bare_headers fields{{"traceparent", std::string(waybill_test::traceparent_a)},
                            {"tracestate", "x=1,y=2"},
                            {"baggage", "user=alice,n=1"}};
  for (int i = 0; i < 20; ++i) cluster.send(own_headers(5) + fields);
  connect();
  for (int i = 0; i < 10; ++i) {
    waybill_test::owned_message bare;
    allocations by_hand;
    while (bare == nullptr) {
      by_hand = allocations_in([&] {
        bare.reset(rd_kafka_consumer_poll(client.get(), 100));
        rd_kafka_headers_t* list = nullptr;
        if (bare != nullptr) rd_kafka_message_headers(bare.get(), &list);
      });
    }
    waybill::kafka::message received;
    allocations wrapped;
    while (!received.is_message()) {
      wrapped = allocations_in([&] { received = receiver->poll(std::chrono::milliseconds(100)); });
    }
    EXPECT_TRUE(received.context().has_trace());
    EXPECT_EQ(wrapped.ours, 0U) << i;
    EXPECT_EQ(wrapped.all, by_hand.all) << i;
  }
}

TEST_F(kafka_allocation_receiving, that_fails_loses_no_message_of_a_batch) {
  for (int i = 0; i < 10; ++i) cluster.send({}, std::to_string(i));
  connect();
  std::vector<std::string> values;
  bool fails = false;
  while (values.size() < 10) {
    is_memory_out = fails;
    auto some = receiver->poll_batch(4, std::chrono::milliseconds(100));
    is_memory_out = false;
    fails = !fails;
    for (const auto& each : some) values.emplace_back(each.payload().value_or("(null)"));
  }
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(values[i], std::to_string(i));
}

}  // namespace
