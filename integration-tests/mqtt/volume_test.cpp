// Many messages, each with a context of its own, and every one of them checked: 200,000, or as many
// as WAYBILL_VOLUME_MESSAGES says.

#include "volume.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "numbered_message.hpp"
#include "support/mqtt_test.hpp"
#include "waybill/current.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"

namespace waybill_test {
namespace {

constexpr std::uint64_t publishing_threads = 2;
// Paho looks for each acknowledgement among all that are on their way, one by one.
constexpr std::uint64_t on_their_way_max = 200;
// Mosquitto drops what a slow reader leaves behind, and Paho acknowledges before it calls back.
constexpr std::uint64_t unread_max = 800;
constexpr std::size_t growth_kibibytes_max = 16'384;

// How often something was told of each number, and how often it was wrong.
class tally {
 public:
  explicit tally(std::uint64_t numbers) : times_(numbers) {}
  void add(std::uint64_t number, bool is_right) {
    if (number >= times_.size()) {
      ++wrong_;
      return;
    }
    ++times_[number];
    if (!is_right) ++wrong_;
    const std::lock_guard lock(mutex_);
    ++told_;
    changed_.notify_all();
  }
  void wait_for(std::uint64_t told, std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return told_ >= told; });
  }
  [[nodiscard]] std::uint64_t told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }
  [[nodiscard]] std::uint64_t counted_once() const {
    std::uint64_t count = 0;
    for (const auto& times : times_) count += times == 1 ? 1U : 0U;
    return count;
  }

 private:
  std::vector<std::atomic<std::uint8_t>> times_;
  std::atomic<std::uint64_t> wrong_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t told_ = 0;
};

class mqtt_volume : public testing::Test {
 protected:
  void look_at(const ::mqtt::const_message_ptr& message) {
    const std::string& payload = message->get_payload_str();
    std::uint64_t number = message_count_;
    std::from_chars(payload.data(), payload.data() + payload.size(), number);
    const waybill::context expected = context_of(number);
    seen_.add(number, waybill::mqtt::context_of(message) == expected &&
                          waybill::current() == expected &&
                          properties_of(*message) == property_pairs{{"n", payload}});
  }

  // Sends every message whose number leaves `first` over.
  void send(waybill::mqtt::async_client& client, std::uint64_t first) {
    for (std::uint64_t number = first; number < message_count_; number += publishing_threads) {
      if (number > on_their_way_max) outcomes_.wait_for(number - on_their_way_max, deadline_);
      if (number > unread_max) seen_.wait_for(number - unread_max, deadline_);
      const std::string payload = std::to_string(number);
      const auto message =
          ::mqtt::message::create(topic_, payload, 1, false, make_properties({{"n", payload}}));
      const waybill::context context = context_of(number);
      if (number % 4 < 2) {
        client.publish(message, {.context = &context});
      } else {
        const waybill::scope active(context);
        client.publish(message);
      }
    }
  }

  const std::uint64_t message_count_ = volume_message_count();
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + volume_patience(message_count_);
  const std::string topic_ = unique_name("volume");
  tally outcomes_{message_count_};
  tally seen_{message_count_};
};

TEST_F(mqtt_volume, of_many_messages_swaps_no_context_loses_no_outcome_and_keeps_no_memory) {
  const mqtt_address server = shared_mosquitto();
  waybill::mqtt::async_client reader(server.uri(), unique_name("reader"), creation());
  reader.set_message_callback(
      [this](const ::mqtt::const_message_ptr& message) { look_at(message); });
  reader.connect(connecting())->wait();
  reader.subscribe(topic_, 1)->wait();

  waybill::mqtt::client_options options;
  options.publish.on_delivery_report = [this](const waybill::mqtt::delivery_report& told) {
    outcomes_.add(number_of(told.sent), told.outcome == waybill::outcome_state::succeeded);
  };
  constexpr int buffered_max = 10 * static_cast<int>(on_their_way_max);
  waybill::mqtt::async_client client(options, server.uri(), unique_name("sender"),
                                     ::mqtt::create_options(MQTTVERSION_5, buffered_max));
  ::mqtt::connect_options connect = connecting();
  connect.set_max_inflight(static_cast<int>(on_their_way_max));
  client.connect(connect)->wait();

  std::vector<std::jthread> senders;
  for (std::uint64_t first = 0; first < publishing_threads; ++first) {
    senders.emplace_back([this, &client, first] { send(client, first); });
  }
  seen_.wait_for(volume_warm_up_count, deadline_);
  const std::size_t resident_after_warm_up = resident_kibibytes();
  seen_.wait_for(message_count_, deadline_);
  outcomes_.wait_for(message_count_, deadline_);
  const std::size_t resident_at_end = resident_kibibytes();
  senders.clear();

  EXPECT_EQ(seen_.told(), message_count_);
  EXPECT_EQ(seen_.wrong(), 0U);
  EXPECT_EQ(seen_.counted_once(), message_count_);
  EXPECT_EQ(outcomes_.told(), message_count_);
  EXPECT_EQ(outcomes_.wrong(), 0U);
  EXPECT_EQ(outcomes_.counted_once(), message_count_);
  EXPECT_EQ(client.in_flight(), 0U);
  expect_no_memory_kept(resident_after_warm_up, resident_at_end, growth_kibibytes_max);
}

}  // namespace
}  // namespace waybill_test
