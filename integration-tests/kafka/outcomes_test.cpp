// Every message that librdkafka took has one outcome: what the broker said, or why it did not.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "support/recording_tracer.hpp"

namespace waybill_test {
namespace {

using waybill::outcome_state;
using outcomes = kafka_test;

// Exactly one outcome for each of the contexts 1 to `count`; by span id.
void expect_one_each(const std::vector<reported_outcome>& reported, std::size_t count) {
  std::map<std::string, int> times;
  for (const reported_outcome& outcome : reported) {
    ++times[traceparent_of(waybill::context(outcome.sent))];
  }
  EXPECT_EQ(reported.size(), count);
  for (std::size_t i = 1; i <= count; ++i) EXPECT_EQ(times[traceparent_of(i)], 1) << i;
}

void send_numbered(waybill_producer& producer, const std::string& topic, std::size_t count) {
  for (std::size_t i = 1; i <= count; ++i) {
    const waybill::context context = make_context(i);
    producer.send(topic, {"key", std::to_string(i), {{"app", "1"}}}, {.context = &context});
  }
}

TEST_F(outcomes, of_acknowledged_messages_have_partition_and_offset) {
  constexpr std::size_t count = 60;
  constexpr int partitions = 3;
  const std::string topic = new_topic(partitions);
  std::vector<int> user_data(count);
  waybill_producer producer(bootstrap());
  for (std::size_t i = 0; i < count; ++i) {
    const waybill::context context = make_context(i + 1);
    producer.send(topic, {"key", std::to_string(i), {}, static_cast<std::int32_t>(i % partitions)},
                  {.context = &context, .user_data = &user_data[i]});
  }
  producer.flush();

  const std::vector<reported_outcome> reported = producer.log().outcomes();
  expect_one_each(reported, count);
  EXPECT_EQ(producer.producer().in_flight(), 0U);
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> places;
  for (const bare_record& record : records_of(topic)) {
    places[{record.partition, record.offset}] = record.headers.at(0).value.value();
  }
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::succeeded) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR_NO_ERROR) << outcome;
    const auto place = places.find({outcome.partition, outcome.offset});
    ASSERT_NE(place, places.end()) << outcome;
    EXPECT_EQ(place->second, traceparent_of(waybill::context(outcome.sent)));
  }

  // The application's own callback has seen all of them too, each with its own user data.
  std::set<void*> seen;
  for (const own_report& report : producer.log().own_reports()) {
    EXPECT_EQ(report.error, RD_KAFKA_RESP_ERR_NO_ERROR);
    seen.insert(report.opaque);
  }
  std::set<void*> expected;
  for (int& each : user_data) expected.insert(&each);
  EXPECT_EQ(seen, expected);
  std::set<void*> told;
  for (const reported_outcome& outcome : reported) told.insert(outcome.user_data);
  EXPECT_EQ(told, expected);
  EXPECT_EQ(producer.log().own_reports().size(), count);
}

TEST_F(outcomes, without_acknowledgements_asked_for_are_unknown) {
  const std::string topic = new_topic();
  waybill_producer producer(bootstrap(), {{"acks", "0"}});
  send_numbered(producer, topic, 5);
  producer.flush();
  const std::vector<reported_outcome> reported = producer.log().outcomes();
  expect_one_each(reported, 5);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::unknown) << outcome;
  }
}

TEST_F(outcomes, of_a_message_that_the_broker_finds_too_large_is_failed) {
  const std::string topic = new_topic(1, {{"max.message.bytes", "2000"}});
  auto tracer = std::make_shared<recording_tracer>();
  const waybill::propagation settings(waybill::propagation_options{.tracer = tracer});
  waybill_producer producer(bootstrap(), {}, settings);
  producer.send(topic, {"key", "small", {}});
  producer.flush();
  producer.send(topic, {"key", std::string(10'000, 'v'), {}});
  producer.flush();
  producer.send(topic, {"key", "small too", {}});
  producer.flush();

  const std::vector<reported_outcome> reported = producer.log().outcomes();
  ASSERT_EQ(reported.size(), 3U);
  EXPECT_EQ(reported[0].state, outcome_state::succeeded) << reported[0];
  EXPECT_EQ(reported[1].state, outcome_state::failed) << reported[1];
  EXPECT_EQ(reported[1].error, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) << reported[1];
  EXPECT_EQ(reported[2].state, outcome_state::succeeded) << reported[2];

  const std::vector<recording_tracer::span> spans = tracer->spans(waybill::operation_kind::send);
  ASSERT_EQ(spans.size(), 3U);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].ends, 1) << i;
    EXPECT_EQ(spans[i].ended_as, reported[i].state) << i;
    EXPECT_EQ(spans[i].started.span_context(), reported[i].sent) << i;
  }
  EXPECT_EQ(spans[1].error, "MSG_SIZE_TOO_LARGE");
  EXPECT_EQ(records_of(topic).size(), 2U);
}

