// What an application sends arrives byte for byte, with the context beside it.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

constexpr std::size_t long_bytes = 100'000;
constexpr std::int64_t first_timestamp_milliseconds = 1'700'000'000'000;

std::vector<bare_header> thousand_headers() {
  std::vector<bare_header> headers;
  for (int i = 0; i < 1'000; ++i) {
    // Not sorted, and every name ten times.
    headers.push_back({"h" + std::to_string((i * 7) % 100), "value " + std::to_string(i)});
  }
  return headers;
}

// Names that are nearly those of the fields, and names that no one would choose.
std::vector<bare_header> unusual_names() {
  return {{"", "an empty name"},
          {" ", "a space"},
          {" traceparent", "1"},
          {"traceparent ", "2"},
          {"trace-parent", "3"},
          {"traceparent2", "4"},
          {"xtracestate", "5"},
          {"baggage\t", "6"},
          {"bagg\xc3\xa4ge", "7"},
          {"baggag", "8"},
          {"a=b;c,d\"e\"%20", "9"},
          {"line\r\nbreak", "10"},
          {"\x01\x7f\xff\xfe", "bytes that are no text"},
          {"\xe6\xb3\xa8\xe6\x96\x87-\xf0\x9f\x93\xa6", "\xc3\xa9t\xc3\xa9"},
          {std::string(5'000, 'n'), "a long name"}};
}

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

struct kind {
  const char* name;
  bare_message message;
};

std::vector<kind> every_kind_of_message() {
  const std::string utf8 = "zo\xc3\xab \xe2\x82\xac \xf0\x9f\x93\xa6";
  return {
      {"plain", {"key", "value", {{"app", "1"}}}},
      {"no headers", {"key", "value", {}}},
      {"binary",
       {all_bytes(), all_bytes(), {{"binary", all_bytes()}, {"nul", std::string(3, '\0')}}}},
      {"no key", {std::nullopt, "value", {{"app", "1"}}}},
      {"empty key", {"", "value", {{"app", "1"}}}},
      {"tombstone", {"key", std::nullopt, {{"app", "1"}}}},
      {"tombstone without headers", {"key", std::nullopt, {}}},
      {"empty payload", {"key", "", {{"app", "1"}}}},
      {"nothing at all", {std::nullopt, std::nullopt, {}}},
      {"null and empty headers",
       {"key", "value", {{"n", std::nullopt}, {"e", ""}, {"n", ""}, {"e", std::nullopt}}}},
      {"duplicates",
       {"key", "value", {{"z", "1"}, {"a", "2"}, {"z", "1"}, {"Z", "3"}, {"a", "4"}, {"z", "0"}}}},
      {"long",
       {std::string(long_bytes, 'k'),
        std::string(long_bytes, 'v'),
        {{"long", std::string(long_bytes, 'h')}}}},
      {"1,000 headers", {"key", "value", thousand_headers()}},
      {"unusual names", {"key", "value", unusual_names()}},
      {"UTF-8", {utf8, utf8, {{utf8, utf8}, {"user", utf8}}}},
  };
}

using passage = kafka_test;

waybill::context context_of(std::size_t i) {
  return make_context(i + 1, "vendor=value" + std::to_string(i) + ",other=1",
                      "number=" + std::to_string(i) + ",user=zo%C3%AB%20x;p=1");
}

TEST_F(passage, of_every_kind_of_message_is_byte_identical_and_in_order) {
  const std::string topic = new_topic();
  const std::vector<kind> kinds = every_kind_of_message();
  waybill_producer producer(bootstrap());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const waybill::context context = context_of(i);
    waybill::kafka::record record;
    record.timestamp_ms = first_timestamp_milliseconds + static_cast<std::int64_t>(i);
    producer.send(topic, kinds[i].message, {.context = &context}, record);
  }
  producer.flush();

  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), kinds.size());
  waybill_consumer consumer(bootstrap(), topic);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    SCOPED_TRACE(kinds[i].name);
    const bare_message& sent = kinds[i].message;
    const std::int64_t timestamp = first_timestamp_milliseconds + static_cast<std::int64_t>(i);
    EXPECT_EQ(wire[i].key, sent.key);
    EXPECT_EQ(wire[i].value, sent.value);
    EXPECT_EQ(wire[i].timestamp_milliseconds, timestamp);
    EXPECT_EQ(wire[i].headers, on_wire(sent.headers, context_of(i)));

    const waybill::kafka::message received = consumer.next();
    const bare_record seen = to_record(*received.raw());
    EXPECT_EQ(seen.offset, wire[i].offset);
    EXPECT_EQ(seen.key, sent.key);
    EXPECT_EQ(seen.value, sent.value);
    EXPECT_EQ(seen.timestamp_milliseconds, timestamp);
    EXPECT_EQ(seen.headers, sent.headers);
    EXPECT_EQ(received.payload().has_value(), sent.value.has_value());
    EXPECT_EQ(received.key().has_value(), sent.key.has_value());
    EXPECT_EQ(received.context(), context_of(i));
    EXPECT_TRUE(received.context().span_context().is_remote());
  }
}

