// Direct reply-to: requests and replies on one channel, without a queue for the replies.

#include <gtest/gtest.h>

#include <string>

#include "support/rabbitmq_test.hpp"
#include "waybill/current.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::message;
using waybill::rabbitmq::text_of;

constexpr const char* reply_queue = "amq.rabbitmq.reply-to";

class direct_reply_to : public rabbitmq_test {
 protected:
  direct_reply_to() {
    EXPECT_EQ(server_.start(), AMQP_STATUS_OK);
    EXPECT_EQ(replies_.start(), AMQP_STATUS_OK) << replies_.reason().reply_text;
  }

  void request(const std::string& correlation_id, const waybill::context& context) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.reply_to = amqp_cstring_bytes(reply_queue);
    properties.correlation_id = bytes_of(correlation_id);
    ASSERT_EQ(
        requests_.publish({.routing_key = queue_, .payload = "request", .properties = &properties},
                          {.context = &context}),
        AMQP_STATUS_OK);
  }
  /// As a server's handler does: within the context of the request, with its correlation id.
  void answer(const message& received) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.correlation_id = received.properties().correlation_id;
    EXPECT_EQ(answers_.publish({.routing_key = text_of(received.properties().reply_to),
                                .payload = "reply",
                                .properties = &properties,
                                .mandatory = true}),
              AMQP_STATUS_OK);
  }

  std::string queue_ = new_queue();
  waybill::rabbitmq::connection server_connection_ =
      waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
  waybill::rabbitmq::publisher answers_{server_connection_, {}, keep()};
  waybill::rabbitmq::consumer server_{server_connection_, queue_, {}};
  waybill::rabbitmq::publisher requests_{connection_, {}};
  waybill::rabbitmq::consumer replies_{requests_, reply_queue, {}, {.no_ack = true}};
};

TEST_F(direct_reply_to, carries_the_trace_there_and_back) {
  EXPECT_EQ(requests_.channel(), replies_.channel());
  for (std::uint64_t number = 1; number <= 20; ++number) {
    request(std::to_string(number), context_of(number));
    message received = next(server_);
    ASSERT_TRUE(received);
    EXPECT_EQ(received.context(), context_of(number));
    EXPECT_EQ(server_.handle(received, [&](const message& m) { answer(m); }), AMQP_STATUS_OK);
    const message reply = next(replies_);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply.payload(), "reply");
    EXPECT_EQ(text_of(reply.properties().correlation_id), std::to_string(number));
    EXPECT_EQ(reply.context(), context_of(number));
  }
  EXPECT_EQ(requests_.wait_for_confirms(patience), AMQP_STATUS_OK);
}

TEST_F(direct_reply_to, tells_confirms_of_requests_from_replies) {
  constexpr std::uint64_t requests = 200;
  for (std::uint64_t number = 0; number < requests; ++number) {
    request(std::to_string(number), context_of(number));
  }
  for (std::uint64_t number = 0; number < requests; ++number) {
    message received = next(server_);
    ASSERT_TRUE(received);
    server_.handle(received, [&](const message& m) { answer(m); });
  }
  EXPECT_EQ(requests_.wait_for_confirms(patience), AMQP_STATUS_OK);
  for (std::uint64_t number = 0; number < requests; ++number) {
    const message reply = next(replies_);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply.context(), context_of(number));
  }
}

TEST_F(direct_reply_to, takes_no_second_consumer_on_the_channel) {
  waybill::rabbitmq::consumer second(requests_, reply_queue, {}, {.no_ack = true});
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(second.start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_TRUE(replies_.is_open());
}

TEST_F(direct_reply_to, returns_a_reply_whose_client_has_gone) {
  message received;
  {
    auto short_lived = waybill::rabbitmq::connection::open(parameters_of(shared_rabbitmq()));
    waybill::rabbitmq::publisher publisher(short_lived, {});
    waybill::rabbitmq::consumer replies(publisher, reply_queue, {}, {.no_ack = true});
    ASSERT_EQ(replies.start(), AMQP_STATUS_OK);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_REPLY_TO_FLAG;
    properties.reply_to = amqp_cstring_bytes(reply_queue);
    ASSERT_EQ(publisher.publish({.routing_key = queue_, .properties = &properties}),
              AMQP_STATUS_OK);
    received = next(server_);
    ASSERT_TRUE(received);
  }
  server_.handle(received, [&](const message& m) { answer(m); });
  EXPECT_EQ(answers_.wait_for_confirms(patience), AMQP_STATUS_OK);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].outcome, waybill::outcome_state::failed);
}

}  // namespace
}  // namespace waybill_test
