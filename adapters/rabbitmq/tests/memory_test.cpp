// What happens when memory runs out, and how much is asked for. In an executable of its own,
// because it replaces malloc.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../../testing/support/counted_memory.hpp"
#include "../src/incoming.hpp"
#include "support/contexts.hpp"
#include "support/listening_server.hpp"
#include "support/router_frames.hpp"
#include "support/scripted_server.hpp"
#include "support/tables.hpp"
#include "waybill/rabbitmq/connection.hpp"
#include "waybill/rabbitmq/consumer.hpp"
#include "waybill/rabbitmq/publisher.hpp"

namespace waybill_test {
namespace {

using std::chrono::milliseconds;
using waybill::rabbitmq::connection;
using waybill::rabbitmq::consumer;
using waybill::rabbitmq::message;
using waybill::rabbitmq::publisher;
using waybill::rabbitmq::detail::incoming;

constexpr amqp_channel_t first_channel = 2'047;
/// More allocations than any of these calls needs.
constexpr std::size_t allocations_max = 60;

/// Runs `work` with so many allocations, then with all memory again.
template <class F>
void with_allocations(std::size_t left, F&& work) {
  memory.allocations_left = left;
  std::forward<F>(work)();
  memory.allocations_left = SIZE_MAX;
}

TEST(out_of_memory, a_body_grows_with_what_arrives_whatever_is_announced) {
  const std::string fragment(1'000, 'x');
  amqp_basic_deliver_t fields{};
  for (const std::uint64_t announced : {std::uint64_t{1} << 63U, UINT64_MAX}) {
    const memory_use use = memory_use_in([&] {
      incoming message(1, {AMQP_BASIC_DELIVER_METHOD, &fields});
      static_cast<void>(message.take(header_frame(1, announced)));
      for (int i = 0; i < 100; ++i) {
        static_cast<void>(message.take(body_frame(1, fragment)));
      }
    });
    // Each of about eight enlargements is no larger than twice what has arrived.
    EXPECT_LT(use.bytes, 500'000U);
    EXPECT_LT(use.allocations, 20U);
  }
}

TEST(out_of_memory, a_message_is_not_whole_and_its_frames_are_taken) {
  amqp_basic_deliver_t fields{};
  fields.exchange = waybill::rabbitmq::bytes_of("exchange");
  for (std::size_t left = 0; left < 6; ++left) {
    incoming::progress last = incoming::progress::broken;
    bool is_whole = true;
    memory.allocations_left = left;
    {
      incoming message(1, {AMQP_BASIC_DELIVER_METHOD, &fields});
      static_cast<void>(message.take(header_frame(1, 4)));
      last = message.take(body_frame(1, "body"));
      is_whole = message.is_whole();
    }
    memory.allocations_left = SIZE_MAX;
    EXPECT_EQ(last, incoming::progress::complete) << left;
    if (left == 0) {
      EXPECT_FALSE(is_whole);
    }
    if (left == 5) {
      EXPECT_TRUE(is_whole) << "so few allocations are enough";
    }
  }
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                       std::filesystem::directory_iterator());
}

TEST(out_of_memory, a_connection_that_cannot_open_leaves_no_socket) {
  const silent_port nobody;
  const waybill::rabbitmq::connection_parameters where{
      .port = nobody.port(), .connect_timeout = std::chrono::milliseconds(1)};
  const std::ptrdiff_t before = open_descriptors();
  int failures = 0;
  for (std::size_t left = 0; left < 60; ++left) {
    bool is_open = false;
    memory.allocations_left = left;
    try {
      is_open = waybill::rabbitmq::connection::open(where).is_open();
    } catch (const std::bad_alloc&) {
      ++failures;
    }
    memory.allocations_left = SIZE_MAX;
    EXPECT_FALSE(is_open);
    EXPECT_EQ(open_descriptors(), before) << left;
  }
  EXPECT_GT(failures, 0);
}

/// A consumer and a publisher on a connection with a server.
struct clients {
  explicit clients(const waybill::rabbitmq::consumer_options& options = {}) {
    link.server().send_channel(first_channel);
    receiving.emplace(on, "queue", settings, options);
    link.server().send_consuming(first_channel);
    EXPECT_EQ(receiving->start(), AMQP_STATUS_OK);
    link.server().send_channel(first_channel - 1, true);
    sending.emplace(on, settings, [this](const auto&) { ++outcomes; });
    static_cast<void>(link.server().frames());
  }

  scripted_connection link;
  waybill::propagation settings{waybill::propagation_options{}};
  int outcomes = 0;
  connection on{link.raw()};
  std::optional<consumer> receiving;
  std::optional<publisher> sending;
};

std::string delivery() {
  own_table table{{"traceparent", traceparent_a}, {"own", "header"}};
  return deliver_bytes(first_channel, 1) + content_bytes(first_channel, "body", table.properties());
}

TEST(out_of_memory, a_message_is_received_or_goes_back_to_its_queue) {
  int received = 0;
  int rejected = 0;
  int lost = 0;
  for (const bool no_ack : {false, true}) {
    for (std::size_t left = 0; left < allocations_max; ++left) {
      SCOPED_TRACE(left);
      clients test({.no_ack = no_ack});
      test.link.server().send(delivery());
      message got;
      with_allocations(left, [&] { got = test.receiving->receive(milliseconds(0)); });
      const auto sent = test.link.server().frames();
      if (got) {
        ++received;
        EXPECT_EQ(got.payload(), "body");
        EXPECT_TRUE(sent.empty());
      } else if (!test.on.is_open()) {
        ++lost;
        EXPECT_NE(test.on.reason().status, AMQP_STATUS_OK);
      } else if (no_ack) {
        EXPECT_TRUE(sent.empty());
      } else {
        ++rejected;
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0].method.id, AMQP_BASIC_REJECT_METHOD);
        EXPECT_EQ(sent[0].as<amqp_basic_reject_t>().delivery_tag, 1U);
        EXPECT_EQ(sent[0].as<amqp_basic_reject_t>().requeue, 1);
      }
    }
  }
  EXPECT_GT(received, 0);
  EXPECT_GT(rejected, 0);
  EXPECT_GT(lost, 0);
}

TEST(out_of_memory, every_accepted_message_has_its_outcome) {
  const waybill::context mine = make_context(traceparent_a, "a=1", "b=2");
  own_table table{{"own", "header"}};
  for (std::size_t left = 0; left < allocations_max; ++left) {
    SCOPED_TRACE(left);
    clients test;
    int accepted = 0;
    with_allocations(left, [&] {
      for (int i = 0; i < 3; ++i) {
        const int status = test.sending->publish({.routing_key = "queue",
                                                  .payload = "body",
                                                  .properties = &table.properties(),
                                                  .mandatory = true},
                                                 {.context = &mine});
        if (status == AMQP_STATUS_OK) ++accepted;
      }
    });
    test.link.server().send(ack_bytes(first_channel - 1, 1) +
                            close_bytes(first_channel - 1, 406, "PRECONDITION_FAILED"));
    with_allocations(left, [&] { static_cast<void>(test.on.pump(milliseconds(20))); });
    test.sending.reset();
    EXPECT_EQ(test.outcomes, accepted);
  }
}

TEST(out_of_memory, settling_and_closing_need_none) {
  clients test;
  test.link.server().send(delivery());
  message got = test.receiving->receive(milliseconds(1'000));
  ASSERT_TRUE(got);
  with_allocations(0, [&] {
    EXPECT_EQ(test.receiving->ack(got), AMQP_STATUS_OK);
    test.receiving.reset();
    test.sending.reset();
  });
  EXPECT_EQ(
      test.link.server().methods(),
      (std::vector{AMQP_BASIC_ACK_METHOD, AMQP_CHANNEL_CLOSE_METHOD, AMQP_CHANNEL_CLOSE_METHOD}));
}

}  // namespace
}  // namespace waybill_test
