// Between a client's callbacks and a target that goes before the client.
#include "waybill/messaging/callback_link.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace waybill_test {
namespace {

struct listening {
  std::atomic<int> calls{0};
  std::atomic<bool> is_gone{false};
};
using link = waybill::messaging::callback_link<listening>;

TEST(CallbackLink, calls_its_target_and_nothing_without_one) {
  link between;
  listening target;
  const auto count = [](listening& called) { ++called.calls; };
  between.call(count);
  EXPECT_TRUE(between.attach(target));
  between.call(count);
  between.detach();
  between.call(count);
  EXPECT_EQ(target.calls, 1);
}

TEST(CallbackLink, has_one_target_at_a_time) {
  link between;
  listening first;
  listening second;
  EXPECT_TRUE(between.attach(first));
  EXPECT_FALSE(between.attach(second));
  between.detach();
  EXPECT_TRUE(between.attach(second));
}

TEST(CallbackLink, detach_waits_for_the_call_that_runs_and_no_other_target_comes_meanwhile) {
  link between;
  listening first;
  listening second;
  ASSERT_TRUE(between.attach(first));
  std::latch is_in_call(1);
  std::latch may_return(1);
  std::thread caller([&] {
    between.call([&](listening& called) {
      is_in_call.count_down();
      may_return.wait();
      ++called.calls;
    });
  });
  is_in_call.wait();
  std::atomic<bool> is_detached{false};
  std::thread owner([&] {
    between.detach();
    is_detached = true;
    EXPECT_EQ(first.calls, 1);
  });
  // Once detach() has begun, calls find no target.
  for (bool found = true; found;) {
    found = false;
    between.call([&](listening&) { found = true; });
  }
  EXPECT_FALSE(between.attach(second)) << "it would keep detach() waiting for its own calls";
  EXPECT_FALSE(is_detached);
  may_return.count_down();
  owner.join();
  caller.join();
  EXPECT_TRUE(between.attach(second));
}

TEST(CallbackLink, no_call_of_many_threads_reaches_a_target_that_has_gone) {
  link between;
  std::atomic<bool> stops{false};
  std::atomic<int> late{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stops) {
        between.call([&](listening& called) {
          if (called.is_gone) ++late;
          ++called.calls;
        });
        // Otherwise it most often leaves its processor within a call, and detach() waits for that.
        std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    listening target;
    ASSERT_TRUE(between.attach(target));
    while (target.calls == 0) std::this_thread::yield();
    between.detach();
    target.is_gone = true;
  }
  stops = true;
  for (std::thread& each : callers) each.join();
  EXPECT_EQ(late, 0);
}

}  // namespace
}  // namespace waybill_test
