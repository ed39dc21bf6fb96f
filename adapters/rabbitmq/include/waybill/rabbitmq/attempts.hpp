#pragma once

#include <cstdint>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

/// Which attempt at a message this delivery is, as far as the broker tells: 1 for the first.
/// The sum of 1, of `x-delivery-count` (quorum queues: earlier deliveries that were returned) and
/// of the counts of those `x-death` entries whose queue is `queue` and whose reason is `rejected`
/// or `delivery_limit`: the entries of a queue where retries wait for their time say `expired`.
/// With neither header 2 for a message that was delivered before, else 1.
///
/// Quorum queues of RabbitMQ 4 let `x-delivery-count` of a dead letter begin with its failures so
/// far, and begin anew at its first return. A count that is not less than the rejections in `queue`
/// may be either (where `x-last-death-queue` tells of RabbitMQ 3.13 or later). Rejections are not
/// counted again then, and failures in other queues are taken off: the attempt is too low rather
/// than too high, but for what another quorum queue had lost with a consumer before it gave the
/// message up. `x-acquired-count` (RabbitMQ 4.3) is used when it is the larger one.
/// @par Input    `queue`: the one that the message was taken from. Integers of any type count; a
///               header of another type is as good as absent, an entry without a count is 1.
/// @par Errors   never throws, whatever the headers hold; the sum stops at the largest number.
/// @par Broker   classic queues keep no count of a message that is returned and delivered again.
///               Clients may write these headers too: trust them as far as the sender.
/// @{
[[nodiscard]] WAYBILL_API std::uint64_t delivery_attempt(const amqp_basic_properties_t& properties,
                                                         std::string_view queue,
                                                         bool redelivered) noexcept;
[[nodiscard]] inline std::uint64_t delivery_attempt(const amqp_envelope_t& envelope,
                                                    std::string_view queue) noexcept {
  return delivery_attempt(envelope.message.properties, queue, envelope.redelivered != 0);
}
/// @}

}  // namespace waybill::inline v0::rabbitmq
