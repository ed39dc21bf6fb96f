// Messages while their frames arrive.

#include "../src/incoming.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/router_frames.hpp"
#include "support/scripted_server.hpp"
#include "support/tables.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::text_of;
using waybill::rabbitmq::detail::incoming;
using progress = incoming::progress;

constexpr std::uint64_t huge = std::uint64_t{1} << 63U;

amqp_method_t delivery() { return deliver_frame(1).payload.method; }

TEST(incoming_message, is_begun_by_the_three_methods_that_have_a_content) {
  for (const amqp_method_number_t id :
       {AMQP_BASIC_DELIVER_METHOD, AMQP_BASIC_RETURN_METHOD, AMQP_BASIC_GET_OK_METHOD}) {
    EXPECT_TRUE(incoming::is_begun_by({id, nullptr})) << amqp_method_name(id);
  }
  for (const amqp_method_number_t id : {AMQP_BASIC_ACK_METHOD, AMQP_BASIC_GET_EMPTY_METHOD,
                                        AMQP_BASIC_PUBLISH_METHOD, AMQP_CHANNEL_CLOSE_METHOD}) {
    EXPECT_FALSE(incoming::is_begun_by({id, nullptr})) << amqp_method_name(id);
  }
}

TEST(incoming_message, copies_what_the_frames_point_to) {
  std::string tag = "tag";
  std::string exchange = "exchange";
  std::string key = "key";
  amqp_basic_deliver_t fields{};
  fields.consumer_tag = waybill::rabbitmq::bytes_of(tag);
  fields.delivery_tag = 7;
  fields.redelivered = 1;
  fields.exchange = waybill::rabbitmq::bytes_of(exchange);
  fields.routing_key = waybill::rabbitmq::bytes_of(key);
  incoming message(5, {AMQP_BASIC_DELIVER_METHOD, &fields});
  own_table table{{"name", "value"}};
  std::string properties = encoded(table.properties());
  std::string body = "body";
  EXPECT_EQ(message.take(header_frame(1, body.size(), properties)), progress::unfinished);
  EXPECT_EQ(message.take(body_frame(1, body)), progress::complete);
  for (std::string* each : {&tag, &exchange, &key, &properties, &body}) each->assign(99, '?');
  const amqp_envelope_t& got = message.envelope();
  EXPECT_EQ(text_of(got.consumer_tag), "tag");
  EXPECT_EQ(got.channel, 5);
  EXPECT_EQ(got.delivery_tag, 7U);
  EXPECT_EQ(got.redelivered, 1);
  EXPECT_EQ(text_of(got.exchange), "exchange");
  EXPECT_EQ(text_of(got.routing_key), "key");
  EXPECT_EQ(texts_of(got.message.properties.headers), texts_of(table.get()));
  EXPECT_EQ(text_of(got.message.body), "body");
}

TEST(incoming_message, with_a_header_of_an_empty_name_is_whole) {
  own_table table{{"", "of an empty name"}, {"empty", ""}, {"", ""}};
  incoming message(1, delivery());
  EXPECT_EQ(message.take(header_frame(1, 0, encoded(table.properties()))), progress::complete);
  EXPECT_TRUE(message.is_whole());
  EXPECT_EQ(encoded(message.envelope().message.properties), encoded(table.properties()));
}

TEST(incoming_message, with_bad_properties_is_not_whole_and_ends_in_time) {
  // The flag of headers, and a table that is longer than the frame.
  const std::string properties = big_endian(AMQP_BASIC_HEADERS_FLAG, 2) + big_endian(1'000, 4);
  incoming message(1, delivery());
  EXPECT_EQ(message.take(header_frame(1, 8, properties)), progress::unfinished);
  EXPECT_FALSE(message.is_whole());
  EXPECT_EQ(message.take(body_frame(1, "half")), progress::unfinished);
  EXPECT_EQ(message.take(body_frame(1, "half")), progress::complete);
  EXPECT_FALSE(message.is_whole());
}

TEST(incoming_message, of_a_huge_announced_size_grows_with_what_arrives) {
  for (const std::uint64_t announced : {huge, UINT64_MAX}) {
    incoming message(1, delivery());
    EXPECT_EQ(message.take(header_frame(1, announced)), progress::unfinished);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
      const std::string fragment(1'000, static_cast<char>('a' + i % 26));
      ASSERT_EQ(message.take(body_frame(1, fragment)), progress::unfinished);
      expected += fragment;
    }
    EXPECT_TRUE(message.is_whole());
    EXPECT_EQ(text_of(message.envelope().message.body), expected);
  }
}

TEST(incoming_message, has_its_body_whatever_the_fragments) {
  const std::string body(10'000, 'x');
  for (const std::size_t fragment_bytes : {1U, 7U, 4'096U, 9'999U, 10'000U}) {
    incoming message(1, delivery());
    progress last = message.take(header_frame(1, body.size()));
    std::string_view left = body;
    while (!left.empty()) {
      ASSERT_EQ(last, progress::unfinished);
      const std::string_view fragment = left.substr(0, fragment_bytes);
      last = message.take(body_frame(1, fragment));
      left.remove_prefix(fragment.size());
    }
    EXPECT_EQ(last, progress::complete) << fragment_bytes;
    EXPECT_EQ(text_of(message.envelope().message.body), body);
  }
}

TEST(incoming_message, without_a_body_is_complete_with_its_header) {
  incoming message(1, delivery());
  EXPECT_EQ(message.take(header_frame(1, 0)), progress::complete);
  EXPECT_TRUE(message.is_whole());
  EXPECT_EQ(text_of(message.envelope().message.body), "");
}

TEST(incoming_message, takes_no_frame_of_another_kind) {
  incoming message(1, delivery());
  amqp_frame_t frame{};
  for (const int type : {0, AMQP_FRAME_METHOD, AMQP_FRAME_HEARTBEAT, 255}) {
    frame.frame_type = static_cast<std::uint8_t>(type);
    EXPECT_EQ(message.take(frame), progress::broken) << type;
  }
}

TEST(incoming_message, leaves_nothing_behind_when_it_moves_or_is_released) {
  incoming first(1, delivery());
  EXPECT_EQ(first.take(header_frame(1, 4)), progress::unfinished);
  incoming second(std::move(first));
  EXPECT_EQ(second.take(body_frame(1, "body")), progress::complete);
  const auto released = second.release();
  EXPECT_EQ(text_of(released.raw.message.body), "body");
  EXPECT_EQ(text_of(second.envelope().message.body), "");
}

}  // namespace
}  // namespace waybill_test
