#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#include <waybill/baggage.hpp>
#include <waybill/context.hpp>
#include <waybill/tracestate.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::baggage;
using waybill::baggage_view;
using waybill::context;
using waybill::context_view;
using waybill::span_context;
using waybill::tracestate;
using waybill::tracestate_view;

static_assert(std::is_trivially_copyable_v<span_context>);
static_assert(sizeof(span_context) <= 32);
static_assert(std::is_nothrow_default_constructible_v<context>);
static_assert(std::is_nothrow_copy_constructible_v<context>);
static_assert(std::is_nothrow_copy_assignable_v<context>);
static_assert(std::is_nothrow_move_constructible_v<context>);
static_assert(std::is_nothrow_move_assignable_v<context>);

// A view cannot be made from a temporary; compile_fail/ shows it with the compiler's own words.
static_assert(std::is_constructible_v<context_view, const context&>);
static_assert(std::is_constructible_v<context_view, context&>);
static_assert(!std::is_constructible_v<context_view, context>);
static_assert(!std::is_constructible_v<context_view, const context>);
static_assert(!std::is_constructible_v<baggage_view, context>);
static_assert(!std::is_constructible_v<baggage_view, baggage>);
static_assert(!std::is_constructible_v<tracestate_view, context>);
static_assert(!std::is_constructible_v<tracestate_view, tracestate>);

bool is_inside(const context& owner, std::string_view text) {
  const auto* const first = reinterpret_cast<const char*>(&owner);
  return std::less_equal<>()(first, text.data()) &&
         std::less_equal<>()(text.data() + text.size(), first + sizeof owner);
}

