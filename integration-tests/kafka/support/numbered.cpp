#include "numbered.hpp"

#include <algorithm>

#include "clients.hpp"
#include "contexts.hpp"
#include "waybill/current.hpp"

namespace waybill_test {

std::vector<bare_header> headers_of_message(std::uint64_t number) {
  return {{"number", std::to_string(number)},
          {"null", std::nullopt},
          {"number", "again"},
          {"bytes", std::string("\0\xff\x80", 3)}};
}

rd_kafka_resp_err_t send_numbered(waybill::kafka::producer& producer, const std::string& topic,
                                  std::uint64_t number, std::int32_t partition,
                                  std::chrono::steady_clock::time_point deadline) {
  constexpr int wait_milliseconds = 10;
  const waybill::context context = context_of(number);
  const std::string payload = payload_of(number);
  waybill::kafka::record record;
  record.topic = topic.c_str();
  record.partition = partition;
  record.payload = payload;
  for (;;) {
    waybill::kafka::headers headers = make_headers(headers_of_message(number));
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (number % 2 == 0) {
      error = producer.produce(record, headers, {.context = &context});
    } else {
      const waybill::scope active(context);
      error = producer.produce(record, headers);
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || std::chrono::steady_clock::now() >= deadline) {
      return error;
    }
    rd_kafka_poll(producer.client(), wait_milliseconds);
  }
}

void complaints::expect(bool is_good, std::uint64_t number, const char* what) {
  if (is_good) return;
  const std::lock_guard lock(mutex_);
  if (count_++ == 0) first_ = std::string(what) + " of message " + std::to_string(number);
}

std::string complaints::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

bool tally::add(std::uint64_t number) {
  const bool is_known = number < times_.size();
  expect(is_known, number, "the number");
  if (is_known) ++times_[number];
  return is_known;
}

std::uint64_t tally::counted(int times) const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(times_, [times](const auto& each) { return each == times; }));
}

waybill::kafka::delivery_listener counting(tally& outcomes, waybill::outcome_state state) {
  return [&outcomes, state](const waybill::kafka::delivery_report& told) {
    const std::uint64_t number = number_of(told.sent);
    if (!outcomes.add(number)) return;
    outcomes.expect(told.sent == trace_of(number), number, "the span context");
    outcomes.expect(told.outcome == state, number, "the state");
    if (told.message == nullptr) return;
    const auto* payload = static_cast<const char*>(told.message->payload);
    outcomes.expect(number_in({payload, told.message->len}) == number, number, "the message");
  };
}

std::optional<std::uint64_t> check_received(const waybill::kafka::message& received, tally& seen) {
  const auto number = number_in(received.payload().value_or(""));
  if (!seen.add(number.value_or(seen.numbers()))) return std::nullopt;
  seen.expect(received.payload() == payload_of(*number), *number, "the payload");
  seen.expect(!received.key().has_value(), *number, "the key");
  seen.expect(seen_headers(received) == headers_of_message(*number), *number,
              "the application's headers");
  seen.expect(received.context() == context_of(*number), *number, "the context");
  seen.expect(waybill::current() == received.context(), *number, "the current context");
  return number;
}

std::optional<std::uint64_t> check_wire(const bare_record& record, tally& seen) {
  const auto number = number_in(record.value.value_or(""));
  if (!seen.add(number.value_or(seen.numbers()))) return std::nullopt;
  seen.expect(record.value == payload_of(*number), *number, "the payload");
  seen.expect(record.headers == on_wire(headers_of_message(*number), context_of(*number)), *number,
              "the headers");
  return number;
}

}  // namespace waybill_test