// What does not fit the client's own limit is seen before sending: the fields give way.
TEST_F(outcomes, of_a_message_that_fits_without_some_fields_are_good_and_the_fields_are_left_out) {
  const std::string topic = new_topic();
  waybill_producer producer(bootstrap(), {{"message.max.bytes", "4000"}});
  const waybill::context context =
      make_context(1, "t=" + std::string(200, 't'), "b=" + std::string(3'000, 'b'));
  producer.send(topic, {"key", std::string(2'000, 'v'), {{"app", "1"}}}, {.context = &context});
  producer.send(topic, {"key", std::string(3'700, 'v'), {{"app", "1"}}}, {.context = &context});
  producer.send(topic, {"key", std::string(3'900, 'v'), {{"app", "1"}}}, {.context = &context});
  producer.flush();
  EXPECT_EQ(producer.try_send(topic, {"key", std::string(4'001, 'v'), {{"app", "1"}}},
                              {.context = &context}),
            RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);

  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), 3U);
  EXPECT_EQ(wire[0].headers, on_wire({{"app", "1"}}, context.without_baggage()));
  EXPECT_EQ(wire[1].headers, on_wire({{"app", "1"}}, make_context(1)));
  EXPECT_EQ(wire[2].headers, (std::vector<bare_header>{{"app", "1"}}));
  const std::vector<reported_outcome> reported = producer.log().outcomes();
  ASSERT_EQ(reported.size(), 3U);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::succeeded) << outcome;
  }
}

TEST_F(outcomes, of_messages_purged_from_the_queue_are_purged) {
  constexpr std::size_t count = 20;
  const std::string topic = new_topic();
  // Long enough that nothing leaves the queue by itself.
  waybill_producer producer(bootstrap(), {{"linger.ms", "60000"}, {"message.timeout.ms", "90000"}});
  send_numbered(producer, topic, count);
  EXPECT_EQ(producer.producer().in_flight(), count);
  ASSERT_EQ(rd_kafka_purge(producer.handle(), RD_KAFKA_PURGE_F_QUEUE), RD_KAFKA_RESP_ERR_NO_ERROR);
  producer.flush();

  const std::vector<reported_outcome> reported = producer.log().outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::purged) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR__PURGE_QUEUE) << outcome;
  }
  EXPECT_EQ(producer.producer().in_flight(), 0U);
  EXPECT_TRUE(records_of(topic).empty());
}

// Messages of a topic that is deleted before they left the queue. What they fail with is
// librdkafka's to say; they are not unanswered, for the client lives on.
TEST_F(outcomes, of_messages_whose_topic_is_deleted_are_failed_once_each) {
  constexpr std::size_t count = 50;
  constexpr int partitions = 3;
  const std::string topic = new_topic(partitions);
  auto tracer = std::make_shared<recording_tracer>();
  const waybill::propagation settings(waybill::propagation_options{.tracer = tracer});
  // Long enough that nothing leaves the queue by itself, and nothing brings the topic back.
  waybill_producer producer(bootstrap(),
                            {{"linger.ms", "60000"},
                             {"message.timeout.ms", "90000"},
                             {"allow.auto.create.topics", "false"}},
                            settings);
  // librdkafka learns that a topic is gone when somebody asks for this very topic.
  std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> name(
      rd_kafka_topic_new(producer.handle(), topic.c_str(), nullptr), rd_kafka_topic_destroy);
  const auto ask_for_topic = [&] {
    const rd_kafka_metadata_t* raw = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(producer.handle(), 0, name.get(), &raw, patience_milliseconds);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(raw);
    return error;
  };
  ASSERT_EQ(ask_for_topic(), RD_KAFKA_RESP_ERR_NO_ERROR);
  std::vector<int> user_data(count);
  for (std::size_t i = 0; i < count; ++i) {
    const waybill::context context = make_context(i + 1);
    // Of every other one the partitioner chooses the partition.
    const auto partition = i % 2 == 0 ? static_cast<std::int32_t>(i) % partitions
                                      : std::int32_t{RD_KAFKA_PARTITION_UA};
    producer.send(topic, {"key", std::to_string(i), {}, partition},
                  {.context = &context, .user_data = &user_data[i]});
  }
  EXPECT_EQ(producer.producer().in_flight(), count);
  EXPECT_TRUE(producer.log().outcomes().empty());
  delete_topic(topic);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (producer.producer().in_flight() > 0 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_EQ(ask_for_topic(), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_poll(producer.handle(), 10);
  }
  EXPECT_EQ(producer.producer().in_flight(), 0U);
  producer.flush();
  // Closing reports nothing more.
  name.reset();
  producer.close_producer();
  producer.close_handle();

  const std::vector<reported_outcome> reported = producer.log().outcomes();
  EXPECT_EQ(reported.size(), count);
  const std::set<rd_kafka_resp_err_t> expected_errors = {
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT};
  std::set<void*> told;
  std::map<void*, rd_kafka_resp_err_t> errors;
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::failed) << outcome;
    EXPECT_TRUE(expected_errors.contains(outcome.error)) << outcome;
    EXPECT_TRUE(outcome.has_message) << outcome;
    EXPECT_TRUE(told.insert(outcome.user_data).second) << "told twice: " << outcome;
    errors[outcome.user_data] = outcome.error;
  }
  // The reports of librdkafka itself.
  const std::vector<own_report> own = producer.log().own_reports();
  EXPECT_EQ(own.size(), count);
  for (const own_report& report : own) EXPECT_EQ(report.error, errors[report.opaque]);
  const std::vector<recording_tracer::span> spans = tracer->spans(waybill::operation_kind::send);
  EXPECT_EQ(spans.size(), count);
  for (const recording_tracer::span& span : spans) {
    EXPECT_EQ(span.ends, 1);
    EXPECT_EQ(span.ended_as, outcome_state::failed);
    EXPECT_NE(span.error, "");
  }
}

// A broker that takes what it is sent and does not answer, as long as the test wants.
class outcomes_without_an_answer : public testing::Test {
 protected:
  static constexpr std::size_t count = 20;

  void SetUp() override {
    topic_ = unique_topic("waybill");
    broker_.create_topic(topic_);
    producer_ = std::make_unique<waybill_producer>(broker_.bootstrap());
    // The producer knows its partition, so that what follows is on its way at once.
    producer_->send(topic_, {"key", "first", {}});
    producer_->flush();
    ASSERT_EQ(producer_->log().outcomes().size(), 1U);
    broker_.pause();
    paused_ = true;
    send_numbered(*producer_, topic_, count);
    EXPECT_EQ(producer_->producer().in_flight(), count);
  }
  void TearDown() override {
    if (paused_) broker_.resume();
  }

  std::vector<reported_outcome> later_outcomes() const {
    std::vector<reported_outcome> all = producer_->log().outcomes();
    all.erase(all.begin());
    return all;
  }

  kafka_broker broker_;
  std::string topic_;
  std::unique_ptr<waybill_producer> producer_;
  bool paused_ = false;
};

TEST_F(outcomes_without_an_answer, are_purged_for_messages_in_flight_that_are_purged) {
  // When a message is on its way is librdkafka's to decide: what is not yet is purged later.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (producer_->producer().in_flight() != 0 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_EQ(rd_kafka_purge(producer_->handle(), RD_KAFKA_PURGE_F_INFLIGHT),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_poll(producer_->handle(), 10);
  }
  const std::vector<reported_outcome> reported = later_outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::purged) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) << outcome;
  }
}

TEST_F(outcomes_without_an_answer, are_unanswered_when_the_client_closes_first) {
  producer_->close_handle();
  const std::vector<reported_outcome> reported = later_outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::unanswered) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR__DESTROY) << outcome;
  }
  EXPECT_EQ(producer_->producer().in_flight(), 0U);
}

