#include "shared_rabbitmq.hpp"

#include "environment.hpp"
#include "rabbitmq_broker.hpp"
#include "shared_broker.hpp"

namespace waybill_test {

amqp_address shared_rabbitmq() {
  if (const auto named = address_of_environment("WAYBILL_TEST_RABBITMQ")) {
    return {named->host, named->port};
  }
  return shared_broker<rabbitmq_broker>::get().address();
}

}  // namespace waybill_test
