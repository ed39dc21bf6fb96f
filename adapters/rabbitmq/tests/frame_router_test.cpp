// Frames in, actions out: no socket.

#include "../src/frame_router.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/router_frames.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::close_reason;
using waybill::rabbitmq::text_of;
using waybill::rabbitmq::detail::channel_user;
using waybill::rabbitmq::detail::frame_action;
using waybill::rabbitmq::detail::frame_router;
using waybill::rabbitmq::detail::incoming;
using kind = frame_action::kind;

constexpr amqp_channel_t unknown = 9;
constexpr amqp_channel_t closing = 3;  // ours was closed, close-ok has not come

struct user final : channel_user {
  void on_method(const amqp_method_t& /*method*/) noexcept override {}
  void on_content(incoming& /*content*/) noexcept override {}
  void on_closed(const close_reason& /*reason*/) noexcept override {}
};

struct step {
  amqp_frame_t frame;
  kind expected;
  amqp_method_number_t reply = 0;
};

struct row {
  const char* name;
  std::vector<step> steps;
};

/// A router with users on the channels 1 and 2, and `closing`.
class routing : public testing::Test {
 protected:
  routing() {
    for (amqp_channel_t channel = 1; channel <= closing; ++channel) {
      router_.add(channel, users_.at(channel));
    }
    EXPECT_TRUE(router_.close(closing));
  }

  void expect(const step& each) {
    const frame_action action = router_.take(each.frame);
    EXPECT_EQ(action.what, each.expected);
    EXPECT_EQ(action.reply, each.reply);
    EXPECT_EQ(action.content.has_value(), each.expected == kind::content);
    const std::set<kind> to_users{kind::method, kind::content, kind::channel_closed,
                                  kind::channel_gone};
    EXPECT_EQ(action.user,
              to_users.contains(each.expected) ? &users_.at(each.frame.channel) : nullptr);
  }

  frame_router router_;
  std::array<user, 4> users_;
};

void expect_all(const std::vector<row>& rows) {
  struct one_row final : routing {
    void TestBody() override {}
    void run(const row& each) {
      SCOPED_TRACE(each.name);
      for (std::size_t i = 0; i < each.steps.size(); ++i) {
        SCOPED_TRACE("frame " + std::to_string(i));
        expect(each.steps[i]);
      }
    }
  };
  for (const row& each : rows) one_row().run(each);
}

amqp_frame_t ack(amqp_channel_t channel) { return method_frame(channel, AMQP_BASIC_ACK_METHOD); }

amqp_frame_t close(amqp_channel_t channel) {
  return method_frame(channel, AMQP_CHANNEL_CLOSE_METHOD);
}

amqp_frame_t close_ok(amqp_channel_t channel) {
  return method_frame(channel, AMQP_CHANNEL_CLOSE_OK_METHOD);
}

TEST_F(routing, whole_contents_go_to_the_user_of_their_channel) {
  expect_all({
      {"with a body",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {body_frame(1, "body"), kind::content}}},
      {"without a body", {{get_ok_frame(2), kind::none}, {header_frame(2, 0), kind::content}}},
      {"in fragments",
       {{return_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {body_frame(1, "b"), kind::none},
        {body_frame(1, ""), kind::none},
        {body_frame(1, "ody"), kind::content}}},
      {"of two channels between each other",
       {{deliver_frame(1), kind::none},
        {deliver_frame(2), kind::none},
        {header_frame(2, 1), kind::none},
        {header_frame(1, 1), kind::none},
        {ack(0), kind::other},
        {body_frame(1, "1"), kind::content},
        {body_frame(2, "2"), kind::content}}},
      {"one after another",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 0), kind::content},
        {deliver_frame(1), kind::none},
        {header_frame(1, 0), kind::content}}},
  });
}

TEST_F(routing, a_return_is_handed_over_before_the_confirm_behind_it) {
  expect({return_frame(1), kind::none});
  expect({header_frame(1, 0), kind::content});
  expect({ack(1), kind::method});
}

