// Two hundred thousand messages, each with a context of its own, and every one of them checked.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/clients.hpp"
#include "support/kafka_test.hpp"
#include "waybill/baggage.hpp"
#include "waybill/tracestate.hpp"

namespace waybill_test {
namespace {

constexpr std::uint64_t message_count = 200'000;
constexpr std::uint64_t warm_up_count = message_count / 10;
constexpr std::uint64_t producer_threads = 2;
constexpr int partitions = 4;
constexpr std::size_t growth_kibibytes_max = 16'384;
constexpr std::chrono::seconds whole_patience{180};

// The sanitizers keep what was freed for a while and have memory of their own: then the size of
// the process says nothing about waybill.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool measures_memory = false;
#else
constexpr bool measures_memory = true;
#endif

std::size_t resident_kibibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t size = 0;
    status >> size;
    return size;
  }
  throw std::runtime_error("no VmRSS in /proc/self/status");
}

// The finaliser of SplitMix64: neighbouring numbers get identifiers that have nothing in common,
// and no two numbers the same.
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15U;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

void write_bytes(std::uint64_t number, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i, number >>= 8U) bytes[i] = static_cast<std::uint8_t>(number);
}

// Everything about message `number` follows from its number, so that nothing has to be kept and
// whatever is swapped with another message's is noticed.
waybill::trace_context trace_of(std::uint64_t number) {
  waybill::trace_id trace;
  waybill::span_id span;
  write_bytes(mixed(number), trace.bytes.data());
  write_bytes(number + 1, trace.bytes.data() + 8);
  write_bytes(mixed(~number), span.bytes.data());
  return {trace, span, static_cast<std::uint8_t>(number % 4)};
}

std::uint64_t number_of(const waybill::trace_context& trace) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = (number << 8U) | trace.trace().bytes[i];
  return number - 1;
}

waybill::context context_of(std::uint64_t number) {
  const std::string text = std::to_string(number);
  waybill::tracestate state;
  state.set("vendor", "v" + text);
  state.set("n", text);
  waybill::baggage items;
  items.set("number", text);
  items.set("user", "zo\xc3\xab " + text);
  // Some texts are longer than a context holds without a block of its own.
  if (number % 10 == 0) items.set("long", std::string(400, 'l'));
  return {trace_of(number), state, items};
}

std::vector<bare_header> headers_of_message(std::uint64_t number) {
  return {{"number", std::to_string(number)},
          {"null", std::nullopt},
          {"number", "again"},
          {"bytes", std::string("\0\xff\x80", 3)}};
}

std::string payload_of(std::uint64_t number) {
  return "payload " + std::to_string(number) + std::string(100, '.');
}

// How often something was not as it should be, and the first time in words.
class complaints {
 public:
  void expect(bool is_good, std::uint64_t number, const char* what) {
    if (is_good) return;
    if (count_++ == 0) first_ = std::string(what) + " of message " + std::to_string(number);
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  std::uint64_t count_ = 0;
  std::string first_;
};

class volume : public kafka_test {
 protected:
  using clock = std::chrono::steady_clock;

  waybill::kafka::producer_options counting_outcomes() {
    waybill::kafka::producer_options options;
    options.on_delivery = [this](const waybill::kafka::delivery& delivery) {
      const std::uint64_t number = number_of(delivery.trace);
      const bool is_good = delivery.state == waybill::outcome_state::succeeded &&
                           number < message_count && delivery.trace == trace_of(number);
      if (!is_good) {
        ++bad_outcomes_;
      } else {
        ++outcomes_[number];
      }
    };
    return options;
  }

  // Sends every message whose number leaves `first` over; one of the threads gives each context to
  // the call, the other makes it the current one.
  void send(waybill::kafka::producer& producer, const std::string& topic, std::uint64_t first) {
    for (std::uint64_t number = first; number < message_count; number += producer_threads) {
      const waybill::context context = context_of(number);
      const std::string payload = payload_of(number);
      waybill::kafka::record record;
      record.topic = topic.c_str();
      record.partition = static_cast<std::int32_t>(mixed(number) % partitions);
      record.value = payload;
      for (;;) {
        waybill::kafka::headers headers = make_headers(headers_of_message(number));
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
        if (first == 0) {
          record.context = &context;
          error = producer.produce(record, headers);
        } else {
          const waybill::scope active(context);
          error = producer.produce(record, headers);
        }
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock::now() >= deadline_) {
          ++refused_;
          return;
        }
        rd_kafka_poll(producer.client(), 10);
      }
    }
  }

