// The settings of propagation, what they count, and the context that is sent when none is given.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/current.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "sample_headers.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::boundary;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::header_list;
using waybill::inbound_mode;
using waybill::propagation;
using waybill::propagation_options;

TEST(propagation, counts_by_the_entry_of_the_boundary) {
  propagation_options options;
  options.boundary.set("a", {}).set("b", {});
  const propagation settings(options);
  const header_list bad = headers_of("00-nonsense", "");
  static_cast<void>(extract(bad, settings, "a"));
  static_cast<void>(extract(bad, settings, "b"));
  static_cast<void>(extract(bad, settings, "b"));
  static_cast<void>(extract(bad, settings, "elsewhere"));
  const waybill::diagnostics& counted = *settings.diagnostics();
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, settings.boundary().find_index("a")),
            1U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, settings.boundary().find_index("b")),
            2U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, 0), 1U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed), 4U);
}

TEST(propagation, counts_a_message_that_was_peeked_at_and_then_extracted_once) {
  const propagation settings(propagation_options{});
  const header_list headers = headers_of("00-nonsense", "plan=1 , b=2");
  ASSERT_EQ(peek(headers, settings, waybill::any_destination).error(), errc::needs_copy);
  static_cast<void>(extract(headers, settings, waybill::any_destination));
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
}

TEST(propagation, is_made_of_options_that_leave_the_rest_as_it_is) {
  const propagation settings(propagation_options{.limits = {.baggage_members_max = 1}});
  EXPECT_EQ(extract(headers_of("", "a=1,b=2"), settings, waybill::any_destination).context(),
            context_of({}, "", "a=1"));
  EXPECT_EQ(&settings.provider(), &waybill::thread_context_provider());
  EXPECT_EQ(settings.tracer(), nullptr);
  EXPECT_NE(settings.diagnostics(), nullptr);
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::too_many_members), 1U);
}

TEST(propagation, by_default_counts_nothing) {
  const propagation settings;
  EXPECT_EQ(settings.diagnostics(), nullptr);
  EXPECT_EQ(settings.tracer(), nullptr);
  EXPECT_EQ(settings.random_flag(), waybill::random_flag::off);
  EXPECT_EQ(&settings.provider(), &waybill::thread_context_provider());
  EXPECT_EQ(settings.boundary().size(), 1U);
  static_cast<void>(extract(headers_of("00-nonsense", "="), settings, any_destination));
  settings.record({.code = errc::malformed});
  settings.record(direction::inbound, errc::malformed, any_destination);
  EXPECT_TRUE(extract(full_headers(), settings, any_destination).context().has_trace());
}

TEST(propagation, by_default_is_the_same_for_all) {
  const propagation one;
  const propagation other;
  EXPECT_EQ(&one.propagator(), &other.propagator());
  EXPECT_EQ(&one.boundary(), &other.boundary());
}

TEST(propagation, records_by_the_entry_of_a_destination) {
  propagation_options options;
  options.boundary.set("a", {});
  const propagation settings(options);
  settings.record(direction::outbound, errc::given_up, "a");
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::given_up, 1), 1U);
  settings.record(direction::outbound, errc::given_up, "b");
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::given_up, 0), 1U);
  EXPECT_EQ(settings.diagnostics()->total(), 2U);
}

TEST(propagation, does_not_change_with_the_options_it_was_made_from) {
  propagation_options options;
  const propagation settings(options);
  options.boundary.set("a", {.inbound = inbound_mode::ignore});
  options.limits.baggage_members_max = 0;
  EXPECT_EQ(settings.boundary().size(), 1U);
  EXPECT_EQ(extract(full_headers(), settings, "a").context(), full_context());
}

TEST(propagation, its_settings_live_as_long_as_a_copy) {
  std::optional<propagation> first(propagation_options{.limits = {.baggage_members_max = 1}});
  const propagation copy = *first;
  EXPECT_EQ(&copy.limits(), &first->limits());
  first.reset();
  EXPECT_EQ(copy.limits().baggage_members_max, 1U);
}

TEST(propagation, that_was_moved_from_still_has_settings) {
  const propagation settings(propagation_options{.limits = {.baggage_members_max = 1}});
  propagation source = settings;
  propagation moved = std::move(source);
  EXPECT_EQ(moved.limits().baggage_members_max, 1U);
  EXPECT_EQ(extract(full_headers(), source, any_destination).context(),  // NOLINT(*-use-after-move)
            full_context());
  propagation assigned;
  assigned = std::move(moved);
  EXPECT_EQ(assigned.limits().baggage_members_max, 1U);
  EXPECT_EQ(extract(full_headers(), moved, any_destination).context(),  // NOLINT(*-use-after-move)
            full_context());
}

