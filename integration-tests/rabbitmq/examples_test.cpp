// The programs of examples/ that people copy from: each ends with 0 only if what it shows is right.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "run.hpp"
#include "shared_rabbitmq.hpp"

namespace waybill_test {
namespace {

TEST(rabbitmq_examples, see_on_a_real_broker_what_they_sent) {
  const amqp_address broker = shared_rabbitmq();
  for (const std::string example :
       {"rabbitmq-publisher/rabbitmq_publisher", "rabbitmq-rpc/rabbitmq_rpc",
        "rabbitmq-worker/rabbitmq_worker", "rabbitmq-worker-pool/rabbitmq_worker_pool"}) {
    const run_result ran =
        run({WAYBILL_EXAMPLES + example, broker.host + ":" + std::to_string(broker.port)}, {},
            std::chrono::seconds(90));
    EXPECT_TRUE(ran.succeeded()) << example << ran;
  }
}

}  // namespace
}  // namespace waybill_test