TEST_F(outcomes_without_an_answer, are_unanswered_when_the_producer_goes_first) {
  producer_->close_producer();
  const std::vector<reported_outcome> reported = later_outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::unanswered) << outcome;
    EXPECT_FALSE(outcome.has_message) << outcome;
  }
  // The client goes on without us: the application's callback still hears of every message.
  broker_.resume();
  paused_ = false;
  producer_->flush();
  EXPECT_EQ(producer_->log().own_reports().size(), count + 1);
  EXPECT_EQ(later_outcomes().size(), count);
  EXPECT_EQ(bare_consumer(broker_.bootstrap(), topic_).take_all().size(), count + 1);
}

TEST_F(outcomes_without_an_answer, are_the_answers_once_the_broker_goes_on) {
  EXPECT_TRUE(later_outcomes().empty());
  broker_.resume();
  paused_ = false;
  producer_->flush();
  const std::vector<reported_outcome> reported = later_outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::succeeded) << outcome;
  }
}

TEST_F(outcomes_without_an_answer, are_failed_when_the_messages_time_out) {
  producer_->close_handle();
  waybill_producer impatient(broker_.bootstrap(), {{"message.timeout.ms", "300"}});
  send_numbered(impatient, topic_, count);
  impatient.flush();
  const std::vector<reported_outcome> reported = impatient.log().outcomes();
  expect_one_each(reported, count);
  for (const reported_outcome& outcome : reported) {
    EXPECT_EQ(outcome.state, outcome_state::failed) << outcome;
    EXPECT_EQ(outcome.error, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) << outcome;
  }
}

}  // namespace
}  // namespace waybill_test
