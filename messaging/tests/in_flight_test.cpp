// The table of messages that have no outcome yet.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <semaphore>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>
#include <waybill/messaging/in_flight.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::span_context;
using waybill::messaging::in_flight_message;
using waybill::messaging::in_flight_table;

/// A message that says which one it is.
in_flight_message numbered(std::uint64_t number, const span_context& sent = sample_trace) {
  return {.sent = sent, .span = {}, .user_data = reinterpret_cast<void*>(number)};
}
std::optional<std::uint64_t> number_of(const std::optional<in_flight_message>& message) {
  if (!message.has_value()) return std::nullopt;
  return reinterpret_cast<std::uint64_t>(message->user_data);
}

TEST(InFlight, a_message_is_taken_out_once_by_its_key) {
  in_flight_table table(10);
  int span = 0;
  EXPECT_FALSE(table.add(7, {.sent = other_trace, .span = {&span}, .user_data = &table}));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_FALSE(table.take(8));
  const auto taken = table.take(7);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->sent, other_trace);
  EXPECT_EQ(taken->span.state, &span);
  EXPECT_EQ(taken->user_data, &table);
  EXPECT_EQ(taken->key, 7U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.take(7));
  EXPECT_EQ(table.size(), 0U);
}

TEST(InFlight, a_message_is_contained_until_it_is_taken_out) {
  in_flight_table table(10);
  EXPECT_FALSE(table.contains(7));
  EXPECT_FALSE(table.add(7, {.sent = other_trace, .span = {}}));
  EXPECT_TRUE(table.contains(7));
  EXPECT_FALSE(table.contains(8));
  ASSERT_TRUE(table.take(7));
  EXPECT_FALSE(table.contains(7));
}

TEST(InFlight, every_key_is_good) {
  in_flight_table table(10);
  for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX,
                                  std::uint64_t{1} << 63, std::uint64_t{UINT32_MAX}}) {
    EXPECT_FALSE(table.add(key, numbered(key)));
  }
  for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX,
                                  std::uint64_t{1} << 63, std::uint64_t{UINT32_MAX}}) {
    EXPECT_EQ(number_of(table.take(key)), key);
  }
}

TEST(InFlight, the_same_key_again_gives_up_the_older_message) {
  in_flight_table table(2);
  EXPECT_FALSE(table.add(7, numbered(1)));
  EXPECT_FALSE(table.add(8, numbered(2)));
  EXPECT_EQ(number_of(table.add(7, numbered(3))), 1U);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(number_of(table.take(7)), 3U);
  EXPECT_EQ(number_of(table.take(8)), 2U);
}

TEST(InFlight, the_same_key_again_makes_a_message_the_newest) {
  in_flight_table table(2);
  EXPECT_FALSE(table.add(7, numbered(1)));
  EXPECT_FALSE(table.add(8, numbered(2)));
  EXPECT_EQ(number_of(table.add(7, numbered(3))), 1U);
  EXPECT_EQ(number_of(table.add(9, numbered(4))), 2U);
}

