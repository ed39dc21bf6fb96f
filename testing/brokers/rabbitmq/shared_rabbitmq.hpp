#pragma once

#include "bare_amqp.hpp"

namespace waybill_test {

/// The broker that all tests of this executable share: that which the environment variable
/// WAYBILL_TEST_RABBITMQ names (host:port), or one of our own, started by the first call and ended
/// when the tests have run. Tests that stop, pause or configure a broker make one of their own;
/// tests that share this one use queues of their own (unique_queue).
/// @par Errors  Throws as shared_broker and address_of_environment do.
/// @par Threads Any, one call at a time.
amqp_address shared_rabbitmq();

}  // namespace waybill_test
