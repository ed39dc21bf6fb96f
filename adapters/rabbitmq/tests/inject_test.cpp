#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/tables.hpp"
#include "waybill/rabbitmq/carrier.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace {

using waybill::any_destination;
using waybill::context;
using waybill::direction;
using waybill::errc;
using waybill::inject_mode;
using waybill::propagation;
using waybill::propagation_options;
using waybill::messaging::sending;
using waybill::rabbitmq::header_frame_bytes;
using waybill::rabbitmq::header_reader;
using waybill::rabbitmq::inject;
using waybill::rabbitmq::outgoing_properties;
using waybill_test::encoded;
using waybill_test::make_context;
using waybill_test::own_table;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

using texts = std::vector<std::pair<std::string, std::string>>;

const amqp_basic_properties_t* const no_properties = nullptr;

texts sent_texts(const outgoing_properties& sent) {
  return waybill_test::texts_of(sent.get()->headers);
}

/// Every byte of properties and of their table's entries.
std::string bytes_of_all(const amqp_basic_properties_t& properties) {
  std::string bytes(reinterpret_cast<const char*>(&properties), sizeof properties);
  const auto entries = waybill::rabbitmq::entries_of(properties.headers);
  bytes.append(reinterpret_cast<const char*>(entries.data()), entries.size_bytes());
  return bytes + encoded(properties);
}

TEST(rabbitmq_inject, fields_stand_behind_the_applications_headers_as_long_strings) {
  own_table table{{"first", "1"}, {"second", "2"}};
  const propagation settings(propagation_options{});
  const auto sent =
      inject(make_context(traceparent_a, "a=1", "k=v"), table.properties(), settings, {"e", "key"});
  EXPECT_EQ(sent_texts(sent), (texts{{"first", "1"},
                                     {"second", "2"},
                                     {"traceparent", std::string(traceparent_a)},
                                     {"tracestate", "a=1"},
                                     {"baggage", "k=v"}}));
  for (const amqp_table_entry_t& each : waybill::rabbitmq::entries_of(*sent.get())) {
    EXPECT_EQ(each.value.kind, AMQP_FIELD_KIND_UTF8);
  }
  EXPECT_EQ(sent.report().code, errc::ok);
  EXPECT_TRUE(sent.report().trace && sent.report().tracestate && sent.report().baggage);
  EXPECT_EQ(settings.diagnostics()->total(), 0U);
}

TEST(rabbitmq_inject, what_was_given_is_never_written_to) {
  own_table nested{{"traceparent", "the application's own"}};
  own_table table{{"a", "1"}, {"traceparent", traceparent_b}, {"Baggage", "old=1"}};
  table.add("table", nested).add_array("array", {waybill_test::long_string("x")});
  const amqp_basic_properties_t& given = table.properties();
  const std::string before = bytes_of_all(given);
  {
    const auto sent =
        inject(make_context(traceparent_a, {}, "k=v"), given, propagation(), any_destination);
    EXPECT_EQ(bytes_of_all(given), before);
    EXPECT_NE(sent.get(), &given);
  }
  EXPECT_EQ(bytes_of_all(given), before);
}

TEST(rabbitmq_inject, nested_tables_and_arrays_of_the_application_are_the_same_bytes) {
  own_table nested{{"n", "1"}};
  own_table table;
  table.add("table", nested).add_array("array", {waybill_test::int64_value(7)});
  const amqp_basic_properties_t& given = table.properties();
  const auto sent = inject(make_context(traceparent_a), given, propagation(), any_destination);
  const auto entries = waybill::rabbitmq::entries_of(*sent.get());
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].value.value.table.entries, nested.get().entries);
  EXPECT_EQ(entries[1].value.value.array.entries,
            given.headers.entries[1].value.value.array.entries);
}

