#include "waybill/rabbitmq/attempts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "support/random_tables.hpp"
#include "support/tables.hpp"

namespace {

using waybill::rabbitmq::count_deliveries;
using waybill::rabbitmq::delivery_counts;
using waybill_test::int64_value;
using waybill_test::own_table;

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::uint64_t attempt_of(const amqp_basic_properties_t& properties, std::string_view queue,
                         bool redelivered) {
  return count_deliveries(properties, queue, redelivered).attempt;
}

struct death {
  std::string_view queue;
  std::string_view reason;
  std::optional<std::int64_t> count;
};

/// A message with an x-death header as RabbitMQ writes it.
class dead_letter {
 public:
  explicit dead_letter(const std::vector<death>& deaths) {
    std::vector<amqp_field_value_t> values;
    for (const death& each : deaths) {
      own_table& table = tables_.emplace_back();
      if (each.count.has_value()) table.add("count", int64_value(*each.count));
      table.add("reason", each.reason).add("queue", each.queue).add("exchange", "");
      table.add_array("routing-keys", {waybill_test::long_string("orders")});
      amqp_field_value_t value = waybill_test::value_of_kind(AMQP_FIELD_KIND_TABLE);
      value.value.table = table.get();
      values.push_back(value);
    }
    headers_.add_array("x-death", std::move(values));
  }
  own_table& headers() { return headers_; }
  /// What RabbitMQ writes from 3.13 on.
  dead_letter& with_last_death(std::string_view queue, std::string_view reason) {
    headers_.add("x-last-death-exchange", "");
    headers_.add("x-last-death-queue", queue).add("x-last-death-reason", reason);
    return *this;
  }
  dead_letter& with_count(std::string_view name, std::int64_t count) {
    headers_.add(name, int64_value(count));
    return *this;
  }
  std::uint64_t attempt(std::string_view queue, bool redelivered = false) {
    return attempt_of(headers_.properties(), queue, redelivered);
  }

