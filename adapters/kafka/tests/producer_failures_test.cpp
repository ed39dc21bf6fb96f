// Every way in which produce refuses a message: what the caller handed over is the caller's still
// and as it was (design invariant 4), nobody is told an outcome (9), no span stays open.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "support/sending.hpp"

namespace {

using waybill::inject_mode;
using waybill::outcome_state;
using waybill::send_options;
using waybill::kafka::record;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::mock_cluster;
using waybill_test::owned_list;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

/// Header lists that produce treats differently: nothing to take away, something to take away.
const std::array<bare_headers, 5>& header_cases() {
  static const std::array<bare_headers, 5> cases{
      bare_headers{},
      application_headers(),
      bare_headers{{"traceparent", std::string(traceparent_b)}},
      bare_headers{{"Traceparent", "x"}, {"baggage", std::nullopt}, {"tracestate", "old=1"}} +
          application_headers() +
          bare_headers{{"traceparent", std::string(traceparent_a)}, {"BAGGAGE", "k = v"}},
      bare_headers(1'000, {"tracestate", std::string("\0x=1", 4)}),
  };
  return cases;
}

struct kafka_refusal : waybill_test::kafka_sending {
  /// What a bare client answers is the answer; a message that a bare client would send is not
  /// one that this is for.
  [[nodiscard]] rd_kafka_resp_err_t bare_answer(const record& message) const {
    const auto with_topic = [&](auto&&... topic) {
      return rd_kafka_producev(
          client.get(), topic..., RD_KAFKA_V_PARTITION(message.partition),
          RD_KAFKA_V_VALUE(const_cast<char*>(message.payload.value_or("").data()),
                           message.payload.value_or("").size()),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    };
    if (message.topic_handle != nullptr) {
      return with_topic(RD_KAFKA_VTYPE_RKT, message.topic_handle);
    }
    if (message.topic != nullptr) return with_topic(RD_KAFKA_VTYPE_TOPIC, message.topic);
    return with_topic();
  }

  void expect_refused(const record& message) {
    const rd_kafka_resp_err_t expected = bare_answer(message);
    ASSERT_NE(expected, no_error);
    trace();
    for (const bool observes : {true, false}) {
      const auto made = observes
                            ? make_producer()
                            : std::make_unique<waybill::kafka::producer>(client.get(), settings());
      waybill::kafka::producer& producer = *made;
      const std::size_t in_flight = producer.in_flight();
      for (const inject_mode mode :
           {inject_mode::automatic, inject_mode::replace, inject_mode::keep, inject_mode::parent}) {
        for (const waybill::context* context : {&full, &nothing_}) {
          const send_options how{.context = context, .mode = mode};
          expect_unchanged(producer, message, how, expected);
          expect_payload_kept(producer, message, how, expected);
        }
      }
      EXPECT_EQ(producer.in_flight(), in_flight);
    }
    const bool has_topic = message.topic != nullptr || message.topic_handle != nullptr;
    EXPECT_GE(tracer->spans().size(), has_topic ? 160U : 0U);
    expect_spans_failed(expected);
    EXPECT_EQ(log.size(), 0U);
  }

 private:
  void expect_unchanged(waybill::kafka::producer& producer, record message, const send_options& how,
                        rd_kafka_resp_err_t expected) const {
    for (const bare_headers& before : header_cases()) {
      const owned_list list = make_list(before);
      message.headers = list.get();
      EXPECT_EQ(producer.produce(message, how), expected);
      EXPECT_EQ(headers_of(list.get()), before);

      waybill::kafka::headers ours(make_list(before).release());
      const rd_kafka_headers_t* const raw = ours.get();
      EXPECT_EQ(producer.produce(message, ours, how), expected);
      EXPECT_EQ(ours.get(), raw);
      EXPECT_EQ(headers_of(ours.get()), before);
      EXPECT_EQ(headers_of(list.get()), before);
    }
    waybill::kafka::headers none;
    message.headers = nullptr;
    EXPECT_EQ(producer.produce(message, none, how), expected);
    EXPECT_EQ(none.get(), nullptr);
  }

  /// A payload that librdkafka was to free is the caller's to free after a failure.
  static void expect_payload_kept(waybill::kafka::producer& producer, record message,
                                  const send_options& how, rd_kafka_resp_err_t expected) {
    const std::size_t bytes = std::max<std::size_t>(message.payload.value_or("").size(), 1);
    auto* const payload = static_cast<char*>(std::malloc(bytes));  // NOLINT(*-no-malloc)
    std::memset(payload, 'x', bytes);
    message.payload = std::string_view(payload, bytes);
    message.flags = RD_KAFKA_MSG_F_FREE;
    EXPECT_EQ(producer.produce(message, how), expected);
    EXPECT_EQ(std::string(payload, bytes), std::string(bytes, 'x'));
    std::free(payload);  // NOLINT(*-no-malloc)
  }

  void expect_spans_failed(rd_kafka_resp_err_t expected) const {
    EXPECT_EQ(tracer->badly_ended(), 0U);
    for (const auto& span : tracer->spans()) {
      ASSERT_EQ(span.ended_as, outcome_state::failed);
      ASSERT_EQ(span.error, rd_kafka_err2name(expected));
    }
  }

  const waybill::context nothing_;
};

TEST_F(kafka_refusal, invariant_4_when_the_queue_is_full) {
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "1")));
  ASSERT_EQ(bare_answer({.topic = waybill_test::topic}), no_error);
  expect_refused({.topic = waybill_test::topic, .payload = "value"});
}

