// A message that five services pass on stays in one trace, with its baggage.

#include <gtest/gtest.h>

#include <exception>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "support/recording_tracer.hpp"

namespace waybill_test {
namespace {

constexpr std::size_t hops = 5;
constexpr std::size_t messages_per_relay = 100;

std::vector<bare_header> application_of(std::size_t number) {
  return {{"order", std::to_string(number)},
          {"note", std::nullopt},
          {"order", "again"},
          {"bytes", std::string("\0\xff", 2)},
          {"empty", ""}};
}

waybill::context origin_of(std::size_t number) {
  const std::string text = std::to_string(number);
  return make_context(number + 1, "vendor=" + text + ",other=x",
                      "order=" + text + ";p=1,user=zo%C3%AB");
}

class relay : public kafka_test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i <= hops; ++i) topics_.push_back(new_topic());
  }

  // Sends the messages that enter the first topic.
  void send_all() {
    waybill_producer producer(bootstrap());
    for (std::size_t i = 0; i < messages_per_relay; ++i) {
      const waybill::context context = origin_of(i);
      producer.send(topics_[0], {"key " + std::to_string(i), "value", application_of(i)},
                    {.context = &context});
    }
    producer.flush();
  }

  // One service: every message is handled and sent on from within the handler. It says nothing of
  // the context: that is the current one.
  void run_hop(std::size_t hop, const waybill::propagation& settings,
               waybill::kafka::consumer_options options, waybill::inject_mode mode) const {
    waybill_consumer consumer(bootstrap(), topics_[hop], options, settings);
    waybill_producer producer(bootstrap(), {}, settings);
    for (std::size_t i = 0; i < messages_per_relay; ++i) {
      waybill::kafka::message received = consumer.next();
      consumer.consumer().handle(received, [&](const waybill::kafka::message& message) {
        const bare_record record = to_record(*message.raw());
        producer.send(topics_[hop + 1], {record.key, record.value, record.headers}, {.mode = mode});
      });
    }
    producer.flush();
  }

  // All services at once, each on a thread of its own.
  void run_all(const std::vector<waybill::propagation>& settings,
               waybill::kafka::consumer_options options = {},
               waybill::inject_mode mode = waybill::inject_mode::automatic) const {
    std::vector<std::exception_ptr> failures(hops);
    std::vector<std::thread> services;
    for (std::size_t hop = 0; hop < hops; ++hop) {
      services.emplace_back([&, hop] {
        try {
          run_hop(hop, settings[hop], options, mode);
        } catch (...) {
          failures[hop] = std::current_exception();
        }
      });
    }
    for (std::thread& service : services) service.join();
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  std::vector<std::string> topics_;
};

TEST_F(relay, without_a_tracer_passes_the_context_on_as_it_is_over_five_hops) {
  send_all();
  run_all(std::vector<waybill::propagation>(hops));
  for (std::size_t hop = 0; hop <= hops; ++hop) {
    SCOPED_TRACE("topic " + std::to_string(hop));
    const std::vector<bare_record> wire = records_of(topics_[hop]);
    ASSERT_EQ(wire.size(), messages_per_relay);
    for (std::size_t i = 0; i < messages_per_relay; ++i) {
      EXPECT_EQ(wire[i].key, "key " + std::to_string(i));
      EXPECT_EQ(wire[i].value, "value");
      EXPECT_EQ(wire[i].headers, on_wire(application_of(i), origin_of(i)));
    }
  }
  waybill_consumer last(bootstrap(), topics_[hops]);
  for (std::size_t i = 0; i < messages_per_relay; ++i) {
    const waybill::kafka::message received = last.next();
    EXPECT_EQ(received.context(), origin_of(i));
    EXPECT_EQ(seen_headers(received), application_of(i));
  }
}

