// What a message is made of and whom it belongs to once it was accepted: design invariants 2 and 4.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "support/processor_time.hpp"
#include "support/sending.hpp"
#include "waybill/current.hpp"

namespace {

using waybill::kafka::record;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::mock_cluster;
using waybill_test::processor_seconds;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

const std::string a(traceparent_a);
const std::string b(traceparent_b);
const bare_headers full_fields{
    {"traceparent", a}, {"tracestate", "x=1,y=2"}, {"baggage", "user=alice,n=1"}};
constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

using kafka_produce = waybill_test::kafka_sending;

TEST_F(kafka_produce, invariant_2_every_part_of_a_message_arrives_byte_for_byte) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  const std::string value("\0value\xff", 7);
  const std::string key("\0key\xff", 5);
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                               .partition = 1,
                               .payload = value,
                               .key = key,
                               .timestamp_ms = 1'600'000'000'123,
                               .headers = make_list(application_headers()).release()},
                              {.context = &full}),
            no_error);
  ASSERT_TRUE(waybill_test::flush(client.get()));
  const auto records = cluster.read(1);
  EXPECT_EQ(records[0].partition, 1);
  EXPECT_EQ(records[0].value, value);
  EXPECT_EQ(records[0].key, key);
  EXPECT_EQ(records[0].timestamp_ms, 1'600'000'000'123);
  EXPECT_EQ(records[0].headers, application_headers() + full_fields);
}

TEST_F(kafka_produce, invariant_2_null_and_empty_arrive_as_what_they_are) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  for (const int flags : {RD_KAFKA_MSG_F_COPY, 0}) {
    for (const auto& [value, key] : std::initializer_list<
             std::pair<std::optional<std::string_view>, std::optional<std::string_view>>>{
             {{}, {}}, {"", ""}, {{}, "key"}, {"value", {}}}) {
      ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                                   .partition = 0,
                                   .payload = value,
                                   .key = key,
                                   .flags = flags},
                                  {.context = &full}),
                no_error);
    }
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  const auto records = cluster.read(8);
  for (std::size_t i = 0; i < 8; i += 4) {
    EXPECT_EQ(records[i].value, std::nullopt);
    EXPECT_EQ(records[i].key, std::nullopt);
    EXPECT_EQ(records[i + 1].value, "");
    EXPECT_EQ(records[i + 1].key, "");
    EXPECT_EQ(records[i + 2].value, std::nullopt);
    EXPECT_EQ(records[i + 2].key, "key");
    EXPECT_EQ(records[i + 3].value, "value");
    EXPECT_EQ(records[i + 3].key, std::nullopt);
  }
  for (const auto& record : records) EXPECT_EQ(record.headers, full_fields);
}

TEST_F(kafka_produce, invariant_2_a_thousand_application_headers_arrive_byte_for_byte) {
  bare_headers many;
  while (many.size() < 1'000) many = many + application_headers();
  many.resize(1'000);
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  for (const bare_headers& before : {many, bare_headers{{"Baggage", "old=1"}} + many}) {
    ASSERT_EQ(
        producer->produce(
            {.topic = waybill_test::topic, .partition = 0, .headers = make_list(before).release()},
            {.context = &full}),
        no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  for (const auto& record : cluster.read(2)) EXPECT_EQ(record.headers, many + full_fields);
}

TEST_F(kafka_produce, the_topic_is_the_handles_before_the_name) {
  connect();
  const waybill_test::owned_topic handle(rd_kafka_topic_new(client.get(), "by-handle", nullptr));
  waybill::kafka::producer producer(
      client.get(), settings(), observed, [this](const waybill::kafka::delivery_report& told) {
        EXPECT_STREQ(rd_kafka_topic_name(told.message->rkt), "by-handle");
        log.listener()(told);
      });
  ASSERT_EQ(producer.produce({.topic_handle = handle.get()}), no_error);
  ASSERT_EQ(producer.produce({.topic = "by-name", .topic_handle = handle.get()}), no_error);
  waybill_test::purge(client.get());
  EXPECT_EQ(log.size(), 2U);
}

TEST_F(kafka_produce, a_copied_payload_is_the_callers_own_again_at_once) {
  const auto producer = make_producer();
  std::string value = "value";
  std::string key = "key";
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = value, .key = key}),
            no_error);
  value.assign("xxxxx");
  key.assign("xxx");
  waybill_test::purge(client.get());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].message.value().value, "value");
  EXPECT_EQ(entries[0].message.value().key, "key");
}

