// How context is taken off: design invariants 2 and 5.
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "support/bare_headers.hpp"
#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::any_destination;
using waybill::extraction;
using waybill::propagation;
using waybill::kafka::extract;
using waybill::kafka::peek;
using waybill::kafka::strip;
using waybill::kafka::take;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::headers_of;
using waybill_test::make_list;
using waybill_test::mock_cluster;
using waybill_test::owned_message;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

const std::string a(traceparent_a);
const std::string b(traceparent_b);

/// `name` with the letters that `bits` says in upper case.
std::string spelling(std::string name, std::size_t bits) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (((bits >> i) & 1U) != 0) name[i] = static_cast<char>(name[i] - 0x20);
  }
  return name;
}

bare_headers stripped(const bare_headers& headers, const propagation& settings) {
  const auto list = make_list(headers);
  strip(list.get(), settings, any_destination);
  return headers_of(list.get());
}

TEST(kafka_strip, FL15_invariant_5_takes_away_every_field_in_every_spelling_and_every_duplicate) {
  const propagation settings;
  bare_headers mixed;
  for (const auto& own : application_headers()) {
    mixed.push_back({"traceparent", a});
    mixed.push_back({"TraceState", ""});
    mixed.push_back(own);
    mixed.push_back({"BAGGAGE", std::nullopt});
    mixed.push_back({"Traceparent", "bad"});
  }
  EXPECT_EQ(stripped(mixed, settings), application_headers());
}

/// A format with a field of the longest name that a propagator takes, which carries nothing.
class longest_name final : public waybill::format {
 public:
  static constexpr std::string_view field_name =
      "x-this-name-of-a-field-has-sixty-three-bytes-and-that-is-a-most";
  [[nodiscard]] std::string_view name() const noexcept override { return "longest"; }
  [[nodiscard]] std::span<const waybill::field> fields() const noexcept override {
    static constexpr std::array<waybill::field, 1> all{{{field_name}}};
    return all;
  }
  void extract(const waybill::field_values& /*values*/,
               waybill::extract_draft& /*draft*/) const noexcept override {}
  void inject(const waybill::context_view& /*context*/,
              waybill::field_writer& /*writer*/) const noexcept override {}
};

TEST(kafka_strip, invariant_5_holds_for_the_longest_name_of_a_field) {
  const longest_name format;
  const waybill::format* const formats[] = {&format};
  const propagation settings(
      waybill::propagation_options{.propagator = waybill::propagator(formats)});
  const std::string name(longest_name::field_name);
  ASSERT_EQ(name.size(), 63U);
  ASSERT_EQ(settings.propagator().fields().size(), 1U);
  const bare_headers own{{name + "x", "v"}, {name.substr(1), "v"}};
  for (const std::string& spelt : {name, spelling(name, 4)}) {
    const bare_headers mixed = bare_headers{{spelt, "v"}} + own;
    EXPECT_EQ(stripped(mixed, settings), own);
    const auto list = make_list(mixed);
    EXPECT_TRUE(take(list.get(), settings, any_destination).context().is_empty());
    EXPECT_EQ(headers_of(list.get()), own);
  }
}

TEST(kafka_strip, FL16_invariant_2_a_list_without_fields_is_left_alone) {
  const propagation settings;
  EXPECT_EQ(stripped(application_headers(), settings), application_headers());
  EXPECT_EQ(stripped({}, settings), bare_headers{});
  strip(static_cast<rd_kafka_headers_t*>(nullptr), settings, any_destination);
}

TEST(kafka_strip, FL15_FL16_invariant_2_any_number_of_fields_leaves_the_rest_byte_for_byte) {
  // Few fields may well be taken away one by one and many by building anew: both must be right.
  const propagation settings;
  for (std::size_t fields = 0; fields <= 40; ++fields) {
    bare_headers mixed;
    for (std::size_t i = 0; i < std::max(fields, application_headers().size()); ++i) {
      if (i < fields) mixed.push_back({spelling("baggage", i), i % 2 == 0 ? "k=v" : ""});
      if (i < application_headers().size()) mixed.push_back(application_headers()[i]);
    }
    EXPECT_EQ(stripped(mixed, settings), application_headers()) << fields;
  }
}