  // Checks one message, under the context that its handler runs with.
  void check(const waybill::kafka::message& received) {
    const std::vector<bare_header> headers = seen_headers(received);
    std::uint64_t number = message_count;
    if (!headers.empty() && headers[0].value.has_value()) {
      const std::string& text = *headers[0].value;
      std::from_chars(text.data(), text.data() + text.size(), number);
    }
    if (number >= message_count) {
      complaints_.expect(false, number, "the number");
      return;
    }
    ++seen_[number];
    complaints_.expect(headers == headers_of_message(number), number, "the application's headers");
    complaints_.expect(received.payload() == payload_of(number), number, "the payload");
    complaints_.expect(!received.key().has_value(), number, "the key");
    complaints_.expect(received.context().trace() == trace_of(number), number, "the trace");
    complaints_.expect(received.context() == context_of(number), number, "the context");
    complaints_.expect(waybill::current() == received.context(), number, "the current context");
  }

  clock::time_point deadline_ = clock::now() + whole_patience;
  std::vector<std::atomic<std::uint8_t>> outcomes_ =
      std::vector<std::atomic<std::uint8_t>>(message_count);
  std::atomic<std::uint64_t> bad_outcomes_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::vector<std::uint8_t> seen_ = std::vector<std::uint8_t>(message_count);
  complaints complaints_;
};

TEST_F(volume, of_200000_messages_swaps_no_context_loses_no_outcome_and_keeps_no_memory) {
  const std::string topic = new_topic(partitions);
  // Queues of a few MB, so that what is waiting in them does not pass for what is kept.
  instrumented_handle client = make_instrumented_handle(bootstrap(),
                                                        {{"queue.buffering.max.messages", "5000"},
                                                         {"linger.ms", "5"},
                                                         {"message.timeout.ms", "120000"}},
                                                        nullptr);
  waybill::kafka::producer producer(client.handle.get(), {}, client.observed, counting_outcomes());
  waybill_consumer consumer(bootstrap(), topic, {}, {},
                            {{"queued.max.messages.kbytes", "1024"},
                             {"fetch.message.max.bytes", "262144"},
                             {"check.crcs", "true"}});

  std::vector<std::jthread> senders;
  for (std::uint64_t first = 0; first < producer_threads; ++first) {
    senders.emplace_back([this, &producer, &topic, first] { send(producer, topic, first); });
  }
  std::size_t resident_after_warm_up = 0;
  std::uint64_t received_count = 0;
  while (received_count < message_count && clock::now() < deadline_) {
    waybill::kafka::message received = consumer.consumer().poll(std::chrono::milliseconds(100));
    if (!received || received.error() != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    consumer.consumer().handle(received, [this](const auto& message) { check(message); });
    if (++received_count == warm_up_count) resident_after_warm_up = resident_kibibytes();
  }
  const std::size_t resident_at_end = resident_kibibytes();
  senders.clear();
  EXPECT_EQ(rd_kafka_flush(client.handle.get(), patience_milliseconds), RD_KAFKA_RESP_ERR_NO_ERROR);

  EXPECT_EQ(received_count, message_count);
  EXPECT_EQ(refused_, 0U);
  EXPECT_EQ(complaints_.count(), 0U) << complaints_.first();
  EXPECT_EQ(std::ranges::count(seen_, 1), message_count);
  EXPECT_EQ(bad_outcomes_, 0U);
  EXPECT_EQ(std::ranges::count_if(outcomes_, [](const auto& times) { return times == 1; }),
            message_count);
  EXPECT_EQ(producer.in_flight(), 0U);
  EXPECT_EQ(producer.propagating().diagnostics->total(), 0U);
  EXPECT_EQ(consumer.consumer().propagating().diagnostics->total(), 0U);
  if (measures_memory) {
    EXPECT_LE(resident_at_end, resident_after_warm_up + growth_kibibytes_max);
  }
  std::cout << "resident after " << warm_up_count << " messages " << resident_after_warm_up
            << " KiB, after " << message_count << ' ' << resident_at_end << " KiB\n";
}

}  // namespace
}  // namespace waybill_test
