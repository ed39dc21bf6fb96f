// Whether the context that was taken off a message was ever used.
#include <gtest/gtest.h>

#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/messaging/receiving.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::extraction;
using waybill::propagation;
using waybill::messaging::context_use;

struct context_uses : testing::Test {
  [[nodiscard]] extraction received() const {
    waybill::header_list headers;
    headers.add("traceparent", sample_traceparent);
    return waybill::extract(headers, settings, "orders");
  }
  [[nodiscard]] std::uint64_t unused() const {
    return settings.diagnostics()->count(waybill::direction::inbound,
                                         waybill::errc::unused_context);
  }

  const propagation settings{waybill::propagation_options{}};
};

TEST_F(context_uses, that_never_comes_is_counted_once) {
  { const context_use use(received(), settings); }
  EXPECT_EQ(unused(), 1U);
}

TEST_F(context_uses, that_is_noted_is_not_counted) {
  {
    const context_use use(received(), settings);
    use.note();
    use.note();
  }
  EXPECT_EQ(unused(), 0U);
}

TEST_F(context_uses, of_a_message_without_a_context_is_not_counted) {
  { const context_use use(extraction(), settings); }
  { const context_use use; }
  EXPECT_EQ(unused(), 0U);
}

TEST_F(context_uses, moves_with_its_message) {
  {
    context_use first(received(), settings);
    const context_use second(std::move(first));
    EXPECT_EQ(unused(), 0U);
  }
  EXPECT_EQ(unused(), 1U);
}

TEST_F(context_uses, that_is_assigned_to_counts_what_it_held_before) {
  {
    context_use kept(received(), settings);
    context_use next(received(), settings);
    kept = std::move(next);
    EXPECT_EQ(unused(), 1U);
    kept.note();
  }
  EXPECT_EQ(unused(), 1U);
}

TEST_F(context_uses, counts_nothing_without_counters) {
  const propagation silent;
  { const context_use use(received(), silent); }
  EXPECT_EQ(unused(), 0U);
}

}  // namespace
}  // namespace waybill_test
