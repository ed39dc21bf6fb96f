#pragma once

#include <mqtt/async_client.h>

#include <functional>

#include "waybill/messaging/tracer.hpp"

namespace waybill::inline v0::mqtt {

/// What became of a message that Paho had accepted.
struct delivery {
  outcome_state state = outcome_state::unknown;  ///< How it ended.
  int return_code = MQTTASYNC_SUCCESS;           ///< Paho's.
  int reason_code = 0;                           ///< MQTT 5's of a refusal, otherwise 0.
  span_context trace{};                          ///< What the message carried.
  /// Null when unanswered and for a client that waits. Valid during the call.
  const ::mqtt::token* token = nullptr;
};

/// Called once for each accepted message, on a thread of Paho's, or in the call that closes the
/// client or the publisher. Of a token that was given another listener (set_action_callback) it is
/// called by a later publish(), in the thread that publishes. It may throw: the exception is
/// dropped and counted. It must neither wait for another message nor destroy the publisher.
using delivery_listener = std::function<void(const delivery&)>;

}  // namespace waybill::inline v0::mqtt
