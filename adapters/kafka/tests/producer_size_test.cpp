// A message that fits message.max.bytes only without our fields goes with fewer of them (design
// invariant 1): baggage is left out first, then tracestate, then traceparent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "support/sending.hpp"

namespace {

using waybill::direction;
using waybill::errc;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::make_list;
using waybill_test::owned_list;
using waybill_test::purge;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;
constexpr std::size_t message_bytes_max = 2'000;
const bare_headers full_fields{{"traceparent", std::string(traceparent_a)},
                               {"tracestate", "x=1,y=2"},
                               {"baggage", "user=alice,n=1"}};

struct kafka_size : waybill_test::kafka_sending {
  waybill_test::owned_client bare;

  static waybill_test::config limited() {
    return std::move(
        waybill_test::unreachable().set("message.max.bytes", std::to_string(message_bytes_max)));
  }

  /// Whether librdkafka alone takes a message of this size with these headers.
  [[nodiscard]] bool fits(std::size_t value_bytes, const bare_headers& headers) {
    if (bare == nullptr) bare = make_client(RD_KAFKA_PRODUCER, limited());
    const std::string value(value_bytes, 'x');
    owned_list list = headers.empty() ? nullptr : make_list(headers);
    const auto answer = rd_kafka_producev(
        bare.get(), RD_KAFKA_V_TOPIC(waybill_test::topic), RD_KAFKA_V_KEY("key", 3),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_HEADERS(list.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (answer == no_error) static_cast<void>(list.release());
    purge(bare.get());
    EXPECT_TRUE(answer == no_error || answer == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    return answer == no_error;
  }

  /// What a message has to go out with; nothing when it is too large without any field.
  [[nodiscard]] std::optional<bare_headers> expected(std::size_t value_bytes,
                                                     const bare_headers& own,
                                                     const bare_headers& fields) {
    for (bare_headers left = fields;; left.pop_back()) {
      if (fits(value_bytes, own + left)) return own + left;
      if (left.empty()) return std::nullopt;
    }
  }

  [[nodiscard]] std::uint64_t dropped() const {
    return options.diagnostics->count(direction::outbound, errc::dropped_for_size);
  }

  /// Sends messages of every size from a little below the limit to a little above.
  /// @par Output   how many went out with each number of fields, from none to three.
  std::vector<std::size_t> sweep(const bare_headers& before, const waybill::context& context,
                                 const bare_headers& fields) {
    connect(limited());
    const auto producer = make_producer();
    const bare_headers own = waybill_test::without_fields(before);
    std::vector<std::size_t> seen(fields.size() + 1);
    std::size_t refused = 0;
    std::size_t first = 0;
    while (fits(first + 60, own + fields)) first += 50;
    for (std::size_t bytes = first; refused < 3; ++bytes) {
      const auto wanted = expected(bytes, own, fields);
      const std::uint64_t dropped_before = dropped();
      const std::string value(bytes, 'x');
      owned_list list = make_list(before);
      const auto answer = producer->produce(
          {.topic = waybill_test::topic, .payload = value, .key = "key", .headers = list.get()},
          {.context = &context});
      if (!wanted.has_value()) {
        ++refused;
        EXPECT_EQ(answer, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) << bytes;
        EXPECT_EQ(waybill_test::headers_of(list.get()), before) << bytes;
        continue;
      }
      EXPECT_EQ(answer, no_error) << bytes;
      if (answer != no_error) break;
      static_cast<void>(list.release());
      purge(client.get());
      EXPECT_EQ(log.entries().back().message.value().headers, *wanted) << bytes;
      const std::size_t fields_sent = wanted->size() - own.size();
      EXPECT_EQ(dropped() > dropped_before, fields_sent < fields.size()) << bytes;
      EXPECT_EQ(log.entries().back().sent.is_valid(),
                waybill_test::count_of(*wanted, "traceparent") == 1)
          << bytes;
      ++seen[fields_sent];
    }
    return seen;
  }
};

TEST_F(kafka_size, invariant_1_fields_are_left_out_exactly_when_the_message_would_not_fit) {
  for (const std::size_t count : sweep({}, full, full_fields)) EXPECT_GT(count, 3U);
}

TEST_F(kafka_size, invariant_1_the_applications_headers_are_never_left_out) {
  for (const std::size_t count : sweep(application_headers(), full, full_fields)) {
    EXPECT_GT(count, 3U);
  }
}

TEST_F(kafka_size, invariant_3_stale_fields_do_not_come_back_when_new_ones_are_left_out) {
  const bare_headers stale{{"Traceparent", std::string(traceparent_b)},
                           {"own", "1"},
                           {"tracestate", "old=1"},
                           {"baggage", "old=1"},
                           {"traceparent", std::string(traceparent_b)}};
  for (const std::size_t count : sweep(stale, full, full_fields)) EXPECT_GT(count, 3U);
}

TEST_F(kafka_size, parts_that_a_context_does_not_have_make_no_difference) {
  const auto no_state = waybill_test::make_context(traceparent_a, {}, "k=v");
  for (const std::size_t count :
       sweep({{"own", "1"}}, no_state, {full_fields[0], {"baggage", "k=v"}})) {
    EXPECT_GT(count, 3U);
  }
  const auto items = waybill_test::make_context({}, {}, "k=v");
  for (const std::size_t count : sweep({{"own", "1"}}, items, {{"baggage", "k=v"}})) {
    EXPECT_GT(count, 3U);
  }
}

TEST_F(kafka_size, a_baggage_larger_than_any_message_is_left_out_alone) {
  connect(limited());
  const auto large =
      waybill_test::make_context(traceparent_a, "x=1", "k=" + std::string(4'000, 'v'));
  const auto entry = sent({.topic = waybill_test::topic, .payload = "value"}, {.context = &large});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->message->headers, (bare_headers{full_fields[0], {"tracestate", "x=1"}}));
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(kafka_size, invariant_9_a_message_sent_with_fewer_fields_has_one_span_and_one_outcome) {
  connect(limited());
  trace();
  const auto producer = make_producer();
  std::size_t accepted = 0;
  for (std::size_t bytes = message_bytes_max - 300; bytes < message_bytes_max; bytes += 3) {
    // The payload is librdkafka's to free when one of the attempts succeeds, and ours otherwise.
    auto* const value = static_cast<char*>(std::malloc(bytes));  // NOLINT(*-no-malloc)
    std::memset(value, 'x', bytes);
    const auto answer = producer->produce({.topic = waybill_test::topic,
                                           .payload = std::string_view(value, bytes),
                                           .flags = RD_KAFKA_MSG_F_FREE},
                                          {.context = &full});
    if (answer == no_error) {
      ++accepted;
    } else {
      std::free(value);  // NOLINT(*-no-malloc)
    }
  }
  EXPECT_EQ(tracer->spans().size(), 100U);
  EXPECT_GT(accepted, 10U);
  EXPECT_LT(accepted, 100U);
  EXPECT_EQ(producer->in_flight(), accepted);
  purge(client.get());
  EXPECT_EQ(log.size(), accepted);
  EXPECT_EQ(log.count(waybill::outcome_state::purged), accepted);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(producer->in_flight(), 0U);
}

TEST_F(kafka_size, what_is_kept_goes_as_it_is_or_not_at_all) {
  connect(limited());
  const auto producer = make_producer(waybill::inject_mode::keep);
  const bare_headers kept{{"traceparent", std::string(traceparent_b)}, {"baggage", "k=v"}};
  bool was_refused = false;
  for (std::size_t bytes = message_bytes_max - 300; bytes < message_bytes_max; ++bytes) {
    const std::string value(bytes, 'x');
    owned_list list = make_list(kept);
    const auto answer = producer->produce(
        {.topic = waybill_test::topic, .payload = value, .key = "key", .headers = list.get()});
    EXPECT_EQ(answer == no_error, fits(bytes, kept)) << bytes;
    was_refused = was_refused || answer != no_error;
    if (answer == no_error) static_cast<void>(list.release());
  }
  EXPECT_TRUE(was_refused);
  purge(client.get());
  for (const auto& entry : log.entries()) EXPECT_EQ(entry.message.value().headers, kept);
}

}  // namespace
