// A consumer group whose members come and go while messages flow.
//
// What Kafka promises is at least once. A member that commits what it has handled, synchronously,
// before it gives a partition up makes it exactly once, as long as every member leaves in order.
// Eager members may commit at any time: they take no part in the new assignment before they have
// given everything up. Cooperative ones go on handling meanwhile, and a commit that meets the new
// generation costs them all they have (ILLEGAL_GENERATION): they commit when they are asked to give
// something up, which is a time at which the group waits for them.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/clients.hpp"
#include "support/groups.hpp"
#include "support/kafka_test.hpp"
#include "support/numbered.hpp"
#include "support/numbered_flow.hpp"

namespace waybill_test {
namespace {

using clock = std::chrono::steady_clock;
using waybill::kafka::settle_mode;

constexpr std::chrono::seconds step_patience{60};
constexpr std::chrono::milliseconds poll_time{20};

/// What all members have seen.
class group_progress {
 public:
  explicit group_progress(std::uint64_t numbers) : seen_(numbers) {}

  void handled(std::atomic<std::uint64_t>& by_member) {
    const std::lock_guard lock(mutex_);
    ++by_member;
    ++count_;
    changed_.notify_all();
  }
  template <class Condition>
  bool wait_until(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, clock::now() + step_patience, condition);
  }
  [[nodiscard]] tally& seen() { return seen_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  tally seen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::uint64_t> count_ = 0;
};

/// A consumer on a thread of its own. What its settle mode has stored it commits before it gives
/// partitions up.
class group_member {
 public:
  group_member(const std::string& bootstrap, const std::string& topic, group_progress& progress,
               const kafka_properties& properties, settle_mode settle);
  group_member(const group_member&) = delete;
  group_member& operator=(const group_member&) = delete;
  ~group_member() { leave(); }

  /// Goes in order: what was handled is committed, and the group knows.
  void leave();
  /// Goes without a word.
  void vanish();
  [[nodiscard]] std::uint64_t handled() const { return handled_; }
  [[nodiscard]] int assignments() const { return assignments_; }

 private:
  static void configure(rd_kafka_conf_t* configuration);
  static void rebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void run();

  static constinit thread_local group_member* being_made;

