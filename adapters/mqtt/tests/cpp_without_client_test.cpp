// What holds for messages while no client was ever made in the process: Paho would lose track of a
// list that it extends beyond ten properties.

#include <gtest/gtest.h>

#include <new>
#include <string>

#include "waybill/mqtt/cpp/message.hpp"
#include "waybill/mqtt/cpp/will.hpp"

namespace {

::mqtt::const_message_ptr message_with(int count) {
  ::mqtt::properties own;
  for (int i = 0; i < count; ++i) own.add({::mqtt::property::USER_PROPERTY, "own", "value"});
  auto made = ::mqtt::make_message("topic", "payload", 1, false);
  made->set_properties(std::move(own));
  return made;
}

TEST(cpp_without_a_client, a_message_that_has_no_place_for_the_fields_goes_as_it_is) {
  const waybill::propagation settings(waybill::propagation_options{});
  const ::mqtt::const_message_ptr message = message_with(10);
  ::mqtt::const_message_ptr sent = message;
  EXPECT_EQ(waybill::mqtt::inject(waybill::context::new_root(true), sent, settings).code,
            waybill::errc::no_memory);
  EXPECT_EQ(sent, message);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::no_memory),
            1U);
  EXPECT_EQ(message->get_properties().size(), 10U);
}

TEST(cpp_without_a_client, a_will_that_has_no_place_for_the_fields_stays_as_it_is) {
  const waybill::propagation settings(waybill::propagation_options{});
  const waybill::context sent = waybill::context::new_root(true);
  const auto fields_of = [&](int own_count) {
    const ::mqtt::will_options own("topic", std::string("gone"), 1, false,
                                   message_with(own_count)->get_properties());
    return waybill::mqtt::will_with_context(own, settings, {.context = &sent})
        .get_properties()
        .size();
  };
  EXPECT_EQ(fields_of(8), 10U) << "a traceparent and a stamp";
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
  EXPECT_EQ(fields_of(9), 9U);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::no_memory),
            1U);
}

TEST(cpp_without_a_client, up_to_ten_properties_are_copied) {
  const waybill::propagation settings;
  ::mqtt::const_message_ptr sent = message_with(9);
  waybill::mqtt::inject(waybill::context::new_root(true), sent, settings);
  EXPECT_EQ(sent->get_properties().size(), 10U);
}

}  // namespace
