// What the boundary makes of a context that comes in.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::any_destination;
using waybill::baggage_policy;
using waybill::boundary;
using waybill::boundary_entry;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::header_list;
using waybill::inbound_mode;
using waybill::propagation;
using waybill::propagation_options;

header_list full_headers() {
  header_list headers;
  headers.add("app", "1");
  headers.add("traceparent", sample_traceparent);
  headers.add("tracestate", "rojo=1");
  headers.add("baggage", "user=a%20b;p=1,plan=b,user=c");
  return headers;
}

header_list headers_of(std::string_view traceparent, std::string_view baggage) {
  header_list headers;
  if (!traceparent.empty()) headers.add("traceparent", traceparent);
  if (!baggage.empty()) headers.add("baggage", baggage);
  return headers;
}

const context& full_context() {
  static const context sent = context_of(sample_trace, "rojo=1", "user=a%20b;p=1,plan=b,user=c");
  return sent;
}

propagation with_entry(boundary_entry entry) {
  return propagation({.boundary = boundary(std::move(entry))});
}

constexpr inbound_mode all_modes[] = {inbound_mode::adopt, inbound_mode::link,
                                      inbound_mode::restart, inbound_mode::ignore};

TEST(extraction, is_empty_when_default_made) {
  const extraction nothing;
  EXPECT_FALSE(nothing.sender().is_valid());
  EXPECT_TRUE(nothing.context().is_empty());
  EXPECT_EQ(nothing.parent(), nullptr);
  EXPECT_TRUE(nothing.links().empty());
}

TEST(extraction, adopt_makes_the_remote_context_the_parent) {
  const extraction got = extract(full_headers(), propagation(), waybill::any_destination);
  ASSERT_NE(got.parent(), nullptr);
  EXPECT_EQ(*got.parent(), full_context());
  EXPECT_TRUE(got.parent()->span_context().is_remote());
  EXPECT_EQ(got.context(), full_context());
  EXPECT_TRUE(got.links().empty());
  EXPECT_EQ(got.mode(), inbound_mode::adopt);
}

TEST(extraction, adopt_of_baggage_alone_has_no_parent) {
  const extraction got = extract(headers_of("", "a=1"), propagation(), waybill::any_destination);
  EXPECT_EQ(got.parent(), nullptr);
  EXPECT_EQ(got.context(), context_of({}, "", "a=1"));
}

TEST(extraction, ID02_link_begins_a_new_trace_that_is_linked_and_keeps_the_baggage) {
  for (const bool sampled : {false, true}) {
    const propagation settings =
        with_entry({.inbound = inbound_mode::link, .new_traces_sampled = sampled});
    const extraction got = extract(full_headers(), settings, waybill::any_destination);
    EXPECT_EQ(got.parent(), nullptr);
    ASSERT_EQ(got.links().size(), 1U);
    EXPECT_EQ(got.links()[0], sample_trace);
    EXPECT_TRUE(got.links()[0].is_remote());
    EXPECT_TRUE(got.context().has_trace());
    EXPECT_NE(got.context().span_context().trace_id(), sample_trace.trace_id());
    EXPECT_EQ(got.context().span_context().is_sampled(), sampled);
    EXPECT_FALSE(got.context().span_context().is_random());
    EXPECT_FALSE(got.context().span_context().is_remote());
    EXPECT_EQ(got.context().tracestate_text(), "") << "a new trace has none of the old one";
    EXPECT_EQ(got.context().baggage_text(), full_context().baggage_text());
    EXPECT_EQ(got.mode(), inbound_mode::link);
  }
}

TEST(extraction, link_rather_than_adopt_is_as_link_mode) {
  for (const bool sampled : {false, true}) {
    propagation_options options;
    options.boundary.set("stored", {.new_traces_sampled = sampled});
    const propagation settings(options);
    extraction got = extract(full_headers(), settings, "stored");
    got.link_rather_than_adopt(settings, "stored");
    EXPECT_EQ(got.parent(), nullptr);
    ASSERT_EQ(got.links().size(), 1U);
    EXPECT_EQ(got.links()[0], sample_trace);
    EXPECT_NE(got.context().span_context().trace_id(), sample_trace.trace_id());
    EXPECT_EQ(got.context().span_context().is_sampled(), sampled);
    EXPECT_EQ(got.context().tracestate_text(), "");
    EXPECT_EQ(got.context().baggage_text(), full_context().baggage_text());
    EXPECT_EQ(got.sender(), sample_trace);
    EXPECT_EQ(got.mode(), inbound_mode::link);
  }
}