 private:
  std::deque<own_table> tables_;
  own_table headers_;
};

TEST(rabbitmq_attempts, without_the_brokers_headers_the_flag_alone_tells) {
  const amqp_basic_properties_t none{};
  EXPECT_EQ(attempt_of(none, "orders", false), 1U);
  EXPECT_EQ(attempt_of(none, "orders", true), 2U);
  own_table other{{"x-first-death-queue", "orders"}};
  EXPECT_EQ(attempt_of(other.properties(), "orders", true), 2U);
}

TEST(rabbitmq_attempts, a_delivery_count_counts_the_earlier_deliveries) {
  for (const std::int64_t count : {0, 1, 7}) {
    own_table table;
    table.add("x-delivery-count", int64_value(count));
    EXPECT_EQ(attempt_of(table.properties(), "orders", true),
              static_cast<std::uint64_t>(count) + 1);
  }
}

struct copied_count {
  const char* name;
  std::optional<std::int64_t> returned;
  std::optional<std::int64_t> acquired;
  std::uint64_t attempt_of_redelivered;
};

TEST(rabbitmq_attempts, a_count_of_a_first_delivery_was_copied_and_does_not_count) {
  constexpr std::array rows{
      copied_count{"none", std::nullopt, std::nullopt, 2},
      copied_count{"zero returned", 0, std::nullopt, 1},
      copied_count{"two returned", 2, std::nullopt, 3},
      copied_count{"three acquired", std::nullopt, 3, 4},
      copied_count{"more acquired than returned", 2, 3, 4},
      copied_count{"the largest", INT64_MAX, INT64_MAX, std::uint64_t{1} << 63U},
  };
  for (const copied_count& each : rows) {
    SCOPED_TRACE(each.name);
    own_table table{{"own", "header"}};
    if (each.returned.has_value()) table.add("x-delivery-count", int64_value(*each.returned));
    if (each.acquired.has_value()) table.add("x-acquired-count", int64_value(*each.acquired));
    const delivery_counts first = count_deliveries(table.properties(), "orders", false);
    EXPECT_EQ(first.attempt, 1U);
    EXPECT_FALSE(first.redelivered);
    EXPECT_EQ(first.returned, each.returned) << "the raw count stands beside";
    EXPECT_EQ(first.acquired, each.acquired) << "the raw count stands beside";
    const delivery_counts later = count_deliveries(table.properties(), "orders", true);
    EXPECT_EQ(later.attempt, each.attempt_of_redelivered);
    EXPECT_TRUE(later.redelivered);
    EXPECT_EQ(later.returned, each.returned);
    EXPECT_EQ(later.acquired, each.acquired);
  }
}

TEST(rabbitmq_attempts, a_dead_letters_own_count_does_not_count_at_its_first_delivery) {
  dead_letter message({{"orders", "rejected", 2}, {"other", "delivery_limit", 5}});
  message.with_count("x-delivery-count", 7);
  EXPECT_EQ(message.attempt("orders", false), 3U);
  EXPECT_EQ(message.attempt("orders", true), 10U);
}

TEST(rabbitmq_attempts, the_raw_counts_stand_beside_the_attempt) {
  dead_letter message({{"orders", "rejected", 2},
                       {"orders", "delivery_limit", 1},
                       {"orders.wait", "expired", 4},
                       {"other", "rejected", 8}});
  message.with_count("x-delivery-count", 16).with_count("x-acquired-count", 32);
  const delivery_counts counts = count_deliveries(message.headers().properties(), "orders", true);
  EXPECT_EQ(counts.attempt, 1U + 32 + 3);
  EXPECT_EQ(counts.returned, 16U);
  EXPECT_EQ(counts.acquired, 32U);
  EXPECT_EQ(counts.died_here, 3U);
  EXPECT_EQ(counts.died_elsewhere, 8U);
  const delivery_counts none = count_deliveries(amqp_basic_properties_t{}, "orders", true);
  EXPECT_FALSE(none.returned || none.acquired || none.died_here || none.died_elsewhere);
}

TEST(rabbitmq_attempts, a_delivery_count_may_be_an_integer_of_any_type) {
  for (const char kind : std::string_view("bBsuIilL")) {
    own_table table;
    amqp_field_value_t value = waybill_test::value_of_kind(static_cast<std::uint8_t>(kind));
    value.value.u64 = 3;
    table.add("x-delivery-count", value);
    EXPECT_EQ(attempt_of(table.properties(), "orders", true), 4U) << kind;
  }
}

TEST(rabbitmq_attempts, a_negative_count_is_none) {
  for (const char kind : std::string_view("bsIl")) {
    own_table table;
    amqp_field_value_t value = waybill_test::value_of_kind(static_cast<std::uint8_t>(kind));
    value.value.i64 = -1;
    table.add("x-delivery-count", value);
    EXPECT_EQ(attempt_of(table.properties(), "orders", true), 1U) << kind;
  }
}

TEST(rabbitmq_attempts, a_count_of_another_type_is_as_good_as_absent) {
  for (const char kind : std::string_view("tfdDSATFVx?")) {
    own_table table;
    table.add("x-delivery-count", waybill_test::value_of_kind(static_cast<std::uint8_t>(kind)));
    table.add("x-death",
              waybill_test::value_of_kind(static_cast<std::uint8_t>(kind == 'A' ? 'F' : kind)));
    EXPECT_EQ(attempt_of(table.properties(), "orders", false), 1U) << kind;
    EXPECT_EQ(attempt_of(table.properties(), "orders", true), 2U) << kind;
  }
}

TEST(rabbitmq_attempts, only_this_queues_failures_count) {
  EXPECT_EQ(dead_letter({{"orders", "rejected", 3}}).attempt("orders"), 4U);
  EXPECT_EQ(dead_letter({{"orders", "delivery_limit", 3}}).attempt("orders"), 4U);
  EXPECT_EQ(dead_letter({{"orders", "expired", 3}}).attempt("orders"), 1U);
  EXPECT_EQ(dead_letter({{"orders", "maxlen", 3}}).attempt("orders"), 1U);
  EXPECT_EQ(dead_letter({{"Orders", "rejected", 3}}).attempt("orders"), 1U);
}

TEST(rabbitmq_attempts, a_retry_loop_through_a_queue_with_a_time_to_live_counts_once_a_round) {
  dead_letter message({{"orders.wait", "expired", 4}, {"orders", "rejected", 4}});
  EXPECT_EQ(message.attempt("orders"), 5U);
  EXPECT_EQ(message.attempt("orders.wait"), 1U);
  EXPECT_EQ(message.attempt("orders", true), 5U);
}

TEST(rabbitmq_attempts, both_headers_are_added) {
  dead_letter message({{"orders", "delivery_limit", 2}, {"orders", "rejected", 1}});
  message.headers().add("x-delivery-count", int64_value(4));
  EXPECT_EQ(message.attempt("orders", true), 8U);
}

/// A message that RabbitMQ rejected from "work" so often, and that waited in "wait" each time.
dead_letter rejected_and_back(std::int64_t rejections) {
  return dead_letter({{"wait", "expired", rejections}, {"work", "rejected", rejections}});
}

// As a bare client saw RabbitMQ 3.10 do it.
TEST(rabbitmq_attempts, of_rabbitmq_3_are_the_returns_since_the_last_rejection_and_all_rejections) {
  for (const std::int64_t rejections : {1, 2, 3}) {
    const auto past = static_cast<std::uint64_t>(rejections);
    EXPECT_EQ(rejected_and_back(rejections).attempt("work", false), past + 1);
    for (const std::int64_t returns : {1, 2, 3}) {
      dead_letter message = rejected_and_back(rejections);
      EXPECT_EQ(message.with_count("x-delivery-count", returns).attempt("work", true),
                past + static_cast<std::uint64_t>(returns) + 1);
    }
  }
}

struct seen_of_rabbitmq_4 {
  std::int64_t rejections;
  std::int64_t delivery_count;
  std::uint64_t attempt;
};

// As a bare client saw RabbitMQ 4.0 do it; each of these was delivered with the flag redelivered.
void expect_of_rabbitmq_4(std::initializer_list<seen_of_rabbitmq_4> deliveries) {
  for (const auto& [rejections, delivery_count, attempt] : deliveries) {
    dead_letter message = rejected_and_back(rejections);
    message.with_last_death("wait", "expired").with_count("x-delivery-count", delivery_count);
    EXPECT_EQ(message.attempt("work", true), attempt)
        << rejections << " rejections, x-delivery-count " << delivery_count;
  }
}

TEST(rabbitmq_attempts, of_rabbitmq_4_do_not_count_rejections_twice) {
  expect_of_rabbitmq_4({{1, 1, 2}, {2, 2, 3}, {3, 3, 4}});
}

TEST(rabbitmq_attempts, of_rabbitmq_4_count_deliveries_that_were_lost_with_their_consumer) {
  // One lost and one rejected in each round, then two and one: the first delivery of a new round.
  expect_of_rabbitmq_4({{1, 2, 3}, {2, 4, 5}});
  expect_of_rabbitmq_4({{1, 3, 4}, {2, 6, 7}});
}

TEST(rabbitmq_attempts, of_rabbitmq_4_add_returns_that_can_be_nothing_else) {
  expect_of_rabbitmq_4({{2, 1, 4}, {3, 1, 5}, {3, 2, 6}});
}

TEST(rabbitmq_attempts, of_rabbitmq_4_are_rather_too_low_where_returns_may_be_failures) {
  expect_of_rabbitmq_4({{1, 1, 2}, {1, 2, 3}, {1, 3, 4}, {2, 2, 3}, {2, 3, 4}});
}

TEST(rabbitmq_attempts, of_rabbitmq_4_begin_anew_in_a_quorum_queue_behind_another) {
  for (const auto& [count, attempt] : {std::pair{1, 1U}, std::pair{2, 2U}, std::pair{4, 4U}}) {
    dead_letter message({{"work", "rejected", 1}});
    message.with_last_death("work", "rejected").with_count("x-delivery-count", count);
    EXPECT_EQ(message.attempt("dead", true), attempt) << count;
  }
  dead_letter ended_by_limit({{"work", "delivery_limit", 1}});
  EXPECT_EQ(ended_by_limit.with_last_death("work", "delivery_limit").attempt("dead"), 1U);
}

TEST(rabbitmq_attempts, of_rabbitmq_4_count_a_failure_by_the_limit_that_brought_no_count) {
  dead_letter message({{"work", "delivery_limit", 1}, {"work", "rejected", 1}});
  message.with_last_death("wait", "expired").with_count("x-delivery-count", 1);
  EXPECT_EQ(message.attempt("work", true), 3U);
}

TEST(rabbitmq_attempts, of_classic_queues_of_rabbitmq_4_are_their_rejections) {
  dead_letter message = rejected_and_back(2);
  EXPECT_EQ(message.with_last_death("wait", "expired").attempt("work", true), 3U);
}

// RabbitMQ 4.3 documents two counts: of failed deliveries, and of all.
TEST(rabbitmq_attempts, an_acquired_count_counts_where_it_is_the_larger_one) {
  own_table returned;
  returned.add("x-acquired-count", int64_value(3));
  EXPECT_EQ(attempt_of(returned.properties(), "work", true), 4U);
  returned.add("x-delivery-count", int64_value(1));
  EXPECT_EQ(attempt_of(returned.properties(), "work", true), 4U);
  own_table failed;
  failed.add("x-acquired-count", int64_value(1)).add("x-delivery-count", int64_value(2));
  EXPECT_EQ(attempt_of(failed.properties(), "work", true), 3U);

  dead_letter message = rejected_and_back(3);
  message.with_last_death("wait", "expired").with_count("x-acquired-count", 1);
  EXPECT_EQ(message.attempt("work", true), 4U) << "whether it begins anew is not known";
  EXPECT_EQ(message.with_count("x-acquired-count", 5).attempt("work", true), 6U);
}

TEST(rabbitmq_attempts, an_entry_without_a_count_is_one_failure) {
  EXPECT_EQ(
      dead_letter({{"orders", "rejected", std::nullopt}, {"orders", "rejected", std::nullopt}})
          .attempt("orders"),
      3U);
}

TEST(rabbitmq_attempts, the_sum_stops_at_the_largest_number) {
  dead_letter message({{"orders", "rejected", INT64_MAX},
                       {"orders", "rejected", INT64_MAX},
                       {"orders", "delivery_limit", INT64_MAX}});
  EXPECT_EQ(message.attempt("orders"), largest);
  EXPECT_EQ(message.with_last_death("orders", "rejected").attempt("orders"), largest);
  EXPECT_EQ(message.with_count("x-delivery-count", 1).attempt("other"), 1U);
  own_table table;
  amqp_field_value_t value = waybill_test::value_of_kind(AMQP_FIELD_KIND_U64);
  value.value.u64 = largest;
  table.add("x-delivery-count", value);
  EXPECT_EQ(attempt_of(table.properties(), "orders", true), largest);
}

TEST(rabbitmq_attempts, an_envelope_brings_its_own_flag) {
  amqp_envelope_t envelope{};
  EXPECT_EQ(count_deliveries(envelope, "orders").attempt, 1U);
  EXPECT_FALSE(count_deliveries(envelope, "orders").redelivered);
  envelope.redelivered = 1;
  EXPECT_EQ(count_deliveries(envelope, "orders").attempt, 2U);
  EXPECT_TRUE(count_deliveries(envelope, "orders").redelivered);
}

TEST(rabbitmq_attempts, whatever_the_header_of_deaths_holds_is_read_without_harm) {
  amqp_table_entry_t header{};
  header.key = waybill::rabbitmq::bytes_of("x-death");
  header.value.kind = AMQP_FIELD_KIND_ARRAY;
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = {1, &header};
  for (const int count : {-1, 0, 5}) {
    header.value.value.array = {count, nullptr};
    EXPECT_EQ(attempt_of(properties, "orders", true), 1U);
  }
  for (const char outer : waybill_test::all_kinds) {
    for (const char inner : waybill_test::all_kinds) {
      own_table entry;
      for (const std::string_view name : {"queue", "reason", "count"}) {
        entry.add(name, waybill_test::value_of_kind(static_cast<std::uint8_t>(inner)));
      }
      amqp_field_value_t value = waybill_test::value_of_kind(static_cast<std::uint8_t>(outer));
      if (outer == 'F') value.value.table = entry.get();
      header.value.value.array = {1, &value};
      EXPECT_EQ(attempt_of(properties, "orders", true), 1U) << outer << inner;
    }
  }
}

}  // namespace