/// Texts around the size where the shape of a context changes, and far beyond it.
const std::vector<std::size_t> sizes_bytes = {0, 2, 10, 343, 344, 345, 346, 1'000, 8'192, 60'000};

context context_of_bytes(std::size_t baggage_bytes) {
  waybill::limits limits;
  limits.baggage_bytes_max = 60'000;
  const std::string items = baggage_bytes == 0 ? "" : baggage_of_bytes(baggage_bytes);
  context made = context_of(sample_trace, "", items, limits);
  EXPECT_EQ(made.baggage_text().size(), baggage_bytes);
  return made;
}

TEST(context, is_empty_when_default_made) {
  const context empty;
  EXPECT_TRUE(empty.is_empty());
  EXPECT_FALSE(empty.has_trace());
  EXPECT_FALSE(empty.has_baggage());
  EXPECT_EQ(empty.tracestate_text(), "");
  EXPECT_EQ(empty.baggage_text(), "");
  EXPECT_EQ(empty.baggage_members(), 0U);
  EXPECT_EQ(empty, context(span_context{}));
}

TEST(context, keeps_the_texts_it_was_made_with) {
  const context made = context_of(sample_trace, "rojo=1,congo= t", "user=a%20b;p=1,n=7");
  EXPECT_EQ(made.span_context(), sample_trace);
  EXPECT_EQ(made.tracestate_text(), "rojo=1,congo= t");
  EXPECT_EQ(made.baggage_text(), "user=a%20b;p=1,n=7");
  EXPECT_EQ(made.baggage_members(), 2U);
  EXPECT_TRUE(made.has_trace());
  EXPECT_TRUE(made.has_baggage());
  EXPECT_FALSE(made.is_empty());
}

TEST(context, counts_repeated_names_each) {
  EXPECT_EQ(context_of(sample_trace, "", "a=1,b=2,a=3").baggage_members(), 3U);
}

TEST(context, with_baggage_and_no_trace_is_not_empty) {
  const context made = context_of(span_context{}, "", "a=1");
  EXPECT_FALSE(made.has_trace());
  EXPECT_TRUE(made.has_baggage());
  EXPECT_FALSE(made.is_empty());
}

TEST(context, without_a_trace_has_no_tracestate) {
  const context made = context_of(span_context{}, "rojo=1", "a=1");
  EXPECT_EQ(made.tracestate_text(), "");
  EXPECT_EQ(made.baggage_text(), "a=1");
}

TEST(context, stores_texts_of_up_to_344_bytes_together_inside) {
  static_assert(context::inline_bytes_max == 344);
  for (const std::size_t state_bytes : {std::size_t{0}, std::size_t{100}, std::size_t{342}}) {
    for (const std::size_t all_bytes : {343U, 344U, 345U, 346U}) {
      if (all_bytes - state_bytes < 2) continue;
      const std::string state = tracestate_of_bytes(state_bytes);
      const std::string items = baggage_of_bytes(all_bytes - state_bytes);
      const context made = context_of(sample_trace, state, items);
      ASSERT_EQ(made.tracestate_text(), state);
      ASSERT_EQ(made.baggage_text(), items);
      EXPECT_EQ(is_inside(made, made.baggage_text()), all_bytes <= context::inline_bytes_max)
          << state_bytes << " of " << all_bytes;
    }
  }
}

TEST(context, copies_share_one_block) {
  const context first = context_of_bytes(345);
  const context second = first;  // NOLINT(performance-unnecessary-copy-initialization)
  context third;
  third = second;
  EXPECT_EQ(second.baggage_text().data(), first.baggage_text().data());
  EXPECT_EQ(third.baggage_text().data(), first.baggage_text().data());
}

TEST(context, copies_of_inline_texts_are_apart) {
  const context first = context_of_bytes(344);
  const context second = first;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(second, first);
  EXPECT_TRUE(is_inside(second, second.baggage_text()));
}

TEST(context, a_copy_outlives_its_source) {
  for (const std::size_t bytes : sizes_bytes) {
    auto source = std::make_unique<context>(context_of_bytes(bytes));
    const std::string text(source->baggage_text());
    const context copy = *source;
    source.reset();
    EXPECT_EQ(copy.baggage_text(), text);
    EXPECT_EQ(copy.span_context(), sample_trace);
    EXPECT_EQ(copy.baggage_members(), bytes == 0 ? 0U : 1U);
  }
}

TEST(context, assignment_between_all_sizes_gives_an_equal_context) {
  for (const std::size_t from : sizes_bytes) {
    for (const std::size_t to : sizes_bytes) {
      const context source = context_of_bytes(from);
      context copied = context_of_bytes(to);
      copied = source;
      EXPECT_EQ(copied, source) << from << " to " << to;
      context moved_from = source;
      context moved = context_of_bytes(to);
      moved = std::move(moved_from);
      EXPECT_EQ(moved, source) << from << " to " << to;
      EXPECT_EQ(moved.baggage_members(), source.baggage_members());
    }
  }
}

TEST(context, assignment_to_itself_changes_nothing) {
  for (const std::size_t bytes : sizes_bytes) {
    const context expected = context_of_bytes(bytes);
    context made = expected;
    context& same = made;
    made = same;
    EXPECT_EQ(made, expected) << bytes;
    made = std::move(same);
    EXPECT_EQ(made, expected) << bytes;
  }
}

TEST(context, moving_takes_the_block) {
  context source = context_of_bytes(8'192);
  const char* const address = source.baggage_text().data();
  const context taken = std::move(source);
  EXPECT_EQ(taken.baggage_text().data(), address);
}

TEST(context, a_moved_from_context_is_empty_and_usable) {
  for (const std::size_t bytes : sizes_bytes) {
    context source = context_of_bytes(bytes);
    const context taken = std::move(source);
    // It can be copied, read and given a new value.
    const context copy = source;  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(copy, source);
    EXPECT_TRUE(source.is_empty());
    EXPECT_EQ(source, context());
    EXPECT_EQ(source.tracestate_text(), "");
    EXPECT_EQ(source.baggage_text(), "");
    EXPECT_EQ(source.baggage_members(), 0U);
    context assigned = context_of_bytes(345);
    source = taken;
    assigned = std::move(source);
    EXPECT_TRUE(source.is_empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(assigned, taken);
    source = context_of_bytes(345);
    EXPECT_EQ(source.baggage_text().size(), 345U);
    EXPECT_EQ(taken, context_of_bytes(bytes));
  }
}

TEST(context, can_be_swapped) {
  context small = context_of_bytes(10);
  context large = context_of_bytes(1'000);
  std::swap(small, large);
  EXPECT_EQ(small, context_of_bytes(1'000));
  EXPECT_EQ(large, context_of_bytes(10));
}

TEST(context, new_root_begins_a_trace_without_anything_else) {
  for (const bool sampled : {false, true}) {
    const context root = context::new_root(sampled);
    EXPECT_TRUE(root.has_trace());
    EXPECT_EQ(root.span_context().is_sampled(), sampled);
    EXPECT_FALSE(root.span_context().is_random());
    EXPECT_TRUE(context::new_root(sampled, waybill::random_flag::on).span_context().is_random());
    EXPECT_FALSE(root.span_context().is_remote());
    EXPECT_EQ(root.tracestate_text(), "");
    EXPECT_FALSE(root.has_baggage());
  }
}

TEST(context, new_child_keeps_everything_but_the_span) {
  for (const int flags : {0, 1, 2, 3}) {
    const span_context remote(sample_trace.trace_id(), sample_trace.span_id(),
                              static_cast<std::uint8_t>(flags), true);
    const context parent = context_of(remote, "rojo=1", "a=1,b=2");
    const context child = parent.new_child();
    EXPECT_EQ(child.span_context().trace_id(), parent.span_context().trace_id());
    EXPECT_NE(child.span_context().span_id(), parent.span_context().span_id());
    EXPECT_TRUE(child.span_context().span_id().is_valid());
    EXPECT_EQ(child.span_context().flags(), flags) << "the random bit is copied, not set";
    EXPECT_FALSE(child.span_context().is_remote());
    EXPECT_EQ(child.tracestate_text(), "rojo=1");
    EXPECT_EQ(child.baggage_text(), "a=1,b=2");
    EXPECT_EQ(child.baggage_members(), 2U);
  }
}

TEST(context, new_child_shares_the_block) {
  const context parent = context_of_bytes(345);
  const context child = parent.new_child();
  EXPECT_EQ(child.baggage_text().data(), parent.baggage_text().data());
}

TEST(context, new_child_without_a_trace_has_no_trace) {
  const context child = context_of(span_context{}, "", "a=1").new_child();
  EXPECT_FALSE(child.has_trace());
  EXPECT_EQ(child.baggage_text(), "a=1");
  EXPECT_TRUE(context().new_child().is_empty());
}

TEST(context, new_child_keeps_the_sampling_state) {
  using waybill::sampling_state;
  for (const auto state : {sampling_state::defer, sampling_state::deny, sampling_state::accept,
                           sampling_state::debug}) {
    const span_context parent = sample_trace.with_sampling(state);
    EXPECT_EQ(context(parent).new_child().span_context().sampling(), state);
  }
}

TEST(context, with_trace_keeps_the_texts) {
  const context changed = context_of(sample_trace, "rojo=1", "a=1").with_span_context(other_trace);
  EXPECT_EQ(changed, context_of(other_trace, "rojo=1", "a=1"));
  EXPECT_EQ(changed.baggage_members(), 1U);
}

TEST(context, with_an_invalid_trace_loses_the_tracestate_and_keeps_the_baggage) {
  const context changed =
      context_of(sample_trace, "rojo=1", "a=1").with_span_context(span_context{});
  EXPECT_FALSE(changed.has_trace());
  EXPECT_EQ(changed.tracestate_text(), "");
  EXPECT_EQ(changed.baggage_text(), "a=1");
}

TEST(context, with_tracestate_replaces_the_tracestate_alone) {
  const context before = context_of(sample_trace, "rojo=1", "a=1");
  tracestate state(before);
  ASSERT_EQ(state.set("congo", "t61"), waybill::errc::ok);
  EXPECT_EQ(before.with_tracestate(state), context_of(sample_trace, "congo=t61,rojo=1", "a=1"));
  EXPECT_EQ(before.with_tracestate(tracestate()), context_of(sample_trace, "", "a=1"));
  EXPECT_EQ(before.tracestate_text(), "rojo=1");
}

TEST(context, with_tracestate_but_no_trace_has_none) {
  const context before = context_of(span_context{}, "", "a=1");
  const context after = before.with_tracestate(tracestate::parse("rojo=1").value());
  EXPECT_EQ(after.tracestate_text(), "");
  EXPECT_EQ(after.baggage_text(), "a=1");
}

TEST(context, with_baggage_replaces_the_baggage_alone) {
  const context before = context_of(sample_trace, "rojo=1", "a=1");
  baggage items(before);
  ASSERT_EQ(items.set("b", "2"), waybill::errc::ok);
  const context after = before.with_baggage(items);
  EXPECT_EQ(after, context_of(sample_trace, "rojo=1", "a=1,b=2"));
  EXPECT_EQ(after.baggage_members(), 2U);
  EXPECT_EQ(before.baggage_members(), 1U);
}

TEST(context, without_baggage_keeps_the_rest) {
  for (const std::size_t bytes : sizes_bytes) {
    const context after = context_of_bytes(bytes).without_baggage();
    EXPECT_EQ(after, context(sample_trace));
    EXPECT_EQ(after.baggage_members(), 0U);
  }
  EXPECT_EQ(context_of(sample_trace, "rojo=1", "a=1").without_baggage(),
            context_of(sample_trace, "rojo=1", ""));
}

TEST(context, changing_across_the_inline_limit_keeps_every_byte) {
  const std::string state = tracestate_of_bytes(300);
  const context small = context_of(sample_trace, state, "");
  const std::string items = baggage_of_bytes(300);
  const context large = small.with_baggage(baggage::parse(items).items);
  EXPECT_EQ(large.tracestate_text(), state);
  EXPECT_EQ(large.baggage_text(), items);
  EXPECT_EQ(large.with_tracestate(tracestate()), context_of(sample_trace, "", items));
  EXPECT_EQ(large.without_baggage(), small);
}

TEST(context, equality_compares_position_and_texts) {
  const context one = context_of(sample_trace, "rojo=1", "a=1");
  EXPECT_EQ(one, context_of(sample_trace, "rojo=1", "a=1"));
  EXPECT_NE(one, context_of(other_trace, "rojo=1", "a=1"));
  EXPECT_NE(one, context_of(sample_trace, "rojo=2", "a=1"));
  EXPECT_NE(one, context_of(sample_trace, "rojo=1", "a=2"));
  EXPECT_NE(one, context_of(sample_trace, "rojo=1,a=1", ""));
}

TEST(context, equality_does_not_ask_whether_it_is_remote) {
  const span_context local(sample_trace.trace_id(), sample_trace.span_id(), sample_trace.flags(),
                           false);
  EXPECT_TRUE(sample_trace.is_remote());
  EXPECT_EQ(context(local), context(sample_trace));
}

TEST(context, made_from_a_view_owns_its_text) {
  for (const std::size_t bytes : sizes_bytes) {
    auto source = std::make_unique<context>(context_of_bytes(bytes));
    const context_view view(*source);
    const context copy(view);
    EXPECT_EQ(copy, *source);
    EXPECT_EQ(copy.baggage_members(), source->baggage_members());
    source.reset();
    EXPECT_EQ(copy.baggage_text().size(), bytes);
  }
}

TEST(context_view, shows_the_owner_s_bytes) {
  const context owner = context_of(sample_trace, "rojo=1", "a=1,b=2");
  const context_view view(owner);
  EXPECT_EQ(view.span_context(), sample_trace);
  EXPECT_EQ(view.tracestate_text().data(), owner.tracestate_text().data());
  EXPECT_EQ(view.baggage_text().data(), owner.baggage_text().data());
  EXPECT_EQ(view.tracestate_text(), "rojo=1");
  EXPECT_EQ(view.baggage_text(), "a=1,b=2");
  EXPECT_EQ(view.baggage_members(), 2U);
}

TEST(context_view, is_empty_when_default_made) {
  constexpr context_view empty;
  static_assert(empty.is_empty() && !empty.has_trace() && !empty.has_baggage());
  EXPECT_TRUE(context(empty).is_empty());
}

TEST(context_view, FL18_without_one_part_keeps_the_others) {
  const context owner = context_of(sample_trace, "rojo=1", "a=1");
  const context_view view(owner);
  EXPECT_EQ(context(view.without_trace()), context_of(span_context{}, "", "a=1"));
  EXPECT_EQ(context(view.without_tracestate()), context_of(sample_trace, "", "a=1"));
  EXPECT_EQ(context(view.without_baggage()), context_of(sample_trace, "rojo=1", ""));
  EXPECT_EQ(view.without_baggage().baggage_members(), 0U);
  EXPECT_TRUE(view.without_trace().without_baggage().is_empty());
}

}  // namespace
}  // namespace waybill_test
