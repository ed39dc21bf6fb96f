#pragma once

#include <gtest/gtest.h>
#include <mqtt/async_client.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "shared_mosquitto.hpp"
#include "support/contexts.hpp"
#include "waybill/mqtt/publishing.hpp"

namespace waybill_test {

inline constexpr std::chrono::seconds patience{30};

/// A topic, client id or file name that no other test uses.
std::string unique_name(const std::string& prefix);

/// Settings with context in an envelope on the topics of these filters.
waybill::propagation with_envelopes(
    const std::vector<std::pair<std::string, waybill::envelope_form>>& filters);

/// The user properties of a message, in order.
property_pairs properties_of(const ::mqtt::message& message);
::mqtt::properties make_properties(const property_pairs& pairs);

/// What a test wants of a connection.
struct connection_options {
  int version = MQTTVERSION_5;
  bool keeps_session = false;
  bool reconnects = false;
};
::mqtt::create_options creation(const connection_options& options = {});
::mqtt::connect_options connecting(const connection_options& options = {});

/// Collects what callbacks tell, and waits for it.
/// @par Threads Any.
template <class T>
class collected {
 public:
  void add(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  /// What there is once there are `count`, or fewer when the patience is over.
  std::vector<T> wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return items_.size() >= count; });
    return items_;
  }
  [[nodiscard]] std::vector<T> all() const { return wait_for(0); }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> items_;
};

/// A client that knows nothing of waybill.
class bare_client {
 public:
  explicit bare_client(const mqtt_address& server, const connection_options& options = {},
                       const std::string& id = unique_name("bare"));
  ~bare_client();
  bare_client(const bare_client&) = delete;
  bare_client& operator=(const bare_client&) = delete;

  void subscribe(const std::string& filter, int qos = 1,
                 const ::mqtt::subscribe_options& options = {});
  /// The next message; fails the test and answers an empty one when none comes.
  ::mqtt::const_message_ptr next();
  [[nodiscard]] bool has_more(std::chrono::milliseconds wait);
  void publish(const std::string& topic, const std::string& payload,
               const property_pairs& properties = {}, int qos = 1, bool retained = false);
  ::mqtt::async_client& client() { return client_; }

 private:
  ::mqtt::async_client client_;
};

/// A copy of what a delivery_listener was told.
struct told {
  waybill::outcome_state state{};
  int return_code = 0;
  int reason_code = 0;
  std::string traceparent;
};
waybill::mqtt::delivery_listener telling(collected<told>& to);

}  // namespace waybill_test
