// A client that is not ours: kcat reads what waybill sends, and waybill what kcat sends.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run.hpp"
#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "waybill/baggage.hpp"

namespace waybill_test {
namespace {

using json = nlohmann::json;

class kcat : public kafka_test {
 protected:
  // One JSON object for each message; kcat gives headers as name, value, name, value.
  [[nodiscard]] std::vector<json> read(const std::string& topic) const {
    const run_result read =
        run({"kcat", "-b", bootstrap(), "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"});
    EXPECT_TRUE(read.succeeded()) << read;
    std::vector<json> messages;
    std::istringstream lines(read.standard_output);
    for (std::string line; std::getline(lines, line);) messages.push_back(json::parse(line));
    return messages;
  }

  void write(const std::string& topic, const std::vector<std::string>& headers,
             const std::string& input, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"kcat", "-b", bootstrap(), "-P", "-t", topic};
    for (const std::string& header : headers) {
      arguments.emplace_back("-H");
      arguments.push_back(header);
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    const run_result written = run(arguments, input);
    ASSERT_TRUE(written.succeeded()) << written;
  }
};

TEST_F(kcat, sees_each_field_once_behind_the_application_headers) {
  const std::string topic = new_topic();
  const waybill::context context = make_context(1, "vendor=1,other=2", "user=zo%C3%AB,n=1");
  waybill_producer producer(bootstrap());
  producer.send(topic,
                {"the key",
                 "the value",
                 {{"b", "2"}, {"a", "1"}, {"none", std::nullopt}, {"empty", ""}, {"b", "3"}}},
                {.context = &context});
  producer.send(topic, {"the key", std::nullopt, {{"a", "1"}}}, {.context = &context});
  producer.send(topic, {"the key", "", {}}, {.context = &context});
  producer.flush();

  const std::vector<json> seen = read(topic);
  ASSERT_EQ(seen.size(), 3U);
  const json fields = {"traceparent", traceparent_of(context), "tracestate", "vendor=1,other=2",
                       "baggage",     "user=zo%C3%AB,n=1"};
  json headers = {"b", "2", "a", "1", "none", nullptr, "empty", "", "b", "3"};
  headers.insert(headers.end(), fields.begin(), fields.end());
  EXPECT_EQ(seen[0]["headers"], headers);
  EXPECT_EQ(seen[0]["key"], "the key");
  EXPECT_EQ(seen[0]["payload"], "the value");
  headers = {"a", "1"};
  headers.insert(headers.end(), fields.begin(), fields.end());
  EXPECT_EQ(seen[1]["headers"], headers);
  EXPECT_TRUE(seen[1]["payload"].is_null()) << seen[1];
  EXPECT_EQ(seen[2]["headers"], fields);
  EXPECT_EQ(seen[2]["payload"], "");
}

TEST_F(kcat, sees_a_message_without_context_as_it_was) {
  const std::string topic = new_topic();
  waybill_producer producer(bootstrap());
  producer.send(topic, {"key", "value", {{"a", "1"}}});
  producer.send(topic, {"key", "value", {}});
  producer.flush();
  const std::vector<json> seen = read(topic);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0]["headers"], json({"a", "1"}));
  EXPECT_FALSE(seen[1].contains("headers")) << seen[1];
}

TEST_F(kcat, is_read_with_its_context) {
  const std::string topic = new_topic();
  write(topic,
        {"b=2", "traceparent=" + traceparent_of(7), "a=1", "tracestate=vendor=1 , other=2", "b=3=4",
         "baggage=user=zo%C3%AB , n=1", "empty="},
        "the value", {"-k", "the key"});

  waybill_consumer consumer(bootstrap(), topic);
  const waybill::kafka::message received = consumer.next();
  EXPECT_EQ(received.key(), "the key");
  EXPECT_EQ(received.payload(), "the value");
  EXPECT_EQ(seen_headers(received),
            (std::vector<bare_header>{{"b", "2"}, {"a", "1"}, {"b", "3=4"}, {"empty", ""}}));
  EXPECT_EQ(received.context(), make_context(7, "vendor=1,other=2", "user=zo%C3%AB,n=1"));
  EXPECT_EQ(waybill::baggage_view(received.context()).get("user"), "zo\xc3\xab");
}

TEST_F(kcat, is_read_when_it_sends_a_tombstone_with_a_context) {
  const std::string topic = new_topic();
  write(topic, {"a=1", "traceparent=" + traceparent_of(8)}, "gone:\n", {"-K", ":", "-Z"});

  waybill_consumer consumer(bootstrap(), topic);
  const waybill::kafka::message received = consumer.next();
  EXPECT_EQ(received.key(), "gone");
  EXPECT_EQ(received.payload(), std::nullopt);
  EXPECT_EQ(seen_headers(received), (std::vector<bare_header>{{"a", "1"}}));
  EXPECT_EQ(received.context(), make_context(8));
}

TEST_F(kcat, is_read_without_a_context) {
  const std::string topic = new_topic();
  write(topic, {"a=1"}, "value");
  waybill_consumer consumer(bootstrap(), topic);
  const waybill::kafka::message received = consumer.next();
  EXPECT_TRUE(received.context().is_empty());
  EXPECT_EQ(seen_headers(received), (std::vector<bare_header>{{"a", "1"}}));
}

}  // namespace
}  // namespace waybill_test
