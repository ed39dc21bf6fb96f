// A server that sends what no server should: no crash, no spin, each message's outcome once, the
// connection lost at most once and with words.

#include <pthread.h>

#include <array>
#include <functional>
#include <limits>
#include <map>

#include "support/contexts.hpp"
#include "support/scripted_test.hpp"
#include "support/tables.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::message;

constexpr amqp_channel_t publishers = 2'047;
constexpr amqp_channel_t consumers = 2'046;
constexpr amqp_channel_t unknown = 9;
constexpr std::uint64_t huge = std::uint64_t{1} << 63U;
constexpr int small_frames = 100'000;

struct attack {
  const char* name;
  std::string bytes;
  bool loses;  // the connection, before the server hangs up
};

std::string repeated(const std::string& bytes, int times) {
  std::string all;
  all.reserve(bytes.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) all += bytes;
  return all;
}

/// Encoded properties that have headers only.
std::string headers_of(std::string_view table) {
  return big_endian(AMQP_BASIC_HEADERS_FLAG, 2) + std::string(table);
}

std::string long_text(std::string_view text) {
  return big_endian(text.size(), 4) + std::string(text);
}

/// A message whose encoded properties are these.
std::string delivery_of(const std::string& properties) {
  return deliver_bytes(consumers, 1) + raw_header_bytes(consumers, 0, properties);
}

std::string method_of(amqp_channel_t channel, amqp_method_number_t id, std::string_view fields) {
  return frame_bytes(AMQP_FRAME_METHOD, channel, big_endian(id, 4) + std::string(fields));
}

std::string body_of(amqp_channel_t channel, std::string_view text) {
  return frame_bytes(AMQP_FRAME_BODY, channel, text);
}

/// Tables (kind F) or arrays (kind A) in each other.
std::string nested(char kind, int depth) {
  std::string inner;
  for (int i = 0; i < depth; ++i) {
    const std::string name = kind == 'F' || i + 1 == depth ? std::string("\x01n", 2) : "";
    inner = name + kind + long_text(inner);
  }
  return headers_of(long_text(inner));
}