TEST_F(kafka_refusal, invariant_4_when_the_queue_has_too_many_bytes) {
  connect(std::move(waybill_test::unreachable()
                        .set("queue.buffering.max.kbytes", "1")
                        .set("message.max.bytes", "1000000")));
  const std::string filling(600, 'x');
  ASSERT_EQ(bare_answer({.topic = waybill_test::topic, .payload = filling}), no_error);
  expect_refused({.topic = waybill_test::topic, .payload = filling});
}

TEST_F(kafka_refusal, invariant_4_when_the_message_is_too_large_without_any_field) {
  connect(std::move(waybill_test::unreachable().set("message.max.bytes", "1000")));
  const std::string too_large(2'000, 'x');
  expect_refused({.topic = waybill_test::topic, .payload = too_large});
}

TEST_F(kafka_refusal, invariant_4_when_the_partition_is_unknown) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto learnt = waybill_test::learn_topic(client.get());
  expect_refused({.topic = waybill_test::topic, .partition = 99, .payload = "value"});
  expect_refused({.topic_handle = learnt.get(), .partition = 99, .payload = "value"});
}

TEST_F(kafka_refusal, invariant_4_when_the_partitioner_fails) {
  // librdkafka tells the observers of acknowledgements of such a message within the produce call.
  const mock_cluster cluster;
  connect(cluster.producer_config());
  for (const auto partitioner :
       {+[](const rd_kafka_topic_t*, const void*, std::size_t, std::int32_t, void*, void*) {
          return std::int32_t{99};
        },
        +[](const rd_kafka_topic_t*, const void*, std::size_t, std::int32_t, void*, void*) {
          return std::int32_t{RD_KAFKA_PARTITION_UA};
        }}) {
    rd_kafka_topic_conf_t* const conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_partitioner_cb(conf, partitioner);
    const auto learnt = waybill_test::learn_topic(client.get(), waybill_test::topic, conf);
    expect_refused({.topic_handle = learnt.get(), .payload = "value", .key = "key"});
  }
}

TEST_F(kafka_refusal, invariant_4_when_an_argument_is_invalid) {
  connect();
  const std::string too_long(600, 't');
  expect_refused({.payload = "no topic"});
  expect_refused({.topic = too_long.c_str(), .payload = "value"});
}

