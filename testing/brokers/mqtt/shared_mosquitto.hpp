#pragma once

#include "mosquitto_broker.hpp"

namespace waybill_test {

/// The MQTT server that all tests of this executable share: a Mosquitto that the first call starts
/// and that ends when the tests have run, or what WAYBILL_TEST_MQTT=host:port names. Tests that
/// stop or configure a broker make one of their own; tests that share this one use topics and
/// client ids of their own.
/// @par Errors  Throws as shared_broker and address_of_environment do.
/// @par Threads Any, one call at a time.
mqtt_address shared_mosquitto();

}  // namespace waybill_test
