#include "numbered_flow.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace waybill_test {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t senders = 2;
constexpr int poll_interval_milliseconds = 10;
// Between two numbers of one sender. A flow, not a flood: a broker that is away for seconds must
// not cost all numbers there are.
constexpr std::chrono::milliseconds pace{1};
constexpr std::chrono::seconds flow_patience{60};
// A queue that is short lets the senders wait while the broker is away, rather than run ahead.
const kafka_properties properties_of_flows = {
    {"queue.buffering.max.messages", "2000"}, {"linger.ms", "1"}, {"message.timeout.ms", "60000"}};

kafka_properties with_defaults(const kafka_properties& properties) {
  kafka_properties all = properties_of_flows;
  for (const auto& [name, value] : properties) all[name] = value;
  return all;
}

}  // namespace

numbered_flow::numbered_flow(const std::string& bootstrap, std::string topic,
                             const kafka_properties& properties,
                             std::function<bool(std::uint64_t)> may_send)
    : topic_(std::move(topic)),
      may_send_(std::move(may_send)),
      client_(make_instrumented_handle(bootstrap, with_defaults(properties), nullptr)) {
  auto count_all = [this,
                    count = counting(outcomes_)](const waybill::kafka::delivery_report& told) {
    count(told);
    ++told_;
  };
  producer_ = std::make_unique<waybill::kafka::producer>(
      client_.handle.get(), waybill::propagation(), client_.observed, std::move(count_all));
  for (std::uint64_t first = 0; first < senders; ++first) {
    senders_.emplace_back([this, first] { send_every_other(first); });
  }
}

numbered_flow::~numbered_flow() {
  gives_up_ = true;
  senders_.clear();
}

void numbered_flow::send_every_other(std::uint64_t number) {
  const auto deadline = clock::now() + 2 * flow_patience;
  for (; number < limit_ && !gives_up_; number += senders) {
    while (may_send_ && !may_send_(number) && !gives_up_) {
      rd_kafka_poll(client_.handle.get(), poll_interval_milliseconds);
    }
    // Not a poll that waits: it returns at once while there are reports.
    rd_kafka_poll(client_.handle.get(), 0);
    std::this_thread::sleep_for(pace);
    std::uint64_t highest = highest_;
    while (highest < number && !highest_.compare_exchange_weak(highest, number)) {
    }
    const auto partition = static_cast<std::int32_t>(number % partitions);
    if (send_numbered(*producer_, topic_, number, partition, deadline) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++refused_;
    }
  }
}

void numbered_flow::fail(const std::string& what) const {
  std::array<char, 256> reason{};
  const rd_kafka_resp_err_t fatal =
      rd_kafka_fatal_error(client_.handle.get(), reason.data(), reason.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) throw client_given_up(reason.data());
  throw std::runtime_error(what + "; " + std::to_string(highest_) + " begun, " +
                           std::to_string(told_) + " with an outcome, " +
                           std::to_string(producer_->in_flight()) + " in flight, " +
                           std::to_string(refused_) + " refused");
}

template <class Condition>
void numbered_flow::wait_until(Condition condition, const char* what) {
  const auto deadline = clock::now() + flow_patience;
  while (!condition()) {
    if (refused_ != 0) fail("messages were refused");
    if (clock::now() >= deadline) fail(std::string("not in time: ") + what);
    rd_kafka_poll(client_.handle.get(), poll_interval_milliseconds);
  }
}

void numbered_flow::wait_for_outcomes(std::uint64_t more) {
  const std::uint64_t wanted = told_ + more;
  wait_until([&] { return told_ >= wanted; }, "the outcomes");
}

void numbered_flow::wait_for_in_flight(std::size_t messages) {
  wait_until([&] { return producer_->in_flight() >= messages; }, "messages in flight");
}

std::uint64_t numbered_flow::stop() {
  // No sender is farther than one step beyond the highest number that was begun.
  limit_ = std::min<std::uint64_t>(highest_ + senders + 1, numbers_max);
  senders_.clear();
  const auto in_time = static_cast<int>(std::chrono::milliseconds(flow_patience).count());
  if (rd_kafka_flush(client_.handle.get(), in_time) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail("not all messages were answered in time");
  }
  if (refused_ != 0) fail("messages were refused");
  return limit_;
}

}  // namespace waybill_test
