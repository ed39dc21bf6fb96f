// Which context goes with a message: design invariant 8, the context given or current, and the
// boundary's outbound side.
#include <gtest/gtest.h>

#include <string>

#include "support/sending.hpp"
#include "waybill/kafka/carrier.hpp"

namespace {

using waybill::context;
using waybill::inject_mode;
using waybill::operation_kind;
using waybill::outbound_mode;
using waybill::scope;
using waybill_test::application_headers;
using waybill_test::bare_headers;
using waybill_test::make_context;
using waybill_test::only;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

const std::string a(traceparent_a);
const std::string b(traceparent_b);

const bare_headers full_fields{
    {"traceparent", a}, {"tracestate", "x=1,y=2"}, {"baggage", "user=alice,n=1"}};
/// What an adopter's own code may have put in, duplicates and spellings included.
const bare_headers by_hand{{"traceparent", a}, {"own", "1"}, {"Baggage", "k=v , l=w"},
                           {"traceparent", b}, {"own", "2"}, {"tracestate", ""}};

using kafka_context = waybill_test::kafka_sending;
using kafka_inject_mode = waybill_test::kafka_sending;

TEST_F(kafka_context, given_with_the_message_is_sent) {
  const scope other(make_context(b));
  EXPECT_EQ(sent_headers(application_headers(), &full), application_headers() + full_fields);
}

TEST_F(kafka_context, is_the_current_one_when_none_is_given) {
  const scope active(full);
  EXPECT_EQ(sent_headers(application_headers(), nullptr), application_headers() + full_fields);
}

TEST_F(kafka_context, of_the_propagations_own_provider_is_the_current_one_outside_of_scopes) {
  struct : waybill::context_provider {
    context held;
    const context& current(context&) const noexcept override { return held; }
    void* attach(const context&) const noexcept override { return nullptr; }
    void restore(void*) const noexcept override {}
  } provider;
  provider.held = full;
  options.provider = &provider;
  EXPECT_EQ(sent_headers({}, nullptr), full_fields);
  // A scope is what somebody said last.
  const scope active(make_context(b));
  EXPECT_EQ(sent_headers({}, nullptr), (bare_headers{{"traceparent", b}}));
}

TEST_F(kafka_context, that_is_missing_leaves_the_headers_alone) {
  EXPECT_EQ(sent_headers({}, nullptr), bare_headers{});
  EXPECT_EQ(sent_headers(application_headers(), nullptr), application_headers());
  const context nothing;
  const scope not_asked(full);
  EXPECT_EQ(sent_headers(application_headers(), &nothing), application_headers());
}

TEST_F(kafka_context, of_baggage_alone_replaces_the_baggage_alone) {
  const context items = make_context({}, {}, "n=2");
  EXPECT_EQ(sent_headers({{"traceparent", b}, {"baggage", "old=1"}, {"tracestate", "x=9"}}, &items,
                         inject_mode::replace),
            (bare_headers{{"traceparent", b}, {"tracestate", "x=9"}, {"baggage", "n=2"}}));
}

TEST_F(kafka_inject_mode, invariant_8_replace_puts_the_context_in_place_of_all_fields) {
  EXPECT_EQ(sent_headers(by_hand, &full, inject_mode::replace),
            (bare_headers{{"own", "1"}, {"own", "2"}}) + full_fields);
}

TEST_F(kafka_inject_mode, invariant_8_keep_leaves_what_is_there_byte_for_byte) {
  EXPECT_EQ(sent_headers(by_hand, &full, inject_mode::keep), by_hand);
  const scope active(full);
  EXPECT_EQ(sent_headers(by_hand, nullptr, inject_mode::keep), by_hand);
}

TEST_F(kafka_inject_mode, invariant_8_keep_sends_the_context_when_nothing_is_there) {
  EXPECT_EQ(sent_headers(application_headers(), &full, inject_mode::keep),
            application_headers() + full_fields);
}

TEST_F(kafka_inject_mode, invariant_8_parent_passes_on_what_is_there_when_nobody_traces) {
  const auto headers = sent_headers(by_hand, &full, inject_mode::parent);
  ASSERT_TRUE(headers.has_value());
  EXPECT_EQ(waybill_test::without_fields(*headers), (bare_headers{{"own", "1"}, {"own", "2"}}));
  EXPECT_EQ(only(*headers, "traceparent"), b);
  EXPECT_EQ(only(*headers, "baggage"), "k=v,l=w");
}

TEST_F(kafka_inject_mode, invariant_8_parent_sends_the_context_when_nothing_is_there) {
  EXPECT_EQ(sent_headers(application_headers(), &full, inject_mode::parent),
            application_headers() + full_fields);
}

TEST_F(kafka_inject_mode, invariant_8_automatic_replaces_when_there_is_a_context) {
  EXPECT_EQ(sent_headers(by_hand, &full), (bare_headers{{"own", "1"}, {"own", "2"}}) + full_fields);
  const scope active(full);
  EXPECT_EQ(sent_headers(by_hand, nullptr),
            (bare_headers{{"own", "1"}, {"own", "2"}}) + full_fields);
}

TEST_F(kafka_inject_mode, invariant_8_automatic_keeps_what_is_there_when_there_is_no_context) {
  EXPECT_EQ(sent_headers(by_hand, nullptr), by_hand);
}

TEST_F(kafka_inject_mode, invariant_8_of_the_producer_holds_where_a_message_has_none_of_its_own) {
  const auto keeping = make_producer(inject_mode::keep);
  for (const inject_mode mode : {inject_mode::automatic, inject_mode::replace}) {
    auto list = waybill_test::make_list(by_hand);
    ASSERT_EQ(keeping->produce({.topic = waybill_test::topic, .headers = list.release()},
                               {.context = &full, .mode = mode}),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  waybill_test::purge(client.get());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].message.value().headers, by_hand);
  EXPECT_EQ(entries[1].message.value().headers,
            (bare_headers{{"own", "1"}, {"own", "2"}}) + full_fields);
}

TEST_F(kafka_inject_mode, the_outcome_tells_the_trace_that_was_sent_or_kept) {
  ASSERT_TRUE(sent_headers(by_hand, &full, inject_mode::replace).has_value());
  ASSERT_TRUE(sent_headers(by_hand, &full, inject_mode::keep).has_value());
  ASSERT_TRUE(sent_headers(by_hand, &full, inject_mode::parent).has_value());
  ASSERT_TRUE(sent_headers(application_headers(), nullptr).has_value());
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(traceparent_text(entries[0].sent), a);
  EXPECT_EQ(traceparent_text(entries[1].sent), b);
  EXPECT_EQ(traceparent_text(entries[2].sent), b);
  EXPECT_FALSE(entries[3].sent.is_valid());
}

TEST_F(kafka_inject_mode, invariant_8_with_a_tracer_replace_sends_the_spans_own_context) {
  trace();
  const auto headers = sent_headers(by_hand, &full, inject_mode::replace);
  const auto spans = tracer->spans(operation_kind::send);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].parent, full);
  EXPECT_TRUE(spans[0].injects);
  EXPECT_EQ(only(headers.value(), "traceparent"), traceparent_text(spans[0].started));
  EXPECT_EQ(only(headers.value(), "tracestate"), "x=1,y=2");
  EXPECT_EQ(only(headers.value(), "baggage"), "user=alice,n=1");
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_inject_mode, invariant_8_with_a_tracer_keep_has_a_span_that_is_not_sent) {
  trace();
  EXPECT_EQ(sent_headers(by_hand, &full, inject_mode::keep), by_hand);
  const auto spans = tracer->spans(operation_kind::send);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_FALSE(spans[0].injects);
  EXPECT_EQ(spans[0].parent, full);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_inject_mode, invariant_8_with_a_tracer_parent_has_a_span_below_what_is_there) {
  trace();
  const auto headers = sent_headers(by_hand, &full, inject_mode::parent);
  const auto spans = tracer->spans(operation_kind::send);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(traceparent_text(spans[0].parent), b);
  EXPECT_EQ(spans[0].parent.baggage_text(), "k=v,l=w");
  EXPECT_EQ(only(headers.value(), "traceparent"), traceparent_text(spans[0].started));
  EXPECT_EQ(only(headers.value(), "baggage"), "k=v,l=w");
}

