// One producer, one consumer, one propagation, and many threads that use them at the same time.
// Every message has a context that follows from its number, so that a mix-up is seen. The thread
// sanitizer sees the rest: `./test.sh --threads`.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/receiving.hpp"
#include "support/sending.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;
using waybill::kafka::message;

constexpr rd_kafka_resp_err_t no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

std::string padded(std::size_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

// Decimal digits are hexadecimal ones too.
waybill::context context_of(std::size_t number) {
  const std::string text = std::to_string(number);
  return make_context("00-a1" + padded(number, 30) + "-b2" + padded(number, 14) + "-01",
                      "n=" + text, "number=" + text);
}

bare_headers fields_of(std::size_t number) {
  const waybill::context context = context_of(number);
  return {{"traceparent", traceparent_text(context)},
          {"tracestate", std::string(context.tracestate_text())},
          {"baggage", std::string(context.baggage_text())}};
}

void expect_numbers_once(const std::map<std::string, int>& times, std::size_t count) {
  EXPECT_EQ(times.size(), count);
  for (std::size_t number = 0; number < count; ++number) {
    const auto found = times.find(std::to_string(number));
    EXPECT_EQ(found == times.end() ? 0 : found->second, 1) << number;
  }
}

struct kafka_threads : kafka_sending {
  static constexpr std::size_t senders = 8;
  const mock_cluster cluster;

  // Sends the numbers from `first` on, `count` of them; half of them under the current context.
  static void send_numbers(waybill::kafka::producer& producer, std::size_t first,
                           std::size_t count) {
    for (std::size_t number = first; number < first + count; ++number) {
      const std::string value = std::to_string(number);
      const waybill::context context = context_of(number);
      const waybill::scope active(number % 2 == 0 ? context : waybill::context());
      // Every third list has a field of somebody else's in it.
      owned_list list = make_list(number % 3 == 0 ? application_headers() + fields_of(number + 1)
                                                  : application_headers());
      const auto answer = producer.produce({.topic = waybill_test::topic,
                                            .partition = static_cast<std::int32_t>(number % 2),
                                            .payload = value,
                                            .headers = list.get()},
                                           {.context = number % 2 == 0 ? nullptr : &context});
      ASSERT_EQ(answer, no_error);
      static_cast<void>(list.release());
    }
  }
  void expect_outcomes(std::size_t count) const {
    std::map<std::string, int> times;
    for (const auto& told : log.entries()) {
      EXPECT_EQ(told.state, outcome_state::succeeded);
      ASSERT_TRUE(told.message.has_value() && told.message->value.has_value());
      ++times[*told.message->value];
      EXPECT_EQ(told.sent, context_of(std::stoul(*told.message->value)).span_context());
    }
    expect_numbers_once(times, count);
  }
  void expect_on_wire(std::size_t count) const {
    std::map<std::string, int> times;
    for (const auto& record : cluster.read(count)) {
      ++times[record.value.value()];
      EXPECT_EQ(record.headers, application_headers() + fields_of(std::stoul(*record.value)));
    }
    expect_numbers_once(times, count);
  }
};

TEST_F(kafka_threads, that_share_a_producer_mix_no_context_up_and_lose_no_outcome) {
  constexpr std::size_t each = 150;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  std::atomic<bool> is_over = false;
  std::jthread poller([&] {
    while (!is_over) rd_kafka_poll(client.get(), 1);
  });
  std::jthread onlooker([&] {
    while (!is_over) EXPECT_LE(producer->in_flight(), senders * each);
  });
  {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < senders; ++i) {
      all.emplace_back([&, i] { send_numbers(*producer, i * each, each); });
    }
  }
  EXPECT_TRUE(waybill_test::flush(client.get()));
  is_over = true;
  poller.join();
  onlooker.join();
  expect_outcomes(senders * each);
  EXPECT_EQ(producer->in_flight(), 0U);
  expect_on_wire(senders * each);
}