TEST(kafka_strip, a_list_of_nothing_but_fields_becomes_empty) {
  const propagation settings;
  EXPECT_EQ(stripped({{"traceparent", a}, {"baggage", "k=v"}}, settings), bare_headers{});
  EXPECT_EQ(stripped(bare_headers(100, {"traceparent", a}), settings), bare_headers{});
}

TEST(kafka_strip, PR07_only_what_the_propagator_can_read_is_taken) {
  propagation settings(
      waybill::propagation_options{.propagator = waybill::propagator::from_names("baggage")});
  EXPECT_EQ(stripped({{"traceparent", a}, {"baggage", "k=v"}, {"tracestate", "x=1"}}, settings),
            (bare_headers{{"traceparent", a}, {"tracestate", "x=1"}}));
  settings = propagation(
      waybill::propagation_options{.propagator = waybill::propagator::from_names("none")});
  EXPECT_EQ(stripped({{"traceparent", a}}, settings), (bare_headers{{"traceparent", a}}));
}

TEST(kafka_take, reads_before_it_strips) {
  const propagation settings;
  const auto list =
      make_list(bare_headers{{"traceparent", b}, {"Baggage", "old=1"}} + application_headers() +
                bare_headers{{"traceparent", a}, {"baggage", "k=v"}});
  const extraction taken = take(list.get(), settings, any_destination);
  EXPECT_EQ(traceparent_text(taken.context()), a);
  EXPECT_EQ(taken.context().baggage_text(), "k=v");
  EXPECT_EQ(headers_of(list.get()), application_headers());
}