TEST(rabbitmq_inject, every_kind_of_value_passes_byte_for_byte) {
  own_table table;
  for (const char kind : waybill_test::all_kinds) {
    amqp_field_value_t value = waybill_test::value_of_kind(static_cast<std::uint8_t>(kind));
    if (kind != 'S' && kind != 'x' && kind != 'F' && kind != 'A') {
      std::memset(&value.value, 1, sizeof value.value.u64);
    }
    table.add(std::string("h-") + kind, value);
  }
  const amqp_basic_properties_t& given = table.properties();
  const auto sent = inject(make_context(traceparent_a), given, propagation(), any_destination);
  amqp_basic_properties_t stripped = *sent.get();
  EXPECT_EQ(stripped.headers.num_entries, given.headers.num_entries + 1);
  waybill::rabbitmq::strip(stripped, {});
  EXPECT_EQ(encoded(stripped), encoded(given));
}

TEST(rabbitmq_inject, other_properties_and_their_flags_pass_as_they_are) {
  amqp_basic_properties_t given{};
  given._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
  given.content_type = waybill::rabbitmq::bytes_of("text/plain");
  given.delivery_mode = 2;
  given.headers.num_entries = 9;  // without its flag: nothing that means anything
  const auto sent = inject(make_context(traceparent_a), given, propagation(), any_destination);
  amqp_basic_properties_t expected = given;
  own_table fields{{"traceparent", traceparent_a}};
  expected._flags |= AMQP_BASIC_HEADERS_FLAG;
  expected.headers = fields.get();
  EXPECT_EQ(encoded(*sent.get()), encoded(expected));
}

TEST(rabbitmq_inject, a_message_without_properties_gets_some) {
  const auto sent =
      inject(make_context(traceparent_a), no_properties, propagation(), any_destination);
  ASSERT_NE(sent.get(), nullptr);
  EXPECT_EQ(sent.get()->_flags, static_cast<amqp_flags_t>(AMQP_BASIC_HEADERS_FLAG));
  EXPECT_EQ(sent_texts(sent), (texts{{"traceparent", std::string(traceparent_a)}}));
}

TEST(rabbitmq_inject, an_empty_context_leaves_the_properties_as_they_were_given) {
  own_table table{{"traceparent", traceparent_b}};
  const amqp_basic_properties_t& given = table.properties();
  const auto sent = inject(context(), given, propagation(), any_destination);
  EXPECT_EQ(sent.get(), &given);
  const auto none = inject(context(), no_properties, propagation(), any_destination);
  EXPECT_EQ(none.get(), nullptr);
}

TEST(rabbitmq_inject, the_whole_field_set_is_replaced_in_every_spelling_and_type) {
  own_table table{{"traceparent", traceparent_b}, {"a", "1"}, {"TraceState", "old=1"},
                  {"traceparent", traceparent_b}, {"b", "2"}, {"baggage", "old=1"}};
  table.add("BAGGAGE", waybill_test::int64_value(1)).add("tracestate", waybill_test::void_value());
  const auto sent =
      inject(make_context(traceparent_a), table.properties(), propagation(), any_destination);
  EXPECT_EQ(sent_texts(sent),
            (texts{{"a", "1"}, {"b", "2"}, {"traceparent", std::string(traceparent_a)}}));
  EXPECT_EQ(sent.get()->headers.num_entries, 3);
}

TEST(rabbitmq_inject, injecting_many_times_leaves_one_field_set) {
  own_table table{{"a", "1"}};
  amqp_basic_properties_t properties = table.properties();
  const context first = make_context(traceparent_b, "x=1", "k=1");
  const auto once = inject(first, properties, propagation(), any_destination);
  const auto twice =
      inject(make_context(traceparent_a), *once.get(), propagation(), any_destination);
  const auto thrice =
      inject(make_context(traceparent_a), *twice.get(), propagation(), any_destination);
  EXPECT_EQ(sent_texts(thrice), (texts{{"a", "1"}, {"traceparent", std::string(traceparent_a)}}));
  EXPECT_EQ(sent_texts(once).size(), 4U);
}

TEST(rabbitmq_inject, baggage_alone_replaces_baggage_alone) {
  own_table table{{"Traceparent", traceparent_b}, {"BAGGAGE", "old=1"}, {"tracestate", "a=1"}};
  const auto sent =
      inject(make_context({}, {}, "k=v"), table.properties(), propagation(), any_destination);
  EXPECT_EQ(sent_texts(sent), (texts{{"Traceparent", std::string(traceparent_b)},
                                     {"tracestate", "a=1"},
                                     {"baggage", "k=v"}}));
}

