#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>
#include <waybill/diagnostics.hpp>
#include <waybill/header_list.hpp>
#include <waybill/propagation.hpp>

namespace {

using waybill::diagnostic_event;
using waybill::diagnostics;
using waybill::direction;
using waybill::errc;

TEST(Diagnostics, counts_by_direction_code_and_entry_of_the_boundary) {
  diagnostics counted;
  counted.record({.way = direction::inbound, .code = errc::malformed});
  counted.record({.way = direction::inbound, .code = errc::malformed, .boundary_index = 3});
  counted.record({.way = direction::outbound, .code = errc::malformed, .boundary_index = 3});
  counted.record({.way = direction::inbound, .code = errc::too_large, .count = 5});
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed), 2U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, 0), 1U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, 3), 1U);
  EXPECT_EQ(counted.count(direction::outbound, errc::malformed), 1U);
  EXPECT_EQ(counted.count(direction::inbound, errc::too_large), 5U);
  EXPECT_EQ(counted.count(direction::inbound, errc::zero_id), 0U);
  EXPECT_EQ(counted.total(), 8U);
}

TEST(Diagnostics, is_bounded_however_many_entries_the_boundary_has) {
  diagnostics counted;
  for (const std::size_t index :
       {diagnostics::entries_max - 1, diagnostics::entries_max, std::size_t{1'000'000}, SIZE_MAX}) {
    counted.record({.way = direction::inbound, .code = errc::malformed, .boundary_index = index});
  }
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, diagnostics::entries_max - 1), 4U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed, SIZE_MAX), 4U);
  EXPECT_EQ(counted.total(), 4U);
}

TEST(Diagnostics, does_not_count_a_code_that_is_none) {
  diagnostics counted;
  counted.record({.way = direction::inbound, .code = static_cast<errc>(200)});
  EXPECT_EQ(counted.total(), 0U);
  EXPECT_EQ(counted.count(direction::inbound, static_cast<errc>(200)), 0U);
}

TEST(Diagnostics, tells_the_callback_what_happened) {
  std::vector<std::string> told;
  diagnostics counted(
      [](void* state, const diagnostic_event& event) {
        static_cast<std::vector<std::string>*>(state)->push_back(std::string(event.field) + ":" +
                                                                 std::string(name(event.code)));
      },
      &told);
  counted.record({.way = direction::inbound, .code = errc::zero_id, .field = "traceparent"});
  EXPECT_EQ(told, std::vector<std::string>{"traceparent:zero_id"});
}

TEST(Diagnostics, drops_and_counts_what_the_callback_throws) {
  diagnostics counted([](void*, const diagnostic_event&) { throw 1; });
  EXPECT_NO_THROW(counted.record({.way = direction::inbound, .code = errc::malformed}));
  EXPECT_EQ(counted.callback_failures(), 1U);
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed), 1U);
}

TEST(Diagnostics, loses_no_event_of_many_threads) {
  constexpr int threads = 8;
  constexpr int events = 5'000;
  diagnostics counted;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&counted] {
      for (int n = 0; n < events; ++n) {
        counted.record({.way = direction::inbound, .code = errc::duplicate});
      }
    });
  }
  for (std::thread& each : running) each.join();
  EXPECT_EQ(counted.count(direction::inbound, errc::duplicate), std::uint64_t{threads} * events);
}

TEST(Diagnostics, FL10_a_good_message_counts_nothing_and_a_bad_one_its_fields) {
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::header_list good;
  good.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  good.add("baggage", "user=a");
  static_cast<void>(waybill::extract(good, settings, waybill::any_destination));
  static_cast<void>(waybill::extract(waybill::header_list(), settings, waybill::any_destination));
  EXPECT_EQ(settings.diagnostics()->total(), 0U);

  waybill::header_list bad;
  bad.add("traceparent", "no traceparent");
  bad.add("tracestate", "a=1");
  bad.add("baggage", "good=1,bad,also bad=1");
  static_cast<void>(waybill::extract(bad, settings, waybill::any_destination));
  const diagnostics& counted = *settings.diagnostics();
  // Two members of the baggage and the traceparent.
  EXPECT_EQ(counted.count(direction::inbound, errc::malformed), 3U);
  EXPECT_EQ(counted.count(direction::inbound, errc::no_traceparent), 1U);
}

TEST(Diagnostics, may_be_left_out) {
  const waybill::propagation settings({.diagnostics = nullptr});
  waybill::header_list bad;
  bad.add("traceparent", "no traceparent");
  EXPECT_TRUE(waybill::extract(bad, settings, waybill::any_destination).context().is_empty());
}

}  // namespace