TEST_F(kafka_refusal, invariant_4_when_the_client_had_a_fatal_error) {
  connect(std::move(waybill_test::unreachable().set("enable.idempotence", "true")));
  ASSERT_EQ(rd_kafka_test_fatal_error(client.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                      "test"),
            no_error);
  expect_refused({.topic = waybill_test::topic, .payload = "value"});
}

TEST_F(kafka_refusal, invariant_4_when_there_is_no_transaction) {
  const mock_cluster cluster;
  connect(std::move(cluster.producer_config().set("transactional.id", "test")));
  expect_refused({.topic = waybill_test::topic, .payload = "value"});
}

TEST_F(kafka_refusal, a_message_that_was_refused_can_be_sent_again_as_it_is) {
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "1")));
  const auto producer = make_producer();
  ASSERT_EQ(bare_answer({.topic = waybill_test::topic}), no_error);
  const bare_headers before =
      bare_headers{{"traceparent", std::string(traceparent_b)}} + application_headers();
  owned_list list = make_list(before);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .headers = list.get()},
                                {.context = &full}),
              RD_KAFKA_RESP_ERR__QUEUE_FULL);
  }
  EXPECT_EQ(headers_of(list.get()), before);
  waybill_test::purge(client.get());
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .headers = list.release()},
                              {.context = &full}),
            no_error);
  waybill_test::purge(client.get());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(waybill_test::without_fields(entries[0].message.value().headers),
            application_headers());
  EXPECT_EQ(waybill_test::only(entries[0].message.value().headers, "traceparent"), traceparent_a);
}

TEST_F(kafka_refusal, does_not_disturb_messages_of_the_same_context_that_wait_for_their_answer) {
  // They share a span id: outcomes find a message by its own identity.
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "3")));
  trace();
  const auto producer = make_producer(inject_mode::keep);
  const bare_headers kept{{"traceparent", std::string(traceparent_b)}};
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(
        producer->produce({.topic = waybill_test::topic, .headers = make_list(kept).release()}),
        no_error);
  }
  for (int i = 0; i < 3; ++i) {
    const owned_list list = make_list(kept);
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .headers = list.get()}),
              RD_KAFKA_RESP_ERR__QUEUE_FULL);
  }
  EXPECT_EQ(producer->in_flight(), 3U);
  waybill_test::purge(client.get());
  EXPECT_EQ(log.count(outcome_state::purged), 3U);
  EXPECT_EQ(log.size(), 3U);
  const auto spans = tracer->spans();
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(spans[i].ended_as, outcome_state::purged) << i;
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(spans[i].ended_as, outcome_state::failed) << i;
}

TEST_F(kafka_refusal, by_the_partitioner_does_not_disturb_messages_of_the_same_context) {
  const mock_cluster cluster;
  connect(std::move(cluster.producer_config().set("linger.ms", "10000")));
  trace();
  const auto learnt = waybill_test::learn_topic(client.get());
  const auto producer = make_producer(inject_mode::keep);
  const bare_headers kept{{"traceparent", std::string(traceparent_b)}};
  for (const std::int32_t partition : {0, 99, 1, 99}) {
    owned_list list = make_list(kept);
    const auto answer = producer->produce({.topic = waybill_test::topic,
                                           .partition = partition,
                                           .payload = std::to_string(partition),
                                           .headers = list.get()});
    ASSERT_EQ(answer, partition == 99 ? RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION : no_error);
    if (answer == no_error) static_cast<void>(list.release());
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  const auto spans = tracer->spans();
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(spans[i].ended_as, i % 2 == 0 ? outcome_state::succeeded : outcome_state::failed)
        << i;
  }
  ASSERT_EQ(log.size(), 2U);
  for (const auto& entry : log.entries()) {
    EXPECT_EQ(entry.message.value().value, std::to_string(entry.message->partition));
  }
}

}  // namespace