  group_progress& progress_;
  std::atomic<std::uint64_t> handled_ = 0;
  std::atomic<int> assignments_ = 0;
  std::atomic<bool> goes_ = false;
  kafka_handle handle_;
  std::unique_ptr<waybill::kafka::consumer> consumer_;
  std::jthread thread_;
};

constinit thread_local group_member* group_member::being_made = nullptr;

group_member::group_member(const std::string& bootstrap, const std::string& topic,
                           group_progress& progress, const kafka_properties& properties,
                           settle_mode settle)
    : progress_(progress) {
  kafka_properties all = {{"auto.offset.reset", "earliest"},     {"enable.auto.commit", "false"},
                          {"enable.auto.offset.store", "false"}, {"session.timeout.ms", "10000"},
                          {"heartbeat.interval.ms", "100"},      {"fetch.wait.max.ms", "20"}};
  for (const auto& [name, value] : properties) all[name] = value;
  being_made = this;
  handle_ = make_kafka_handle(RD_KAFKA_CONSUMER, bootstrap, all, &group_member::configure);
  rd_kafka_poll_set_consumer(handle_.get());
  consumer_ = std::make_unique<waybill::kafka::consumer>(
      handle_.get(), waybill::propagation{}, waybill::kafka::consumer_options{.settle = settle});
  const offset_list topics = offsets_of(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
  EXPECT_EQ(rd_kafka_subscribe(handle_.get(), topics.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  thread_ = std::jthread([this] { run(); });
}

void group_member::configure(rd_kafka_conf_t* configuration) {
  rd_kafka_conf_set_opaque(configuration, being_made);
  rd_kafka_conf_set_rebalance_cb(configuration, &group_member::rebalance);
}

void group_member::rebalance(rd_kafka_t* client, rd_kafka_resp_err_t what,
                             rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& member = *static_cast<group_member*>(opaque);
  const bool assigns = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (assigns) {
    ++member.assignments_;
  } else {
    EXPECT_EQ(rd_kafka_assignment_lost(client), 0);
    const rd_kafka_resp_err_t error = rd_kafka_commit(client, nullptr, 0);
    EXPECT_TRUE(error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET)
        << rd_kafka_err2str(error);
  }
  if (std::string(rd_kafka_rebalance_protocol(client)) == "COOPERATIVE") {
    const auto change = assigns ? rd_kafka_incremental_assign : rd_kafka_incremental_unassign;
    rd_kafka_error_t* error = change(client, partitions);
    EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
    if (error != nullptr) rd_kafka_error_destroy(error);
  } else {
    EXPECT_EQ(rd_kafka_assign(client, assigns ? partitions : nullptr), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
}

void group_member::run() {
  while (!goes_) {
    waybill::kafka::message received = consumer_->poll(poll_time);
    if (!received) continue;
    ASSERT_TRUE(received.is_message()) << rd_kafka_err2str(received.error());
    EXPECT_EQ(
        consumer_->handle(
            received, [this](const auto& message) { check_received(message, progress_.seen()); }),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    progress_.handled(handled_);
  }
}

void group_member::leave() {
  if (handle_ == nullptr) return;
  goes_ = true;
  thread_ = {};
  EXPECT_EQ(rd_kafka_consumer_close(handle_.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  consumer_.reset();
  handle_.reset();
}

void group_member::vanish() {
  goes_ = true;
  thread_ = {};
  consumer_.reset();
  rd_kafka_destroy_flags(handle_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

struct group_manner {
  const char* name;
  const char* strategy;
  settle_mode settle;
};
std::ostream& operator<<(std::ostream& stream, const group_manner& manner) {
  return stream << manner.name;
}

class rebalance : public kafka_test, public testing::WithParamInterface<group_manner> {
 protected:
  using members = std::vector<std::unique_ptr<group_member>>;

  std::unique_ptr<group_member> join() {
    return std::make_unique<group_member>(
        bootstrap(), topic_, progress_,
        kafka_properties{{"group.id", group_},
                         {"partition.assignment.strategy", GetParam().strategy}},
        GetParam().settle);
  }
  // Until each of them, and so each of the newcomers too, has handled so many messages more.
  void wait_for_all(const members& all, std::uint64_t more = 100) {
    std::vector<std::uint64_t> wanted;
    for (const auto& each : all) wanted.push_back(each->handled() + more);
    const auto took_part = [&] {
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i]->handled() < wanted[i]) return false;
      }
      return true;
    };
    const bool all_took_part = progress_.wait_until(took_part);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_GE(all[i]->handled(), wanted[i]) << "member " << i << " of " << all.size() << " with "
                                              << all[i]->assignments() << " assignments";
    }
    ASSERT_TRUE(all_took_part) << "a member gets no messages";
  }

  const std::string topic_ = new_topic(numbered_flow::partitions);
  const std::string group_ = unique_topic("group");
  group_progress progress_{numbered_flow::numbers_max};
};

TEST_P(rebalance, while_messages_flow_gives_each_message_once_with_its_own_context) {
  constexpr std::uint64_t ahead_max = 500;
  numbered_flow flow(bootstrap(), topic_, {}, [this](std::uint64_t number) {
    return number < progress_.count() + ahead_max;
  });
  members all;
  all.push_back(join());
  wait_for_all(all);
  all.push_back(join());
  wait_for_all(all);
  all.push_back(join());
  all.push_back(join());
  wait_for_all(all);
  all.erase(all.begin());
  wait_for_all(all);
  all.push_back(join());
  wait_for_all(all);
  all.erase(all.begin(), all.begin() + 2);
  wait_for_all(all);
  EXPECT_GT(all.front()->assignments(), 1);

  const std::uint64_t sent = flow.stop();
  EXPECT_TRUE(progress_.wait_until([&] { return progress_.count() >= sent; }))
      << progress_.count() << " of " << sent;
  all.clear();

  EXPECT_EQ(progress_.seen().wrong().count(), 0U) << progress_.seen().wrong().first();
  EXPECT_EQ(progress_.seen().counted(0), numbered_flow::numbers_max - sent);
  // Where a member keeps a partition, librdkafka pauses it meanwhile, and fetches anew from the
  // message that poll() is just taking, if it is (rd_kafka_toppar_pause_resume): that one comes
  // twice. Otherwise none does.
  constexpr std::uint64_t members_came_or_went = 8;
  const std::uint64_t repeats_max =
      GetParam().strategy == std::string_view("cooperative-sticky") ? members_came_or_went : 0;
  EXPECT_GE(progress_.seen().counted(1) + repeats_max, sent);
  EXPECT_EQ(flow.outcomes().wrong().count(), 0U) << flow.outcomes().wrong().first();
  EXPECT_EQ(flow.outcomes().counted(1), sent);
  tally wire(sent);
  std::vector<std::int64_t> ends(numbered_flow::partitions, 0);
  for (const bare_record& record : records_of(topic_)) {
    check_wire(record, wire);
    ends[static_cast<std::size_t>(record.partition)] = record.offset + 1;
  }
  EXPECT_EQ(wire.wrong().count(), 0U) << wire.wrong().first();
  EXPECT_EQ(wire.counted(1), sent);
  for (std::int32_t i = 0; i < numbered_flow::partitions; ++i) {
    EXPECT_EQ(committed_offset(bootstrap(), group_, topic_, i), ends[static_cast<std::size_t>(i)]);
  }
}

// What was handled and not committed is handed out again: at least once.
TEST_P(rebalance, after_a_member_was_lost_gives_its_messages_again_with_the_same_contexts) {
  constexpr std::uint64_t sent = 400;
  waybill_producer producer(bootstrap());
  for (std::uint64_t number = 0; number < sent; ++number) {
    ASSERT_EQ(send_numbered(producer.producer(), topic_, number,
                            static_cast<std::int32_t>(number % numbered_flow::partitions),
                            clock::now() + step_patience),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  producer.flush();
  // The same instance comes back, so that nobody has to wait until the session is over.
  const kafka_properties instance = {{"group.id", group_},
                                     {"group.instance.id", "one"},
                                     {"partition.assignment.strategy", GetParam().strategy}};
  std::uint64_t handled_before = 0;
  {
    group_member lost(bootstrap(), topic_, progress_, instance, settle_mode::none);
    ASSERT_TRUE(progress_.wait_until([&] { return lost.handled() >= sent / 2; }));
    lost.vanish();
    handled_before = lost.handled();
  }
  group_member heir(bootstrap(), topic_, progress_, instance, GetParam().settle);
  ASSERT_TRUE(progress_.wait_until([&] { return heir.handled() >= sent; }));
  heir.leave();

  EXPECT_EQ(heir.handled(), sent);
  EXPECT_EQ(progress_.seen().wrong().count(), 0U) << progress_.seen().wrong().first();
  EXPECT_EQ(progress_.seen().counted(2), handled_before);
  EXPECT_EQ(progress_.seen().counted(1), sent - handled_before);
}

INSTANTIATE_TEST_SUITE_P(
    manners, rebalance,
    testing::Values(group_manner{"eager_commits_each", "range", settle_mode::commit_sync},
                    group_manner{"eager_commits_before_it_gives_up", "range",
                                 settle_mode::store_offset},
                    group_manner{"cooperative_commits_before_it_gives_up", "cooperative-sticky",
                                 settle_mode::store_offset}),
    [](const auto& manner) { return manner.param.name; });

}  // namespace
}  // namespace waybill_test
