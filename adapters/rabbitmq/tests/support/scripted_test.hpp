#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/recording_tracer.hpp"
#include "support/scripted_server.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {

/// A delivery report whose texts are its own.
struct told_report {
  waybill::outcome_state outcome{};
  std::uint16_t reply_code = 0;
  std::string reply_text;
  waybill::span_context sent;
  std::uint64_t delivery_tag = 0;
  void* user_data = nullptr;
  std::string returned_payload;
  bool was_returned = false;
};

/// A connection on a scripted server, with what tests make on it.
class scripted_test : public testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;

  /// As if there were no end to the waiting: a call that returns earlier has a reason.
  static constexpr milliseconds no_end{600'000};
  static constexpr milliseconds at_once{0};
  /// The numbers of channels, in the order in which they are opened: from the top.
  static constexpr amqp_channel_t first_channel = 2'047;
  static constexpr amqp_channel_t second_channel = 2'046;

  explicit scripted_test(waybill::rabbitmq::connection_options options = {})
      : counters_(options.diagnostics), connection_(link_.raw(), std::move(options)) {}

  /// Opens a publisher on the next channel, and forgets what the client has sent for that.
  std::unique_ptr<waybill::rabbitmq::publisher> make_publisher(
      waybill::rabbitmq::publisher_options options = {}) {
    server_.send_channel(next_channel_--, options.confirms);
    auto made = std::make_unique<waybill::rabbitmq::publisher>(
        connection_, settings_,
        [this](const waybill::rabbitmq::delivery_report& report) {
          reports_.push_back({report.outcome, report.reply_code, std::string(report.reply_text),
                              report.sent, report.delivery_tag, report.user_data,
                              report.returned == nullptr
                                  ? std::string()
                                  : std::string(waybill::rabbitmq::text_of(report.returned->body)),
                              report.returned != nullptr});
          then_();
        },
        options);
    EXPECT_TRUE(made->is_open()) << made->reason().reply_text;
    static_cast<void>(server_.frames());
    return made;
  }

  /// The same of a consumer of "queue".
  std::unique_ptr<waybill::rabbitmq::consumer> make_consumer(
      waybill::rabbitmq::consumer_options options = {}) {
    server_.send_channel(next_channel_--);
    auto made = std::make_unique<waybill::rabbitmq::consumer>(connection_, "queue", settings_,
                                                              std::move(options));
    EXPECT_TRUE(made->is_open()) << made->reason().reply_text;
    static_cast<void>(server_.frames());
    return made;
  }

  /// One that was started.
  std::unique_ptr<waybill::rabbitmq::consumer> make_started(
      waybill::rabbitmq::consumer_options options = {}) {
    auto made = make_consumer(std::move(options));
    server_.send_consuming(made->channel());
    EXPECT_EQ(made->start(), AMQP_STATUS_OK);
    static_cast<void>(server_.frames());
    return made;
  }

  /// Sends, and pumps it all.
  int pump(std::string_view bytes) {
    server_.send(bytes);
    return connection_.pump(no_end);
  }

  [[nodiscard]] std::vector<waybill::outcome_state> outcomes() const {
    std::vector<waybill::outcome_state> all;
    for (const told_report& each : reports_) all.push_back(each.outcome);
    return all;
  }

  [[nodiscard]] std::uint64_t counted(waybill::direction way, waybill::errc code) const {
    return settings_.diagnostics()->count(way, code);
  }

  scripted_connection link_;
  scripted_server& server_ = link_.server();
  std::shared_ptr<recording_tracer> tracer_ = std::make_shared<recording_tracer>();
  waybill::propagation settings_{waybill::propagation_options{}};
  std::vector<told_report> reports_;
  std::function<void()> then_ = [] {};              // what the listener does with each report
  std::shared_ptr<waybill::diagnostics> counters_;  // the connection's
  waybill::rabbitmq::connection connection_;
  amqp_channel_t next_channel_ = first_channel;
};

/// Also of a message that nobody keeps.
inline std::string payload_of(const waybill::rabbitmq::message& message) {
  return std::string(message.payload());
}

/// The time since it was made.
class stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 began_);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace waybill_test