TEST_F(kafka_inject_mode, with_a_tracer_a_message_without_context_begins_a_trace) {
  trace();
  const auto headers = sent_headers(application_headers(), nullptr);
  const auto spans = tracer->spans(operation_kind::send);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_TRUE(spans[0].parent.is_empty());
  EXPECT_EQ(only(headers.value(), "traceparent"), traceparent_text(spans[0].started));
}

TEST_F(kafka_context, a_boundary_of_traces_alone_sends_no_baggage) {
  options.boundary.set(waybill_test::topic, {.outbound = outbound_mode::trace_only});
  EXPECT_EQ(sent_headers(by_hand, &full),
            (bare_headers{{"own", "1"}, {"own", "2"}, full_fields[0], full_fields[1]}));
}

TEST_F(kafka_context, a_boundary_that_lets_nothing_out_takes_away_what_is_there) {
  options.boundary.set(waybill_test::topic, {.outbound = outbound_mode::nothing});
  for (const inject_mode mode :
       {inject_mode::automatic, inject_mode::replace, inject_mode::keep, inject_mode::parent}) {
    EXPECT_EQ(sent_headers(by_hand, &full, mode), (bare_headers{{"own", "1"}, {"own", "2"}}));
    EXPECT_EQ(sent_headers(by_hand, nullptr, mode), (bare_headers{{"own", "1"}, {"own", "2"}}));
  }
}

TEST_F(kafka_context, a_boundary_of_traces_alone_holds_for_what_is_kept) {
  options.boundary.set(waybill_test::topic, {.outbound = outbound_mode::trace_only});
  const auto headers = sent_headers(by_hand, nullptr, inject_mode::keep);
  ASSERT_TRUE(headers.has_value());
  for (const auto& each : *headers) EXPECT_NE(each.name, "Baggage");
  EXPECT_EQ(waybill_test::count_of(*headers, "own"), 2U);
  EXPECT_EQ(waybill::kafka::extract(waybill_test::make_list(*headers).get(), waybill::propagation(),
                                    waybill::any_destination)
                .context()
                .span_context(),
            waybill::parse_traceparent(b).value());
}

TEST_F(kafka_context, the_boundary_is_that_of_the_topic_handle_too) {
  options.boundary.set(waybill_test::topic, {.outbound = outbound_mode::nothing});
  connect();
  const waybill_test::owned_topic handle(
      rd_kafka_topic_new(client.get(), waybill_test::topic, nullptr));
  const auto entry =
      sent({.topic = "not-this-one", .topic_handle = handle.get()}, {.context = &full});
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->message->headers, bare_headers{});
}

TEST_F(kafka_context, a_tracer_that_records_nothing_is_sent_all_the_same) {
  trace();
  tracer->hands_out_spans = false;
  const auto headers = sent_headers({}, &full);
  ASSERT_EQ(tracer->spans().size(), 1U);
  EXPECT_EQ(only(headers.value(), "traceparent"), traceparent_text(tracer->spans()[0].started));
  EXPECT_EQ(tracer->spans()[0].ends, 0);
}

}  // namespace