TEST_F(passage, without_a_context_adds_nothing) {
  const std::string topic = new_topic();
  const std::vector<kind> kinds = every_kind_of_message();
  waybill_producer producer(bootstrap());
  for (const kind& each : kinds) producer.send(topic, each.message);
  producer.flush();

  waybill_consumer consumer(bootstrap(), topic);
  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    SCOPED_TRACE(kinds[i].name);
    EXPECT_EQ(wire[i].key, kinds[i].message.key);
    EXPECT_EQ(wire[i].value, kinds[i].message.value);
    EXPECT_EQ(wire[i].headers, kinds[i].message.headers);
    const waybill::kafka::message received = consumer.next();
    EXPECT_EQ(seen_headers(received), kinds[i].message.headers);
    EXPECT_TRUE(received.context().is_empty());
  }
}

// librdkafka shows a name up to its first NUL, so the oracle is what a bare client sends and sees.
TEST_F(passage, of_a_name_with_a_nul_byte_is_what_a_bare_client_has) {
  const std::string bare_topic = new_topic();
  const std::string topic = new_topic();
  const bare_message message = {"key", "value", {{std::string("a\0b", 3), "1"}, {"c", "2"}}};
  bare_producer(bootstrap()).produce(bare_topic, message);
  waybill_producer producer(bootstrap());
  const waybill::context context = make_context(1);
  producer.send(topic, message, {.context = &context});
  producer.flush();

  const std::vector<bare_header> bare = records_of(bare_topic).at(0).headers;
  EXPECT_EQ(records_of(topic).at(0).headers, on_wire(bare, context));
  waybill_consumer consumer(bootstrap(), topic);
  EXPECT_EQ(seen_headers(consumer.next()), bare);
}

TEST_F(passage, of_a_message_without_a_timestamp_gets_the_time_of_sending) {
  const std::string topic = new_topic();
  const auto now_milliseconds = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  waybill_producer producer(bootstrap());
  const waybill::context context = make_context(1);
  const std::int64_t before = now_milliseconds();
  producer.send(topic, {"key", "value", {}}, {.context = &context});
  const std::int64_t after = now_milliseconds();
  producer.flush();
  const bare_record record = records_of(topic).at(0);
  EXPECT_GE(record.timestamp_milliseconds, before);
  EXPECT_LE(record.timestamp_milliseconds, after);
}

TEST_F(passage, of_a_big_tracestate_and_baggage_cuts_nothing) {
  const std::string topic = new_topic();
  std::string tracestate;
  for (int i = 0; i < 32; ++i) {
    tracestate +=
        (i == 0 ? "" : ",") + std::string("k") + std::to_string(i) + "=" + std::string(200, 's');
  }
  std::string baggage;
  for (int i = 0; i < 64; ++i) {
    baggage +=
        (i == 0 ? "" : ",") + std::string("k") + std::to_string(i) + "=" + std::string(100, 'b');
  }
  const waybill::context context = make_context(1, tracestate, baggage);
  waybill_producer producer(bootstrap());
  producer.send(topic, {"key", "value", {{"app", "1"}}}, {.context = &context});
  producer.flush();
  waybill_consumer consumer(bootstrap(), topic);
  const waybill::kafka::message received = consumer.next();
  EXPECT_EQ(received.context(), context);
  EXPECT_EQ(records_of(topic).at(0).headers, on_wire({{"app", "1"}}, context));
}

class compressed_passage : public kafka_files_test,
                           public testing::WithParamInterface<std::pair<const char*, int>> {
 protected:
  // The codec of the first batch on the broker's disk: the low three bits of its attributes, which
  // follow base offset, length, leader epoch, magic and checksum (Kafka's record batch, magic 2).
  [[nodiscard]] int codec_on_disk(const std::string& topic) const {
    constexpr std::streamoff attributes_low_byte = 8 + 4 + 4 + 1 + 4 + 1;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder())) {
      if (entry.path().extension() != ".log" ||
          entry.path().parent_path().filename() != topic + "-0") {
        continue;
      }
      std::ifstream file(entry.path(), std::ios::binary);
      file.seekg(attributes_low_byte);
      return file.get() & 7;
    }
    return -1;
  }
};

TEST_P(compressed_passage, keeps_headers_and_context) {
  const auto& [codec, number_on_disk] = GetParam();
  const std::string topic = new_topic();
  constexpr std::size_t count = 100;
  const bare_message message = {
      "key", std::string(1'000, 'v'), {{"app", "1"}, {"null", std::nullopt}, {"app", ""}}};
  // Long enough that all of them are one batch, and it is worth while to compress it.
  waybill_producer producer(bootstrap(), {{"compression.codec", codec}, {"linger.ms", "1000"}});
  for (std::size_t i = 0; i < count; ++i) {
    const waybill::context context = context_of(i);
    producer.send(topic, message, {.context = &context});
  }
  producer.flush();

  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), count);
  EXPECT_EQ(codec_on_disk(topic), number_on_disk);
  waybill_consumer consumer(bootstrap(), topic);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(wire[i].headers, on_wire(message.headers, context_of(i)));
    const waybill::kafka::message received = consumer.next();
    EXPECT_EQ(received.payload(), message.value);
    EXPECT_EQ(seen_headers(received), message.headers);
    EXPECT_EQ(received.context(), context_of(i));
  }
}

INSTANTIATE_TEST_SUITE_P(by, compressed_passage,
                         testing::Values(std::pair{"none", 0}, std::pair{"gzip", 1},
                                         std::pair{"snappy", 2}, std::pair{"lz4", 3},
                                         std::pair{"zstd", 4}),
                         [](const auto& chosen) { return std::string(chosen.param.first); });

}  // namespace
}  // namespace waybill_test
