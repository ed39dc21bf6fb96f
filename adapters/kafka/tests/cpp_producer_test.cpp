// A producer with librdkafka's C++ interface: the current context goes with every message, and what
// librdkafka promises of payloads, headers, opaques and callbacks still holds.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/cpp_clients.hpp"
#include "support/delivery_log.hpp"
#include "waybill/current.hpp"
#include "waybill/kafka/rdkafkacpp.hpp"

namespace {

using waybill::kafka::create_producer;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::cpp_config;
using waybill_test::make_cpp_headers;
using waybill_test::mock_cluster;
using waybill_test::patience_ms;
using waybill_test::shown;

constexpr auto no_error = RdKafka::ERR_NO_ERROR;
constexpr int copied = RdKafka::Producer::RK_MSG_COPY;
const char* const topic = mock_cluster::topic;

struct kafka_cpp_producer : testing::Test {
  const mock_cluster cluster;
  cpp_config conf = waybill_test::cpp_config_of(cluster);
  const waybill::context sent =
      waybill_test::make_context(waybill_test::traceparent_a, "x=1", "k=v");
  const bare_headers fields{{"traceparent", std::string(waybill_test::traceparent_a)},
                            {"tracestate", "x=1"},
                            {"baggage", "k=v"}};
  std::string text;
  std::string value = "value";
  std::string key = "key";
  waybill_test::delivery_log log;

  [[nodiscard]] std::unique_ptr<waybill::kafka::cpp_producer> make() {
    auto made = create_producer(conf.get(), text);
    EXPECT_NE(made, nullptr) << text;
    return made;
  }
  /// A producer whose queue is full from the first message on: its broker answers nobody.
  [[nodiscard]] std::unique_ptr<waybill::kafka::cpp_producer> make_full() {
    conf.set("bootstrap.servers", std::string("127.0.0.1:1"));
    conf.set("queue.buffering.max.messages", std::string("1"));
    auto made = make();
    EXPECT_EQ(made->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
    return made;
  }
};

/// The application's own delivery callback.
struct reports final : RdKafka::DeliveryReportCb {
  struct report {
    RdKafka::ErrorCode error;
    void* opaque;
    bare_headers headers;
    bool is_ours;
  };
  std::vector<report> all;
  void dr_cb(RdKafka::Message& message) override {
    all.push_back({message.err(), message.msg_opaque(), shown(message.headers()),
                   waybill::kafka::extraction_of(message) != nullptr});
  }
};

TEST_F(kafka_cpp_producer, sends_the_current_context_by_every_produce_function) {
  reports own;
  conf.set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&own));
  const auto producer = make();
  const auto handle = waybill::kafka::create_topic(producer.get(), topic, nullptr, text);
  ASSERT_NE(handle, nullptr) << text;
  const std::vector<char> value_bytes(value.begin(), value.end());
  const std::vector<char> key_bytes(key.begin(), key.end());
  int opaque[6] = {};
  const waybill::scope active(sent);
  EXPECT_EQ(producer->produce(handle.get(), 0, copied, value.data(), 5, &key, &opaque[0]),
            no_error);
  EXPECT_EQ(producer->produce(handle.get(), 0, copied, value.data(), 5, "key", 3, &opaque[1]),
            no_error);
  EXPECT_EQ(
      producer->produce(topic, 0, copied, value.data(), 5, "key", 3, 1'600'000'000'123, &opaque[2]),
      no_error);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, "key", 3, 1'600'000'000'123,
                              make_cpp_headers(application_headers()).release(), &opaque[3]),
            no_error);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, "key", 3, 0, nullptr, &opaque[4]),
            no_error);
  EXPECT_EQ(producer->produce(handle.get(), 0, &value_bytes, &key_bytes, &opaque[5]), no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);

  const auto records = cluster.read(6);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(records[i].value, "value");
    EXPECT_EQ(records[i].key, "key");
    EXPECT_EQ(records[i].headers, i == 3 ? application_headers() + fields : fields) << i;
    EXPECT_EQ(records[i].timestamp_ms == 1'600'000'000'123, i == 2 || i == 3) << i;
  }
  ASSERT_EQ(own.all.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(own.all[i].error, no_error);
    EXPECT_EQ(own.all[i].opaque, &opaque[i]);
    EXPECT_EQ(own.all[i].headers, records[i].headers);  // as they were sent
    EXPECT_FALSE(own.all[i].is_ours);
  }
}

