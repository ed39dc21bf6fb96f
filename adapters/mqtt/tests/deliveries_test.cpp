// What an answer of the server makes of a message, without a server: tokens are completed as Paho's
// threads complete them.

#include <gtest/gtest.h>
#include <mqtt/async_client.h>

#include <memory>
#include <string>
#include <vector>

#include "waybill/mqtt/cpp/sender.hpp"

namespace mqtt {

// A friend of Paho's tokens, for tests such as this one.
class mock_async_client {
 public:
  static void acknowledge(token& of, MQTTReasonCodes reason) {
    MQTTAsync_successData5 answer = MQTTAsync_successData5_initializer;
    answer.reasonCode = reason;
    of.on_success5(&answer);
  }
  static void refuse(token& of, int code, MQTTReasonCodes reason) {
    MQTTAsync_failureData5 answer = MQTTAsync_failureData5_initializer;
    answer.code = code;
    answer.reasonCode = reason;
    of.on_failure5(&answer);
  }
};

}  // namespace mqtt

namespace {

using ::mqtt::mock_async_client;
using waybill::outcome_state;
using waybill::mqtt::delivery;
using waybill::mqtt::detail::error_of;
using waybill::mqtt::detail::sender;

class deliveries : public testing::Test {
 protected:
  deliveries() : sender_(std::make_unique<sender>(waybill::propagation(), options())) {}

  waybill::mqtt::publisher_options options() {
    waybill::mqtt::publisher_options made;
    made.on_delivery = [this](const delivery& told) { told_.push_back(told); };
    return made;
  }
  ::mqtt::delivery_token_ptr send(int qos = 1) {
    return sender_->send(
        ::mqtt::message::create("topic", "payload", qos, false), nullptr, {},
        [&](::mqtt::const_message_ptr message, ::mqtt::iaction_listener* listener) {
          return ::mqtt::delivery_token::create(client_, std::move(message), nullptr, *listener);
        });
  }

  ::mqtt::async_client client_{"tcp://127.0.0.1:1", "idle"};
  std::vector<delivery> told_;
  std::unique_ptr<sender> sender_;
};

TEST_F(deliveries, with_an_acknowledgement_succeed_and_of_qos_0_are_unknown) {
  for (int qos = 0; qos <= 2; ++qos) {
    mock_async_client::acknowledge(*send(qos), MQTTREASONCODE_SUCCESS);
  }
  mock_async_client::acknowledge(*send(), MQTTREASONCODE_NO_MATCHING_SUBSCRIBERS);
  ASSERT_EQ(told_.size(), 4U);
  EXPECT_EQ(told_[0].state, outcome_state::unknown);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(told_[i].state, outcome_state::succeeded) << i;
  EXPECT_EQ(sender_->in_flight(), 0U);
}

TEST_F(deliveries, with_a_reason_of_failure_fail_with_it_however_paho_tells) {
  mock_async_client::acknowledge(*send(), MQTTREASONCODE_QUOTA_EXCEEDED);
  mock_async_client::refuse(*send(2), MQTTASYNC_FAILURE, MQTTREASONCODE_NOT_AUTHORIZED);
  mock_async_client::refuse(*send(), MQTTASYNC_FAILURE, MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 3U);
  for (const delivery& each : told_) EXPECT_EQ(each.state, outcome_state::failed);
  EXPECT_EQ(told_[0].reason_code, MQTTREASONCODE_QUOTA_EXCEEDED);
  EXPECT_EQ(told_[1].reason_code, MQTTREASONCODE_NOT_AUTHORIZED);
  EXPECT_EQ(told_[2].reason_code, 0);
  EXPECT_EQ(told_[2].return_code, MQTTASYNC_FAILURE);
  EXPECT_EQ(error_of(told_[1].return_code, told_[1].reason_code), "Not authorized");
  EXPECT_NE(error_of(told_[2].return_code, told_[2].reason_code), "");
  EXPECT_EQ(error_of(MQTTASYNC_SUCCESS, 0), "");
}

TEST_F(deliveries, that_the_client_forgets_are_unanswered) {
  mock_async_client::refuse(*send(), MQTTASYNC_OPERATION_INCOMPLETE, MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].state, outcome_state::unanswered);
}

TEST_F(deliveries, are_told_once_and_the_token_works_on_after_the_sender) {
  const ::mqtt::delivery_token_ptr waiting = send();
  const ::mqtt::delivery_token_ptr answered = send();
  mock_async_client::acknowledge(*answered, MQTTREASONCODE_SUCCESS);
  mock_async_client::acknowledge(*answered, MQTTREASONCODE_SUCCESS);
  EXPECT_EQ(told_.size(), 1U);
  sender_.reset();
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1].state, outcome_state::unanswered);
  mock_async_client::acknowledge(*waiting, MQTTREASONCODE_SUCCESS);
  EXPECT_TRUE(waiting->is_complete());
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(deliveries, of_refused_messages_are_not_told) {
  EXPECT_THROW(sender_->send(::mqtt::message::create("topic", "payload", 1, false), nullptr, {},
                             [](auto&&, auto*) -> ::mqtt::delivery_token_ptr {
                               throw ::mqtt::exception(MQTTASYNC_DISCONNECTED);
                             }),
               ::mqtt::exception);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(sender_->in_flight(), 0U);
}

TEST_F(deliveries, a_listener_that_throws_is_counted) {
  waybill::mqtt::publisher_options throwing;
  throwing.on_delivery = [](const delivery&) { throw 1; };
  sender_ = std::make_unique<sender>(waybill::propagation(), throwing);
  EXPECT_NO_THROW(mock_async_client::acknowledge(*send(), MQTTREASONCODE_SUCCESS));
  EXPECT_EQ(sender_->propagating().diagnostics->count(waybill::direction::outbound,
                                                      waybill::errc::carrier_failed),
            1U);
}

}  // namespace
