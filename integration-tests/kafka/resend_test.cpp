// Messages that were read and are sent again: one of each field is on the wire afterwards.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"

namespace waybill_test {
namespace {

const std::vector<bare_header> application = {{"app", "1"},
                                              {"null", std::nullopt},
                                              {"app", "2"},
                                              {"trace-parent", "not ours"},
                                              {"empty", ""}};

// Application headers with all that senders before us may have left between them.
std::vector<bare_header> with_leftovers() {
  return {application[0],
          {"traceparent", traceparent_of(1)},
          {"tracestate", "stale=1"},
          application[1],
          {"Traceparent", traceparent_of(2)},
          {"baggage", "stale=1"},
          {"BAGGAGE", "stale=2"},
          application[2],
          application[3],
          {"traceparent", "bad"},
          {"tracestate", std::nullopt},
          {"traceparent", traceparent_of(3)},
          {"tracestate", ""},
          application[4],
          {"traceparent", std::nullopt}};
}

class a_message_sent_again : public kafka_test {
 protected:
  // What is on the wire after sending a message with these headers under this context.
  std::vector<bare_header> sent_with(const std::vector<bare_header>& headers,
                                     const waybill::context& context,
                                     waybill::inject_mode mode = waybill::inject_mode::automatic) {
    const std::string topic = new_topic();
    waybill_producer producer(bootstrap());
    producer.send(topic, {"key", "value", headers}, {.context = &context, .mode = mode});
    producer.flush();
    return records_of(topic).at(0).headers;
  }
};

TEST_F(a_message_sent_again, has_the_new_context_in_place_of_all_older_ones) {
  const waybill::context context = make_context(10, "t=10", "b=10");
  EXPECT_EQ(sent_with(with_leftovers(), context), on_wire(application, context));
}

TEST_F(a_message_sent_again, keeps_no_stale_tracestate_and_baggage_when_the_new_context_has_none) {
  const waybill::context context = make_context(10);
  EXPECT_EQ(sent_with(with_leftovers(), context), on_wire(application, context));
}

TEST_F(a_message_sent_again, keeps_its_trace_when_the_new_context_has_baggage_alone) {
  const waybill::context baggage = make_context(1, {}, "b=10").with_span_context({});
  EXPECT_EQ(sent_with({{"app", "1"},
                       {"traceparent", traceparent_of(1)},
                       {"baggage", "stale=1"},
                       {"tracestate", "t=1"},
                       {"Baggage", "stale=2"}},
                      baggage),
            (std::vector<bare_header>{{"app", "1"},
                                      {"traceparent", traceparent_of(1)},
                                      {"tracestate", "t=1"},
                                      {"baggage", "b=10"}}));
}

TEST_F(a_message_sent_again, is_left_alone_in_mode_keep_and_without_a_context) {
  EXPECT_EQ(sent_with(with_leftovers(), waybill::context{}), with_leftovers());
  const std::vector<bare_header> outbox = {{"traceparent", traceparent_of(1)}, {"app", "1"}};
  EXPECT_EQ(sent_with(outbox, make_context(10, "t=10", "b=10"), waybill::inject_mode::keep),
            outbox);
}

// A retry loop: each time the headers are those that the message came with.
TEST_F(a_message_sent_again, has_one_of_each_field_however_often) {
  std::vector<bare_header> headers = with_leftovers();
  for (std::uint64_t i = 10; i < 14; ++i) {
    const waybill::context context =
        make_context(i, i % 2 == 0 ? "t=1" : "", i % 2 == 0 ? "" : "b=1");
    headers = sent_with(headers, context);
    EXPECT_EQ(headers, on_wire(application, context)) << i;
  }
}

// rd_kafka_message_detach_headers brings the fields back that were stripped; whoever sends such a
// list on must not send them.
TEST_F(a_message_sent_again, with_detached_headers_has_the_new_context_alone) {
  const std::string topic = new_topic();
  const std::string next_topic = new_topic();
  bare_producer(bootstrap()).produce(topic, {"key", "value", with_leftovers()});
  waybill_consumer consumer(bootstrap(), topic);
  waybill::kafka::message received = consumer.next();
  EXPECT_EQ(seen_headers(received), application);

  rd_kafka_headers_t* detached = nullptr;
  ASSERT_EQ(rd_kafka_message_detach_headers(received.raw(), &detached), RD_KAFKA_RESP_ERR_NO_ERROR);
  waybill::kafka::headers list(detached);
  const waybill::context context = make_context(10, {}, "b=10");
  waybill_producer producer(bootstrap());
  ASSERT_EQ(producer.producer().produce({.topic = next_topic.c_str(), .payload = "value"}, list,
                                        {.context = &context}),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  producer.flush();
  EXPECT_EQ(records_of(next_topic).at(0).headers, on_wire(application, context));
}

TEST_F(a_message_sent_again, after_it_was_refused_has_its_headers_as_they_were) {
  const std::string topic = new_topic();
  const std::string too_long(2'000'000, 'v');
  const waybill::context context = make_context(10, "t=10", "b=10");
  waybill_producer producer(bootstrap());
  // From here on the producer knows which partitions there are, and refuses others at once.
  producer.send(topic, {"key", "first", {}});
  producer.flush();

  waybill::kafka::record too_large;
  too_large.topic = topic.c_str();
  too_large.payload = too_long;
  waybill::kafka::record nowhere = too_large;
  nowhere.payload = "value";
  nowhere.partition = 99;
  for (const std::vector<bare_header>& sent : {with_leftovers(), application}) {
    waybill::kafka::headers list = make_headers(sent);
    ASSERT_EQ(producer.producer().produce(too_large, list, {.context = &context}),
              RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    ASSERT_EQ(producer.producer().produce(nowhere, list, {.context = &context}),
              RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
    // Without a context the list goes out as it is now.
    waybill::kafka::record good = nowhere;
    good.partition = 0;
    ASSERT_EQ(producer.producer().produce(good, list), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  producer.flush();
  const std::vector<bare_record> wire = records_of(topic);
  ASSERT_EQ(wire.size(), 3U);
  EXPECT_EQ(wire[1].headers, with_leftovers());
  EXPECT_EQ(wire[2].headers, application);
  // A refusal is the answer of the call, not an outcome.
  EXPECT_EQ(producer.log().outcomes().size(), 3U);
}

// The headers of an unstripped message, copied and sent on in the handler: the usual relay.
TEST_F(a_message_sent_again, in_a_handler_has_the_context_it_came_with_once) {
  const std::string topic = new_topic();
  const std::string next_topic = new_topic();
  const std::vector<bare_header> sent = {{"traceparent", traceparent_of(1)},
                                         {"app", "1"},
                                         {"TRACESTATE", "old=1"},
                                         {"traceparent", traceparent_of(2)},
                                         {"tracestate", "new=2"}};
  bare_producer(bootstrap()).produce(topic, {"key", "value", sent});
  waybill_consumer consumer(bootstrap(), topic, {.strip = false});
  waybill_producer producer(bootstrap());
  waybill::kafka::message received = consumer.next();
  EXPECT_EQ(seen_headers(received), sent);
  consumer.consumer().handle(received, [&](const waybill::kafka::message& message) {
    producer.send(next_topic, {"key", "value", seen_headers(message)});
  });
  producer.flush();
  EXPECT_EQ(records_of(next_topic).at(0).headers,
            on_wire({{"app", "1"}}, make_context(2, "new=2")));
}

}  // namespace
}  // namespace waybill_test