TEST(rabbitmq_inject, what_may_not_go_out_is_taken_away_and_counted) {
  propagation_options options;
  options.boundary.set("partner", {.outbound = waybill::outbound_mode::nothing});
  options.boundary.set("public", {.outbound = waybill::outbound_mode::trace_only});
  const propagation settings(options);
  own_table table{{"traceparent", traceparent_b}, {"a", "1"}, {"baggage", "old=1"}};
  const context mine = make_context(traceparent_a, {}, "k=v");
  const auto none = inject(mine, table.properties(), settings, {"partner", "key"});
  EXPECT_EQ(sent_texts(none), (texts{{"a", "1"}}));
  const auto trace = inject(mine, table.properties(), settings, "public");
  EXPECT_EQ(sent_texts(trace), (texts{{"a", "1"}, {"traceparent", std::string(traceparent_a)}}));
  EXPECT_EQ(settings.diagnostics()->count(direction::outbound, errc::dropped_by_policy), 2U);
  const auto empty = inject(context(), table.properties(), settings, "public");
  EXPECT_EQ(sent_texts(empty), (texts{{"traceparent", std::string(traceparent_b)}, {"a", "1"}}));
}

TEST(rabbitmq_inject, headers_that_were_all_fields_and_may_not_go_out_leave_an_empty_table) {
  propagation_options options;
  options.boundary.set("partner", {.outbound = waybill::outbound_mode::nothing});
  const propagation settings(options);
  own_table table{{"traceparent", traceparent_b}};
  const auto sent = inject(make_context(traceparent_a), table.properties(), settings, "partner");
  EXPECT_EQ(sent.get()->headers.num_entries, 0);
  const auto none = inject(make_context(traceparent_a), no_properties, settings, "partner");
  EXPECT_TRUE(none.get() == nullptr || none.get()->_flags == 0);
}