TEST_F(kafka_cpp_producer, keeps_null_and_empty_apart_as_librdkafka_does) {
  const auto send_all = [&](RdKafka::Producer& producer, RdKafka::Topic* handle) {
    const std::string no_key;
    char some = 'x';
    EXPECT_EQ(producer.produce(handle, 0, copied, nullptr, 0, &no_key, nullptr), no_error);
    EXPECT_EQ(producer.produce(handle, 0, copied, &some, 0,
                               static_cast<const std::string*>(nullptr), nullptr),
              no_error);
    EXPECT_EQ(producer.produce(handle, 0, copied, &some, 0, nullptr, 0, nullptr), no_error);
    EXPECT_EQ(producer.produce(handle, 0, copied, nullptr, 0, "", 0, nullptr), no_error);
    EXPECT_EQ(producer.produce(topic, 0, copied, nullptr, 0, "", 0, 0, nullptr), no_error);
    EXPECT_EQ(producer.produce(topic, 0, copied, &some, 0, nullptr, 0, 0, nullptr, nullptr),
              no_error);
    EXPECT_EQ(producer.produce(handle, 0, nullptr, nullptr, nullptr), no_error);
    EXPECT_EQ(producer.flush(patience_ms()), no_error);
  };
  const auto ours = make();
  const auto handle = waybill::kafka::create_topic(ours.get(), topic, nullptr, text);
  const std::unique_ptr<RdKafka::Producer> bare(RdKafka::Producer::create(conf.get(), text));
  const std::unique_ptr<RdKafka::Topic> bare_handle(
      RdKafka::Topic::create(bare.get(), topic, nullptr, text));
  {
    const waybill::scope active(sent);
    send_all(*ours, handle.get());
  }
  send_all(*bare, bare_handle.get());
  const auto records = cluster.read(14);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(records[i].value, records[i + 7].value) << i;
    EXPECT_EQ(records[i].key, records[i + 7].key) << i;
    EXPECT_EQ(records[i].headers, fields);
    EXPECT_EQ(records[i + 7].headers, bare_headers{});
  }
}

// librdkafka makes a tombstone of an empty vector that never held anything, and an empty payload of
// one that did.
TEST_F(kafka_cpp_producer, takes_an_empty_vector_for_empty_and_a_null_pointer_for_null) {
  const auto producer = make();
  const auto handle = waybill::kafka::create_topic(producer.get(), topic, nullptr, text);
  const std::vector<char> never_used;
  std::vector<char> emptied{'x'};
  emptied.clear();
  const std::vector<char> some{'x', '\0', 'y'};
  const std::vector<char>* const all[] = {nullptr, &never_used, &emptied, &some};
  const waybill::scope active(sent);
  for (const std::vector<char>* payload : all) {
    for (const std::vector<char>* name : all) {
      EXPECT_EQ(producer->produce(handle.get(), 0, payload, name, nullptr), no_error);
    }
  }
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  const std::optional<std::string> expected[] = {std::nullopt, "", "", std::string("x\0y", 3)};
  const auto records = cluster.read(16);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(records[i].value, expected[i / 4]) << i;
    EXPECT_EQ(records[i].key, expected[i % 4]) << i;
    EXPECT_EQ(records[i].headers, fields) << i;
  }
}

TEST_F(kafka_cpp_producer, adds_nothing_without_a_context) {
  const auto producer = make();
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0,
                              make_cpp_headers(application_headers()).release(), nullptr),
            no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  const auto records = cluster.read(2);
  EXPECT_EQ(records[0].headers, bare_headers{});
  EXPECT_EQ(records[1].headers, application_headers());
}

TEST_F(kafka_cpp_producer, replaces_fields_in_the_applications_headers) {
  const auto producer = make();
  const bare_headers stale{{"TraceParent", std::string(waybill_test::traceparent_b)},
                           {"tracestate", "old=1"}};
  const waybill::scope active(sent);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0,
                              make_cpp_headers(stale + application_headers()).release(), nullptr),
            no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  EXPECT_EQ(cluster.read(1)[0].headers, application_headers() + fields);
}

