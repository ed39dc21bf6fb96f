#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "waybill/config.hpp"
#include "waybill/rabbitmq/amqp.hpp"

namespace waybill::inline v0::rabbitmq {

/// What the broker says of the deliveries of a message.
struct delivery_counts {
  /// Which attempt at the message this delivery is, as far as the broker tells: 1 for the first.
  /// The sum of 1, of `returned` and of the counts of those `x-death` entries whose queue is the
  /// message's and whose reason is `rejected` or `delivery_limit`: the entries of a queue where
  /// retries wait for their time say `expired`. Without any of them 2 for a message that was
  /// delivered before, else 1.
  std::uint64_t attempt = 1;
  /// Whether the queue has given the message out before.
  bool redelivered = false;
  /// `x-delivery-count`, of quorum queues: earlier deliveries that were returned. Whether the
  /// message is redelivered or not: a first delivery has it when somebody has copied the headers of
  /// another message, or a dead letter has brought it along, and then it is not part of `attempt`.
  /// (A classic queue writes none, so a copied one counts when such a queue delivers again.)
  std::optional<std::uint64_t> returned{};
  /// `x-acquired-count`, of RabbitMQ 4.3; used instead of `returned` when it is larger.
  std::optional<std::uint64_t> acquired{};
  std::optional<std::uint64_t> died_here{};       ///< Of x-death: the part that is in `attempt`.
  std::optional<std::uint64_t> died_elsewhere{};  ///< The same of other queues.
};

/// Counts the deliveries of a message.
///
/// Quorum queues of RabbitMQ 4 let `x-delivery-count` of a dead letter begin with its failures so
/// far, and begin anew at its first return. A count that is not less than the rejections in `queue`
/// may be either (where `x-last-death-queue` tells of RabbitMQ 3.13 or later). Rejections are not
/// counted again then, and failures in other queues are taken off: the attempt is too low rather
/// than too high, but for what another quorum queue had lost with a consumer before it gave the
/// message up.
/// @par Input    `queue`: the one that the message was taken from. Integers of any type count; a
///               header of another type is as good as absent, an entry without a count is 1.
/// @par Errors   never throws, whatever the headers hold; a sum stops at the largest number.
/// @par Broker   classic queues keep no count of a message that is returned and delivered again.
///               Clients may write these headers too: trust them as far as the sender.
/// @{
[[nodiscard]] WAYBILL_API delivery_counts count_deliveries(
    const amqp_basic_properties_t& properties, std::string_view queue, bool redelivered) noexcept;
[[nodiscard]] inline delivery_counts count_deliveries(const amqp_envelope_t& envelope,
                                                      std::string_view queue) noexcept {
  return count_deliveries(envelope.message.properties, queue, envelope.redelivered != 0);
}
/// @}

}  // namespace waybill::inline v0::rabbitmq