TEST_F(kafka_produce, a_payload_to_free_is_freed_by_librdkafka_when_it_was_accepted) {
  // That it is freed exactly once is seen by the address and leak sanitizers.
  const auto producer = make_producer();
  auto* const value = static_cast<char*>(std::malloc(5));  // NOLINT(cppcoreguidelines-no-malloc)
  std::memcpy(value, "value", 5);
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic,
                               .payload = std::string_view(value, 5),
                               .flags = RD_KAFKA_MSG_F_FREE},
                              {.context = &full}),
            no_error);
  waybill_test::purge(client.get());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.entries()[0].payload, value);
}

TEST_F(kafka_produce, a_payload_without_flags_is_only_referred_to) {
  const auto producer = make_producer();
  const std::string value = "value";
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = value, .flags = 0},
                              {.context = &full}),
            no_error);
  waybill_test::purge(client.get());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.entries()[0].payload, value.data());
}

TEST_F(kafka_produce, the_applications_opaque_is_unchanged) {
  int mine = 0;
  const auto entry = sent({.topic = waybill_test::topic}, {.context = &full, .user_data = &mine});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->opaque, &mine);
  EXPECT_EQ(entry->user_data, &mine);
  EXPECT_EQ(sent({.topic = waybill_test::topic}, {.context = &full}).value().opaque, nullptr);
}

TEST_F(kafka_produce, a_message_without_headers_gets_the_fields_alone) {
  const auto entry = sent({.topic = waybill_test::topic}, {.context = &full});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->message->headers, full_fields);
}

TEST_F(kafka_produce, a_message_without_headers_and_context_arrives_without_headers) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .partition = 0}), no_error);
  ASSERT_TRUE(waybill_test::flush(client.get()));
  const auto consumer = cluster.consumer();
  const auto message = waybill_test::receive(consumer.get());
  ASSERT_NE(message, nullptr);
  rd_kafka_headers_t* list = nullptr;
  EXPECT_EQ(rd_kafka_message_headers(message.get(), &list), RD_KAFKA_RESP_ERR__NOENT);
}

TEST_F(kafka_produce, invariant_4_an_accepted_list_belongs_to_librdkafka) {
  // Leaked or destroyed twice, the sanitizers would see it: a list as it is, a list that was
  // changed, a list that had to be copied.
  EXPECT_EQ(sent_headers(application_headers(), nullptr), application_headers());
  EXPECT_EQ(sent_headers(application_headers(), &full), application_headers() + full_fields);
  EXPECT_EQ(sent_headers(bare_headers{{"Traceparent", b}} + application_headers(), &full),
            application_headers() + full_fields);
  EXPECT_EQ(sent_headers({}, &full), full_fields);
}

TEST_F(kafka_produce, invariant_3_a_message_sent_again_has_one_of_each_field) {
  bare_headers headers = application_headers();
  for (int i = 0; i < 3; ++i) {
    headers = sent_headers(headers, &full).value();
    EXPECT_EQ(headers, application_headers() + full_fields);
  }
}

TEST_F(kafka_produce, invariant_3_a_flood_of_stale_fields_is_replaced_by_one_of_each_and_quickly) {
  for (const std::size_t fields : {16U, 17U, 20'000U}) {
    bare_headers flood(fields, {"baggage", "old=1"});
    flood.push_back({"TraceParent", b});
    const bare_headers own(fields, {"own", "1"});
    const double begin = processor_seconds();
    EXPECT_TRUE(sent_headers(flood + own, &full) == own + full_fields) << fields;
    EXPECT_LT(processor_seconds() - begin, 2);
  }
}

TEST_F(kafka_produce, invariant_3_of_a_flood_baggage_alone_replaces_the_baggage_alone) {
  const bare_headers flood(20, {"baggage", "old=1"});
  const waybill::context items(waybill::context_view(full).without_trace());
  EXPECT_EQ(sent_headers(bare_headers{{"traceparent", b}} + flood, &items),
            (bare_headers{{"traceparent", b}, full_fields[2]}));
}

TEST_F(kafka_produce, headers_of_ours_are_empty_after_success) {
  const auto producer = make_producer();
  waybill::kafka::headers list;
  list.add("own", "1");
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic}, list, {.context = &full}), no_error);
  EXPECT_EQ(list.get(), nullptr);
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic}, list, {.context = &full}), no_error);
  EXPECT_EQ(list.get(), nullptr);
  waybill_test::purge(client.get());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].message.value().headers, (bare_headers{{"own", "1"}}) + full_fields);
  EXPECT_EQ(entries[1].message.value().headers, full_fields);
}

TEST_F(kafka_produce, headers_of_ours_go_before_those_of_the_record) {
  const auto producer = make_producer();
  const auto not_taken = make_list({{"own", "2"}});
  waybill::kafka::headers list;
  list.add("own", "1");
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .headers = not_taken.get()}, list),
            no_error);
  waybill_test::purge(client.get());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.entries()[0].message.value().headers, (bare_headers{{"own", "1"}}));
  EXPECT_EQ(headers_of(not_taken.get()), (bare_headers{{"own", "2"}}));
}

