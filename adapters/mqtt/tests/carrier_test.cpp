#include "waybill/mqtt/carrier.hpp"

#include <MQTTClient.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/property_lists.hpp"

namespace {

using waybill::any_destination;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::extraction;
using waybill::propagation;
using waybill::propagation_options;
using waybill_test::described;
using waybill_test::make_context;
using waybill_test::owned_properties;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
namespace mqtt = waybill::mqtt;
using texts = std::vector<std::string>;

const context& full_context() {
  static const context made = make_context(traceparent_a, "rojo=1", "user=a%20b,plan=b");
  return made;
}

/// Every property that a PUBLISH may have, and the application's own ones in an order of their own.
void add_application_properties(owned_properties& list) {
  list.add(MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
  list.add("b", "2");
  list.add(MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, 0xffffffffU);
  list.add("a", "");
  list.add(MQTTPROPERTY_CODE_CONTENT_TYPE, "text/plain");
  list.add("a", "");
  list.add(MQTTPROPERTY_CODE_RESPONSE_TOPIC, "answers/1");
  list.add(MQTTPROPERTY_CODE_CORRELATION_DATA, std::string_view("\0\xff\n", 3));
  list.add("", "no name");
  list.add(MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, 1);
  list.add(MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, 268'435'455);
  list.add(MQTTPROPERTY_CODE_TOPIC_ALIAS, 65'535);
  list.add(std::string_view("z\xc3\xab\0", 4), "x\ty");
}

texts application_properties() {
  owned_properties list;
  add_application_properties(list);
  return described(list.list());
}

void expect_fields_of(const context& sent, const MQTTProperties& list) {
  const propagation settings(propagation_options{});
  EXPECT_EQ(mqtt::extract(list, settings, any_destination).context(), sent);
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(mqtt_extract, reads_all_three_fields) {
  owned_properties list{
      {"traceparent", traceparent_a}, {"tracestate", "rojo=1"}, {"baggage", "user=a%20b,plan=b"}};
  const propagation settings(propagation_options{});
  const extraction got = mqtt::extract(list.list(), settings, any_destination);
  EXPECT_EQ(got.context(), full_context());
  ASSERT_NE(got.parent(), nullptr);
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(mqtt_extract, of_a_message_without_properties_is_nothing_and_counts_as_nothing) {
  const propagation settings(propagation_options{});
  MQTTProperties none = MQTTProperties_initializer;
  EXPECT_TRUE(mqtt::extract(none, settings, any_destination).context().is_empty());
  EXPECT_TRUE(mqtt::take(none, settings, any_destination).context().is_empty());
  EXPECT_TRUE(mqtt::peek(none, settings, any_destination).value().is_empty());
  EXPECT_EQ(mqtt::strip(none, settings, any_destination), errc::ok);
  EXPECT_EQ(none.array, nullptr);
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(mqtt_extract, the_last_value_decides_even_when_it_is_bad) {
  owned_properties list{{"traceparent", traceparent_a}, {"traceparent", "00-nonsense"}};
  const propagation settings(propagation_options{});
  EXPECT_TRUE(mqtt::extract(list.list(), settings, any_destination).context().is_empty());
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::malformed), 1U);
  EXPECT_EQ(settings.diagnostics()->count(direction::inbound, errc::duplicate), 1U);
}

TEST(mqtt_extract, takes_the_boundary_of_the_topic) {
  owned_properties list{{"traceparent", traceparent_a}};
  propagation_options options;
  options.boundary.set_prefix("foreign/", {.inbound = waybill::inbound_mode::ignore});
  const propagation settings(std::move(options));
  EXPECT_TRUE(mqtt::extract(list.list(), settings, {"foreign/x"}).context().is_empty());
  EXPECT_FALSE(mqtt::extract(list.list(), settings, {"own/x"}).context().is_empty());
}

TEST(mqtt_peek, shows_what_extract_copies) {
  owned_properties list{{"traceparent", traceparent_a}, {"baggage", "user=a%20b,plan=b"}};
  const auto seen = mqtt::peek(list.list(), propagation(), any_destination);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(context(*seen), make_context(traceparent_a, "", "user=a%20b,plan=b"));
}

TEST(mqtt_strip, leaves_every_other_property_as_it_was) {
  owned_properties list;
  list.add("TraceParent", "x");
  add_application_properties(list);
  for (const char* name : {"traceparent", "baggage", "BAGGAGE", "tracestate", "traceparent"}) {
    list.add(name, "anything");
  }
  list.add(mqtt::sent_time_name, "1");
  EXPECT_EQ(mqtt::strip(list.list(), propagation(), any_destination), errc::ok);
  EXPECT_EQ(described(list.list()), application_properties());
  EXPECT_EQ(list.list().length, owned_properties(list.list()).list().length);
}

TEST(mqtt_strip, of_fields_alone_leaves_an_empty_list_that_can_be_used_again) {
  owned_properties list;
  for (int i = 0; i < 25; ++i) list.add("baggage", "a=1");
  EXPECT_EQ(mqtt::strip(list.list(), propagation(), any_destination), errc::ok);
  EXPECT_EQ(list.list().count, 0);
  EXPECT_EQ(list.list().length, 0);
  list.add("own", "1");
  EXPECT_EQ(described(list.list()), texts{"38 own=1"});
}

TEST(mqtt_take, reads_and_strips) {
  owned_properties list;
  add_application_properties(list);
  EXPECT_EQ(mqtt::inject(full_context(), list.list(), propagation(), any_destination).code,
            errc::ok);
  EXPECT_EQ(mqtt::take(list.list(), propagation(), any_destination).context(), full_context());
  EXPECT_EQ(described(list.list()), application_properties());
}

TEST(mqtt_inject, puts_the_fields_behind_the_applications_own) {
  owned_properties list;
  add_application_properties(list);
  const waybill::inject_report report =
      mqtt::inject(full_context(), list.list(), propagation(), any_destination);
  EXPECT_TRUE(report.trace && report.tracestate && report.baggage);
  texts expected = application_properties();
  expected.push_back("38 traceparent=" + std::string(traceparent_a));
  expected.emplace_back("38 tracestate=rojo=1");
  expected.emplace_back("38 baggage=user=a%20b,plan=b");
  EXPECT_EQ(described(list.list()), expected);
}

TEST(mqtt_inject, of_the_same_message_again_and_again_replaces) {
  owned_properties list;
  add_application_properties(list);
  for (int i = 0; i < 5; ++i)
    mqtt::inject(full_context(), list.list(), propagation(), any_destination);
  const context other = make_context(traceparent_b);
  mqtt::inject(other, list.list(), propagation(), any_destination);
  expect_fields_of(other, list.list());
  EXPECT_EQ(described(list.list()).size(), application_properties().size() + 1)
      << "no old tracestate or baggage beside a new span context";
}

TEST(mqtt_inject, of_baggage_alone_leaves_the_span_context) {
  owned_properties list{{"traceparent", traceparent_a}, {"baggage", "old=1"}};
  mqtt::inject(make_context("", "", "new=1"), list.list(), propagation(), any_destination);
  EXPECT_EQ(described(list.list()),
            (texts{"38 traceparent=" + std::string(traceparent_a), "38 baggage=new=1"}));
}

TEST(mqtt_inject, takes_a_context_that_shows_text_of_the_same_list) {
  const propagation settings;
  owned_properties list;
  mqtt::inject(full_context(), list.list(), settings, any_destination);
  mqtt::inject(mqtt::peek(list.list(), settings, any_destination).value(), list.list(), settings,
               any_destination);
  expect_fields_of(full_context(), list.list());

  const context only_baggage = make_context("", "", "user=" + std::string(100, 'v'));
  owned_properties items;
  mqtt::inject(only_baggage, items.list(), settings, any_destination);
  mqtt::inject(mqtt::peek(items.list(), settings, any_destination).value(), items.list(), settings,
               any_destination);
  expect_fields_of(only_baggage, items.list());
}

TEST(mqtt_inject, of_nothing_changes_nothing) {
  owned_properties list{{"TraceParent", "x"}, {"a", "1"}};
  const texts before = described(list.list());
  mqtt::inject(context(), list.list(), propagation(), any_destination);
  EXPECT_EQ(described(list.list()), before);
}

TEST(mqtt_inject, into_an_edited_list_writes_the_same_and_leaves_the_original) {
  owned_properties list;
  list.add("Baggage", "old=1");
  add_application_properties(list);
  const texts before = described(list.list());
  mqtt::edited_properties edited(list.list());
  mqtt::inject(full_context(), edited, propagation(), any_destination);
  EXPECT_EQ(described(list.list()), before);
  mqtt::inject(full_context(), list.list(), propagation(), any_destination);
  EXPECT_EQ(described(edited.c_struct()), described(list.list()));
  EXPECT_EQ(edited.c_struct().length, list.list().length);
}

/// A format of a user that writes what no broker takes.
class tab_format final : public waybill::format {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "tab"; }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override { return fields_; }
  void extract(const waybill::field_values& /*values*/,
               waybill::extract_draft& /*draft*/) const noexcept override {}
  void inject(const waybill::context_view& /*context*/,
              waybill::field_writer& writer) const noexcept override {
    writer.set(0, "a\tb");
  }

 private:
  waybill::field fields_[1] = {{"x-tab"}};
};

TEST(mqtt_inject, nothing_but_printable_ascii_is_ever_written) {
  const tab_format tab;
  const waybill::format* const formats[] = {&tab, &waybill::tracecontext_format()};
  const propagation settings(propagation_options{.propagator = waybill::propagator(formats)});
  owned_properties list;
  mqtt::inject(full_context(), list.list(), settings, any_destination);
  EXPECT_EQ(described(list.list()),
            (texts{"38 traceparent=" + std::string(traceparent_a), "38 tracestate=rojo=1"}));
}

TEST(mqtt_inject, a_value_over_65535_bytes_is_left_out_and_counted) {
  std::string member = "k=" + std::string(65'536 - 2, 'v');
  propagation_options options;
  options.limits.baggage_bytes_max = 1'000'000;
  options.limits.field_scan_bytes_max = 1'000'000;
  const propagation settings(options);
  const context sent = make_context(traceparent_a)
                           .with_baggage(waybill::baggage::parse(member, settings.limits()).items);
  ASSERT_EQ(sent.baggage_text().size(), 65'536U);
  owned_properties list{{"own", "1"}};
  EXPECT_EQ(mqtt::inject(sent, list.list(), settings, any_destination).code, errc::carrier_failed);
  EXPECT_EQ(described(list.list()),
            (texts{"38 own=1", "38 traceparent=" + std::string(traceparent_a)}));
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::carrier_failed), 1U);
}

TEST(mqtt_inject, white_space_of_another_sender_is_gone_when_it_is_passed_on) {
  owned_properties came{
      {"traceparent", traceparent_a}, {"tracestate", "a=1 ,\tb=2"}, {"baggage", "k=v \t, l=w"}};
  const extraction got = mqtt::extract(came.list(), propagation(), any_destination);
  owned_properties list;
  mqtt::inject(got.context(), list.list(), propagation(), any_destination);
  EXPECT_EQ(described(list.list()), (texts{"38 traceparent=" + std::string(traceparent_a),
                                           "38 tracestate=a=1,b=2", "38 baggage=k=v,l=w"}));
}

TEST(mqtt_messages, of_both_c_interfaces_are_read) {
  MQTTAsync_message async = MQTTAsync_message_initializer;
  MQTTClient_message sync = MQTTClient_message_initializer;
  mqtt::inject(full_context(), async.properties, propagation(), any_destination);
  mqtt::inject(full_context(), sync.properties, propagation(), any_destination);
  EXPECT_EQ(mqtt::extract(async, propagation(), "topic").context(), full_context());
  EXPECT_EQ(mqtt::take(async, propagation(), "topic").context(), full_context());
  EXPECT_EQ(mqtt::take(sync, propagation(), "topic").context(), full_context());
  EXPECT_EQ(async.properties.count + sync.properties.count, 0);
  MQTTProperties_free(&async.properties);
  MQTTProperties_free(&sync.properties);
}

class cloud_event : public testing::Test {
 protected:
  owned_properties event_{{"specversion", "1.0"}, {"id", "1"}, {"source", "s"}, {"type", "t"}};
};

TEST_F(cloud_event, gets_a_span_context_when_it_has_none) {
  mqtt::inject(full_context(), event_.list(), propagation(), any_destination);
  expect_fields_of(full_context(), event_.list());
}

TEST_F(cloud_event, keeps_its_span_context_and_gets_the_baggage) {
  event_.add("traceparent", traceparent_b);
  mqtt::inject(full_context(), event_.list(), propagation(), any_destination);
  expect_fields_of(make_context(traceparent_b, "", "user=a%20b,plan=b"), event_.list());
  mqtt::edited_properties edited(event_.list());
  mqtt::inject(full_context(), edited, propagation(), any_destination);
  EXPECT_EQ(described(edited.c_struct()), described(event_.list()));
}

TEST_F(cloud_event, with_a_tracestate_alone_gets_no_other_span_context_beside_it) {
  event_.add("tracestate", "own=1");
  mqtt::inject(make_context(traceparent_a), event_.list(), propagation(), any_destination);
  EXPECT_EQ(described(event_.list()), (texts{"38 specversion=1.0", "38 id=1", "38 source=s",
                                             "38 type=t", "38 tracestate=own=1"}));
}

TEST_F(cloud_event, is_read_and_keeps_its_span_context_when_it_is_stripped) {
  event_.add("traceparent", traceparent_b);
  event_.add("tracestate", "own=1");
  event_.add("baggage", "a=1");
  event_.add("TraceParent", "no attribute");
  mqtt::edited_properties edited(event_.list());
  edited.strip(waybill::propagator());
  EXPECT_EQ(mqtt::take(event_.list(), propagation(), any_destination).context(),
            make_context(traceparent_b, "own=1", "a=1"));
  EXPECT_EQ(described(event_.list()),
            (texts{"38 specversion=1.0", "38 id=1", "38 source=s", "38 type=t",
                   "38 traceparent=" + std::string(traceparent_b), "38 tracestate=own=1"}));
  EXPECT_EQ(described(edited.c_struct()), described(event_.list()));
}

// One attribute is no pass for fields: whoever sends it could keep them past every policy.
TEST(mqtt_event, without_an_attribute_that_each_event_has_is_a_message_like_others) {
  const std::array<std::string_view, 4> attributes{"specversion", "id", "source", "type"};
  for (const std::string_view missing : attributes) {
    for (const bool is_there : {false, true}) {
      SCOPED_TRACE(std::string(missing) + (is_there ? " is empty" : " is missing"));
      owned_properties list{{"traceparent", traceparent_b}};
      for (const std::string_view each : attributes) {
        if (each != missing) list.add(each, "1.0");
      }
      if (is_there) list.add(missing, "");
      mqtt::inject(make_context(traceparent_a), list.list(), propagation(), any_destination);
      EXPECT_EQ(mqtt::extract(list.list(), propagation(), any_destination).sender(),
                make_context(traceparent_a).span_context());
      mqtt::strip(list.list(), propagation(), any_destination);
      EXPECT_EQ(list.list().count, is_there ? 4 : 3);
    }
  }
}

TEST_F(cloud_event, loses_its_span_context_where_the_boundary_lets_nothing_out) {
  waybill::propagation_options options;
  options.boundary.set("topic", {.outbound = waybill::outbound_mode::nothing});
  const propagation settings(std::move(options));
  event_.add("traceparent", traceparent_b);
  event_.add("tracestate", "own=1");
  mqtt::edited_properties edited(event_.list());
  const waybill::messaging::sending decided(mqtt::property_reader(event_.list()), {},
                                            waybill::inject_mode::automatic, settings, "topic");
  mqtt::write(decided, edited);
  EXPECT_EQ(edited.c_struct().count, 4);
  mqtt::inject(full_context(), event_.list(), settings, "topic");
  EXPECT_EQ(event_.list().count, 4);
}

TEST(mqtt_write, writes_what_a_wrapper_decided) {
  const context& sent = full_context();
  const propagation settings;
  owned_properties list{{"traceparent", traceparent_b}, {"own", "1"}};
  mqtt::edited_properties edited(list.list());
  const waybill::messaging::sending decided(mqtt::property_reader(list.list()), {.context = &sent},
                                            waybill::inject_mode::automatic, settings, "topic");
  ASSERT_TRUE(decided.changes_headers());
  mqtt::write(decided, edited);
  expect_fields_of(sent, edited.c_struct());
}

}  // namespace
