#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <waybill/current.hpp>

#include "support/texts.hpp"

namespace {

using waybill::context;
using waybill::current;
using waybill::received_slot;
using waybill::scope;

context named(std::string_view user) {
  return waybill_test::context_of(waybill_test::sample_trace, "", "user=" + std::string(user));
}

TEST(Current, is_empty_outside_every_scope) { EXPECT_TRUE(current().is_empty()); }

TEST(Current, is_the_context_of_the_innermost_scope) {
  const scope outer(named("outer"));
  EXPECT_EQ(current(), named("outer"));
  {
    const scope inner(named("inner"));
    EXPECT_EQ(current(), named("inner"));
  }
  EXPECT_EQ(current(), named("outer"));
}

TEST(Current, is_restored_when_an_exception_leaves_a_scope) {
  const scope outer(named("outer"));
  try {
    const scope inner(named("inner"));
    throw 1;
  } catch (int) {
    EXPECT_EQ(current(), named("outer"));
  }
}

TEST(Current, can_be_made_empty_by_a_scope) {
  const scope outer(named("outer"));
  const scope inner{context()};
  EXPECT_TRUE(current().is_empty());
}

TEST(Current, keeps_a_context_whose_original_is_gone) {
  auto original = std::make_unique<context>(named(std::string(1'000, 'x')));
  const scope active(*original);
  original.reset();
  EXPECT_EQ(current(), named(std::string(1'000, 'x')));
}

TEST(Current, belongs_to_one_thread) {
  const scope active(named("here"));
  bool was_empty = false;
  std::thread([&was_empty] {
    was_empty = current().is_empty();
    const scope other(named("there"));
    EXPECT_EQ(current(), named("there"));
  }).join();
  EXPECT_TRUE(was_empty);
  EXPECT_EQ(current(), named("here"));
}

TEST(Current, is_what_the_thread_context_provider_answers) {
  const scope active(named("here"));
  context storage;
  EXPECT_EQ(waybill::thread_context_provider().current(storage), named("here"));
}

/// A provider that keeps what is attached to it, as a bridge to an SDK would.
class other_provider final : public waybill::context_provider {
 public:
  [[nodiscard]] const context& current(context& storage) const noexcept override {
    storage = held_.value_or(context());
    return storage;
  }
  [[nodiscard]] void* attach(const context& next) const noexcept override {
    held_ = next;
    ++attached_;
    return &held_;
  }
  void restore(void* attached) const noexcept override {
    EXPECT_EQ(attached, &held_);
    held_.reset();
  }
  [[nodiscard]] int attached() const { return attached_; }

 private:
  mutable std::optional<context> held_;
  mutable int attached_ = 0;
};

TEST(Current, of_another_provider_is_set_and_restored_there) {
  const other_provider provider;
  context storage;
  {
    const scope active(named("there"), provider);
    EXPECT_EQ(provider.current(storage), named("there"));
    EXPECT_TRUE(current().is_empty());
  }
  EXPECT_TRUE(provider.current(storage).is_empty());
  EXPECT_EQ(provider.attached(), 1);
}

// Scopes that end in another order or on another thread than they began on.

TEST(MisplacedScopes, are_none_where_inner_ones_end_first) {
  const std::uint64_t before = waybill::misplaced_scope_ends();
  {
    const scope outer(named("outer"));
    const scope inner(named("inner"));
  }
  EXPECT_EQ(waybill::misplaced_scope_ends(), before);
}

TEST(MisplacedScopes, that_end_out_of_order_leave_the_innermost_that_lives) {
  const std::uint64_t before = waybill::misplaced_scope_ends();
  std::optional<scope> first(std::in_place, named("first"));
  std::optional<scope> second(std::in_place, named("second"));
  std::optional<scope> third(std::in_place, named("third"));
  second.reset();
  EXPECT_EQ(current(), named("third"));
  EXPECT_EQ(waybill::misplaced_scope_ends(), before + 1);
  first.reset();
  EXPECT_EQ(current(), named("third"));
  EXPECT_EQ(waybill::misplaced_scope_ends(), before + 2);
  third.reset();
  EXPECT_TRUE(current().is_empty());
  EXPECT_EQ(waybill::misplaced_scope_ends(), before + 2) << "this one was in order";
}

TEST(MisplacedScopes, of_every_order_leave_nothing_behind) {
  std::array<std::size_t, 4> order{0, 1, 2, 3};
  do {
    const scope below(named("below"));
    std::array<std::optional<scope>, 4> scopes;
    for (std::size_t i = 0; i < scopes.size(); ++i) scopes[i].emplace(named(std::to_string(i)));
    std::vector<std::size_t> alive{0, 1, 2, 3};
    for (const std::size_t ended : order) {
      scopes[ended].reset();
      std::erase(alive, ended);
      EXPECT_EQ(current(), named(alive.empty() ? "below" : std::to_string(alive.back())));
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_TRUE(current().is_empty());
}

TEST(MisplacedScopes, that_end_on_another_thread_end_there_and_are_counted) {
  const std::uint64_t before = waybill::misplaced_scope_ends();
  const scope outer(named("outer"));
  auto inner = std::make_unique<scope>(named("inner"));
  std::thread([&inner] {
    const scope own(named("own"));
    inner.reset();
    EXPECT_EQ(current(), named("own"));
  }).join();
  EXPECT_EQ(current(), named("outer"));
  EXPECT_EQ(waybill::misplaced_scope_ends(), before + 1);
}

TEST(MisplacedScopes, may_end_after_the_thread_they_began_on) {
  const std::uint64_t before = waybill::misplaced_scope_ends();
  std::unique_ptr<scope> outlives;
  std::unique_ptr<scope> ended_before;
  std::thread([&] {
    ended_before = std::make_unique<scope>(named("ended before"));
    outlives = std::make_unique<scope>(named("outlives"));
    std::thread([&] { ended_before.reset(); }).join();
    EXPECT_EQ(current(), named("outlives"));
  }).join();
  EXPECT_TRUE(current().is_empty());
  // Another thread may have the address of the one that is gone.
  std::thread([&] {
    const scope own(named("own"));
    outlives.reset();
    EXPECT_EQ(current(), named("own"));
  }).join();
  EXPECT_EQ(waybill::misplaced_scope_ends(), before + 2);
}

TEST(MisplacedScopes, end_on_many_threads_while_theirs_goes_on) {
  const std::uint64_t before = waybill::misplaced_scope_ends();
  constexpr std::size_t rounds = 2'000;
  std::mutex mutex;
  std::vector<std::unique_ptr<scope>> handed_over;
  std::atomic<bool> is_done{false};
  std::thread ender([&] {
    for (;;) {
      const bool is_last = is_done;
      std::vector<std::unique_ptr<scope>> taken;
      {
        const std::lock_guard lock(mutex);
        taken.swap(handed_over);
      }
      taken.clear();
      if (is_last) break;
    }
  });
  for (std::size_t i = 0; i < rounds; ++i) {
    const scope own(named("own"));
    auto given = std::make_unique<scope>(named("given"));
    EXPECT_EQ(current(), named("given"));
    const std::lock_guard lock(mutex);
    handed_over.push_back(std::move(given));
  }
  is_done = true;
  ender.join();
  EXPECT_TRUE(current().is_empty());
  EXPECT_GE(waybill::misplaced_scope_ends(), before + rounds);
}

/// Propagates when the library's own part of the thread is gone already.
struct ends_last {
  ends_last() = default;
  ends_last(const ends_last&) = delete;
  ends_last& operator=(const ends_last&) = delete;
  ~ends_last() {
    const scope last(named("last"));
    EXPECT_EQ(current(), named("last"));
    const waybill::received_slot slot(nullptr);
    slot.fill(named("received"));
  }
};

TEST(Current, works_until_the_end_of_its_thread) {
  std::thread([] {
    static thread_local const ends_last last;
    static_cast<void>(last);
    const scope first(named("first"));
  }).join();
}

TEST(ScopedContext, is_none_without_a_scope_whatever_was_received) {
  const waybill::received_slot slot(nullptr);
  EXPECT_EQ(waybill::scoped_context(), nullptr);
  slot.fill(named("received"));
  EXPECT_EQ(waybill::scoped_context(), nullptr);
  const scope active(named("scope"));
  ASSERT_NE(waybill::scoped_context(), nullptr);
  EXPECT_EQ(*waybill::scoped_context(), named("scope"));
}

// The context that a thread received last.

struct received_slots : testing::Test {
  void TearDown() override { received_slot::clear(); }
  [[nodiscard]] std::uint64_t unused() const {
    return counters->count(waybill::direction::inbound, waybill::errc::unused_context);
  }

  const std::shared_ptr<waybill::diagnostics> counters = std::make_shared<waybill::diagnostics>();
  const received_slot slot{counters};
};

TEST_F(received_slots, is_current_until_the_next_receive_call) {
  slot.fill(named("first"));
  EXPECT_EQ(current(), named("first"));
  ASSERT_NE(received_slot::get(), nullptr);
  EXPECT_EQ(*received_slot::get(), named("first"));
  slot.fill(named("second"));
  EXPECT_EQ(current(), named("second"));
  received_slot::clear();
  EXPECT_TRUE(current().is_empty());
  EXPECT_EQ(received_slot::get(), nullptr);
}

TEST_F(received_slots, a_message_may_die_on_a_thread_that_has_no_context_of_its_own) {
  waybill::received_use kept = slot.fill(named("first"));
  received_slot::clear();
  // Under the leak sanitizer: nothing is left behind where nobody would free it.
  std::thread([last = std::move(kept)]() mutable { const auto dies = std::move(last); }).join();
  EXPECT_EQ(counters->total(), 1U);
}

TEST_F(received_slots, a_use_that_is_assigned_to_lets_go_of_its_context_at_once) {
  waybill::received_use first = slot.fill(named("first"));
  waybill::received_use second = slot.fill(named("second"));
  first = std::move(second);
  EXPECT_EQ(counters->total(), 1U) << "the first one was never used";
  first.note();
}

TEST_F(received_slots, keeps_a_context_whose_original_is_gone) {
  slot.fill(named(std::string(1'000, 'x')));
  EXPECT_EQ(current(), named(std::string(1'000, 'x')));
}

TEST_F(received_slots, is_not_filled_by_a_message_without_a_context) {
  slot.fill(named("first"));
  slot.fill(context());
  EXPECT_EQ(received_slot::get(), nullptr);
}

TEST_F(received_slots, lies_below_every_scope) {
  const scope before(named("before"));
  slot.fill(named("received"));
  EXPECT_EQ(current(), named("before"));
  {
    const scope inner{context()};
    EXPECT_TRUE(current().is_empty()) << "an empty scope hides it, too";
  }
  received_slot::clear();
  EXPECT_EQ(unused(), 1U) << "nobody saw it";
}

TEST_F(received_slots, is_current_again_behind_a_scope) {
  slot.fill(named("received"));
  { const scope inner(named("inner")); }
  EXPECT_EQ(current(), named("received"));
}

TEST_F(received_slots, is_emptied_by_clear_own_of_who_filled_it_alone) {
  const received_slot other(counters);
  slot.fill(named("received"));
  other.clear_own();
  EXPECT_EQ(current(), named("received"));
  slot.clear_own();
  EXPECT_TRUE(current().is_empty());
}

TEST_F(received_slots, is_emptied_when_who_filled_it_is_destroyed) {
  {
    const received_slot short_lived(counters);
    short_lived.fill(named("received"));
    { const received_slot other(counters); }
    EXPECT_EQ(current(), named("received"));
  }
  EXPECT_TRUE(current().is_empty());
}

TEST_F(received_slots, is_emptied_by_clear_whoever_filled_it) {
  const received_slot other(nullptr);
  other.fill(named("received"));
  received_slot::clear();
  received_slot::clear();
  EXPECT_TRUE(current().is_empty());
  EXPECT_EQ(counters->total(), 0U) << "the other one has no counters";
}

TEST_F(received_slots, that_is_never_used_is_counted) {
  slot.fill(named("first"));
  EXPECT_EQ(unused(), 0U);
  slot.fill(named("second"));
  EXPECT_EQ(unused(), 1U) << "replaced";
  received_slot::clear();
  EXPECT_EQ(unused(), 2U) << "cleared";
  received_slot::clear();
  EXPECT_EQ(unused(), 2U) << "there was none";
  slot.fill(named("third"));
  slot.clear_own();
  EXPECT_EQ(unused(), 3U);
  EXPECT_EQ(counters->total(), 3U);
}

TEST_F(received_slots, that_was_looked_at_is_not_counted) {
  slot.fill(named("first"));
  static_cast<void>(current());
  slot.fill(named("second"));
  static_cast<void>(received_slot::get());
  received_slot::clear();
  EXPECT_EQ(unused(), 0U);
  slot.fill(named("third"));
  received_slot::clear();
  EXPECT_EQ(unused(), 1U) << "each message counts for itself";
}

TEST_F(received_slots, belongs_to_one_thread) {
  slot.fill(named("here"));
  std::thread([this] {
    EXPECT_TRUE(current().is_empty());
    slot.fill(named("there"));
    EXPECT_EQ(current(), named("there"));
    received_slot::clear();
  }).join();
  EXPECT_EQ(current(), named("here"));
}

TEST_F(received_slots, ends_with_its_thread_and_is_counted_where_nobody_used_it) {
  std::thread([this] { slot.fill(named("unused")); }).join();
  EXPECT_EQ(unused(), 1U);
  std::thread([this] {
    slot.fill(named("used"));
    EXPECT_EQ(current(), named("used"));
  }).join();
  EXPECT_EQ(unused(), 1U);
}

TEST_F(received_slots, may_be_destroyed_while_another_thread_still_has_its_context) {
  auto short_lived = std::make_unique<received_slot>(counters);
  std::thread([&] {
    short_lived->fill(named("there"));
    std::thread([&] { short_lived.reset(); }).join();
    EXPECT_EQ(current(), named("there"));
  }).join();
  EXPECT_EQ(unused(), 0U);
}

TEST_F(received_slots, is_kept_by_a_forked_child) {
  slot.fill(named("received"));
  const pid_t child = fork();
  if (child == 0) _exit(current() == named("received") ? 0 : 1);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(current(), named("received"));
}

TEST(CurrentContextId, is_one_for_the_whole_of_a_program_that_links_core_once) {
  const void* of_other_thread = nullptr;
  std::thread([&] { of_other_thread = waybill::current_context_id(); }).join();
  EXPECT_NE(waybill::current_context_id(), nullptr);
  EXPECT_EQ(waybill::current_context_id(), of_other_thread);
}

TEST(Bind, runs_with_the_bound_context_and_restores_the_callers) {
  const auto bound = waybill::bind(named("bound"), [] { return context(current()); });
  auto callable = bound;
  const scope active(named("caller"));
  EXPECT_EQ(callable(), named("bound"));
  EXPECT_EQ(current(), named("caller"));
}

TEST(Bind, takes_a_context_to_another_thread) {
  std::optional<context> seen;
  std::thread(waybill::bind(named("bound"), [&seen] { seen = current(); })).join();
  EXPECT_EQ(seen, named("bound"));
}

TEST(Bind, passes_arguments_and_results_through) {
  auto add = waybill::bind(named("bound"), [](int a, std::unique_ptr<int> b) { return a + *b; });
  EXPECT_EQ(add(1, std::make_unique<int>(2)), 3);
  int changed = 0;
  auto refer = waybill::bind(named("bound"), [](int& value) -> int& { return value = 5; });
  EXPECT_EQ(&refer(changed), &changed);
  EXPECT_EQ(changed, 5);
}

TEST(Bind, takes_callables_that_can_only_be_moved_and_called_often) {
  auto counted = waybill::bind(named("bound"), [count = std::make_unique<int>(0)] {
    EXPECT_EQ(current(), named("bound"));
    return ++*count;
  });
  auto moved = std::move(counted);
  EXPECT_EQ(moved(), 1);
  EXPECT_EQ(moved(), 2);
}

TEST(Bind, restores_the_callers_context_when_the_callable_throws) {
  auto thrower = waybill::bind(named("bound"), [] { throw 1; });
  const scope active(named("caller"));
  EXPECT_THROW(thrower(), int);
  EXPECT_EQ(current(), named("caller"));
}

TEST(Bind, serves_as_a_std_function) {
  const std::function<std::string()> callable =
      waybill::bind(named("bound"), [] { return std::string(current().baggage_text()); });
  EXPECT_EQ(callable(), "user=bound");
}

}  // namespace