TEST(extraction, link_rather_than_adopt_keeps_what_the_boundary_filtered) {
  const propagation settings =
      with_entry({.baggage_in = {.keys_rule = baggage_policy::rule::only, .keys = {"plan"}}});
  extraction got = extract(full_headers(), settings, waybill::any_destination);
  got.link_rather_than_adopt(settings, waybill::any_destination);
  EXPECT_EQ(got.context().baggage_text(), "plan=b");
  EXPECT_EQ(got.links().size(), 1U);
}

TEST(extraction, link_rather_than_adopt_changes_no_other_mode) {
  for (const inbound_mode mode :
       {inbound_mode::link, inbound_mode::restart, inbound_mode::ignore}) {
    const propagation settings = with_entry({.inbound = mode});
    extraction got = extract(full_headers(), settings, waybill::any_destination);
    const context before = got.context();
    got.link_rather_than_adopt(settings, waybill::any_destination);
    EXPECT_EQ(got.mode(), mode);
    EXPECT_EQ(got.context(), before);
  }
}

TEST(extraction, link_rather_than_adopt_begins_no_trace_for_baggage_alone) {
  extraction got = extract(headers_of("", "a=1"), propagation(), waybill::any_destination);
  got.link_rather_than_adopt(propagation(), waybill::any_destination);
  EXPECT_EQ(got.context(), context_of({}, "", "a=1"));
  EXPECT_TRUE(got.links().empty());
}

TEST(extraction, restart_begins_a_new_trace_that_forgets_the_old_one_and_keeps_the_baggage) {
  const propagation settings = with_entry({.inbound = inbound_mode::restart});
  const extraction got = extract(full_headers(), settings, waybill::any_destination);
  EXPECT_EQ(got.parent(), nullptr);
  EXPECT_TRUE(got.links().empty());
  EXPECT_NE(got.context().span_context().trace_id(), sample_trace.trace_id());
  EXPECT_TRUE(got.context().has_trace());
  EXPECT_EQ(got.context().tracestate_text(), "");
  EXPECT_EQ(got.context().baggage_text(), full_context().baggage_text());
}

TEST(extraction, ignore_is_as_if_nothing_had_come) {
  const propagation settings = with_entry({.inbound = inbound_mode::ignore});
  const extraction got = extract(full_headers(), settings, waybill::any_destination);
  EXPECT_EQ(got.parent(), nullptr);
  EXPECT_TRUE(got.links().empty());
  EXPECT_TRUE(got.context().is_empty());
}

TEST(extraction, the_sender_stays_readable_whatever_the_boundary_says) {
  for (const inbound_mode mode : all_modes) {
    const propagation settings =
        with_entry({.inbound = mode, .baggage_in = {.keys_rule = baggage_policy::rule::none}});
    const extraction got = extract(full_headers(), settings, any_destination);
    EXPECT_EQ(got.sender(), sample_trace);
    EXPECT_TRUE(got.sender().is_remote());
  }
}

TEST(extraction, new_traces_differ_from_message_to_message) {
  const propagation settings = with_entry({.inbound = inbound_mode::restart});
  EXPECT_NE(extract(full_headers(), settings, waybill::any_destination).context().span_context(),
            extract(full_headers(), settings, waybill::any_destination).context().span_context());
}

TEST(extraction, of_a_message_without_context_begins_no_trace) {
  for (const inbound_mode mode : all_modes) {
    const propagation settings = with_entry({.inbound = mode});
    for (const std::string_view traceparent : {"", "00-nonsense"}) {
      const extraction got =
          extract(headers_of(traceparent, ""), settings, waybill::any_destination);
      EXPECT_TRUE(got.context().is_empty());
      EXPECT_EQ(got.parent(), nullptr);
      EXPECT_TRUE(got.links().empty());
    }
  }
}

TEST(extraction, keeps_baggage_that_comes_without_a_trace) {
  for (const inbound_mode mode : {inbound_mode::link, inbound_mode::restart}) {
    const extraction got =
        extract(headers_of("", "a=1"), with_entry({.inbound = mode}), waybill::any_destination);
    EXPECT_EQ(got.context(), context_of({}, "", "a=1")) << "and begins no trace";
    EXPECT_TRUE(got.links().empty());
  }
}