TEST_F(kafka_cpp_producer, leaves_headers_and_payload_the_callers_when_producing_fails) {
  const auto producer = make_full();
  const auto handle = waybill::kafka::create_topic(producer.get(), topic, nullptr, text);
  const bare_headers before =
      application_headers() + bare_headers{{"traceparent", "stale"}, {"own", "1"}};
  const auto headers = make_cpp_headers(before);
  char* payload = static_cast<char*>(producer->mem_malloc(5));
  std::memcpy(payload, "value", 5);
  constexpr int freed = RdKafka::Producer::RK_MSG_FREE;
  const waybill::scope active(sent);
  const std::vector<char> bytes(3, 'x');
  EXPECT_EQ(producer->produce(topic, 0, freed, payload, 5, nullptr, 0, 0, headers.get(), nullptr),
            RdKafka::ERR__QUEUE_FULL);
  EXPECT_EQ(producer->produce(topic, 0, freed, payload, 5, nullptr, 0, 0, nullptr),
            RdKafka::ERR__QUEUE_FULL);
  EXPECT_EQ(producer->produce(handle.get(), 0, freed, payload, 5, nullptr, 0, nullptr),
            RdKafka::ERR__QUEUE_FULL);
  EXPECT_EQ(producer->produce(handle.get(), 0, freed, payload, 5, &key, nullptr),
            RdKafka::ERR__QUEUE_FULL);
  EXPECT_EQ(producer->produce(handle.get(), 0, &bytes, nullptr, nullptr), RdKafka::ERR__QUEUE_FULL);
  EXPECT_EQ(shown(headers.get()), before);
  EXPECT_EQ(std::string(payload, 5), "value");
  producer->mem_free(payload);
  producer->purge(RdKafka::Producer::PURGE_QUEUE);
}

TEST_F(kafka_cpp_producer, leaves_headers_the_callers_when_the_message_is_too_large) {
  const auto producer = make();
  const auto headers = make_cpp_headers(application_headers());
  std::string large(2'000'000, 'x');
  const waybill::scope active(sent);
  EXPECT_EQ(producer->produce(topic, 0, copied, large.data(), large.size(), nullptr, 0, 0,
                              headers.get(), nullptr),
            RdKafka::ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(shown(headers.get()), application_headers());
}

TEST_F(kafka_cpp_producer, refuses_a_null_topic_instead_of_crashing) {
  const auto producer = make();
  EXPECT_EQ(producer->produce(static_cast<RdKafka::Topic*>(nullptr), 0, nullptr, nullptr, nullptr),
            RdKafka::ERR__INVALID_ARG);
}

TEST_F(kafka_cpp_producer, frees_a_payload_that_was_handed_over) {
  // Address and leak sanitizers judge this one; without them the message has to arrive all the
  // same.
  const auto producer = make();
  char* payload = static_cast<char*>(producer->mem_malloc(5));
  std::memcpy(payload, "value", 5);
  EXPECT_EQ(producer->produce(topic, 0, RdKafka::Producer::RK_MSG_FREE, payload, 5, nullptr, 0, 0,
                              make_cpp_headers(application_headers()).release(), nullptr),
            no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  EXPECT_EQ(cluster.read(1)[0].value, "value");
}

TEST_F(kafka_cpp_producer, waits_for_room_in_the_queue_when_it_is_asked_to_block) {
  conf.set("queue.buffering.max.messages", std::string("1"));
  const auto producer = make();
  const waybill::scope active(sent);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(producer->produce(topic, 0, copied | RdKafka::Producer::RK_MSG_BLOCK, value.data(), 5,
                                nullptr, 0, 0, nullptr),
              no_error);
  }
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  for (const auto& record : cluster.read(5)) EXPECT_EQ(record.headers, fields);
}

TEST_F(kafka_cpp_producer, tells_outcomes_beside_the_applications_callback) {
  reports own;
  conf.set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&own));
  const auto producer = create_producer(conf.get(), text, {}, log.listener());
  ASSERT_NE(producer, nullptr) << text;
  ASSERT_NE(producer->sender(), nullptr);
  EXPECT_TRUE(producer->sender()->knows_outcomes());
  const waybill::scope active(sent);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, &value), no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  const auto told = log.entries();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].state, waybill::outcome_state::succeeded);
  EXPECT_EQ(told[0].opaque, &value);
  ASSERT_EQ(own.all.size(), 1U);
  EXPECT_EQ(own.all[0].opaque, &value);
}