TEST(InFlight, a_full_table_gives_up_its_oldest_and_hears_of_new_ones_for_ever) {
  for (const std::size_t messages_max : {1U, 2U, 15U, 16U, 17U, 100U, 1'000U}) {
    in_flight_table table(messages_max);
    for (std::uint64_t i = 0; i < 20 * messages_max; ++i) {
      const auto given_up = number_of(table.add(64 * i, numbered(i)));
      if (i < messages_max) {
        ASSERT_FALSE(given_up);
      } else {
        ASSERT_EQ(given_up, i - messages_max) << "in the order of age, over all shards";
      }
      ASSERT_EQ(table.size(), std::min<std::size_t>(i + 1, messages_max));
    }
    for (std::uint64_t i = 19 * messages_max; i < 20 * messages_max; ++i) {
      ASSERT_EQ(number_of(table.take(64 * i)), i);
    }
    EXPECT_EQ(table.size(), 0U);
  }
}

TEST(InFlight, a_table_of_none_holds_one) {
  in_flight_table table(0);
  EXPECT_FALSE(table.add(1, numbered(1)));
  EXPECT_EQ(number_of(table.add(2, numbered(2))), 1U);
  EXPECT_EQ(number_of(table.take(2)), 2U);
}

TEST(InFlight, taking_any_empties_the_table) {
  in_flight_table table(1'000);
  EXPECT_FALSE(table.take_any());
  std::set<std::uint64_t> left;
  for (std::uint64_t i = 0; i < 500; ++i) {
    EXPECT_FALSE(table.add(48 * i, numbered(i)));
    left.insert(i);
  }
  while (const auto taken = table.take_any()) EXPECT_EQ(left.erase(*number_of(taken)), 1U);
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.add(1, numbered(1))) << "and it goes on";
  EXPECT_EQ(number_of(table.take_any()), 1U);
}

TEST(InFlight, random_calls_do_what_a_map_and_a_list_by_age_would) {
  std::mt19937_64 random(1);
  for (const std::size_t messages_max : {1U, 3U, 50U, 400U}) {
    for (const std::uint64_t stride : {1U, 16U, 4'096U}) {
      in_flight_table table(messages_max);
      std::unordered_map<std::uint64_t, std::uint64_t> expected;  // key, number
      std::map<std::uint64_t, std::uint64_t> by_age;              // number, key
      const std::size_t keys = 1 + 3 * messages_max;
      for (std::uint64_t number = 1; number <= 30'000; ++number) {
        const std::uint64_t key = stride * (random() % keys);
        const auto known = expected.find(key);
        const std::uint64_t call = random() % 16;
        if (call < 8) {
          std::optional<std::uint64_t> given_up;
          if (known != expected.end()) {
            given_up = known->second;
            by_age.erase(known->second);
          } else if (expected.size() == messages_max) {
            given_up = by_age.begin()->first;
            expected.erase(by_age.begin()->second);
            by_age.erase(by_age.begin());
          }
          expected[key] = number;
          by_age[number] = key;
          ASSERT_EQ(number_of(table.add(key, numbered(number))), given_up);
        } else if (call < 15 || expected.empty()) {
          const auto taken = number_of(table.take(key));
          ASSERT_EQ(taken.has_value(), known != expected.end());
          if (taken.has_value()) {
            ASSERT_EQ(*taken, known->second);
            by_age.erase(known->second);
            expected.erase(known);
          }
        } else {
          const auto any = number_of(table.take_any());
          ASSERT_TRUE(any.has_value());
          ASSERT_EQ(by_age.count(*any), 1U);
          expected.erase(by_age[*any]);
          by_age.erase(*any);
        }
        ASSERT_EQ(table.size(), expected.size());
      }
      for (const auto& [key, number] : expected) ASSERT_EQ(number_of(table.take(key)), number);
      EXPECT_EQ(table.size(), 0U);
    }
  }
}

// Threads.

TEST(InFlight, threads_take_out_what_others_add) {
  constexpr std::uint64_t messages = 20'000;
  constexpr std::uint64_t senders = 4;
  in_flight_table table(messages * senders);
  std::vector<std::atomic<int>> taken(messages * senders);
  std::atomic<std::uint64_t> added{0};
  std::vector<std::thread> threads;
  for (std::uint64_t sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (std::uint64_t i = 0; i < messages; ++i) {
        const std::uint64_t number = sender * messages + i;
        EXPECT_FALSE(table.add(64 * number, numbered(number)));
        added.fetch_add(1);
        if (i % 3 != 0) continue;
        // Its own outcome may come at once.
        if (const auto own = number_of(table.take(64 * number))) taken[*own].fetch_add(1);
      }
    });
  }
  for (int taker = 0; taker < 2; ++taker) {
    threads.emplace_back([&] {
      for (;;) {
        const bool is_last = added.load() == messages * senders;
        while (const auto any = number_of(table.take_any())) taken[*any].fetch_add(1);
        if (is_last) return;
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(
      std::all_of(taken.begin(), taken.end(), [](const auto& times) { return times == 1; }));
}

TEST(InFlight, threads_that_stay_within_the_bound_give_nothing_up) {
  constexpr std::uint64_t messages = 10'000;
  constexpr std::uint64_t senders = 3;
  constexpr std::ptrdiff_t messages_max = 4;
  in_flight_table table(messages_max);
  std::counting_semaphore<messages_max> room(messages_max);  // as a client library's queue
  std::atomic<std::uint64_t> given_up{0};
  std::atomic<std::uint64_t> taken{0};
  std::vector<std::thread> threads;
  for (std::uint64_t sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (std::uint64_t i = 0; i < messages; ++i) {
        const std::uint64_t number = sender * messages + i;
        room.acquire();
        if (!table.add(64 * number, numbered(number)).has_value()) continue;
        ++given_up;
        room.release();
      }
    });
  }
  for (int taker = 0; taker < 2; ++taker) {
    threads.emplace_back([&] {
      while (taken.load() + given_up.load() < messages * senders) {
        if (!table.take_any().has_value()) {
          std::this_thread::yield();
          continue;
        }
        ++taken;
        room.release();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(given_up, 0U);
}

TEST(InFlight, threads_that_fill_a_table_lose_no_message) {
  constexpr std::uint64_t messages = 10'000;
  constexpr std::uint64_t senders = 4;
  constexpr std::size_t messages_max = 64;
  in_flight_table table(messages_max);
  std::vector<std::atomic<int>> gone(messages * senders);
  std::vector<std::thread> threads;
  for (std::uint64_t sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (std::uint64_t i = 0; i < messages; ++i) {
        const std::uint64_t number = sender * messages + i;
        if (const auto lost = number_of(table.add(64 * number, numbered(number)))) {
          gone[*lost].fetch_add(1);
        }
        if (i % 2 != 0) continue;
        if (const auto own = number_of(table.take(64 * number))) gone[*own].fetch_add(1);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_LE(table.size(), messages_max);
  while (const auto any = number_of(table.take_any())) gone[*any].fetch_add(1);
  EXPECT_TRUE(std::all_of(gone.begin(), gone.end(), [](const auto& times) { return times == 1; }));
}

// Cost. Counted in steps, because a time says little on a busy machine.

constexpr std::size_t many = 100'000;

enum class carried { one_span_context, none, different_ones };

/// Steps to take out all of many messages, in the order or against the order of their age.
std::uint64_t steps_to_take(carried what, std::uint64_t bytes_apart, bool newest_first) {
  in_flight_table table(many);
  const auto key_of = [&](std::size_t i) { return 0x7f3a'0000'1010U + i * bytes_apart; };
  for (std::size_t i = 0; i < many; ++i) {
    const span_context sent = what == carried::none               ? span_context()
                              : what == carried::one_span_context ? sample_trace
                                                                  : span_context::new_root(true);
    EXPECT_FALSE(table.add(key_of(i), numbered(i, sent)));
  }
  const std::uint64_t before = table.steps();
  for (std::size_t i = 0; i < many; ++i) {
    const std::size_t taken = newest_first ? many - 1 - i : i;
    if (number_of(table.take(key_of(taken))) != taken) ADD_FAILURE() << taken;
  }
  EXPECT_EQ(table.size(), 0U);
  return table.steps() - before;
}

TEST(InFlight, takes_as_many_steps_whatever_the_messages_carry) {
  for (const std::uint64_t bytes_apart : {16U, 48U, 64U, 112U, 256U, 512U}) {
    for (const bool newest_first : {false, true}) {
      const std::uint64_t one = steps_to_take(carried::one_span_context, bytes_apart, newest_first);
      const std::uint64_t none = steps_to_take(carried::none, bytes_apart, newest_first);
      const std::uint64_t different =
          steps_to_take(carried::different_ones, bytes_apart, newest_first);
      const auto [least, most] = std::minmax({one, none, different});
      EXPECT_LE(most, 2 * least) << bytes_apart;
      EXPECT_LE(most, 4 * many) << "a few steps for each, " << bytes_apart << " bytes apart";
    }
  }
}

TEST(InFlight, takes_no_more_steps_for_many_messages_than_for_few) {
  const auto steps_for_each = [](std::size_t messages) {
    in_flight_table table(messages);
    for (std::size_t i = 0; i < messages; ++i) EXPECT_FALSE(table.add(64 * i, numbered(i)));
    for (std::size_t i = 0; i < messages; ++i) EXPECT_TRUE(table.take(64 * i));
    return static_cast<double>(table.steps()) / static_cast<double>(messages);
  };
  EXPECT_LE(steps_for_each(many), 2 * steps_for_each(1'000));
}

TEST(InFlight, takes_no_more_steps_when_it_is_full) {
  constexpr std::size_t messages_max = 1'000;
  in_flight_table table(messages_max);
  for (std::size_t i = 0; i < messages_max; ++i) EXPECT_FALSE(table.add(64 * i, numbered(i)));
  const std::uint64_t before = table.steps();
  for (std::size_t i = messages_max; i < many; ++i) EXPECT_TRUE(table.add(64 * i, numbered(i)));
  EXPECT_LE(table.steps() - before, 10 * many);
}

}  // namespace
}  // namespace waybill_test