TEST(extraction, uses_the_entry_of_its_destination) {
  propagation_options options;
  options.boundary.set("linked", {.inbound = inbound_mode::link});
  options.boundary.set_prefix("foreign.", {.inbound = inbound_mode::ignore});
  const propagation settings(options);
  EXPECT_EQ(extract(full_headers(), settings, "linked").mode(), inbound_mode::link);
  EXPECT_EQ(extract(full_headers(), settings, "foreign.x").mode(), inbound_mode::ignore);
  EXPECT_EQ(extract(full_headers(), settings, "own").mode(), inbound_mode::adopt);
  EXPECT_EQ(extract(full_headers(), settings, waybill::any_destination).mode(),
            inbound_mode::adopt);
}

TEST(extraction, owns_everything_and_can_be_copied_and_moved) {
  for (const inbound_mode mode : all_modes) {
    const propagation settings = with_entry({.inbound = mode});
    auto headers = std::make_unique<header_list>(full_headers());
    headers->set("baggage", baggage_of_bytes(1'000));
    extraction got = extract(*headers, settings, waybill::any_destination);
    headers.reset();
    const extraction copy = got;
    const extraction moved = std::move(got);
    for (const extraction* each : {&copy, &moved}) {
      EXPECT_EQ(each->sender(), sample_trace);
      EXPECT_EQ(each->context(), moved.context());
      EXPECT_EQ(each->context().baggage_text(),
                mode == inbound_mode::ignore ? "" : baggage_of_bytes(1'000));
      EXPECT_EQ(each->links().size(), mode == inbound_mode::link ? 1U : 0U);
      EXPECT_EQ(each->parent() != nullptr, mode == inbound_mode::adopt);
    }
    if (mode == inbound_mode::adopt) {
      EXPECT_EQ(copy.parent(), &copy.context());
    }
  }
}

TEST(extraction, reports_what_was_bad) {
  const extraction got =
      extract(headers_of("00-nonsense", "a=1,="), propagation(), waybill::any_destination);
  EXPECT_EQ(got.report().fields[0], errc::malformed);
  EXPECT_EQ(got.report().fields[2], errc::malformed);
  EXPECT_EQ(got.report().members_dropped, 1U);
}

// Baggage that may come in.

std::string_view accepted(const extraction& got) { return got.context().baggage_text(); }

TEST(baggage_in, passes_members_by_their_key) {
  using rule = baggage_policy::rule;
  const auto passing = [](baggage_policy policy) {
    const propagation settings = with_entry({.baggage_in = std::move(policy)});
    const extraction got = extract(full_headers(), settings, waybill::any_destination);
    EXPECT_EQ(got.context().span_context(), sample_trace);
    EXPECT_EQ(got.context().tracestate_text(), "rojo=1");
    return std::string(accepted(got));
  };
  EXPECT_EQ(passing({.keys_rule = rule::only, .keys = {"user"}}), "user=a%20b;p=1,user=c")
      << "repeated names all pass, and every byte stays";
  EXPECT_EQ(passing({.keys_rule = rule::only, .keys = {"plan", "other"}}), "plan=b");
  EXPECT_EQ(passing({.keys_rule = rule::except, .keys = {"user"}}), "plan=b");
  EXPECT_EQ(passing({.keys_rule = rule::except, .keys = {"USER"}}), full_context().baggage_text());
  EXPECT_EQ(passing({.keys_rule = rule::none}), "");
  EXPECT_EQ(passing({.keys_rule = rule::only}), "");
}

TEST(baggage_in, counts_the_members_that_pass) {
  const propagation settings =
      with_entry({.baggage_in = {.keys_rule = baggage_policy::rule::only, .keys = {"user"}}});
  EXPECT_EQ(extract(full_headers(), settings, waybill::any_destination).context().baggage_members(),
            2U);
}

TEST(baggage_in, stops_at_the_first_member_over_a_limit) {
  const auto passing = [](std::uint32_t members, std::uint32_t bytes) {
    const propagation settings =
        with_entry({.baggage_in = {.members_max = members, .bytes_max = bytes}});
    return std::string(
        accepted(extract(headers_of("", "a=1,b=22,c=3"), settings, waybill::any_destination)));
  };
  EXPECT_EQ(passing(3, 12), "a=1,b=22,c=3");
  EXPECT_EQ(passing(3, 11), "a=1,b=22");
  EXPECT_EQ(passing(3, 8), "a=1,b=22");
  EXPECT_EQ(passing(3, 7), "a=1") << "c=3 would fit, but stands behind the limit";
  EXPECT_EQ(passing(3, 2), "");
  EXPECT_EQ(passing(2, 100), "a=1,b=22");
  EXPECT_EQ(passing(0, 100), "");
}

TEST(baggage_in, limits_count_only_members_whose_key_passes) {
  const propagation settings = with_entry({.baggage_in = {.keys_rule = baggage_policy::rule::except,
                                                          .keys = {"secret"},
                                                          .members_max = 1,
                                                          .bytes_max = 3}});
  EXPECT_EQ(
      accepted(extract(headers_of("", "secret=xxxxxxxx,a=1"), settings, waybill::any_destination)),
      "a=1");
}

TEST(baggage_in, holds_in_every_mode_that_keeps_baggage) {
  for (const inbound_mode mode : {inbound_mode::adopt, inbound_mode::link, inbound_mode::restart}) {
    const propagation settings =
        with_entry({.inbound = mode,
                    .baggage_in = {.keys_rule = baggage_policy::rule::only, .keys = {"plan"}}});
    EXPECT_EQ(accepted(extract(full_headers(), settings, waybill::any_destination)), "plan=b");
  }
}

TEST(baggage_in, that_is_held_back_is_counted) {
  const propagation settings =
      with_entry({.baggage_in = {.keys_rule = baggage_policy::rule::only, .keys = {"plan"}}});
  static_cast<void>(extract(full_headers(), settings, waybill::any_destination));
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::dropped_by_policy), 2U);
}

// take, strip and peek.

TEST(take, FL15_FL16_reads_and_strips) {
  header_list headers = full_headers();
  const extraction got = take(headers, propagation(), waybill::any_destination);
  EXPECT_EQ(got.context(), full_context());
  header_list expected;
  expected.add("app", "1");
  EXPECT_EQ(headers, expected);
}

TEST(take, strips_what_the_boundary_ignores_too) {
  for (const inbound_mode mode : all_modes) {
    header_list headers = full_headers();
    const extraction got = take(headers, with_entry({.inbound = mode}), waybill::any_destination);
    EXPECT_EQ(headers.size(), 1U);
    EXPECT_EQ(got.sender(), sample_trace);
  }
}

TEST(peek, FL21_gives_what_extract_gives_or_asks_for_a_copy) {
  for (const inbound_mode mode : all_modes) {
    for (const auto rule :
         {baggage_policy::rule::all, baggage_policy::rule::only, baggage_policy::rule::none}) {
      const propagation settings =
          with_entry({.inbound = mode, .baggage_in = {.keys_rule = rule, .keys = {"plan"}}});
      for (const header_list& headers :
           {full_headers(), headers_of("", "plan=b"), headers_of(sample_traceparent, ""),
            headers_of("", ""), headers_of("00-nonsense", "plan=1 , b=2")}) {
        const auto view = peek(headers, settings, waybill::any_destination);
        if (view.has_value()) {
          EXPECT_EQ(context(*view), extract(headers, settings, waybill::any_destination).context());
        } else {
          EXPECT_EQ(view.error(), errc::needs_copy);
          EXPECT_TRUE(view->is_empty());
        }
      }
    }
  }
}

TEST(peek, needs_no_copy_where_the_boundary_takes_nothing_away) {
  const header_list headers = full_headers();
  const auto view = peek(headers, propagation(), waybill::any_destination);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->baggage_text().data(), headers.get("baggage")->data());
}

TEST(peek, asks_for_a_copy_where_a_new_trace_begins) {
  const header_list headers = full_headers();
  EXPECT_EQ(
      peek(headers, with_entry({.inbound = inbound_mode::link}), waybill::any_destination).error(),
      errc::needs_copy);
  EXPECT_EQ(peek(headers, with_entry({.inbound = inbound_mode::restart}), waybill::any_destination)
                .error(),
            errc::needs_copy);
}

TEST(peek, counts_what_was_bad) {
  const propagation settings(propagation_options{});
  const header_list headers = headers_of("00-nonsense", "plan=b");
  EXPECT_EQ(context(peek(headers, settings, waybill::any_destination).value()),
            context_of({}, "", "plan=b"));
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
}

// Counters.

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

TEST(propagation, copies_share_the_counters) {
  const propagation first(propagation_options{});
  const propagation second = first;  // NOLINT(performance-unnecessary-copy-initialization)
  static_cast<void>(extract(headers_of("00-nonsense", ""), second, waybill::any_destination));
  EXPECT_EQ(first.diagnostics()->total(), 1U);
}

}  // namespace
}  // namespace waybill_test