TEST(propagation, new_traces_have_the_random_flag_where_it_is_asked_for) {
  for (const auto flag : {waybill::random_flag::off, waybill::random_flag::on}) {
    for (const inbound_mode mode : {inbound_mode::link, inbound_mode::restart}) {
      const propagation settings({.boundary = boundary({.inbound = mode}), .random_flag = flag});
      EXPECT_EQ(settings.random_flag(), flag);
      const extraction got = extract(full_headers(), settings, any_destination);
      EXPECT_EQ(got.context().span_context().is_random(), flag == waybill::random_flag::on);
      EXPECT_EQ(extraction().new_child_or_root(true, flag).span_context().is_random(),
                flag == waybill::random_flag::on);
    }
  }
}

TEST(propagation, copies_share_the_counters) {
  const propagation first(propagation_options{});
  const propagation second = first;  // NOLINT(performance-unnecessary-copy-initialization)
  static_cast<void>(extract(headers_of("00-nonsense", ""), second, waybill::any_destination));
  EXPECT_EQ(first.diagnostics()->total(), 1U);
}

// What is sent when no context is given.

/// Knows one context, as a bridge to an SDK would.
class fixed_provider final : public waybill::context_provider {
 public:
  explicit fixed_provider(context known) : known_(std::move(known)) {}
  [[nodiscard]] const context& current(context& storage) const noexcept override {
    storage = known_;
    return storage;
  }
  [[nodiscard]] void* attach(const context& /*next*/) const noexcept override { return nullptr; }
  void restore(void* /*attached*/) const noexcept override {}

 private:
  context known_;
};

context named(std::string_view user) {
  return context_of(sample_trace, "", "user=" + std::string(user));
}

TEST(propagation_current, is_that_of_a_scope_then_the_provider_s_then_the_received_one) {
  const fixed_provider foreign(named("foreign"));
  const propagation settings({.provider = &foreign});
  const waybill::received_slot slot(nullptr);
  context storage;
  EXPECT_EQ(settings.current(storage), named("foreign"));
  slot.fill(named("received"));
  EXPECT_EQ(settings.current(storage), named("foreign")) << "it comes before what was received";
  const waybill::scope active(named("scope"));
  EXPECT_EQ(settings.current(storage), named("scope")) << "which comes before both";
  const waybill::scope empty{context()};
  EXPECT_TRUE(settings.current(storage).is_empty()) << "an empty scope says: nothing";
}

TEST(propagation_current, is_the_received_one_where_a_foreign_provider_knows_none) {
  const fixed_provider foreign{context()};
  const propagation settings({.provider = &foreign});
  const auto counters = std::make_shared<waybill::diagnostics>();
  const waybill::received_slot slot(counters);
  context storage;
  EXPECT_TRUE(settings.current(storage).is_empty());
  slot.fill(named("received"));
  EXPECT_EQ(settings.current(storage), named("received"));
  waybill::received_slot::clear();
  EXPECT_TRUE(settings.current(storage).is_empty());
  EXPECT_EQ(counters->total(), 0U) << "it was used";
}

TEST(propagation_current, is_the_received_one_of_the_thread_s_own_provider) {
  const propagation settings;
  const waybill::received_slot slot(nullptr);
  context storage;
  EXPECT_TRUE(settings.current(storage).is_empty());
  slot.fill(named("received"));
  EXPECT_EQ(settings.current(storage), named("received"));
  const waybill::scope active(named("scope"));
  EXPECT_EQ(settings.current(storage), named("scope"));
}

TEST(propagation_current, that_a_foreign_provider_answered_leaves_the_received_one_unused) {
  const fixed_provider foreign(named("foreign"));
  const propagation settings({.provider = &foreign});
  const auto counters = std::make_shared<waybill::diagnostics>();
  const waybill::received_slot slot(counters);
  context storage;
  slot.fill(named("received"));
  EXPECT_EQ(settings.current(storage), named("foreign"));
  waybill::received_slot::clear();
  EXPECT_EQ(counters->count(direction::inbound, errc::unused_context), 1U);
}

}  // namespace
}  // namespace waybill_test
