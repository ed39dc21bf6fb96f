#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "waybill/kafka/producer.hpp"
#include "waybill/messaging/callback_link.hpp"
#include "waybill/messaging/deliveries.hpp"

namespace waybill::inline v0::kafka {

/// What a send span ends with.
[[nodiscard]] outcome as_outcome(const delivery_report& report) noexcept;

namespace detail {

using deliveries = messaging::deliveries<delivery_report>;

/// Of messages that are in flight when their client or producer goes.
inline constexpr delivery_report unanswered{.outcome = outcome_state::unanswered,
                                            .error = RD_KAFKA_RESP_ERR__DESTROY};

/// From one client's interceptors to the producer that listens to it.
using observed_client = messaging::callback_link<deliveries>;

/// The clients that were made from one instrumented configuration and its copies.
class client_registry {
 public:
  void add(const rd_kafka_t* client, const std::shared_ptr<observed_client>& observed) {
    const std::lock_guard lock(mutex_);
    clients_.insert_or_assign(client, observed);
  }
  void remove(const rd_kafka_t* client) noexcept {
    const std::lock_guard lock(mutex_);
    clients_.erase(client);
  }
  /// Null when it is not known.
  [[nodiscard]] std::shared_ptr<observed_client> find(const rd_kafka_t* client) const {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(client);
    return found == clients_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;  // clients come and go seldom
  std::unordered_map<const rd_kafka_t*, std::shared_ptr<observed_client>> clients_;
};

/// A message's key in the table of messages in flight.
[[nodiscard]] inline std::uint64_t key_of(const rd_kafka_message_t* identity) noexcept {
  return std::uint64_t{reinterpret_cast<std::uintptr_t>(identity)};
}

/// The waybill produce call that runs on this thread; null when none runs.
struct produce_call {
  deliveries& sender;
  const messaging::in_flight_message& message;
  const rd_kafka_t* client;
  const rd_kafka_message_t* identity = nullptr;  // once librdkafka has given it one
  bool is_answered = false;                      // within the call
};
inline constinit thread_local produce_call* producing = nullptr;

}  // namespace detail
}  // namespace waybill::inline v0::kafka
