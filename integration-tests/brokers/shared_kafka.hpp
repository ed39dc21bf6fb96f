#pragma once

#include "kafka_broker.hpp"

namespace waybill_test {

/// The broker that all tests of this executable share: started by the first call, ended when the
/// tests have run. Tests that stop, pause or configure a broker make one of their own; tests that
/// share this one use topics of their own (unique_topic).
/// @par Errors  Throws as kafka_broker does. A start that failed is not tried again: every later
///              call throws the same error at once.
/// @par Threads Any, one call at a time.
kafka_broker& shared_kafka();

}  // namespace waybill_test
