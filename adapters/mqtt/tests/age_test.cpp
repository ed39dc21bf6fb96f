// Which contexts are linked rather than adopted: those of stored messages and of old ones.

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"
#include "waybill/mqtt/carrier.hpp"

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::system_clock;
using waybill::context;
using waybill::extraction;
using waybill::inbound_mode;
using waybill::propagation;
using waybill::propagation_options;
using waybill_test::make_context;
using waybill_test::owned_properties;
using waybill_test::traceparent_a;
namespace mqtt = waybill::mqtt;

const context& sent_context() {
  static const context made = make_context(traceparent_a, "rojo=1", "user=1");
  return made;
}

std::string stamp_of(system_clock::time_point when) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count()) +
         "-" + std::string(std::string_view(sent_context().span_context().span_id().hex()));
}

/// A message that was stamped so long ago, or not at all for a negative age.
class stamped {
 public:
  explicit stamped(milliseconds age) {
    mqtt::inject(sent_context(), list_.list(), propagation(), waybill::any_destination);
    if (age.count() >= 0) list_.add(mqtt::sent_time_name, stamp_of(system_clock::now() - age));
  }
  [[nodiscard]] extraction arrives(bool is_retained, mqtt::receive_rules rules = {}) {
    return mqtt::extract(list_.list(), settings_, {"topic", is_retained, rules});
  }
  [[nodiscard]] waybill::result<waybill::context_view> is_seen(bool is_retained,
                                                               mqtt::receive_rules rules = {}) {
    return mqtt::peek(list_.list(), settings_, {"topic", is_retained, rules});
  }
  /// The boundary's mode for the topic.
  void set_mode(inbound_mode mode) {
    propagation_options options;
    options.boundary.set("topic", {.inbound = mode});
    settings_ = propagation(std::move(options));
  }

 private:
  propagation settings_;
  owned_properties list_;
};

constexpr milliseconds unstamped{-1};

void expect_linked(stamped message, bool is_retained, mqtt::receive_rules rules) {
  const extraction got = message.arrives(is_retained, rules);
  EXPECT_EQ(got.mode(), inbound_mode::link);
  EXPECT_EQ(got.parent(), nullptr);
  ASSERT_EQ(got.links().size(), 1U);
  EXPECT_EQ(got.links()[0], sent_context().span_context());
  EXPECT_NE(got.context().span_context().trace_id(), sent_context().span_context().trace_id());
  EXPECT_EQ(got.context().baggage_text(), "user=1");
  EXPECT_EQ(message.is_seen(is_retained, rules).error(), waybill::errc::needs_copy);
}

void expect_adopted(stamped message, bool is_retained, mqtt::receive_rules rules) {
  const extraction got = message.arrives(is_retained, rules);
  ASSERT_NE(got.parent(), nullptr);
  EXPECT_EQ(*got.parent(), sent_context());
  ASSERT_TRUE(message.is_seen(is_retained, rules).has_value());
}

TEST(mqtt_retained, a_live_message_is_adopted) { expect_adopted(stamped(unstamped), false, {}); }

TEST(mqtt_retained, a_retained_message_is_linked) {
  expect_linked(stamped(unstamped), true, {});
  expect_linked(stamped(milliseconds(0)), true, {.age_max = hours(1)});
}

TEST(mqtt_retained, under_retain_as_published_what_is_known_to_be_young_is_adopted) {
  const mqtt::receive_rules rules{.retain_as_published = true, .age_max = minutes(5)};
  expect_adopted(stamped(minutes(1)), true, rules);
  expect_adopted(stamped(minutes(1)), false, rules);
  expect_adopted(stamped(unstamped), false, rules);
  expect_linked(stamped(minutes(6)), true, rules);
  expect_linked(stamped(minutes(6)), false, rules);
}

TEST(mqtt_retained, under_retain_as_published_what_may_be_stored_is_linked) {
  expect_linked(stamped(unstamped), true, {.retain_as_published = true});
  expect_linked(stamped(unstamped), true, {.retain_as_published = true, .age_max = hours(1)});
  expect_linked(stamped(minutes(1)), true, {.retain_as_published = true});
}

TEST(mqtt_age, older_messages_are_linked_and_others_adopted) {
  const mqtt::receive_rules rules{.age_max = minutes(5)};
  expect_adopted(stamped(minutes(4)), false, rules);
  expect_linked(stamped(minutes(6)), false, rules);
}