TEST(kafka_take, invariant_5_the_sender_stays_known_whatever_the_boundary_says) {
  waybill::propagation_options options;
  options.boundary.set("orders", {.inbound = waybill::inbound_mode::ignore});
  const propagation settings(options);
  const auto list = make_list({{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v"}});
  const extraction taken = take(list.get(), settings, "orders");
  EXPECT_EQ(headers_of(list.get()), bare_headers{});
  EXPECT_TRUE(taken.context().is_empty());
  EXPECT_EQ(traceparent_text(taken.sender()), a);
}

TEST(kafka_take, a_field_that_is_bad_is_taken_off_as_well) {
  const propagation settings;
  const auto list = make_list({{"traceparent", "bad"}, {"baggage", std::string("\0\xff", 2)}});
  EXPECT_TRUE(take(list.get(), settings, any_destination).context().is_empty());
  EXPECT_EQ(headers_of(list.get()), bare_headers{});
  EXPECT_TRUE(take(static_cast<rd_kafka_headers_t*>(nullptr), settings, any_destination)
                  .context()
                  .is_empty());
}

struct kafka_message : testing::Test {
  waybill::propagation_options options;
  const mock_cluster cluster;
  const bare_headers sent = bare_headers{{"Traceparent", b}, {"tracestate", "x=1"}} +
                            application_headers() +
                            bare_headers{{"traceparent", a}, {"baggage", "k=v"}};
  waybill_test::owned_client client;

  [[nodiscard]] propagation settings() const { return propagation(options); }
  /// Call it when the message is there: librdkafka waits before it asks again.
  [[nodiscard]] owned_message receive() {
    client = cluster.consumer();
    return waybill_test::receive(client.get());
  }
};

TEST_F(kafka_message, is_read_with_its_topic_as_the_destination) {
  options.boundary.set(mock_cluster::topic, {.inbound = waybill::inbound_mode::link});
  cluster.send(sent);
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  const extraction read = extract(*message, settings());
  EXPECT_EQ(traceparent_text(read.sender()), a);
  EXPECT_EQ(read.mode(), waybill::inbound_mode::link);
  EXPECT_EQ(headers_of(*message), sent);
}

TEST_F(kafka_message, FL16_invariant_2_comes_out_byte_for_byte_when_its_context_was_taken) {
  const std::string binary("\0\xff payload \0", 11);
  cluster.send(sent, binary, std::string("\0key", 4));
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  const auto before = waybill_test::to_record(*message);
  EXPECT_EQ(traceparent_text(take(*message, settings()).context()), a);
  const auto after = waybill_test::to_record(*message);
  EXPECT_EQ(after.headers, application_headers());
  EXPECT_EQ(after.value, binary);
  EXPECT_EQ(after.key, std::string("\0key", 4));
  EXPECT_EQ(after.timestamp_ms, before.timestamp_ms);
  EXPECT_EQ(after.offset, before.offset);
  EXPECT_TRUE(take(*message, settings()).context().is_empty());
}

TEST_F(kafka_message, invariant_2_a_tombstone_stays_one) {
  cluster.send(sent, std::nullopt, "key");
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(traceparent_text(take(*message, settings()).context()), a);
  EXPECT_EQ(message->payload, nullptr);
  EXPECT_EQ(headers_of(*message), application_headers());
}

TEST_F(kafka_message, with_nothing_but_fields_keeps_an_empty_list) {
  cluster.send({{"traceparent", a}, {"baggage", "k=v"}});
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  EXPECT_TRUE(take(*message, settings()).context().has_trace());
  rd_kafka_headers_t* list = nullptr;
  ASSERT_EQ(rd_kafka_message_headers(message.get(), &list), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(rd_kafka_header_cnt(list), 0U);
}

TEST_F(kafka_message, without_headers_stays_without_headers) {
  cluster.send({});
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  EXPECT_TRUE(take(*message, settings()).context().is_empty());
  strip(*message, settings());
  rd_kafka_headers_t* list = nullptr;
  EXPECT_EQ(rd_kafka_message_headers(message.get(), &list), RD_KAFKA_RESP_ERR__NOENT);
}

TEST_F(kafka_message, FL15_FL16_a_single_field_is_taken_off) {
  cluster.send(application_headers() + bare_headers{{"traceparent", a}});
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(traceparent_text(take(*message, settings()).context()), a);
  EXPECT_EQ(headers_of(*message), application_headers());
}

TEST_F(kafka_message, FL15_FL16_many_fields_are_taken_off_headers_of_every_kind) {
  bare_headers many = application_headers();
  for (std::size_t i = 0; i < 40; ++i) many.push_back({spelling("traceparent", i), b});
  many = many + application_headers();
  cluster.send(many);
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  strip(*message, settings());
  EXPECT_EQ(headers_of(*message), application_headers() + application_headers());
}

TEST_F(kafka_message, shows_the_fields_again_after_its_headers_were_detached) {
  // librdkafka parses the bytes of the wire again; the documentation says so.
  cluster.send(sent);
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  strip(*message, settings());
  rd_kafka_headers_t* detached = nullptr;
  ASSERT_EQ(rd_kafka_message_detach_headers(message.get(), &detached), RD_KAFKA_RESP_ERR_NO_ERROR);
  const waybill_test::owned_list owned(detached);
  EXPECT_EQ(headers_of(detached), application_headers());
  EXPECT_EQ(headers_of(*message), sent);
  strip(*message, settings());
  EXPECT_EQ(headers_of(*message), application_headers());
}

TEST_F(kafka_message, shows_the_fields_again_after_its_headers_were_set_to_null) {
  cluster.send(sent);
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  strip(*message, settings());
  rd_kafka_message_set_headers(message.get(), nullptr);
  EXPECT_EQ(headers_of(*message), sent);
}

TEST_F(kafka_message, can_be_peeked_into) {
  cluster.send({{"traceparent", a}, {"baggage", "k=v"}});
  const owned_message message = receive();
  ASSERT_NE(message, nullptr);
  const auto seen = peek(*message, settings());
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(traceparent_text(seen->span_context()), a);
  EXPECT_EQ(seen->baggage_text(), "k=v");
}

TEST_F(kafka_message, that_reports_an_error_holds_nothing) {
  auto conf = cluster.consumer_config();
  conf.set("enable.partition.eof", "true");
  const auto consumer = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  waybill_test::assign(consumer.get(), mock_cluster::topic, 0);
  const owned_message message = waybill_test::receive(consumer.get());
  ASSERT_NE(message, nullptr);
  ASSERT_EQ(message->err, RD_KAFKA_RESP_ERR__PARTITION_EOF);
  EXPECT_TRUE(extract(*message, settings()).context().is_empty());
  EXPECT_TRUE(take(*message, settings()).context().is_empty());
  const auto seen = peek(*message, settings());
  EXPECT_TRUE(!seen.has_value() || seen->is_empty());
  strip(*message, settings());
  EXPECT_EQ(message->err, RD_KAFKA_RESP_ERR__PARTITION_EOF);
  EXPECT_EQ(options.diagnostics->total(), 0U);
}

}  // namespace
