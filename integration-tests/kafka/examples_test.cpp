// The programs of examples/ that people copy from: each ends with 0 only if what came back is what
// it sent.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "run.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

using kafka_examples = kafka_test;

TEST_F(kafka_examples, see_on_a_real_broker_what_they_sent) {
  for (const std::string example :
       {"kafka-carriers/kafka_carriers", "kafka-consumer/kafka_consumer",
        "kafka-producer/kafka_producer"}) {
    const run_result ran =
        run({WAYBILL_EXAMPLES + example, bootstrap(), new_topic()}, {}, std::chrono::seconds(90));
    EXPECT_TRUE(ran.succeeded()) << example << ran;
  }
}

}  // namespace
}  // namespace waybill_test
