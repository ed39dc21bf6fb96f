#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bare_headers.hpp"
#include "clients.hpp"
#include "waybill/kafka/producer.hpp"

namespace waybill_test {

/// Remembers every outcome that a producer told its listener.
/// @par Threads   any.
/// @par Lifetime  longer than the producers and clients that report to it.
class delivery_log {
 public:
  struct entry {
    waybill::outcome_state state{};
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    waybill::span_context sent;
    void* user_data = nullptr;
    /// Nothing when the outcome came without the message.
    std::optional<bare_record> message;
    void* opaque = nullptr;  // the message's own
    const void* payload = nullptr;
  };

  [[nodiscard]] waybill::kafka::delivery_listener listener() {
    return [this](const waybill::kafka::delivery_report& told) {
      entry made;
      made.state = told.outcome;
      made.error = told.error;
      made.sent = told.sent;
      made.user_data = told.user_data;
      if (told.message != nullptr) {
        made.message = to_record(*told.message);
        made.opaque = told.message->_private;
        made.payload = told.message->payload;
      }
      const std::lock_guard<std::mutex> guard(mutex_);
      entries_.push_back(std::move(made));
    };
  }

  [[nodiscard]] std::vector<entry> entries() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return entries_;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return entries_.size();
  }
  [[nodiscard]] std::size_t count(waybill::outcome_state state) const {
    std::size_t found = 0;
    for (const entry& each : entries()) found += each.state == state ? 1U : 0U;
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

}  // namespace waybill_test
