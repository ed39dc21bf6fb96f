// The received slot as the receive calls of every client fill and empty it, and messages that know
// whether their context was used.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include "received_messages.hpp"
#include "waybill/header_list.hpp"
#include "waybill/messaging/sending.hpp"

namespace waybill_test {
namespace {

using waybill::context;
using waybill::current;
using waybill::inbound_mode;
using waybill::propagation;
using waybill::messaging::receiving;

/// Ends a receive call with one message.
void give(const receiving& client, test_message& message) {
  client.give(message, "orders", describe, client.begin());
}
void give(const receiving& client, test_message&& message) { give(client, message); }

std::uint64_t unused_contexts(const propagation& settings, std::size_t boundary_index = 0) {
  return settings.diagnostics()->count(waybill::direction::inbound, waybill::errc::unused_context,
                                       boundary_index);
}

TEST(ReceivedSlot, holds_the_one_message_that_a_receive_call_gave) {
  const receiving client(taking(inbound_mode::adopt), true);
  static_cast<void>(client.begin());
  test_message first(client.settings());
  give(client, first);
  EXPECT_EQ(current(), first.taken().context());
  static_cast<void>(client.begin());
  EXPECT_TRUE(current().is_empty()) << "a call that gives nothing leaves nothing";
  test_message nothing;
  give(client, nothing);
  EXPECT_TRUE(current().is_empty());
}

TEST(ReceivedSlot, is_not_filled_by_a_client_that_does_not_want_it) {
  const receiving client(taking(inbound_mode::adopt), false);
  EXPECT_FALSE(client.fills_slot());
  give(client, test_message(client.settings()));
  EXPECT_TRUE(current().is_empty());
}

TEST(ReceivedSlot, is_emptied_by_the_receive_call_of_any_client) {
  const receiving one(taking(inbound_mode::adopt), true);
  const receiving other(taking(inbound_mode::adopt), false);
  give(one, test_message(one.settings()));
  static_cast<void>(other.begin());
  EXPECT_TRUE(current().is_empty());
}

TEST(ReceivedSlot, is_emptied_when_its_client_is_closed_and_not_when_another_is) {
  const receiving one(taking(inbound_mode::adopt), true);
  {
    const receiving other(taking(inbound_mode::adopt), true);
    give(one, test_message(one.settings()));
    other.closed();
    EXPECT_FALSE(current().is_empty());
  }
  EXPECT_FALSE(current().is_empty()) << "nor when another is destroyed";
  one.closed();
  EXPECT_TRUE(current().is_empty());
}

TEST(ReceivedSlot, is_the_parent_of_what_the_thread_sends) {
  const auto tracer = std::make_shared<recording_tracer>();
  const receiving client(taking(inbound_mode::adopt, tracer), true);
  test_message taken(client.settings());
  give(client, taken);
  waybill::header_list headers;
  {
    const waybill::messaging::sending message(headers, {}, waybill::inject_mode::automatic,
                                              client.settings(), "next", describe);
    message.write(headers);
  }
  EXPECT_EQ(tracer->span_at(1).parent, taken.taken().context());
  EXPECT_EQ(waybill::propagator().extract(headers), tracer->span_at(1).started);
  static_cast<void>(client.begin());
  EXPECT_EQ(client.settings().diagnostics()->count(waybill::direction::inbound,
                                                   waybill::errc::unused_context),
            0U);
}

TEST(ReceivedSlot, that_nobody_looks_at_is_counted) {
  const receiving client(taking(inbound_mode::adopt), true);
  const auto unused = [&client] {
    return client.settings().diagnostics()->count(waybill::direction::inbound,
                                                  waybill::errc::unused_context);
  };
  give(client, test_message(client.settings()));
  static_cast<void>(client.begin());
  EXPECT_EQ(unused(), 1U);
  static_cast<void>(client.begin());
  EXPECT_EQ(unused(), 1U);
  give(client, test_message(client.settings()));
  client.closed();
  EXPECT_EQ(unused(), 2U);
}

TEST(ReceivedSlot, a_receive_call_knows_when_it_began_where_there_is_a_tracer) {
  const receiving silent(taking(inbound_mode::adopt), true);
  EXPECT_EQ(silent.begin(), std::chrono::system_clock::time_point{});
  const receiving traced(taking(inbound_mode::adopt, std::make_shared<recording_tracer>()), true);
  const auto before = std::chrono::system_clock::now();
  EXPECT_GE(traced.begin(), before);
}

TEST(ReceivedMessage, notes_the_use_of_its_context_however_it_is_asked_for) {
  const receiving client(taking(inbound_mode::adopt), false);
  for (const bool by_slot : {false, true}) {
    const receiving one(client.settings(), by_slot);
    {
      test_message message(client.settings());
      give(one, message);
      EXPECT_TRUE(message.context().has_trace());
    }
    {
      test_message message(client.settings());
      give(one, message);
      EXPECT_EQ(message.extraction().sender(), message.taken().sender());
    }
    {
      test_message message(client.settings());
      give(one, message);
      EXPECT_TRUE(std::move(message).context().has_trace());
    }
    {
      test_message message(client.settings());
      give(one, message);
      EXPECT_TRUE(std::move(message).extraction().sender().is_valid());
    }
    one.closed();
  }
  EXPECT_EQ(unused_contexts(client.settings()), 0U);
}

TEST(ReceivedMessage, gives_values_rather_than_references_when_it_is_a_temporary) {
  static_assert(std::is_reference_v<decltype(std::declval<const test_message&>().context())>);
  static_assert(!std::is_reference_v<decltype(test_message().context())>);
  static_assert(std::is_reference_v<decltype(std::declval<const test_message&>().extraction())>);
  static_assert(!std::is_reference_v<decltype(test_message().extraction())>);
}

TEST(ReceivedMessage, that_dies_unused_is_counted_for_its_entry_of_the_boundary) {
  waybill::boundary rules;
  rules.set("invoices", {});
  rules.set("orders", {});
  const propagation settings({.boundary = rules});
  const std::size_t index = settings.boundary().find_index("orders");
  ASSERT_NE(index, settings.boundary().find_index("invoices"));
  for (const bool by_slot : {false, true}) {
    const receiving client(settings, by_slot);
    { give(client, test_message(settings)); }
    client.closed();
  }
  EXPECT_EQ(unused_contexts(settings, index), 2U);
  EXPECT_EQ(unused_contexts(settings, settings.boundary().find_index("invoices")), 0U);
}

TEST(ReceivedMessage, counts_once_when_it_was_moved) {
  const receiving client(taking(inbound_mode::adopt), false);
  {
    test_message first(client.settings());
    give(client, first);
    test_message second(std::move(first));
    test_message third;
    third = std::move(second);
    EXPECT_EQ(unused_contexts(client.settings()), 0U);
  }
  EXPECT_EQ(unused_contexts(client.settings()), 1U);
}

// Calls that may give several messages.

TEST(Batch, has_one_receive_span_with_a_link_to_each_message) {
  const auto tracer = std::make_shared<recording_tracer>();
  const receiving client(taking(inbound_mode::adopt, tracer), true);
  receiving::batch call(client);
  const auto before = std::chrono::system_clock::now();
  test_message first(client.settings());
  test_message second(client.settings());
  test_message without_context;
  call.give(first, "orders");
  call.give(second, "orders");
  call.give(without_context, "orders");
  EXPECT_EQ(call.messages(), 3U);
  call.end(describe);
  ASSERT_EQ(tracer->span_count(), 1U);
  const recording_tracer::span span = tracer->span_at(0);
  EXPECT_EQ(span.kind, waybill::operation_kind::receive);
  EXPECT_EQ(span.destination, "orders");
  EXPECT_EQ(span.links.size(), 2U);
  EXPECT_LE(span.started_at, before);
  EXPECT_TRUE(current().is_empty()) << "several messages have no one context";
}

TEST(Batch, of_several_destinations_names_none) {
  const auto tracer = std::make_shared<recording_tracer>();
  const receiving client(taking(inbound_mode::adopt, tracer), true);
  receiving::batch call(client);
  test_message messages[3];
  call.give(messages[0], "orders");
  call.give(messages[1], "invoices");
  call.give(messages[2], "orders");
  call.end(describe);
  EXPECT_EQ(tracer->span_at(0).destination, "");
}

TEST(Batch, that_gives_nothing_has_no_span_and_empties_the_slot) {
  const auto tracer = std::make_shared<recording_tracer>();
  const receiving client(taking(inbound_mode::adopt, tracer), true);
  give(client, test_message(client.settings()));
  EXPECT_EQ(tracer->span_count(), 1U);
  const receiving::batch call(client);
  EXPECT_TRUE(current().is_empty());
  call.end(describe);
  EXPECT_EQ(tracer->span_count(), 1U);
}

TEST(Batch, counts_each_message_whose_context_nobody_used) {
  const receiving client(taking(inbound_mode::adopt), true);
  {
    receiving::batch call(client);
    test_message used(client.settings());
    test_message unused(client.settings());
    call.give(used, "orders");
    call.give(unused, "orders");
    call.end(describe);
    EXPECT_EQ(call.messages(), 2U) << "without a tracer, too";
    EXPECT_TRUE(used.context().has_trace());
  }
  EXPECT_EQ(unused_contexts(client.settings()), 1U);
}

}  // namespace
}  // namespace waybill_test
