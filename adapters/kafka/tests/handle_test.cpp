// handle(): the handler's current context, its span, and what becomes of the offset.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/receiving.hpp"
#include "waybill/kafka/producer.hpp"

namespace {

using waybill::context;
using waybill::current;
using waybill::inbound_mode;
using waybill::operation_kind;
using waybill::outcome_state;
using waybill::scope;
using waybill::kafka::message;
using waybill::kafka::settle_mode;
using waybill_test::bare_headers;
using waybill_test::make_context;
using waybill_test::owned_partitions;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;
using waybill_test::traceparent_text;

const std::string a(traceparent_a);
const std::string b(traceparent_b);
const bare_headers full_fields{{"traceparent", a}, {"tracestate", "x=1"}, {"baggage", "k=v"}};
constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

struct kafka_handle : waybill_test::kafka_receiving {
  /// Receives one message and handles it.
  context handled_under() {
    message received = receive();
    EXPECT_TRUE(received.is_message());
    context inside;
    int calls = 0;
    EXPECT_EQ(receiver->handle(received,
                               [&](message& same) {
                                 EXPECT_EQ(&same, &received);
                                 ++calls;
                                 inside = current();
                               }),
              no_error);
    EXPECT_EQ(calls, 1);
    return inside;
  }
  /// The offset that the broker has for the group.
  [[nodiscard]] std::int64_t committed() const {
    const owned_partitions list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic, 0);
    EXPECT_EQ(rd_kafka_committed(client.get(), list.get(), 30'000), no_error);
    return list->elems[0].offset;
  }
  [[nodiscard]] waybill_test::recording_tracer::span process_span() const {
    const auto spans = tracer->spans(operation_kind::process);
    EXPECT_EQ(spans.size(), 1U);
    return spans.empty() ? waybill_test::recording_tracer::span() : spans[0];
  }
};

TEST_F(kafka_handle, makes_the_messages_context_current_and_restores_the_one_before) {
  cluster.send(full_fields);
  const context outside = make_context(b);
  const scope active(outside);
  EXPECT_EQ(handled_under(), make_context(a, "x=1", "k=v"));
  EXPECT_EQ(current(), outside);
}

TEST_F(kafka_handle, of_a_message_without_context_has_none_whatever_was_current) {
  cluster.send({});
  const scope active(make_context(b));
  EXPECT_TRUE(handled_under().is_empty());
  EXPECT_EQ(traceparent_text(current()), b);
}

TEST_F(kafka_handle, makes_it_current_for_the_propagations_own_provider) {
  struct : waybill::context_provider {
    mutable int attached = 0;
    mutable int restored = 0;
    const context& current(context& storage) const noexcept override { return storage; }
    void* attach(const context& next) const noexcept override {
      EXPECT_EQ(traceparent_text(next), a);
      return &++attached;
    }
    void restore(void* token) const noexcept override {
      EXPECT_EQ(token, &attached);
      ++restored;
    }
  } provider;
  options.provider = &provider;
  cluster.send(full_fields);
  EXPECT_TRUE(handled_under().is_empty());
  EXPECT_EQ(provider.attached, 1);
  EXPECT_EQ(provider.restored, 1);
}

TEST_F(kafka_handle, works_under_what_the_boundary_makes_of_the_context) {
  options.boundary.set(topic, {.inbound = inbound_mode::link});
  cluster.send(full_fields);
  const context linked = handled_under();
  EXPECT_TRUE(linked.has_trace());
  EXPECT_NE(linked.span_context().trace_id(), make_context(a).span_context().trace_id());
  EXPECT_EQ(linked.baggage_text(), "k=v");
  EXPECT_EQ(linked.tracestate_text(), "");

  options.boundary.set(topic, {.inbound = inbound_mode::ignore});
  connect();
  EXPECT_TRUE(handled_under().is_empty());
}

TEST_F(kafka_handle, lets_what_the_handler_throws_through) {
  trace();
  cluster.send(full_fields);
  connect({.settle = settle_mode::commit_sync});
  message received = poll();
  const scope active(make_context(b));
  EXPECT_THROW(receiver->handle(received, [](message&) { throw std::runtime_error("own"); }),
               std::runtime_error);
  EXPECT_EQ(traceparent_text(current()), b);
  EXPECT_EQ(process_span().ended_as, outcome_state::failed);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_TRUE(tracer->spans(operation_kind::settle).empty());
  EXPECT_EQ(received.payload(), "value");
}

TEST_F(kafka_handle, of_nothing_calls_nobody) {
  trace();
  connect();
  message nothing;
  EXPECT_EQ(receiver->handle(nothing, [](message&) { FAIL(); }), no_error);
  EXPECT_TRUE(tracer->spans().empty());
}

TEST_F(kafka_handle, continues_an_adopted_trace_in_its_span) {
  trace();
  cluster.send(full_fields, "value", "key-1");
  connect(std::move(cluster.consumer_config("group-1").set("client.id", "reader-1")));
  const context inside = handled_under();
  const auto span = process_span();
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(span.parent, make_context(a, "x=1", "k=v"));
  EXPECT_EQ(inside, span.started);
  EXPECT_EQ(inside.span_context().trace_id(), make_context(a).span_context().trace_id());
  EXPECT_EQ(inside.baggage_text(), "k=v");
  EXPECT_EQ(span.ended_as, outcome_state::succeeded);
  EXPECT_EQ(span.system, "kafka");
  EXPECT_EQ(span.destination, topic);
  EXPECT_EQ(span.consumer_group, "group-1");
  EXPECT_EQ(span.client_id, "reader-1");
  EXPECT_EQ(span.message_key, "key-1");
  EXPECT_EQ(span.partition, 0);
  EXPECT_EQ(span.offset, 0);
  EXPECT_EQ(span.body_bytes, 5U);
  EXPECT_FALSE(span.tombstone);
  EXPECT_EQ(span.batch_messages, std::nullopt);
}

TEST_F(kafka_handle, marks_the_span_of_a_tombstone) {
  trace();
  cluster.send(full_fields, std::nullopt, std::nullopt);
  handled_under();
  EXPECT_TRUE(process_span().tombstone);
  EXPECT_EQ(process_span().message_key, "");
}

TEST_F(kafka_handle, does_not_take_an_empty_payload_for_a_tombstone) {
  trace();
  cluster.send(full_fields, "", "key");
  handled_under();
  EXPECT_FALSE(process_span().tombstone);
}

TEST_F(kafka_handle, links_a_new_trace_in_link_mode) {
  trace();
  options.boundary.set(topic, {.inbound = inbound_mode::link});
  cluster.send(full_fields);
  const context inside = handled_under();
  const auto span = process_span();
  EXPECT_FALSE(span.parent.has_trace());
  EXPECT_EQ(span.parent.baggage_text(), "k=v");
  ASSERT_EQ(span.links.size(), 1U);
  EXPECT_EQ(traceparent_text(span.links[0]), a);
  EXPECT_EQ(inside, span.started);
}

TEST_F(kafka_handle, begins_an_unlinked_trace_in_restart_mode) {
  trace();
  options.boundary.set(topic, {.inbound = inbound_mode::restart});
  cluster.send(full_fields);
  const context inside = handled_under();
  const auto span = process_span();
  EXPECT_FALSE(span.parent.has_trace());
  EXPECT_EQ(span.parent.baggage_text(), "k=v");
  EXPECT_TRUE(span.links.empty());
  EXPECT_EQ(inside, span.started);
}

TEST_F(kafka_handle, knows_of_nothing_in_ignore_mode) {
  trace();
  options.boundary.set(topic, {.inbound = inbound_mode::ignore});
  cluster.send(full_fields);
  handled_under();
  const auto span = process_span();
  EXPECT_TRUE(span.parent.is_empty());
  EXPECT_TRUE(span.links.empty());
}

TEST_F(kafka_handle, is_the_parent_of_what_the_handler_sends) {
  trace();
  cluster.send(full_fields);
  const auto out = make_client(RD_KAFKA_PRODUCER, waybill_test::unreachable());
  waybill::kafka::producer sender(out.get(), settings());
  message received = receive();
  ASSERT_EQ(
      receiver->handle(received,
                       [&](message&) { EXPECT_EQ(sender.produce({.topic = "next"}), no_error); }),
      no_error);
  const auto sends = tracer->spans(operation_kind::send);
  ASSERT_EQ(sends.size(), 1U);
  EXPECT_EQ(sends[0].parent, process_span().started);
  EXPECT_EQ(sends[0].started.baggage_text(), "k=v");
  waybill_test::purge(out.get());
}

TEST_F(kafka_handle, runs_one_within_another) {
  cluster.send(full_fields);
  cluster.send({{"traceparent", b}});
  message first = receive();
  message second = poll();
  receiver->handle(first, [&](message&) {
    receiver->handle(second, [&](message&) { EXPECT_EQ(traceparent_text(current()), b); });
    EXPECT_EQ(traceparent_text(current()), a);
  });
  EXPECT_TRUE(current().is_empty());
}

TEST_F(kafka_handle, may_begin_here_and_end_on_another_thread) {
  trace();
  send(1, full_fields);
  connect({.settle = settle_mode::commit_sync});
  message received = poll();
  waybill::messaging::processing work = receiver->process(received);
  EXPECT_TRUE(current().is_empty());
  EXPECT_EQ(process_span().ends, 0);
  context inside;
  // All that the handler needs moves along.
  std::jthread([&, message = std::move(received), moved = std::move(work)]() mutable {
    {
      const scope active(moved.context());
      inside = current();
    }
    EXPECT_EQ(message.payload(), "0");
    moved.succeed();
    EXPECT_EQ(receiver->settle(message), no_error);
    moved.end(waybill::outcome(outcome_state::failed, "too late"));
  }).join();
  EXPECT_EQ(inside, process_span().started);
  EXPECT_EQ(inside.span_context().trace_id(), make_context(a).span_context().trace_id());
  EXPECT_EQ(process_span().ended_as, outcome_state::succeeded);
  EXPECT_EQ(tracer->spans(operation_kind::settle).size(), 1U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_EQ(committed(), 1);
  EXPECT_EQ(waybill::misplaced_scope_ends(), 0U);
}

TEST_F(kafka_handle, that_nobody_ends_has_failed) {
  trace();
  send(1, full_fields);
  const message received = receive();
  std::jthread([work = receiver->process(received)] {}).join();
  EXPECT_EQ(process_span().ended_as, outcome_state::failed);
  EXPECT_EQ(process_span().error, "exception");
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_handle, commits_the_offset_behind_the_message) {
  send(3, full_fields);
  connect({.settle = settle_mode::commit_sync});
  for (std::int64_t next = 1; next <= 2; ++next) {
    message received = poll();
    EXPECT_EQ(receiver->handle(received, [](message&) {}), no_error);
    EXPECT_EQ(committed(), next);
  }
  message failing = poll();
  EXPECT_THROW(receiver->handle(failing, [](message&) { throw std::runtime_error("own"); }),
               std::runtime_error);
  EXPECT_EQ(committed(), 2);
  EXPECT_EQ(receiver->commit(failing), no_error);
  EXPECT_EQ(committed(), 3);
}

TEST_F(kafka_handle, commits_without_waiting) {
  trace();
  send(1, full_fields);
  static std::int64_t reported = 0;
  reported = 0;
  auto conf = cluster.consumer_config();
  rd_kafka_conf_set_offset_commit_cb(
      conf.get(),
      [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* offsets, void*) {
        if (error == no_error && offsets->cnt == 1) reported = offsets->elems[0].offset;
      });
  connect(std::move(conf), {.settle = settle_mode::commit_async});
  message received = poll();
  EXPECT_EQ(receiver->handle(received, [](message&) {}), no_error);
  const auto deadline = std::chrono::steady_clock::now() + waybill_test::patience;
  while (reported == 0 && std::chrono::steady_clock::now() < deadline) {
    EXPECT_FALSE(receiver->poll(std::chrono::milliseconds(5)).is_message());
  }
  EXPECT_EQ(reported, 1);
  ASSERT_EQ(tracer->spans(operation_kind::settle).size(), 1U);
  EXPECT_EQ(tracer->spans(operation_kind::settle)[0].name, "commit");
  EXPECT_EQ(tracer->spans(operation_kind::settle)[0].destination, topic);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_handle, stores_the_offset_behind_the_message_for_the_next_commit) {
  send(2, full_fields);
  connect(std::move(cluster.consumer_config().set("enable.auto.offset.store", "false")),
          {.settle = settle_mode::store_offset});
  message received = poll();
  EXPECT_EQ(receiver->handle(received, [](message&) {}), no_error);
  EXPECT_EQ(rd_kafka_commit(client.get(), nullptr, 0), no_error);
  EXPECT_EQ(committed(), 1);
}

TEST_F(kafka_handle, answers_what_settling_answers) {
  send(1, full_fields);
  connect({.settle = settle_mode::store_offset});
  message received = poll();
  // Of a partition that is not assigned any more no offset can be stored.
  ASSERT_EQ(rd_kafka_assign(client.get(), nullptr), no_error);
  EXPECT_NE(receiver->handle(received, [](message&) {}), no_error);
}

TEST_F(kafka_handle, settles_nothing_unless_told_to) {
  trace();
  send(1, full_fields);
  handled_under();
  EXPECT_TRUE(tracer->spans(operation_kind::settle).empty());
}

TEST_F(kafka_handle, does_not_settle_a_message_that_the_handler_moved_away) {
  trace();
  send(3, full_fields);
  for (const settle_mode mode :
       {settle_mode::store_offset, settle_mode::commit_sync, settle_mode::commit_async}) {
    connect({.settle = mode});
    message received = poll();
    ASSERT_TRUE(received.is_message());
    message kept;
    EXPECT_EQ(receiver->handle(received, [&](message& each) { kept = std::move(each); }),
              RD_KAFKA_RESP_ERR__INVALID_ARG);
    EXPECT_EQ(kept.payload(), "0");
    EXPECT_EQ(traceparent_text(kept.context()), a);
  }
  EXPECT_EQ(tracer->badly_ended(), 0U);
  EXPECT_TRUE(tracer->spans(operation_kind::settle).empty());
}

TEST_F(kafka_handle, nothing_is_committed_of_no_message) {
  connect();
  EXPECT_EQ(receiver->commit(message()), RD_KAFKA_RESP_ERR__INVALID_ARG);
}

}  // namespace