std::vector<attack> lies_in_lengths() {
  const std::string head = big_endian(AMQP_FRAME_METHOD, 1) + big_endian(consumers, 2);
  std::string no_end = ack_bytes(publishers, 1);
  no_end.back() = 'x';
  return {
      {"frame_of_4_gigabytes", head + big_endian(UINT32_MAX, 4) + "x", true},
      {"frame_of_2_gigabytes", head + big_endian(INT32_MAX, 4) + "x", true},
      {"frame_over_frame_max", head + big_endian(131'072, 4) + "x", true},
      {"frame_without_its_end", no_end, true},
      {"frame_that_never_ends", head + big_endian(1'000, 4) + "x", false},
      {"table_longer_than_its_frame", delivery_of(headers_of(big_endian(1'000, 4))), true},
      {"table_of_4_gigabytes", delivery_of(headers_of(big_endian(UINT32_MAX, 4))), true},
      {"text_longer_than_its_table",
       delivery_of(headers_of(long_text("\x01nS" + big_endian(UINT32_MAX, 4)))), true},
      {"name_longer_than_its_table", delivery_of(headers_of(long_text("\xff"))), true},
      {"array_longer_than_its_table",
       delivery_of(headers_of(long_text("\x01n"
                                        "A" +
                                        big_endian(INT32_MAX, 4)))),
       true},
      {"value_without_bytes", delivery_of(headers_of(long_text("\x01nl"))), true},
      {"value_of_an_unknown_kind", delivery_of(headers_of(long_text("\x01n?"))), true},
      {"properties_that_are_missing", delivery_of("\xff\xfe"), true},
      {"short_string_longer_than_its_method",
       method_of(consumers, AMQP_BASIC_DELIVER_METHOD, "\xff"), true},
      {"method_without_its_fields", method_of(publishers, AMQP_BASIC_ACK_METHOD, ""), true},
      {"body_of_2_63_bytes",
       deliver_bytes(consumers, 1) + header_bytes(consumers, huge) + body_of(consumers, "x"),
       false},
      {"body_of_2_64_bytes",
       deliver_bytes(consumers, 1) + header_bytes(consumers, UINT64_MAX) + body_of(consumers, "x"),
       false},
      {"returned_body_of_2_63_bytes",
       return_bytes(publishers, "", "key") + header_bytes(publishers, huge) +
           repeated(body_of(publishers, "x"), 1'000),
       false},
  };
}

std::vector<attack> broken_sequences() {
  const std::string deliver = deliver_bytes(consumers, 1);
  const std::string header = header_bytes(consumers, 4);
  return {
      {"method_instead_of_the_header", deliver + ack_bytes(consumers, 1), true},
      {"delivery_instead_of_the_header", deliver + deliver, true},
      {"method_instead_of_the_body", deliver + header + deliver, true},
      {"header_without_a_method", header, true},
      {"body_without_a_method", body_of(consumers, "body"), true},
      {"body_before_the_header", deliver + body_of(consumers, "body"), true},
      {"header_twice", deliver + header + header, true},
      {"body_longer_than_announced", deliver + header + body_of(consumers, "longer"), true},
      {"header_of_another_class", deliver + raw_header_bytes(consumers, 0, "", AMQP_TX_CLASS),
       true},
      {"header_of_an_unknown_class", deliver + raw_header_bytes(consumers, 0, "", 99), true},
      {"unknown_method", method_of(consumers, 0x00630001, ""), true},
      {"unknown_frame", frame_bytes(99, consumers, "x"), false},
      {"unknown_frame_within_a_content", deliver + frame_bytes(99, consumers, "x"), false},
      {"content_on_channel_0", deliver_bytes(0, 1) + content_bytes(0, "body"), false},
      {"close_of_the_connection_within_a_content", deliver + header + close_bytes(0, 541, "bye"),
       true},
      {"close_of_the_connection_twice", close_bytes(0, 541, "bye") + close_bytes(0, 541, "again"),
       true},
      {"close_ok_of_the_connection", close_ok_bytes(0), false},
      {"another_login", start_bytes(), false},
      {"close_ok_that_nobody_asked_for", repeated(close_ok_bytes(consumers), 3), false},
      {"close_of_a_channel_that_is_closed", repeated(close_bytes(consumers, 406, "x"), 3), false},
      {"close_of_an_unknown_channel", close_bytes(unknown, 406, "x"), false},
      {"publish_by_the_server",
       method_bytes(consumers, AMQP_BASIC_PUBLISH_METHOD, amqp_basic_publish_t{}) + header, true},
      {"answers_that_nobody_asked_for",
       method_bytes(consumers, AMQP_BASIC_GET_EMPTY_METHOD, amqp_basic_get_empty_t{}) +
           method_bytes(consumers, AMQP_CHANNEL_OPEN_OK_METHOD, amqp_channel_open_ok_t{}) +
           method_bytes(publishers, AMQP_CONFIRM_SELECT_OK_METHOD, amqp_confirm_select_ok_t{}),
       false},
  };
}

std::vector<attack> floods() {
  return {
      {"returns_of_what_was_never_published",
       repeated(return_bytes(publishers, "", "nowhere") + content_bytes(publishers, "x"), 1'000),
       false},
      {"acks_of_tags_that_were_never_used",
       ack_bytes(publishers, 0) + ack_bytes(publishers, UINT64_MAX) + nack_bytes(publishers, huge) +
           ack_bytes(publishers, 4),
       false},
      {"acks_of_all_tags_there_are",
       repeated(ack_bytes(publishers, UINT64_MAX, true) + nack_bytes(publishers, 0, true), 100),
       false},
      {"small_frames_of_an_unknown_channel", repeated(ack_bytes(unknown, 1), small_frames), false},
      {"small_frames_of_a_channel", repeated(ack_bytes(publishers, 1), small_frames), false},
      {"empty_bodies",
       deliver_bytes(consumers, 1) + header_bytes(consumers, 1) +
           repeated(body_of(consumers, ""), small_frames),
       false},
      {"heartbeats", repeated(frame_bytes(AMQP_FRAME_HEARTBEAT, 0, ""), small_frames), false},
      {"messages_beyond_the_prefetch",
       repeated(deliver_bytes(consumers, 1) + content_bytes(consumers, "x"), 66'000), true},
      {"blocked_and_unblocked", repeated(blocked_bytes("x") + unblocked_bytes(), 1'000), false},
  };
}

class hostile_server : public scripted_test, public testing::WithParamInterface<attack> {
 protected:
  static constexpr int in_flight = 3;
  static constexpr milliseconds patience{20'000};

  hostile_server() {
    for (int& each : numbers_) {
      EXPECT_EQ(publisher_->publish({.routing_key = "queue", .payload = "x"}, {.user_data = &each}),
                AMQP_STATUS_OK);
    }
    static_cast<void>(server_.frames());
  }

  /// Pumps until nothing comes any more.
  void pump_all() {
    const stopwatch watch;
    while (watch.elapsed() < patience) {
      const bool is_sent = server_.flush();
      const int status = connection_.pump(milliseconds(is_sent ? 10 : 0));
      if (status != AMQP_STATUS_OK && (status != AMQP_STATUS_TIMEOUT || is_sent)) return;
    }
    ADD_FAILURE() << "it does not end";
  }

  void expect_lost_with_words() {
    EXPECT_FALSE(connection_.is_open());
    EXPECT_NE(connection_.reason().status, AMQP_STATUS_OK);
    EXPECT_FALSE(connection_.reason().reply_text.empty());
  }

  /// Whatever happened before, an end of file ends it.
  void expect_end() {
    const auto reason = connection_.reason();
    const bool was_open = connection_.is_open();
    server_.hang_up();
    pump_all();
    expect_lost_with_words();
    if (!was_open) {
      EXPECT_EQ(connection_.reason().status, reason.status);
      EXPECT_EQ(connection_.reason().reply_text, reason.reply_text);
    }
    const stopwatch watch;
    while (consumer_->receive(no_end)) {
    }
    EXPECT_FALSE(consumer_->get(no_end));
    EXPECT_NE(publisher_->wait_for_confirms(no_end), AMQP_STATUS_OK);
    EXPECT_FALSE(publisher_->is_open() || consumer_->is_open());
    EXPECT_LT(watch.elapsed(), patience);
    std::map<void*, int> told;
    for (const told_report& each : reports_) ++told[each.user_data];
    EXPECT_EQ(told.size(), numbers_.size());
    for (int& each : numbers_) EXPECT_EQ(told[&each], 1);
  }

  std::array<int, in_flight> numbers_{};
  std::unique_ptr<waybill::rabbitmq::publisher> publisher_ = make_publisher();
  std::unique_ptr<waybill::rabbitmq::consumer> consumer_ = make_started();
};

TEST_P(hostile_server, costs_the_connection_at_most_and_no_outcome) {
  server_.send(GetParam().bytes);
  pump_all();
  EXPECT_EQ(connection_.is_open(), !GetParam().loses) << connection_.reason().reply_text;
  if (GetParam().loses) expect_lost_with_words();
  expect_end();
}

TEST_P(hostile_server, may_be_cut_off_anywhere) {
  const std::string& bytes = GetParam().bytes;
  if (bytes.size() < 2) return;
  server_.send(std::string_view(bytes).substr(0, std::min<std::size_t>(bytes.size() - 1, 50'000)));
  pump_all();
  expect_end();
}

const auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(lengths, hostile_server, testing::ValuesIn(lies_in_lengths()), name_of);
INSTANTIATE_TEST_SUITE_P(sequences, hostile_server, testing::ValuesIn(broken_sequences()), name_of);
INSTANTIATE_TEST_SUITE_P(floods, hostile_server, testing::ValuesIn(floods()), name_of);

class hostile_messages : public scripted_test {};

/// Runs on a stack of 8 MiB, the usual one.
void on_a_usual_stack(const std::function<void()>& work) {
  constexpr std::size_t stack_bytes = 8U << 20U;
  pthread_attr_t attributes{};
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
  pthread_t thread{};
  const auto run = [](void* given) -> void* {
    (*static_cast<const std::function<void()>*>(given))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work)),
            0);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

TEST_F(hostile_messages, headers_3000_deep_cost_the_connection_at_most) {
  constexpr int depth = 3'000;
  for (const char kind : {'F', 'A'}) {
    SCOPED_TRACE(kind);
    on_a_usual_stack([&] {
      scripted_connection link;
      waybill::rabbitmq::connection connection(link.raw());
      link.server().send_channel(first_channel);
      waybill::rabbitmq::consumer consumer(connection, "queue", settings_);
      link.server().send_consuming(first_channel);
      ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
      link.server().send(deliver_bytes(first_channel, 1) +
                         raw_header_bytes(first_channel, 4, nested(kind, depth)) +
                         body_of(first_channel, "body"));
      message got = consumer.receive(no_end);
      if (!got) {
        // A newer rabbitmq-c does not decode so many levels.
        EXPECT_FALSE(connection.is_open());
        EXPECT_FALSE(connection.reason().reply_text.empty());
        return;
      }
      EXPECT_EQ(got.payload(), "body");
      EXPECT_EQ(got.attempt(), 1U);
      EXPECT_EQ(got.properties().headers.num_entries, 1);
      // It is passed on, or refused with nothing sent.
      link.server().send_channel(second_channel, true);
      waybill::rabbitmq::publisher publisher(connection, settings_);
      static_cast<void>(link.server().frames());
      const waybill::context mine = make_context(traceparent_a);
      const int status = publisher.publish(
          {.routing_key = "queue", .payload = "body", .properties = &got.properties()},
          {.context = &mine});
      EXPECT_EQ(link.server().frames().size(), status == AMQP_STATUS_OK ? 3U : 0U);
      EXPECT_TRUE(connection.is_open());
    });
  }
}

TEST_F(hostile_messages, fields_of_any_bytes_and_size_are_read_and_taken_off) {
  const auto consumer = make_started({.no_ack = true});
  const std::string large(100'000, ',');
  std::uint64_t tag = 0;
  for (const std::string_view value : {std::string_view(), std::string_view("\0\xff", 2),
                                       std::string_view(large), traceparent_a}) {
    own_table table{{"traceparent", value}, {"own", "1"}};
    table.add("baggage", byte_array(value.substr(0, 100))).add("tracestate", void_value());
    server_.send(deliver_bytes(first_channel, ++tag) +
                 content_bytes(first_channel, "body", table.properties()));
    const message got = consumer->receive(no_end);
    ASSERT_TRUE(got) << connection_.reason().reply_text;
    EXPECT_EQ(texts_of(got.properties().headers).size(), 1U);
    EXPECT_EQ(got.context().has_trace(), value == traceparent_a);
  }
}

TEST_F(hostile_messages, many_headers_cost_linear_time) {
  const auto consumer = make_started({.no_ack = true});
  own_table table;
  for (int i = 0; i < 10'000; ++i) table.add(i % 2 == 0 ? "baggage" : "", "a=1");
  const stopwatch watch;
  server_.send(deliver_bytes(first_channel, 1) +
               content_bytes(first_channel, "body", table.properties()));
  const message got = consumer->receive(no_end);
  ASSERT_TRUE(got) << connection_.reason().reply_text;
  EXPECT_EQ(got.properties().headers.num_entries, 5'000);
  EXPECT_LT(watch.elapsed(), milliseconds(20'000));
}

TEST_F(hostile_messages, whatever_is_confirmed_each_outcome_comes_once) {
  auto publisher = make_publisher();
  std::array<int, 100> numbers{};
  std::string bytes;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(publisher->publish({.routing_key = "key", .payload = "x", .mandatory = true},
                                 {.user_data = &numbers.at(i)}),
              AMQP_STATUS_OK);
    static_cast<void>(server_.frames());
    const std::uint64_t tag = i * 7 % numbers.size();
    bytes += ack_bytes(first_channel, tag, i % 3 == 0) + nack_bytes(first_channel, i, i % 5 == 0) +
             return_bytes(first_channel, "", "key") + content_bytes(first_channel, "x");
  }
  EXPECT_EQ(pump(bytes), AMQP_STATUS_OK);
  publisher.reset();
  std::map<void*, int> told;
  for (const told_report& each : reports_) ++told[each.user_data];
  EXPECT_EQ(told.size(), numbers.size());
  for (int& each : numbers) EXPECT_EQ(told[&each], 1);
}

}  // namespace
}  // namespace waybill_test