TEST_F(routing, content_against_the_protocol_breaks_the_connection) {
  expect_all({
      {"header without a method", {{header_frame(1, 4), kind::protocol_broken}}},
      {"body without a method", {{body_frame(1, "b"), kind::protocol_broken}}},
      {"method instead of the header",
       {{deliver_frame(1), kind::none}, {ack(1), kind::protocol_broken}}},
      {"delivery instead of the header",
       {{deliver_frame(1), kind::none}, {deliver_frame(1), kind::protocol_broken}}},
      {"method instead of the body",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {ack(1), kind::protocol_broken}}},
      {"body before the header",
       {{deliver_frame(1), kind::none}, {body_frame(1, "b"), kind::protocol_broken}}},
      {"an empty body before the header",
       {{deliver_frame(1), kind::none}, {body_frame(1, ""), kind::protocol_broken}}},
      {"header twice",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {header_frame(1, 4), kind::protocol_broken}}},
      {"header of another class",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4, no_properties, AMQP_TX_CLASS), kind::protocol_broken}}},
      {"body longer than announced",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {body_frame(1, "bodyy"), kind::protocol_broken}}},
      {"bodies longer than announced",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {body_frame(1, "bod"), kind::none},
        {body_frame(1, "yy"), kind::protocol_broken}}},
      {"body behind a message without one",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 0), kind::content},
        {body_frame(1, "b"), kind::protocol_broken}}},
  });
}

TEST_F(routing, the_brokers_close_is_heard_even_within_a_content) {
  expect_all({
      {"alone", {{close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD}}},
      {"before the header",
       {{deliver_frame(1), kind::none},
        {close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD}}},
      {"before the body",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD}}},
      {"what comes behind it belongs to nobody",
       {{close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD},
        {ack(1), kind::other},
        {header_frame(1, 4), kind::other},
        {close(1), kind::other}}},
      {"the other channel stays",
       {{close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD}, {ack(2), kind::method}}},
  });
}

TEST_F(routing, an_unasked_close_ok_ends_the_channel_all_the_same) {
  expect_all({
      {"alone", {{close_ok(1), kind::channel_gone}, {ack(1), kind::other}}},
      {"within a content",
       {{deliver_frame(1), kind::none},
        {header_frame(1, 4), kind::none},
        {close_ok(1), kind::channel_gone}}},
      {"twice", {{close_ok(1), kind::channel_gone}, {close_ok(1), kind::other}}},
  });
}

TEST_F(routing, after_our_close_whatever_was_on_its_way_is_dropped) {
  expect_all({
      {"methods and contents",
       {{ack(closing), kind::none},
        {deliver_frame(closing), kind::none},
        {header_frame(closing, 4), kind::none},
        {body_frame(closing, "body"), kind::none},
        {close_ok(closing), kind::none},
        {ack(closing), kind::other}}},
      {"the broker's close crosses ours",
       {{close(closing), kind::none, AMQP_CHANNEL_CLOSE_OK_METHOD},
        {close_ok(closing), kind::none},
        {close_ok(closing), kind::other}}},
      {"the rest of a content that was begun before", {{body_frame(closing, "b"), kind::none}}},
  });
}

TEST_F(routing, a_content_that_had_begun_is_forgotten_with_our_close) {
  expect({deliver_frame(1), kind::none});
  expect({header_frame(1, 4), kind::none});
  EXPECT_TRUE(router_.close(1));
  expect({body_frame(1, "body"), kind::none});
  expect({close_ok(1), kind::none});
  router_.add(1, users_[1]);
  expect({body_frame(1, "body"), kind::protocol_broken});
}

TEST_F(routing, other_frames_are_the_applications) {
  expect_all({
      {"connection.blocked", {{method_frame(0, AMQP_CONNECTION_BLOCKED_METHOD), kind::other}}},
      {"connection.unblocked", {{method_frame(0, AMQP_CONNECTION_UNBLOCKED_METHOD), kind::other}}},
      {"a content on channel 0",
       {{deliver_frame(0), kind::other},
        {header_frame(0, 4), kind::other},
        {body_frame(0, "body"), kind::other}}},
      {"channel methods on channel 0", {{close(0), kind::other}, {close_ok(0), kind::other}}},
      {"an unknown channel",
       {{deliver_frame(unknown), kind::other},
        {header_frame(unknown, 4), kind::other},
        {body_frame(unknown, "body"), kind::other},
        {ack(unknown), kind::other},
        {close(unknown), kind::other},
        {close_ok(unknown), kind::other}}},
      {"connection.close of another channel",
       {{method_frame(unknown, AMQP_CONNECTION_CLOSE_METHOD), kind::other}}},
  });
}

