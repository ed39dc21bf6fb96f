// Consumer groups: what handle() does with the offset, seen by asking the broker.

#include "support/groups.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

using waybill::kafka::settle_mode;

constexpr std::size_t messages = 5;

// A member of a group with an application's own subscription.
class member {
 public:
  member(const std::string& bootstrap, const std::string& group, const std::string& topic,
         settle_mode settle, kafka_properties properties = {}) {
    properties.insert({{"group.id", group},
                       {"auto.offset.reset", "earliest"},
                       {"enable.auto.commit", "false"},
                       {"fetch.wait.max.ms", "50"}});
    handle_ = make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap, properties);
    rd_kafka_poll_set_consumer(handle());
    const offset_list topics = offsets_of(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(handle(), topics.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
    consumer_ = std::make_unique<waybill::kafka::consumer>(
        handle(), waybill::propagation{}, waybill::kafka::consumer_options{.settle = settle});
  }

  waybill::kafka::message next() & { return next_message(*consumer_); }
  rd_kafka_resp_err_t handle_next() {
    waybill::kafka::message received = next();
    return consumer_->handle(received, [](const waybill::kafka::message&) {});
  }
  /// Leaves the group in order, which commits what was stored when auto commit is on.
  void close() {
    const rd_kafka_resp_err_t error = rd_kafka_consumer_close(handle());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }
  [[nodiscard]] waybill::kafka::consumer& consumer() { return *consumer_; }
  [[nodiscard]] rd_kafka_t* handle() const { return handle_.get(); }

 private:
  kafka_handle handle_;
  std::unique_ptr<waybill::kafka::consumer> consumer_;
};

class groups : public kafka_test {
 protected:
  void SetUp() override {
    waybill_producer producer(bootstrap());
    for (std::uint64_t i = 0; i < messages; ++i) {
      const waybill::context context = make_context(i + 1, "t=1", "b=1");
      producer.send(topic_, {"key", std::to_string(i), {{"app", "1"}}}, {.context = &context});
    }
    producer.flush();
  }
  [[nodiscard]] std::int64_t committed() const {
    return committed_offset(bootstrap(), group_, topic_);
  }

  std::string topic_ = new_topic();
  std::string group_ = unique_topic("group");
};

TEST_F(groups, commit_each_handled_message_before_handle_returns_in_mode_commit_sync) {
  member one(bootstrap(), group_, topic_, settle_mode::commit_sync);
  EXPECT_EQ(committed(), RD_KAFKA_OFFSET_INVALID);
  for (std::int64_t i = 0; i < 3; ++i) {
    ASSERT_EQ(one.handle_next(), RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(committed(), i + 1);
  }
}

TEST_F(groups, commit_each_handled_message_in_time_in_mode_commit_async) {
  member one(bootstrap(), group_, topic_, settle_mode::commit_async);
  for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(one.handle_next(), RD_KAFKA_RESP_ERR_NO_ERROR);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::int64_t now = committed();
  while (now != 3 && std::chrono::steady_clock::now() < deadline) now = committed();
  EXPECT_EQ(now, 3);
}

TEST_F(groups, store_the_offset_of_handled_messages_alone_in_mode_store_offset) {
  {
    member one(bootstrap(), group_, topic_, settle_mode::store_offset,
               {{"enable.auto.commit", "true"}, {"enable.auto.offset.store", "false"}});
    for (std::size_t i = 0; i < 2; ++i) ASSERT_EQ(one.handle_next(), RD_KAFKA_RESP_ERR_NO_ERROR);
    // Polled and not handled.
    const waybill::kafka::message polled = one.next();
    EXPECT_EQ(polled.payload(), "2");
    one.close();
  }
  EXPECT_EQ(committed(), 2);
}

TEST_F(groups, commit_nothing_of_their_own_in_mode_none) {
  {
    member one(bootstrap(), group_, topic_, settle_mode::none);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(one.handle_next(), RD_KAFKA_RESP_ERR_NO_ERROR);
    one.close();
  }
  EXPECT_EQ(committed(), RD_KAFKA_OFFSET_INVALID);
}

TEST_F(groups, commit_when_the_application_asks_for_it) {
  member one(bootstrap(), group_, topic_, settle_mode::none);
  const waybill::kafka::message first = one.next();
  const waybill::kafka::message second = one.next();
  EXPECT_EQ(one.consumer().commit(second), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(committed(), 2);
}

TEST_F(groups, get_a_message_again_with_its_context_when_its_handler_threw) {
  {
    member one(bootstrap(), group_, topic_, settle_mode::commit_sync);
    ASSERT_EQ(one.handle_next(), RD_KAFKA_RESP_ERR_NO_ERROR);
    waybill::kafka::message received = one.next();
    EXPECT_THROW(one.consumer().handle(
                     received,
                     [](const waybill::kafka::message&) { throw std::runtime_error("not today"); }),
                 std::runtime_error);
    EXPECT_TRUE(waybill::current().is_empty());
    received = {};
    one.close();
  }
  EXPECT_EQ(committed(), 1);

  member other(bootstrap(), group_, topic_, settle_mode::commit_sync);
  waybill::kafka::message again = other.next();
  EXPECT_EQ(again.payload(), "1");
  EXPECT_EQ(again.context(), make_context(2, "t=1", "b=1"));
  EXPECT_EQ(seen_headers(again), (std::vector<bare_header>{{"app", "1"}}));
  EXPECT_EQ(other.consumer().handle(again,
                                    [](const waybill::kafka::message&) {
                                      EXPECT_EQ(waybill::current(), make_context(2, "t=1", "b=1"));
                                    }),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(committed(), 2);
}

TEST_F(groups, read_all_messages_with_their_contexts_through_two_members) {
  constexpr int partitions = 2;
  const std::string topic = new_topic(partitions);
  waybill_producer producer(bootstrap());
  for (std::int32_t i = 0; i < partitions; ++i) {
    const waybill::context context = make_context(static_cast<std::uint64_t>(i) + 1);
    producer.send(topic, {"key", "value", {}, i}, {.context = &context});
  }
  producer.flush();
  // Both join before anything is settled, and each is served as long as the other waits.
  member one(bootstrap(), group_, topic, settle_mode::commit_sync);
  member two(bootstrap(), group_, topic, settle_mode::commit_sync);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto share = [](const member& each) {
    rd_kafka_topic_partition_list_t* list = nullptr;
    if (rd_kafka_assignment(each.handle(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    return offset_list(list)->cnt;
  };
  std::vector<int> seen(partitions, 0);
  const auto serve = [&](member& each) {
    waybill::kafka::message received = each.consumer().poll(std::chrono::milliseconds(10));
    each.consumer().handle(received, [&](const waybill::kafka::message& message) {
      const auto partition = static_cast<std::size_t>(message.partition());
      ++seen[partition];
      EXPECT_EQ(message.context(), make_context(partition + 1));
    });
  };
  // At least once: a commit that meets the rebalance fails, and the other member reads again.
  const auto is_seen = [](int times) { return times >= 1; };
  while ((share(one) != 1 || share(two) != 1 || !std::ranges::all_of(seen, is_seen)) &&
         std::chrono::steady_clock::now() < deadline) {
    serve(one);
    serve(two);
  }
  EXPECT_EQ(share(one), 1);
  EXPECT_EQ(share(two), 1);
  EXPECT_TRUE(std::ranges::all_of(seen, is_seen));
}

}  // namespace
}  // namespace waybill_test