TEST_F(kafka_cpp_producer, tells_outcomes_for_each_producer_of_one_configuration) {
  waybill_test::delivery_log other_log;
  const auto one = create_producer(conf.get(), text, {}, log.listener());
  const auto other = create_producer(conf.get(), text, {}, other_log.listener());
  ASSERT_TRUE(one != nullptr && other != nullptr) << text;
  const waybill::scope active(sent);
  EXPECT_EQ(one->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(other->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  }
  ASSERT_EQ(one->flush(patience_ms()), no_error);
  ASSERT_EQ(other->flush(patience_ms()), no_error);
  EXPECT_EQ(log.count(waybill::outcome_state::succeeded), 1U);
  EXPECT_EQ(other_log.count(waybill::outcome_state::succeeded), 2U);
}

TEST_F(kafka_cpp_producer, tells_outcomes_of_a_producer_that_the_application_made) {
  const auto observed = waybill::kafka::instrument(conf.get()->c_ptr_global());
  std::unique_ptr<RdKafka::Producer> bare(RdKafka::Producer::create(conf.get(), text));
  const auto producer = waybill::kafka::producer_of(std::move(bare), {}, observed, log.listener());
  const waybill::scope active(sent);
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  EXPECT_EQ(log.count(waybill::outcome_state::succeeded), 1U);
}

TEST_F(kafka_cpp_producer, is_made_with_librdkafkas_defaults_of_no_configuration) {
  const auto producer = create_producer(nullptr, text, {}, log.listener());
  ASSERT_NE(producer, nullptr) << text;
  EXPECT_TRUE(producer->sender()->knows_outcomes());
}

TEST_F(kafka_cpp_producer, does_not_observe_what_nobody_waits_for) {
  EXPECT_FALSE(make()->sender()->knows_outcomes());
}

TEST_F(kafka_cpp_producer, sends_within_transactions) {
  conf.set("transactional.id", std::string("orders-1"));
  const auto producer = make();
  const auto expect_none = [](RdKafka::Error* error) {
    const std::unique_ptr<RdKafka::Error> owned(error);
    EXPECT_EQ(owned, nullptr) << owned->str();
  };
  const waybill::scope active(sent);
  EXPECT_NE(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  expect_none(producer->init_transactions(patience_ms()));
  expect_none(producer->begin_transaction());
  EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, nullptr, 0, 0, nullptr), no_error);
  expect_none(producer->commit_transaction(patience_ms()));
  EXPECT_EQ(cluster.read(1)[0].headers, fields);
}

TEST_F(kafka_cpp_producer, makes_topics_and_queues_where_librdkafka_would_crash) {
  const auto producer = make();
  const auto handle = waybill::kafka::create_topic(producer.get(), "by-handle", nullptr, text);
  ASSERT_NE(handle, nullptr) << text;
  EXPECT_EQ(handle->name(), "by-handle");
  const auto queue = waybill::kafka::create_queue(producer.get());
  ASSERT_NE(queue, nullptr);
  EXPECT_EQ(queue->poll(0), 0);
}

TEST_F(kafka_cpp_producer, is_used_by_many_threads) {
  constexpr int threads = 4;
  constexpr int messages = 50;
  const auto producer = create_producer(conf.get(), text, {}, log.listener());
  ASSERT_NE(producer, nullptr) << text;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&] {
      const waybill::scope active(sent.new_child());
      for (int i = 0; i < messages; ++i) {
        EXPECT_EQ(producer->produce(topic, 0, copied, value.data(), 5, "key", 3, 0,
                                    make_cpp_headers(application_headers()).release(), nullptr),
                  no_error);
        producer->poll(0);
      }
    });
  }
  for (std::thread& each : running) each.join();
  ASSERT_EQ(producer->flush(patience_ms()), no_error);
  EXPECT_EQ(log.count(waybill::outcome_state::succeeded), std::size_t{threads} * messages);
}

}  // namespace
