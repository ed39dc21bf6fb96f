// The same program with waybill around Paho MQTT C++ and with the same user properties added by
// hand, on a real Mosquitto: see support/end_to_end.hpp. MQTT 5, QoS 1, and no more than a window
// of delivery tokens that are waited for. The server keeps the messages for a session, which
// receives them when all are sent.
#include "end_to_end.hpp"

#include <mqtt/async_client.h>
#include <sched.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "mosquitto_broker.hpp"
#include "waybill/current.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"

namespace waybill_test {
namespace {

constexpr int qos = 1;
constexpr std::size_t unanswered_max = 100;
constexpr std::chrono::seconds patience{60};

/// For this thread and those it starts. Paho hands every message from thread to thread: on several
/// processors it depends on chance whether all of them sleep and wake for each one, and a run takes
/// once or three times the processor's time, on either side.
void stay_on_one_processor() {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

/// Throws if the server refused, too.
void require_done(const ::mqtt::token_ptr& token) {
  if (!token->wait_for(patience)) throw std::runtime_error("the server does not answer");
}

/// The application's own, the same on both sides.
::mqtt::properties make_own_properties() {
  return {{::mqtt::property::USER_PROPERTY, "schema-id", "17"},
          {::mqtt::property::USER_PROPERTY, "region", "eu-north"}};
}

::mqtt::connect_options to_connect(bool keeps_session) {
  ::mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(!keeps_session);
  // Paho never has to hold back what the window lets through.
  options.set_max_inflight(2 * static_cast<int>(unanswered_max));
  if (keeps_session) {
    constexpr int an_hour = 3'600;
    options.set_properties({{::mqtt::property::SESSION_EXPIRY_INTERVAL, an_hour}});
  }
  return options;
}

::mqtt::create_options to_create() {
  return ::mqtt::create_options(MQTTVERSION_5, 2 * static_cast<int>(unanswered_max));
}

void add_by_hand(::mqtt::properties& list) {
  const auto add = [&](std::string_view name, std::string_view value) {
    list.add({::mqtt::property::USER_PROPERTY, std::string(name), std::string(value)});
  };
  add("traceparent", traceparent);
  add("tracestate", tracestate);
  add("baggage", baggage);
}

bool has_fields_by_hand(const ::mqtt::message& message) {
  const MQTTProperties& list = message.get_properties().c_struct();
  const auto text_of = [](const MQTTLenString& text) {
    return std::string_view(text.data, static_cast<std::size_t>(text.len));
  };
  kept_values kept;
  for (int i = 0; i < list.count; ++i) {
    const MQTTProperty& each = list.array[i];
    if (each.identifier != MQTTPROPERTY_CODE_USER_PROPERTY) continue;
    kept.look_at(text_of(each.value.data), text_of(each.value.value));
  }
  return kept.is_complete();
}

/// What messages have come in Paho's thread. The time begins with the first one: how long Paho
/// takes to connect is no part of what is measured.
class arrivals {
 public:
  explicit arrivals(std::uint64_t expected) : expected_(expected) {}

  void begin() {
    if (!running_.has_value()) running_.emplace();
  }
  void add(bool is_right) {
    ++count_;
    is_right_ = is_right_ && is_right;
    if (count_ != expected_) return;
    const std::lock_guard lock(mutex_);
    took_ = running_->so_far();
    all_came_.notify_all();
  }
  cost wait_for_all() {
    std::unique_lock lock(mutex_);
    if (!all_came_.wait_for(lock, patience, [this] { return took_.has_value(); }) || !is_right_) {
      throw std::runtime_error("a message did not come, or without its fields");
    }
    return *took_;
  }

 private:
  std::uint64_t expected_;
  std::optional<meter> running_;
  std::uint64_t count_ = 0;
  bool is_right_ = true;
  std::mutex mutex_;
  std::condition_variable all_came_;
  std::optional<cost> took_;
};

class end_to_end {
 public:
  explicit end_to_end(const load& each) : load_(each), value_(each.value_bytes, 'v') {
    stay_on_one_processor();  // the broker is started already, and is not
  }

  cost send(bool is_wrapped) {
    // A session and a topic for each run: what one leaves behind is none of the next one's.
    name_ = "end-to-end-" + std::to_string(++runs_);
    {
      ::mqtt::async_client subscriber(uri_, name_, to_create());
      require_done(subscriber.connect(to_connect(true)));
      require_done(subscriber.subscribe(name_, qos));
      require_done(subscriber.disconnect());
    }
    if (is_wrapped) {
      waybill::mqtt::async_client client(uri_, "", to_create());
      return send_by(client, [](::mqtt::properties&) {});
    }
    ::mqtt::async_client client(uri_, "", to_create());
    return send_by(client, add_by_hand);
  }

  cost receive(bool is_wrapped) {
    arrivals seen(load_.messages);
    if (is_wrapped) {
      waybill::mqtt::async_client client(uri_, name_, to_create());
      return receive_by(client, seen, [](const ::mqtt::const_message_ptr& message) {
        return is_complete(waybill::mqtt::context_of(message));
      });
    }
    ::mqtt::async_client client(uri_, name_, to_create());
    return receive_by(client, seen, [](const ::mqtt::const_message_ptr& message) {
      return has_fields_by_hand(*message);
    });
  }

 private:
  template <class Client, class Add>
  cost send_by(Client& client, Add&& add_fields) {
    require_done(client.connect(to_connect(false)));
    const waybill::scope active(context_);
    std::deque<::mqtt::delivery_token_ptr> unanswered;
    const auto leave = [&unanswered](std::size_t count) {
      if (unanswered.size() == count) return;
      // Answers come in order: the newest one first, and nobody is woken up for all the others.
      require_done(*(unanswered.rbegin() + static_cast<std::ptrdiff_t>(count)));
      for (; unanswered.size() > count; unanswered.pop_front()) require_done(unanswered.front());
    };
    const meter running;
    for (std::uint64_t i = 0; i < load_.messages; ++i) {
      if (unanswered.size() == unanswered_max) leave(unanswered_max / 2);
      ::mqtt::properties properties = make_own_properties();
      add_fields(properties);
      unanswered.push_back(
          client.publish(::mqtt::message::create(name_, value_, qos, false, properties)));
    }
    leave(0);
    const cost took = running.so_far();
    require_done(client.disconnect());
    return took;
  }

  template <class Client, class Check>
  static cost receive_by(Client& client, arrivals& seen, Check&& has_fields) {
    client.set_message_callback([&](const ::mqtt::const_message_ptr& message) {
      seen.begin();
      seen.add(has_fields(message));
    });
    require_done(client.connect(to_connect(true)));
    const cost took = seen.wait_for_all();
    require_done(client.disconnect());
    return took;
  }

  // By default Mosquitto drops what is too much for a session that is away.
  mosquitto_broker broker_{
      {.settings = {{"max_queued_messages", "0"}, {"max_inflight_messages", "100"}}}};
  std::string uri_ = broker_.address().uri();
  load load_;
  std::string value_;
  waybill::context context_ = sent_context();
  std::string name_;
  int runs_ = 0;
};

}  // namespace
}  // namespace waybill_test

int main(int argc, char** argv) {
  return waybill_test::end_to_end_main<waybill_test::end_to_end>(argc, argv);
}
