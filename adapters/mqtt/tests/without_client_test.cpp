// What holds while no client was ever made in the process.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/property_lists.hpp"
#include "waybill/mqtt/carrier.hpp"

namespace {

using waybill_test::described;

TEST(without_a_client, a_list_that_paho_cannot_extend_stays_as_it_was) {
  waybill_test::owned_properties full;
  for (int i = 0; i < 10; ++i) full.add("x", std::to_string(i));
  const std::vector<std::string> before = described(full.list());
  waybill::mqtt::edited_properties edited(full.list());
  edited.set("baggage", "a=1");
  EXPECT_FALSE(edited.apply_to(full.list()));
  EXPECT_EQ(described(full.list()), before);
}

TEST(without_a_client, an_injection_that_does_not_fit_is_counted) {
  waybill_test::owned_properties full;
  for (int i = 0; i < 10; ++i) full.add("x", std::to_string(i));
  const waybill::propagation settings(waybill::propagation_options{});
  const waybill::context sent(waybill::span_context::new_root(true));
  EXPECT_EQ(waybill::mqtt::inject(sent, full.list(), settings, waybill::any_destination).code,
            waybill::errc::carrier_failed);
  EXPECT_EQ(
      settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::carrier_failed),
      1U);
  EXPECT_EQ(full.list().count, 10);
}

}  // namespace