TEST_F(kafka_produce, a_blocking_message_waits_for_room_and_is_accepted) {
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "1")));
  const auto producer = make_producer();
  ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = "first"}), no_error);
  auto answer = RD_KAFKA_RESP_ERR_UNKNOWN;
  std::thread blocked([&] {
    answer = producer->produce({.topic = waybill_test::topic,
                                .payload = "second",
                                .flags = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK},
                               {.context = &full});
  });
  EXPECT_TRUE(waybill_test::wait_until(client.get(), [&] {
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE);
    return log.size() == 2;
  }));
  blocked.join();
  EXPECT_EQ(answer, no_error);
  EXPECT_EQ(log.count(waybill::outcome_state::purged), 2U);
}

TEST_F(kafka_produce,
       a_batch_is_sent_in_order_under_one_context_each_message_with_its_own_headers) {
  const mock_cluster cluster;
  connect(cluster.producer_config());
  const auto producer = make_producer();
  int mine = 0;
  for (const waybill::context* context : {&full, static_cast<const waybill::context*>(nullptr)}) {
    const waybill::scope active(waybill_test::make_context(b));
    const record messages[] = {
        {.topic = waybill_test::topic, .partition = 0, .payload = "0"},
        {.topic = waybill_test::topic,
         .partition = 0,
         .payload = "1",
         .headers = make_list({{"own", "1"}}).release()},
        {.topic = waybill_test::topic, .partition = 0, .payload = "2"},
    };
    rd_kafka_resp_err_t results[3] = {RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR_UNKNOWN,
                                      RD_KAFKA_RESP_ERR_UNKNOWN};
    EXPECT_EQ(producer->produce_batch(messages, results, {.context = context, .user_data = &mine}),
              3U);
    for (const auto result : results) EXPECT_EQ(result, no_error);
  }
  ASSERT_TRUE(waybill_test::flush(client.get()));
  const auto records = cluster.read(6);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(records[i].value, std::to_string(i % 3));
    const bare_headers own = i % 3 == 1 ? bare_headers{{"own", "1"}} : bare_headers{};
    EXPECT_EQ(records[i].headers, own + (i < 3 ? full_fields : bare_headers{{"traceparent", b}}));
  }
  for (const auto& entry : log.entries()) EXPECT_EQ(entry.user_data, &mine);
}

TEST_F(kafka_produce, a_batch_answers_for_each_message_and_results_may_be_fewer) {
  connect(std::move(waybill_test::unreachable().set("message.max.bytes", "1000")));
  const auto producer = make_producer();
  const std::string too_large(2'000, 'x');
  const auto kept = make_list({{"own", "1"}});
  const record messages[] = {
      {.topic = waybill_test::topic, .payload = "0"},
      {.topic = waybill_test::topic, .payload = too_large, .headers = kept.get()},
      {.payload = "no topic"},
      {.topic = waybill_test::topic, .payload = "3"},
  };
  rd_kafka_resp_err_t results[4] = {};
  EXPECT_EQ(producer->produce_batch(messages, results), 2U);
  EXPECT_EQ(results[0], no_error);
  EXPECT_EQ(results[1], RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(results[2], RD_KAFKA_RESP_ERR__INVALID_ARG);
  EXPECT_EQ(results[3], no_error);
  EXPECT_EQ(headers_of(kept.get()), (bare_headers{{"own", "1"}}));

  rd_kafka_resp_err_t fewer[2] = {no_error, no_error};
  EXPECT_EQ(producer->produce_batch(messages, std::span(fewer).first(1)), 2U);
  EXPECT_EQ(fewer[1], no_error);
  EXPECT_EQ(producer->produce_batch(messages), 2U);
  EXPECT_EQ(producer->produce_batch({}), 0U);
  waybill_test::purge(client.get());
  EXPECT_EQ(log.count(waybill::outcome_state::purged), 6U);
}

TEST_F(kafka_produce, a_batch_goes_on_after_a_message_that_was_refused) {
  connect(std::move(waybill_test::unreachable().set("queue.buffering.max.messages", "1")));
  const auto producer = make_producer();
  const auto kept = make_list(full_fields);
  const record messages[] = {{.topic = waybill_test::topic, .payload = "0"},
                             {.topic = waybill_test::topic, .payload = "1", .headers = kept.get()}};
  rd_kafka_resp_err_t results[2] = {};
  EXPECT_EQ(producer->produce_batch(messages, results, {.context = &full}), 1U);
  EXPECT_EQ(results[0], no_error);
  EXPECT_EQ(results[1], RD_KAFKA_RESP_ERR__QUEUE_FULL);
  EXPECT_EQ(headers_of(kept.get()), full_fields);
}

}  // namespace
