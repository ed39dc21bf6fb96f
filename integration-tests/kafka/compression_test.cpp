// Compressed batches: the same messages, whatever the codec.

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/kafka_test.hpp"
#include "support/numbered.hpp"

namespace waybill_test {
namespace {

// The three low bits of a batch's attributes, as Kafka numbers them.
const std::map<std::string, int> codec_numbers = {
    {"none", 0}, {"gzip", 1}, {"snappy", 2}, {"lz4", 3}, {"zstd", 4}};

// Those that this librdkafka was built with.
std::vector<std::string> codecs_here() {
  const std::unique_ptr<rd_kafka_conf_t, void (*)(rd_kafka_conf_t*)> conf(rd_kafka_conf_new(),
                                                                          rd_kafka_conf_destroy);
  std::string features(512, '\0');
  std::size_t size = features.size();
  if (rd_kafka_conf_get(conf.get(), "builtin.features", features.data(), &size) !=
      RD_KAFKA_CONF_OK) {
    return {};
  }
  std::vector<std::string> codecs = {"none"};
  std::istringstream names(features.c_str());
  for (std::string name; std::getline(names, name, ',');) {
    if (codec_numbers.contains(name)) codecs.push_back(name);
  }
  return codecs;
}

class compression : public kafka_files_test, public testing::WithParamInterface<std::string> {
 protected:
  // The codec of the first batch of partition 0, as the broker has it in its file.
  [[nodiscard]] int stored_codec(const std::string& topic) const {
    constexpr std::streamoff attributes_at = 22;  // the low byte of two
    constexpr int codec_bits = 7;
    std::ifstream file(data_folder() / "data" / (topic + "-0") / "00000000000000000000.log",
                       std::ios::binary);
    file.seekg(attributes_at);
    const int attributes = file.get();
    return attributes < 0 ? -1 : attributes & codec_bits;
  }
};

TEST_P(compression, leaves_contexts_and_own_headers_as_they_were) {
  constexpr std::uint64_t count = 3'000;
  const std::string topic = new_topic();
  waybill_producer producer(
      bootstrap(),
      {{"compression.codec", GetParam()}, {"linger.ms", "50"}, {"batch.num.messages", "500"}});
  for (std::uint64_t number = 0; number < count; ++number) {
    ASSERT_EQ(send_numbered(producer.producer(), topic, number, 0,
                            std::chrono::steady_clock::now() + patience),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  producer.flush();
  EXPECT_EQ(producer.log().outcomes().size(), count);
  EXPECT_EQ(stored_codec(topic), codec_numbers.at(GetParam()));

  tally wire(count);
  for (const bare_record& record : records_of(topic)) check_wire(record, wire);
  EXPECT_EQ(wire.wrong().count(), 0U) << wire.wrong().first();
  EXPECT_EQ(wire.counted(1), count);

  tally seen(count);
  waybill_consumer consumer(bootstrap(), topic, {}, {}, {{"check.crcs", "true"}});
  for (std::uint64_t i = 0; i < count; ++i) {
    waybill::kafka::message received = consumer.next();
    consumer.consumer().handle(received,
                               [&](const auto& message) { check_received(message, seen); });
  }
  EXPECT_EQ(seen.wrong().count(), 0U) << seen.wrong().first();
  EXPECT_EQ(seen.counted(1), count);
}

INSTANTIATE_TEST_SUITE_P(codecs, compression, testing::ValuesIn(codecs_here()),
                         [](const auto& codec) { return codec.param; });

}  // namespace
}  // namespace waybill_test