TEST_F(routing, a_close_of_the_connection_is_answered) {
  expect({method_frame(0, AMQP_CONNECTION_CLOSE_METHOD), kind::connection_closed,
          AMQP_CONNECTION_CLOSE_OK_METHOD});
}

TEST_F(routing, every_other_method_is_for_the_user) {
  for (const amqp_method_number_t id :
       {AMQP_BASIC_ACK_METHOD, AMQP_BASIC_NACK_METHOD, AMQP_BASIC_CANCEL_METHOD,
        AMQP_BASIC_GET_EMPTY_METHOD, AMQP_CHANNEL_FLOW_METHOD, AMQP_CONNECTION_CLOSE_METHOD}) {
    SCOPED_TRACE(amqp_method_name(id));
    expect({method_frame(1, id), kind::method});
  }
}

TEST_F(routing, the_content_has_what_its_method_says) {
  amqp_basic_return_t fields{};
  fields.reply_code = AMQP_NO_ROUTE;
  fields.reply_text = waybill::rabbitmq::bytes_of("NO_ROUTE");
  fields.exchange = waybill::rabbitmq::bytes_of("exchange");
  fields.routing_key = waybill::rabbitmq::bytes_of("key");
  static_cast<void>(router_.take(method_frame(1, AMQP_BASIC_RETURN_METHOD, fields)));
  const frame_action action = router_.take(header_frame(1, 0));
  ASSERT_TRUE(action.content.has_value());
  EXPECT_EQ(action.content->method(), AMQP_BASIC_RETURN_METHOD);
  EXPECT_EQ(action.content->reply_code(), AMQP_NO_ROUTE);
  EXPECT_EQ(action.content->reply_text(), "NO_ROUTE");
  EXPECT_EQ(text_of(action.content->envelope().exchange), "exchange");
  EXPECT_EQ(text_of(action.content->envelope().routing_key), "key");
}

TEST_F(routing, a_channel_closes_once) {
  EXPECT_TRUE(router_.close(1));
  EXPECT_FALSE(router_.close(1)) << "by us";
  expect({close(2), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD});
  EXPECT_FALSE(router_.close(2)) << "by the broker";
  EXPECT_FALSE(router_.close(unknown));
}

TEST_F(routing, a_number_is_free_again_when_close_ok_has_come) {
  EXPECT_EQ(router_.free_channel(9), 9);
  EXPECT_EQ(router_.free_channel(4), 4) << "from the top";
  EXPECT_EQ(router_.free_channel(3), 0);
  EXPECT_EQ(router_.free_channel(0), 0);
  EXPECT_TRUE(router_.has_closing());
  expect({ack(closing), kind::none});
  expect({close(closing), kind::none, AMQP_CHANNEL_CLOSE_OK_METHOD});
  EXPECT_EQ(router_.free_channel(3), 0) << "the broker's own close is not the answer to ours";
  expect({close_ok(closing), kind::none});
  EXPECT_EQ(router_.free_channel(3), 3);
  EXPECT_FALSE(router_.has_closing());
}

TEST_F(routing, a_number_is_free_at_once_after_the_brokers_close) {
  expect({close(1), kind::channel_closed, AMQP_CHANNEL_CLOSE_OK_METHOD});
  EXPECT_EQ(router_.free_channel(3), 1);
  expect({close_ok(2), kind::channel_gone});
  EXPECT_EQ(router_.free_channel(3), 2);
}

TEST_F(routing, forgets_every_channel_once) {
  std::multiset<channel_user*> forgotten;
  while (const auto each = router_.forget_any()) forgotten.insert(*each);
  EXPECT_EQ(forgotten, (std::multiset<channel_user*>{&users_[1], &users_[2], nullptr}));
  EXPECT_FALSE(router_.has_closing());
  EXPECT_EQ(router_.free_channel(3), 3);
}

}  // namespace
}  // namespace waybill_test