TEST_F(relay, with_tracers_keeps_one_trace_with_baggage_over_five_hops) {
  send_all();
  std::vector<waybill::propagation> settings;
  std::vector<std::shared_ptr<recording_tracer>> tracers;
  for (std::size_t hop = 0; hop < hops; ++hop) {
    tracers.push_back(std::make_shared<recording_tracer>());
    settings.emplace_back(waybill::propagation_options{.tracer = tracers.back()});
  }
  run_all(settings);

  // A message's span context on each topic, as a client sees it that is not ours.
  std::vector<std::map<std::string, waybill::span_context>> span_contexts(hops + 1);
  for (std::size_t hop = 0; hop <= hops; ++hop) {
    SCOPED_TRACE("topic " + std::to_string(hop));
    const std::vector<bare_record> wire = records_of(topics_[hop]);
    ASSERT_EQ(wire.size(), messages_per_relay);
    for (std::size_t i = 0; i < messages_per_relay; ++i) {
      const std::vector<bare_header> application = application_of(i);
      ASSERT_EQ(wire[i].headers.size(), application.size() + 3);
      const auto read =
          waybill::parse_traceparent(wire[i].headers[application.size()].value.value());
      ASSERT_TRUE(read.has_value());
      EXPECT_EQ(read->trace_id(), origin_of(i).span_context().trace_id());
      EXPECT_EQ(wire[i].headers, on_wire(application, origin_of(i).with_span_context(*read)));
      span_contexts[hop][wire[i].key.value()] = *read;
    }
  }

  for (std::size_t hop = 0; hop < hops; ++hop) {
    SCOPED_TRACE("hop " + std::to_string(hop));
    const auto processed = tracers[hop]->spans(waybill::operation_kind::process);
    const auto sent = tracers[hop]->spans(waybill::operation_kind::send);
    ASSERT_EQ(processed.size(), messages_per_relay);
    ASSERT_EQ(sent.size(), messages_per_relay);
    for (std::size_t i = 0; i < messages_per_relay; ++i) {
      const std::string key = "key " + std::to_string(i);
      EXPECT_EQ(processed[i].parent.span_context(), span_contexts[hop][key]);
      EXPECT_EQ(sent[i].parent.span_context(), processed[i].started.span_context());
      EXPECT_EQ(sent[i].started.span_context(), span_contexts[hop + 1][key]);
    }
    for (const recording_tracer::span& span : tracers[hop]->spans()) {
      EXPECT_EQ(span.ends, 1);
      EXPECT_EQ(span.ended_as, waybill::outcome_state::succeeded) << span.error;
    }
  }
}

TEST_F(relay, in_mode_keep_leaves_every_byte_alone) {
  // Fields between the others, repeated, in several spellings and with bad values.
  const auto sent_headers = [](std::size_t number) -> std::vector<bare_header> {
    return {{"baggage", " b=1 , c=2"},
            {"order", std::to_string(number)},
            {"Traceparent", traceparent_of(number + 1)},
            {"traceparent", "bad"},
            {"note", std::nullopt},
            {"traceparent", traceparent_of(number + 1000)},
            {"tracestate", ""},
            {"order", "again"}};
  };
  std::vector<bare_message> messages;
  for (std::size_t i = 0; i < messages_per_relay; ++i) {
    messages.push_back({std::to_string(i), "value", sent_headers(i)});
  }
  bare_producer(bootstrap()).produce(topics_[0], messages);
  run_all(std::vector<waybill::propagation>(hops), {.strip = false}, waybill::inject_mode::keep);

  const std::vector<bare_record> wire = records_of(topics_[hops]);
  ASSERT_EQ(wire.size(), messages_per_relay);
  for (std::size_t i = 0; i < messages_per_relay; ++i) {
    EXPECT_EQ(wire[i].headers, sent_headers(i));
    EXPECT_EQ(wire[i].key, std::to_string(i));
    EXPECT_EQ(wire[i].value, "value");
  }
}

}  // namespace
}  // namespace waybill_test
