// Counts every allocation of the program, those of the C library included, so it is an executable
// of its own. Under a sanitizer that brings its own malloc there is nothing to count.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <waybill/messaging/in_flight.hpp>
#include <waybill/messaging/receiving.hpp>
#include <waybill/messaging/sending.hpp>

#include "support/carriers.hpp"
#include "support/counted_memory.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::propagation;
using waybill::messaging::in_flight_table;
using waybill::messaging::sending;
using carrier = fixed_headers<6>;

constexpr auto describe = [] { return waybill::operation_details{.system = "test"}; };

template <class F>
std::size_t allocations_in(F&& work) {
  return memory_use_in(std::forward<F>(work)).allocations;
}

carrier full_carrier() {
  carrier headers;
  headers.set("app-id", "orders");
  headers.set("traceparent", sample_traceparent);
  headers.set("tracestate", "dd=s:2;o:rum;t.dm:-4,congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  headers.set("baggage", "userId=alice,serverNode=DF28,isProduction=false,plan=gold;ttl=60");
  return headers;
}

TEST(MessagingAllocation, none_to_decide_what_goes_out) {
  const propagation settings(waybill::propagation_options{});
  const waybill::context sent = settings.propagator().extract(full_carrier());
  carrier headers = full_carrier();
  for (const auto mode : {waybill::inject_mode::automatic, waybill::inject_mode::keep,
                          waybill::inject_mode::parent}) {
    EXPECT_EQ(allocations_in([&] {
                const sending message(headers, {.context = &sent}, mode, settings, "orders");
                message.write(headers);
              }),
              0U);
  }
}

struct message_of : waybill::messaging::received {
  message_of(carrier& headers, const propagation& settings)
      : received([&] { return waybill::take(headers, settings, "orders"); }) {}
};

TEST(MessagingAllocation, none_to_relay_a_message_through_the_received_slot) {
  const waybill::messaging::receiving client(propagation(waybill::propagation_options{}), true);
  const auto relay = [&client] {
    static_cast<void>(client.begin());
    carrier headers = full_carrier();
    message_of received(headers, client.settings());
    client.give(received, "orders", describe, {});
    const sending message(headers, {}, waybill::inject_mode::automatic, client.settings(), "next");
    message.write(headers);
    EXPECT_EQ(headers.find("traceparent"), sample_traceparent);
  };
  relay();  // the thread's slot
  EXPECT_EQ(allocations_in(relay), 0U);
  client.closed();
}

TEST(MessagingAllocation, none_for_messages_in_flight_once_as_many_were_in_flight_before) {
  in_flight_table table(1'000);
  const auto fill_and_empty = [&table] {
    for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_FALSE(table.add(64 * i, {}).has_value());
    for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_TRUE(table.take(64 * i).has_value());
  };
  fill_and_empty();
  EXPECT_EQ(allocations_in(fill_and_empty), 0U);
}

TEST(MessagingAllocation, of_messages_in_flight_grow_with_their_logarithm) {
  in_flight_table table(100'000);
  EXPECT_LE(allocations_in([&table] {
              for (std::uint64_t i = 0; i < 100'000; ++i) static_cast<void>(table.add(64 * i, {}));
            }),
            1'000U);
  EXPECT_EQ(table.size(), 100'000U);
}

TEST(MessagingAllocation, that_fails_gives_up_the_message_and_loses_no_other) {
  for (std::size_t allocations = 0; allocations < 40; ++allocations) {
    in_flight_table table(10'000);
    std::size_t given_up = 0;
    memory.allocations_left = allocations;
    for (std::uint64_t key = 1; key <= 2'000; ++key) {
      const auto lost = table.add(
          key, {.sent = sample_trace, .span = {}, .user_data = reinterpret_cast<void*>(key)});
      if (!lost.has_value()) continue;
      ++given_up;
      EXPECT_EQ(lost->user_data, reinterpret_cast<void*>(key)) << "the new one";
    }
    memory.allocations_left = SIZE_MAX;
    EXPECT_GT(given_up, 0U);
    EXPECT_EQ(table.size() + given_up, 2'000U);
    std::size_t taken = 0;
    for (std::uint64_t key = 1; key <= 2'000; ++key) {
      const auto found = table.take(key);
      if (!found.has_value()) continue;
      ++taken;
      EXPECT_EQ(found->user_data, reinterpret_cast<void*>(key));
    }
    EXPECT_EQ(taken + given_up, 2'000U);
  }
}

}  // namespace
}  // namespace waybill_test
