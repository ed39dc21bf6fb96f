#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <waybill/current.hpp>

#include "support/texts.hpp"

namespace {

using waybill::context;
using waybill::current;
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