TEST_F(kafka_threads, that_flush_and_purge_while_others_send_learn_each_outcome_once) {
  constexpr std::size_t each = 150;
  connect(cluster.producer_config());
  trace();
  const auto producer = make_producer();
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      // Flushing nothing returns at once, and all the time it would keep producers from their lock.
      while (!is_over) {
        if (rd_kafka_flush(client.get(), 1) == no_error) rd_kafka_poll(client.get(), 1);
      }
    });
  }
  {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < senders; ++i) {
      all.emplace_back([&, i] {
        for (std::size_t number = 0; number < each; ++number) {
          const std::string value = std::to_string(i * each + number);
          ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = value}), no_error);
          // Not all the time, for the same reason.
          if (number % 10 == i) {
            rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
          }
        }
      });
    }
  }
  is_over = true;
  others.clear();
  EXPECT_TRUE(waybill_test::flush(client.get()));
  std::map<std::string, int> times;
  for (const auto& told : log.entries()) {
    EXPECT_TRUE(told.state == outcome_state::succeeded || told.state == outcome_state::purged);
    ++times[told.message.value().value.value()];
  }
  expect_numbers_once(times, senders * each);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(producer->in_flight(), 0U);
}

// The registry of an instrumentation is shared by all clients that copies of a configuration make.
TEST_F(kafka_threads, that_make_clients_of_copies_of_one_configuration_get_their_own_outcomes) {
  constexpr std::size_t rounds = 5;
  config original = cluster.producer_config();
  const waybill::kafka::instrumentation shared = waybill::kafka::instrument(original.get());
  std::mutex copying;
  {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < 4; ++i) {
      all.emplace_back([&, i] {
        for (std::size_t round = 0; round < rounds; ++round) {
          std::unique_lock lock(copying);
          config copy(rd_kafka_conf_dup(original.get()));
          lock.unlock();
          delivery_log own;
          const owned_client mine = make_client(RD_KAFKA_PRODUCER, std::move(copy));
          waybill::kafka::producer producer(mine.get(), settings(), shared, own.listener());
          ASSERT_TRUE(producer.knows_outcomes());
          const std::size_t number = i * rounds + round;
          send_numbers(producer, number, 1);
          ASSERT_TRUE(waybill_test::flush(mine.get()));
          ASSERT_EQ(own.size(), 1U);
          EXPECT_EQ(own.entries()[0].sent, context_of(number).span_context());
        }
      });
    }
  }
  expect_on_wire(4 * rounds);
}

/// Messages on their way from the thread that polls to those that handle.
class handover {
 public:
  void put(message received) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(received));
    changed_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  // A time-out's empty message at the end.
  message take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_over_ || !waiting_.empty(); });
    if (waiting_.empty()) return {};
    message next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<message> waiting_;
  bool is_over_ = false;
};

struct kafka_receiving_threads : kafka_receiving {
  static constexpr std::size_t count = 400;

  // Half of the messages to each partition, and a member of the baggage that is wrong in each.
  void send_numbers() const {
    const owned_client sender = cluster.producer();
    for (std::size_t number = 0; number < count; ++number) {
      bare_headers headers = application_headers() + fields_of(number);
      headers.back().value = headers.back().value.value() + ",,=wrong";
      const std::string value = std::to_string(number);
      owned_list list = make_list(headers);
      ASSERT_EQ(rd_kafka_producev(sender.get(), RD_KAFKA_V_TOPIC(topic),
                                  RD_KAFKA_V_PARTITION(static_cast<std::int32_t>(number % 2)),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_HEADERS(list.get()), RD_KAFKA_V_END),
                no_error);
      static_cast<void>(list.release());
    }
    ASSERT_TRUE(waybill_test::flush(sender.get()));
  }
  // What a handler sees of a message is its own, whatever other threads handle meanwhile.
  void check(message& received) {
    const std::string value(received.payload().value());
    const waybill::context expected = context_of(std::stoul(value));
    EXPECT_EQ(received.context(), expected);
    EXPECT_EQ(waybill::current(), expected);
    EXPECT_EQ(headers_of(*received.raw()), application_headers());
    const std::lock_guard lock(mutex_);
    ++times_[value];
  }
  void expect_all_once() const {
    expect_numbers_once(times_, count);
    EXPECT_EQ(options.diagnostics->count(waybill::direction::inbound, waybill::errc::malformed),
              count);
  }
  [[nodiscard]] std::size_t seen() const {
    const std::lock_guard lock(mutex_);
    return times_.size();
  }

