#include "mqtt_test.hpp"

#include <unistd.h>

#include <atomic>
#include <stop_token>
#include <thread>

#include "waybill/mqtt/properties.hpp"

namespace waybill_test {

namespace {

// Paho looks for the progress of new connections once a second, unless something arrives, and ends
// its threads with the last connection. A client that hears from itself all the time makes a
// connection a matter of milliseconds.
class chatting_environment : public testing::Environment {
 public:
  void SetUp() override {
    client_ = std::make_unique<::mqtt::async_client>(shared_mosquitto().uri(),
                                                     unique_name("chatting"), creation());
    client_->connect(connecting())->wait();
    const std::string topic = unique_name("chat");
    client_->subscribe(topic, 0)->wait();
    chat_ = std::jthread([this, topic](const std::stop_token& asked_to_stop) {
      constexpr std::chrono::milliseconds pause{5};
      std::mutex mutex;
      std::condition_variable_any asked;
      std::unique_lock lock(mutex);
      while (!asked.wait_for(lock, asked_to_stop, pause, [] { return false; })) {
        if (asked_to_stop.stop_requested()) return;
        try {
          client_->publish(topic, "", 0);
        } catch (const ::mqtt::exception&) {
          // Too much is waiting already; or the server is gone, and with it whoever would connect.
          if (!client_->is_connected()) return;
        }
      }
    });
  }
  void TearDown() override {
    chat_ = {};
    client_.reset();
  }

 private:
  std::unique_ptr<::mqtt::async_client> client_;
  std::jthread chat_;
};

[[maybe_unused]] const testing::Environment* const registered =
    testing::AddGlobalTestEnvironment(new chatting_environment);

}  // namespace

waybill::propagation with_envelopes(
    const std::vector<std::pair<std::string, waybill::envelope_form>>& filters) {
  waybill::propagation_options options;
  for (const auto& [filter, form] : filters) {
    options.boundary.set_filter(filter, {.envelope = form});
  }
  return waybill::propagation(std::move(options));
}

std::string unique_name(const std::string& prefix) {
  static std::atomic<int> count = 0;
  return prefix + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

property_pairs properties_of(const ::mqtt::message& message) {
  property_pairs pairs;
  const waybill::mqtt::property_reader reader(message.get_properties().c_struct());
  reader.for_each(
      [&](std::string_view name, std::string_view value) { pairs.emplace_back(name, value); });
  return pairs;
}

::mqtt::properties make_properties(const property_pairs& pairs) {
  ::mqtt::properties list;
  for (const auto& [name, value] : pairs) {
    list.add(::mqtt::property(::mqtt::property::USER_PROPERTY, name, value));
  }
  return list;
}

::mqtt::create_options creation(const connection_options& options) {
  return ::mqtt::create_options(options.version);
}

::mqtt::connect_options connecting(const connection_options& options) {
  ::mqtt::connect_options connect;
  connect.set_mqtt_version(options.version);
  if (options.version >= MQTTVERSION_5) {
    connect.set_clean_start(!options.keeps_session);
    if (options.keeps_session) {
      constexpr int an_hour = 3'600;
      ::mqtt::properties list;
      list.add(::mqtt::property(::mqtt::property::SESSION_EXPIRY_INTERVAL, an_hour));
      connect.set_properties(std::move(list));
    }
  } else {
    connect.set_clean_session(!options.keeps_session);
  }
  if (options.reconnects) connect.set_automatic_reconnect(1, 1);
  return connect;
}

bare_client::bare_client(const mqtt_address& server, const connection_options& options,
                         const std::string& id)
    : client_(server.uri(), id, creation(options)) {
  client_.start_consuming();
  client_.connect(connecting(options))->wait();
}

bare_client::~bare_client() {
  try {
    if (client_.is_connected()) client_.disconnect()->wait_for(patience);
  } catch (const ::mqtt::exception&) {
    // Whoever is to be disconnected may be gone by then.
  }
}

void bare_client::subscribe(const std::string& filter, int qos,
                            const ::mqtt::subscribe_options& options) {
  client_.subscribe(filter, qos, options)->wait();
}

::mqtt::const_message_ptr bare_client::next() {
  ::mqtt::const_message_ptr message;
  client_.try_consume_message_for(&message, patience);
  if (message == nullptr) {
    ADD_FAILURE() << "no message came";
    return std::make_shared<const ::mqtt::message>("", "", 0, 0, false);
  }
  return message;
}

bool bare_client::has_more(std::chrono::milliseconds wait) {
  ::mqtt::const_message_ptr message;
  return client_.try_consume_message_for(&message, wait) && message != nullptr;
}

void bare_client::publish(const std::string& topic, const std::string& payload,
                          const property_pairs& properties, int qos, bool retained) {
  client_
      .publish(::mqtt::message::create(topic, payload, qos, retained, make_properties(properties)))
      ->wait_for(patience);
}

waybill::mqtt::delivery_listener telling(collected<told>& to) {
  return [&to](const waybill::mqtt::delivery_report& report) {
    to.add({report.outcome, report.return_code, report.reason_code,
            traceparent_of(waybill::context(report.sent))});
  };
}

}  // namespace waybill_test
