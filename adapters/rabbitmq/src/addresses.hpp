#pragma once

#include <string_view>

#include "waybill/boundary.hpp"
#include "waybill/messaging/operation.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// The default exchange takes the name of a queue.
[[nodiscard]] inline destination destination_of(std::string_view exchange,
                                                std::string_view routing_key) noexcept {
  return exchange.empty() ? destination(routing_key) : destination(exchange, routing_key);
}

/// What properties say of a message to whoever names a span.
inline void describe_message(const amqp_basic_properties_t& properties,
                             operation_details& what) noexcept {
  if ((properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) {
    what.message_id = text_of(properties.message_id);
  }
  if ((properties._flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0) {
    what.conversation_id = text_of(properties.correlation_id);
  }
}

}  // namespace waybill::inline v0::rabbitmq::detail