  mutable std::mutex mutex_;
  std::map<std::string, int> times_;
};

TEST_F(kafka_receiving_threads, that_share_a_consumer_see_each_message_once_with_its_context) {
  send_numbers();
  connect();
  const owned_partitions both(rd_kafka_topic_partition_list_new(2));
  for (int i = 0; i < 2; ++i) {
    rd_kafka_topic_partition_list_add(both.get(), topic, i)->offset = 0;
  }
  rd_kafka_assign(client.get(), both.get());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::jthread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([this, i, deadline] {
      while (seen() < count && std::chrono::steady_clock::now() < deadline) {
        if (i % 2 == 0) {
          message received = receiver->poll(std::chrono::milliseconds(5));
          receiver->handle(received, [this](message& each) { check(each); });
          continue;
        }
        for (message& received : receiver->poll_batch(16, std::chrono::milliseconds(5))) {
          receiver->handle(received, [this](message& each) { check(each); });
        }
      }
    });
  }
  all.clear();
  expect_all_once();
}

TEST_F(kafka_receiving_threads, with_consumers_of_one_propagation_share_its_counters) {
  send_numbers();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::jthread> all;
  for (std::int32_t partition = 0; partition < mock_cluster::partitions; ++partition) {
    all.emplace_back([this, partition, deadline] {
      const owned_client own = cluster.consumer(partition);
      waybill::kafka::consumer reader(own.get(), settings());
      while (seen() < count && std::chrono::steady_clock::now() < deadline) {
        message received = reader.poll(std::chrono::milliseconds(5));
        reader.handle(received, [this](message& each) { check(each); });
      }
    });
  }
  all.clear();
  expect_all_once();
}

TEST_F(kafka_receiving_threads, may_handle_what_another_thread_polled) {
  send_numbers();
  connect();
  handover between;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (message next = between.take(); next; next = between.take()) {
        receiver->handle(next, [this](message& each) { check(each); });
        EXPECT_TRUE(waybill::current().is_empty());
      }
    });
  }
  for (std::int32_t partition = 0; partition < mock_cluster::partitions; ++partition) {
    assign(client.get(), topic, partition);
    for (std::size_t i = 0; i < count / 2; ++i) {
      message received = poll();
      EXPECT_TRUE(received.is_message());
      between.put(std::move(received));
    }
  }
  between.end();
  workers.clear();
  expect_all_once();
}

// Not while others close the client: librdkafka's poll may take the answer that its close waits
// for.
TEST_F(kafka_receiving_threads, may_ask_a_closed_client_and_get_nothing) {
  send_numbers();
  connect();
  std::atomic<bool> is_ending = false;
  std::vector<std::jthread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&] {
      while (!is_ending) {
        message received = receiver->poll(std::chrono::milliseconds(5));
        receiver->handle(received, [this](message& each) { check(each); });
      }
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (seen() != count / 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  is_ending = true;
  all.clear();
  EXPECT_EQ(rd_kafka_consumer_close(client.get()), no_error);
  for (int i = 0; i < 4; ++i) {
    all.emplace_back(
        [&] { EXPECT_FALSE(receiver->poll(std::chrono::milliseconds(0)).is_message()); });
  }
  all.clear();
  EXPECT_EQ(seen(), count / 2) << "partition 0 alone is assigned";
}

}  // namespace
}  // namespace waybill_test