TEST(mqtt_age, is_not_known_without_a_stamp) {
  expect_adopted(stamped(unstamped), false, {.age_max = milliseconds(0)});
}

TEST(mqtt_age, does_not_matter_without_a_limit) {
  expect_adopted(stamped(hours(1'000)), false, {});
}

TEST(mqtt_age, other_modes_of_the_boundary_stay) {
  for (const inbound_mode mode :
       {inbound_mode::link, inbound_mode::restart, inbound_mode::ignore}) {
    stamped message(unstamped);
    message.set_mode(mode);
    EXPECT_EQ(message.arrives(true).mode(), mode);
    if (mode == inbound_mode::ignore) {
      EXPECT_TRUE(message.is_seen(true).value().is_empty());
    }
  }
}

TEST(mqtt_age, is_of_the_last_stamp_and_of_a_good_one_alone) {
  const system_clock::time_point now{milliseconds(1'000'000)};
  const std::string span_id(std::string_view(sent_context().span_context().span_id().hex()));
  const auto age_with = [&](std::string_view stamp) {
    owned_properties list{{mqtt::sent_time_name, "0-" + span_id},
                          {mqtt::sent_time_name, std::string(stamp) + "-" + span_id}};
    return mqtt::age_of(list.list(), sent_context().span_context(), now);
  };
  EXPECT_EQ(age_with("999000"), milliseconds(1'000));
  EXPECT_EQ(age_with("0"), milliseconds(1'000'000));
  EXPECT_EQ(age_with("000000000999999"), milliseconds(1));
  EXPECT_EQ(age_with("1000001"), milliseconds(0)) << "another clock is ahead";
  EXPECT_EQ(age_with("999999999999999"), milliseconds(0));
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1000000000000000", "x"}) {
    EXPECT_EQ(age_with(bad), std::nullopt) << bad;
  }
}

TEST(mqtt_age, is_not_known_by_the_stamp_of_another_span_context) {
  const std::string own(std::string_view(sent_context().span_context().span_id().hex()));
  for (const std::string& other : std::vector<std::string>{
           "1", "1-", "1-00f067aa0ba902b7", "1-B7AD6B7169203331", "1-" + own + "0"}) {
    owned_properties list{{"traceparent", traceparent_a}, {mqtt::sent_time_name, other}};
    EXPECT_EQ(mqtt::age_of(list.list(), sent_context().span_context(), system_clock::now()),
              std::nullopt)
        << other;
    const mqtt::receive_rules rules{.age_max = milliseconds(0)};
    const extraction got = mqtt::extract(list.list(), propagation(), {"topic", false, rules});
    EXPECT_NE(got.parent(), nullptr) << other << ": as without a stamp";
  }
}

TEST(mqtt_stamp, is_written_when_it_is_asked_for_and_says_now) {
  owned_properties list{{mqtt::sent_time_name, "1"}, {"own", "1"}};
  const system_clock::time_point before = system_clock::now();
  mqtt::inject(sent_context(), list.list(), propagation(), "topic", {.stamps_time = true});
  EXPECT_EQ(list.list().count, 5) << "one stamp, three fields, and the application's own";
  const auto age = mqtt::age_of(list.list(), sent_context().span_context(), before + hours(1));
  ASSERT_TRUE(age.has_value());
  EXPECT_LE(*age, hours(1) + milliseconds(1));
  EXPECT_GT(*age, minutes(59));
  mqtt::edited_properties edited(list.list());
  mqtt::inject(sent_context(), edited, propagation(), "topic", {.stamps_time = true});
  EXPECT_EQ(edited.c_struct().count, 5);
}

TEST(mqtt_stamp, an_older_one_does_not_stay_beside_a_new_span_context) {
  owned_properties list{{"Waybill-Sent-MS", "1"}, {mqtt::sent_time_name, "1"}};
  mqtt::inject(sent_context(), list.list(), propagation(), waybill::any_destination);
  EXPECT_FALSE(
      mqtt::age_of(list.list(), sent_context().span_context(), system_clock::now()).has_value());
  EXPECT_EQ(list.list().count, 3);
}

TEST(mqtt_stamp, stays_where_the_span_context_stays) {
  owned_properties list{{"traceparent", traceparent_a}, {mqtt::sent_time_name, stamp_of({})}};
  mqtt::inject(make_context("", "", "a=1"), list.list(), propagation(), "topic",
               {.stamps_time = true});
  EXPECT_EQ(mqtt::age_of(list.list(), sent_context().span_context(), system_clock::time_point{}),
            milliseconds(0));
  EXPECT_EQ(list.list().count, 3);
}

TEST(mqtt_stamp, goes_with_a_span_context_that_may_not_go_out) {
  propagation_options options;
  options.boundary.set("topic", {.outbound = waybill::outbound_mode::nothing});
  const propagation settings(std::move(options));
  for (const context& sent : {sent_context(), make_context("", "", "a=1"), context()}) {
    owned_properties list{{"traceparent", traceparent_a}, {mqtt::sent_time_name, "1"}};
    mqtt::edited_properties edited(list.list());
    mqtt::inject(sent, edited, settings, "topic", {.stamps_time = true});
    EXPECT_EQ(edited.c_struct().count, 0);
    mqtt::inject(sent, list.list(), settings, "topic", {.stamps_time = true});
    EXPECT_EQ(list.list().count, 0);
  }
  owned_properties list{{"traceparent", traceparent_a}, {mqtt::sent_time_name, "1"}};
  const waybill::messaging::sending decided(mqtt::property_reader(list.list()), {},
                                            waybill::inject_mode::automatic, settings, "topic");
  mqtt::edited_properties edited(list.list());
  mqtt::write(decided, edited, {.stamps_time = true});
  EXPECT_EQ(edited.c_struct().count, 0);
}

TEST(mqtt_stamp, goes_with_an_older_span_context_for_which_there_is_no_room) {
  owned_properties list{{"traceparent", traceparent_a}, {mqtt::sent_time_name, "1"}};
  mqtt::edited_properties edited(list.list());
  mqtt::inject(sent_context(), edited, propagation(), "topic", {.budget = {.bytes_max = 10}});
  EXPECT_EQ(edited.c_struct().count, 0);
}

TEST(mqtt_stamp, of_a_cloud_event_that_keeps_its_span_context_is_as_old_as_that) {
  for (const bool was_stamped : {false, true}) {
    owned_properties list{{"specversion", "1.0"},
                          {"id", "1"},
                          {"source", "s"},
                          {"type", "t"},
                          {"traceparent", traceparent_a}};
    if (was_stamped) list.add(mqtt::sent_time_name, stamp_of({}));
    const auto expected = was_stamped ? std::optional(milliseconds(0)) : std::nullopt;
    mqtt::edited_properties edited(list.list());
    mqtt::inject(sent_context(), edited, propagation(), "topic", {.stamps_time = true});
    EXPECT_EQ(
        mqtt::age_of(edited.c_struct(), sent_context().span_context(), system_clock::time_point{}),
        expected);
    mqtt::inject(sent_context(), list.list(), propagation(), "topic", {.stamps_time = true});
    EXPECT_EQ(mqtt::age_of(list.list(), sent_context().span_context(), system_clock::time_point{}),
              expected);
    mqtt::strip(list.list(), propagation(), waybill::any_destination);
    EXPECT_EQ(list.list().count, 5) << "who receives it takes the stamp off";
  }
}

TEST(mqtt_stamp, of_a_cloud_event_is_written_with_its_first_span_context) {
  owned_properties list{{"specversion", "1.0"}, {"id", "1"}, {"source", "s"}, {"type", "t"}};
  mqtt::inject(sent_context(), list.list(), propagation(), "topic", {.stamps_time = true});
  EXPECT_TRUE(
      mqtt::age_of(list.list(), sent_context().span_context(), system_clock::now()).has_value());
}

TEST(mqtt_stamp, is_the_first_to_go_when_there_is_no_room) {
  owned_properties list;
  const waybill::inject_budget fields{.bytes_max = 3 * 5 + 11 + 55 + 10 + 6 + 7 + 6,
                                      .bytes_per_field = 5};
  const auto report = mqtt::inject(sent_context(), list.list(), propagation(), "topic",
                                   {.budget = fields, .stamps_time = true});
  EXPECT_TRUE(report.trace && report.tracestate && report.baggage);
  EXPECT_FALSE(
      mqtt::age_of(list.list(), sent_context().span_context(), system_clock::now()).has_value());
  waybill::inject_budget and_stamp = fields;
  and_stamp.bytes_max += 5 + mqtt::sent_time_name.size() + 13 + 1 + 16;
  mqtt::inject(sent_context(), list.list(), propagation(), "topic",
               {.budget = and_stamp, .stamps_time = true});
  EXPECT_TRUE(
      mqtt::age_of(list.list(), sent_context().span_context(), system_clock::now()).has_value());
}

}  // namespace
