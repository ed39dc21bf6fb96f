#pragma once

#include "waybill/rabbitmq/connection.hpp"

namespace waybill::inline v0::rabbitmq::detail {

/// Connects and logs in. Its status says whether that went well.
[[nodiscard]] close_reason log_in(amqp_connection_state_t raw, const connection_parameters& where);

}  // namespace waybill::inline v0::rabbitmq::detail
