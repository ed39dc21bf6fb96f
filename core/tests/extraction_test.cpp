// What the boundary makes of a context that comes in.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

#include "sample_headers.hpp"

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
    got.link_rather_than_adopt(settings);
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
  got.link_rather_than_adopt(settings);
  EXPECT_EQ(got.context().baggage_text(), "plan=b");
  EXPECT_EQ(got.links().size(), 1U);
}

TEST(extraction, link_rather_than_adopt_changes_no_other_mode) {
  for (const inbound_mode mode :
       {inbound_mode::link, inbound_mode::restart, inbound_mode::ignore}) {
    const propagation settings = with_entry({.inbound = mode});
    extraction got = extract(full_headers(), settings, waybill::any_destination);
    const context before = got.context();
    got.link_rather_than_adopt(settings);
    EXPECT_EQ(got.mode(), mode);
    EXPECT_EQ(got.context(), before);
  }
}

TEST(extraction, link_rather_than_adopt_begins_no_trace_for_baggage_alone) {
  extraction got = extract(headers_of("", "a=1"), propagation(), waybill::any_destination);
  got.link_rather_than_adopt(propagation());
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

}  // namespace
}  // namespace waybill_test