TEST(rabbitmq_inject, all_storage_lives_as_long_as_the_object) {
  own_table table{{"a", "1"}};
  const outgoing_properties* sent = nullptr;
  std::string long_value(3'000, 'x');
  auto held = std::make_unique<context>(make_context(traceparent_a, "a=1", "k=" + long_value));
  auto formats = std::make_unique<propagation>();
  const auto made = inject(*held, table.properties(), *formats, std::string("e"));
  held.reset();
  formats.reset();
  sent = &made;
  EXPECT_EQ(sent_texts(*sent), (texts{{"a", "1"},
                                      {"traceparent", std::string(traceparent_a)},
                                      {"tracestate", "a=1"},
                                      {"baggage", "k=" + long_value}}));
}

TEST(rabbitmq_inject, any_number_of_headers_is_carried) {
  for (const int headers : {0, 1, 27, 28, 29, 30, 31, 32, 33, 1'000}) {
    own_table table;
    own_table expected;
    for (int i = 0; i < headers; ++i) {
      table.add("h" + std::to_string(i), std::to_string(i));
      expected.add("h" + std::to_string(i), std::to_string(i));
    }
    expected.add("traceparent", traceparent_a).add("tracestate", "a=1").add("baggage", "k=v");
    const auto sent = inject(make_context(traceparent_a, "a=1", "k=v"), table.properties(),
                             propagation(), any_destination);
    EXPECT_EQ(encoded(*sent.get()), encoded(expected.properties())) << headers;
  }
}

TEST(rabbitmq_inject, broken_tables_get_the_fields_too) {
  amqp_basic_properties_t given{};
  given._flags = AMQP_BASIC_HEADERS_FLAG;
  for (const int count : {-1, 5}) {
    given.headers = {count, nullptr};
    const auto sent =
        inject(make_context(traceparent_a), given, propagation(), any_destination, 4'096);
    EXPECT_EQ(sent_texts(sent), (texts{{"traceparent", std::string(traceparent_a)}}));
  }
}

/// A format of a user that sets one field several times, each time to another value.
class hesitant_format final : public waybill::format {
 public:
  hesitant_format(std::string_view field_name, std::vector<std::string> values)
      : fields_{{field_name}}, values_(std::move(values)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "hesitant"; }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override { return fields_; }
  void extract(const waybill::field_values& /*values*/,
               waybill::extract_draft& /*draft*/) const noexcept override {}
  void inject(const waybill::context_view& /*context*/,
              waybill::field_writer& writer) const noexcept override {
    for (const std::string& each : values_) writer.set(0, each);
  }

 private:
  waybill::field fields_[1];
  std::vector<std::string> values_;
};

TEST(rabbitmq_inject, the_last_value_replaces_those_that_formats_set_before) {
  const hesitant_format shares("traceparent", {"other"});
  const hesitant_format often("x-often", std::vector<std::string>(40, std::string(700, 'v')));
  const waybill::format* const formats[] = {&waybill::tracecontext_format(), &shares, &often};
  const propagation settings(propagation_options{.propagator = waybill::propagator(formats)});
  for (const int headers : {1, 28, 29, 30, 31, 40}) {
    own_table table;
    own_table expected;
    for (int i = 0; i < headers; ++i) {
      table.add("h" + std::to_string(i), "v");
      expected.add("h" + std::to_string(i), "v");
    }
    expected.add("traceparent", "other")
        .add("tracestate", "a=1")
        .add("x-often", std::string(700, 'v'));
    const std::size_t whole = header_frame_bytes(expected.properties()).value();
    for (const std::size_t frame_bytes_max : {std::size_t{0}, whole}) {
      const auto sent = inject(make_context(traceparent_a, "a=1"), table.properties(), settings,
                               any_destination, frame_bytes_max);
      EXPECT_EQ(encoded(*sent.get()), encoded(expected.properties())) << headers;
    }
  }
}

TEST(rabbitmq_inject, modes_are_those_of_every_wrapper) {
  const propagation settings;
  own_table table{{"traceparent", traceparent_b}, {"tracestate", "b=1"}};
  const amqp_basic_properties_t& given = table.properties();
  const context mine = make_context(traceparent_a);
  const context none;
  const auto sent_in = [&](inject_mode mode, const context& explicit_context) {
    const header_reader existing(given);
    const sending decided(existing, {.context = &explicit_context}, mode, settings,
                          waybill::destination("orders"));
    outgoing_properties sent(given);
    sent.write(decided, settings);
    return sent_texts(sent);
  };
  const texts kept{{"traceparent", std::string(traceparent_b)}, {"tracestate", "b=1"}};
  const texts replaced{{"traceparent", std::string(traceparent_a)}};
  EXPECT_EQ(sent_in(inject_mode::automatic, mine), replaced);
  EXPECT_EQ(sent_in(inject_mode::automatic, none), kept);
  EXPECT_EQ(sent_in(inject_mode::replace, mine), replaced);
  EXPECT_EQ(sent_in(inject_mode::keep, mine), kept);
  EXPECT_EQ(sent_in(inject_mode::parent, mine), kept);
}

TEST(rabbitmq_inject, a_kept_field_set_leaves_the_properties_as_they_were_given) {
  const propagation settings;
  own_table table{{"traceparent", traceparent_b}};
  const amqp_basic_properties_t& given = table.properties();
  const context mine = make_context(traceparent_a);
  const header_reader existing(given);
  const sending decided(existing, {.context = &mine}, inject_mode::keep, settings,
                        waybill::destination("orders"));
  outgoing_properties sent(given);
  EXPECT_EQ(sent.write(decided, settings).code, errc::ok);
  EXPECT_EQ(sent.get(), &given);
}

TEST(rabbitmq_inject, writing_again_replaces_what_was_written) {
  const propagation settings;
  own_table table{{"a", "1"}};
  outgoing_properties sent(table.properties());
  for (const std::string_view each : {traceparent_b, traceparent_a}) {
    const context mine = make_context(each, {}, "k=v");
    const header_reader existing(table.properties());
    sent.write(sending(existing, {.context = &mine}, inject_mode::replace, settings,
                       waybill::destination("q")),
               settings);
  }
  EXPECT_EQ(sent_texts(sent),
            (texts{{"a", "1"}, {"traceparent", std::string(traceparent_a)}, {"baggage", "k=v"}}));
}

}  // namespace
