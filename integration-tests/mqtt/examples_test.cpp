// The programs of examples/ that people copy from: each ends with 0 only if what came back is what
// it sent.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "run.hpp"
#include "shared_mosquitto.hpp"

namespace waybill_test {
namespace {

TEST(mqtt_examples, see_on_a_real_broker_what_they_sent) {
  const mqtt_address server = shared_mosquitto();
  for (const std::string example : {"mqtt3-sensor/mqtt3_sensor", "mqtt5-sensor/mqtt5_sensor"}) {
    const run_result ran =
        run({WAYBILL_EXAMPLES + example, server.host + ":" + std::to_string(server.port)}, {},
            std::chrono::seconds(90));
    EXPECT_TRUE(ran.succeeded()) << example << ran;
  }
}

}  // namespace
}  // namespace waybill_test
