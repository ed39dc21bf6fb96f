#include "shared_mosquitto.hpp"

#include "environment.hpp"
#include "shared_broker.hpp"

namespace waybill_test {

mqtt_address shared_mosquitto() {
  if (const auto named = address_of_environment("WAYBILL_TEST_MQTT")) {
    return {named->host, named->port};
  }
  return shared_broker<mosquitto_broker>::get().address();
}

}  // namespace waybill_test
