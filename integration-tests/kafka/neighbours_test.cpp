// What the instrumentations of other languages put on the wire is read as they meant it.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support/clients.hpp"
#include "support/contexts.hpp"
#include "support/kafka_test.hpp"
#include "support/wire_capture.hpp"
#include "waybill/baggage.hpp"

namespace waybill_test {
namespace {

std::string flags_of(const waybill::span_context& read) {
  return traceparent_of(waybill::context(read)).substr(53);
}

std::map<std::string, std::string> decoded(const waybill::context& context) {
  std::map<std::string, std::string> values;
  for (const waybill::baggage_member& member : waybill::baggage_view(context)) {
    EXPECT_EQ(member.raw_properties, "") << member.key;
    values[std::string(member.key)] = member.value();
  }
  return values;
}

// Python writes a space as "+", which a reader that keeps to W3C Baggage takes for a plus.
std::map<std::string, std::string> expected_baggage(const wire_capture& capture,
                                                    const captured_message& captured) {
  std::map<std::string, std::string> values = captured.sent.baggage;
  if (capture.is_python()) {
    for (auto& [key, value] : values) std::ranges::replace(value, ' ', '+');
  }
  return values;
}

void expect_context(const waybill::context& read, const wire_capture& capture,
                    const captured_message& captured) {
  const captured_context& sent = captured.sent;
  const bool has_trace = last_header(captured.message, "traceparent").has_value();
  const bool has_baggage = last_header(captured.message, "baggage").has_value();
  ASSERT_EQ(read.has_trace(), has_trace);
  if (has_trace) {
    EXPECT_EQ(read.span_context().trace_id().hex(), sent.trace_id);
    if (sent.span_id.has_value()) {
      EXPECT_EQ(read.span_context().span_id().hex(), *sent.span_id);
    }
    EXPECT_EQ(flags_of(read.span_context()), sent.flags.value_or("01"));
    EXPECT_EQ(traceparent_of(read), last_header(captured.message, "traceparent"));
    EXPECT_EQ(read.tracestate_text(), sent.tracestate);
  } else {
    EXPECT_EQ(read.tracestate_text(), "");
  }
  EXPECT_EQ(decoded(read),
            has_baggage ? expected_baggage(capture, captured) : decltype(sent.baggage){});
}

class neighbour : public kafka_test, public testing::WithParamInterface<wire_capture> {
 protected:
  // Every captured message, byte for byte, by a client that knows nothing of waybill.
  [[nodiscard]] std::string topic_with_capture() {
    std::string topic = new_topic();
    std::vector<bare_message> messages;
    for (const captured_message& captured : GetParam().messages) {
      messages.push_back(captured.message);
    }
    bare_producer(bootstrap()).produce(topic, messages);
    return topic;
  }
};

TEST_P(neighbour, is_read_to_what_it_sent_with_its_application_headers_untouched) {
  const wire_capture& capture = GetParam();
  const std::string topic = topic_with_capture();
  const std::vector<bare_record> wire = records_of(topic);
  waybill_consumer consumer(bootstrap(), topic);
  ASSERT_EQ(wire.size(), capture.messages.size());
  for (std::size_t i = 0; i < wire.size(); ++i) {
    SCOPED_TRACE(i);
    const captured_message& captured = capture.messages[i];
    ASSERT_EQ(wire[i].headers, captured.message.headers);
    const waybill::kafka::message received = consumer.next();
    EXPECT_EQ(received.payload(), captured.message.value);
    EXPECT_EQ(received.key(), std::nullopt);
    EXPECT_EQ(seen_headers(received), application_headers(captured.message.headers));
    expect_context(received.context(), capture, captured);
    EXPECT_EQ(received.extraction().report().repeated, 0U);
  }
  EXPECT_EQ(consumer.consumer().propagation().diagnostics()->total(), 0U);
}

TEST_P(neighbour, is_passed_on_with_the_fields_as_it_wrote_them) {
  const wire_capture& capture = GetParam();
  const std::string topic = topic_with_capture();
  const std::string next_topic = new_topic();
  waybill_consumer consumer(bootstrap(), topic);
  waybill_producer producer(bootstrap());
  for (std::size_t i = 0; i < capture.messages.size(); ++i) {
    waybill::kafka::message received = consumer.next();
    consumer.consumer().handle(received, [&](const waybill::kafka::message& message) {
      const bare_record record = to_record(*message.raw());
      producer.send(next_topic, {record.key, record.value, record.headers});
    });
  }
  producer.flush();

  const std::vector<bare_record> wire = records_of(next_topic);
  ASSERT_EQ(wire.size(), capture.messages.size());
  for (std::size_t i = 0; i < wire.size(); ++i) {
    SCOPED_TRACE(i);
    std::vector<bare_header> expected = application_headers(capture.messages[i].message.headers);
    for (const char* name : {"traceparent", "tracestate", "baggage"}) {
      const auto value = last_header(capture.messages[i].message, name);
      if (value.has_value()) expected.push_back({name, value});
    }
    EXPECT_EQ(wire[i].headers, expected);
    EXPECT_EQ(wire[i].value, capture.messages[i].message.value);
  }
}

INSTANTIATE_TEST_SUITE_P(captures, neighbour, testing::ValuesIn(read_wire_captures()),
                         [](const testing::TestParamInfo<wire_capture>& chosen) {
                           std::string name = chosen.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(wire_captures, are_all_there_with_every_format_among_them) {
  std::size_t messages = 0;
  std::size_t with_span_context = 0;
  std::size_t with_baggage = 0;
  std::map<std::string, std::size_t> names;
  const std::vector<wire_capture> captures = read_wire_captures();
  for (const wire_capture& capture : captures) {
    for (const captured_message& captured : capture.messages) {
      ++messages;
      with_span_context += last_header(captured.message, "traceparent").has_value() ? 1U : 0U;
      with_baggage += last_header(captured.message, "baggage").has_value() ? 1U : 0U;
      for (const bare_header& header : captured.message.headers) ++names[header.name];
    }
  }
  EXPECT_EQ(captures.size(), 14U);
  EXPECT_EQ(messages, 51U);
  EXPECT_EQ(with_span_context, 23U);
  EXPECT_EQ(with_baggage, 27U);
  for (const char* other :
       {"b3", "X-B3-TraceId", "uber-trace-id", "ot-tracer-traceid", "X-Amzn-Trace-Id"}) {
    EXPECT_GE(names[other], 3U) << other;
  }
}

}  // namespace
}  // namespace waybill_test
