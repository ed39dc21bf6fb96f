// What an answer of the server makes of a message, without a server: tokens are completed as Paho's
// threads complete them.

#include <gtest/gtest.h>
#include <mqtt/async_client.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "../../../testing/support/recording_tracer.hpp"
#include "support/contexts.hpp"
#include "waybill/mqtt/cpp/drop_in.hpp"
#include "waybill/mqtt/cpp/publisher.hpp"

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
using waybill::mqtt::delivery_report;
using waybill::mqtt::detail::sender;
using waybill_test::make_context;
using waybill_test::traceparent_a;
using waybill_test::traceparent_b;

class deliveries : public testing::Test {
 protected:
  deliveries() : sender_(std::make_unique<sender>(waybill::propagation(), options())) {}

  waybill::mqtt::publisher_options options() {
    waybill::mqtt::publisher_options made;
    made.on_delivery_report = [this](const delivery_report& told) { told_.push_back(told); };
    return made;
  }
  ::mqtt::delivery_token_ptr send(int qos = 1) {
    return send(::mqtt::message::create("topic", "payload", qos, false), {});
  }
  ::mqtt::delivery_token_ptr send(::mqtt::const_message_ptr sent,
                                  const waybill::send_options& how) {
    return sender_->send(std::move(sent), nullptr, nullptr, how, [&](auto&&... with) {
      return ::mqtt::delivery_token::create(client_, std::forward<decltype(with)>(with)...);
    });
  }

  ::mqtt::async_client client_{"tcp://127.0.0.1:1", "idle"};
  std::vector<delivery_report> told_;
  std::unique_ptr<sender> sender_;
};

TEST_F(deliveries, with_an_acknowledgement_succeed_and_of_qos_0_are_unknown) {
  for (int qos = 0; qos <= 2; ++qos) {
    mock_async_client::acknowledge(*send(qos), MQTTREASONCODE_SUCCESS);
  }
  mock_async_client::acknowledge(*send(), MQTTREASONCODE_NO_MATCHING_SUBSCRIBERS);
  ASSERT_EQ(told_.size(), 4U);
  EXPECT_EQ(told_[0].outcome, outcome_state::unknown);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(told_[i].outcome, outcome_state::succeeded) << i;
  EXPECT_EQ(sender_->in_flight(), 0U);
}

TEST_F(deliveries, with_a_reason_of_failure_fail_with_it_however_paho_tells) {
  mock_async_client::acknowledge(*send(), MQTTREASONCODE_QUOTA_EXCEEDED);
  mock_async_client::refuse(*send(2), MQTTASYNC_FAILURE, MQTTREASONCODE_NOT_AUTHORIZED);
  mock_async_client::refuse(*send(), MQTTASYNC_FAILURE, MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 3U);
  for (const delivery_report& each : told_) EXPECT_EQ(each.outcome, outcome_state::failed);
  EXPECT_EQ(told_[0].reason_code, MQTTREASONCODE_QUOTA_EXCEEDED);
  EXPECT_EQ(told_[1].reason_code, MQTTREASONCODE_NOT_AUTHORIZED);
  EXPECT_EQ(told_[2].reason_code, 0);
  EXPECT_EQ(told_[2].return_code, MQTTASYNC_FAILURE);
  EXPECT_EQ(as_outcome(told_[1]).error(), "Not authorized");
  EXPECT_NE(as_outcome(told_[2]).error(), "");
  EXPECT_EQ(as_outcome(delivery_report()).error(), "");
}

// Paho C has the reason of a CONNACK in the return code.
TEST_F(deliveries, have_no_fields_after_a_connack_that_says_too_large) {
  waybill::mqtt::detail::drop_in parts;
  const auto answer = ::mqtt::token::create(::mqtt::token::Type::CONNECT, client_);
  waybill::mqtt::detail::connection asked;
  parts.await(parts.asking(asked, "id"), answer);
  mock_async_client::refuse(*answer, MQTTREASONCODE_PACKET_TOO_LARGE, MQTTREASONCODE_SUCCESS);
  EXPECT_NE(parts.sending.connection().room().fields_bytes_max, 0U);
  parts.look_at_response();
  EXPECT_EQ(parts.sending.connection().room().fields_bytes_max, 0U);
}

TEST_F(deliveries, that_the_client_forgets_are_unanswered) {
  mock_async_client::refuse(*send(), MQTTASYNC_OPERATION_INCOMPLETE, MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].outcome, outcome_state::unanswered);
}

TEST_F(deliveries, with_an_end_of_the_connection_leave_the_limit_in_doubt) {
  struct {
    const char* name;
    int return_code;
    MQTTReasonCodes reason;
    std::size_t for_fields;
  } constexpr rows[] = {
      {"forgotten", MQTTASYNC_OPERATION_INCOMPLETE, MQTTREASONCODE_SUCCESS,
       waybill::mqtt::connection_state::bytes_when_unknown_usual},
      {"failed", MQTTASYNC_FAILURE, MQTTREASONCODE_SUCCESS, 20'000},
      {"refused", MQTTASYNC_FAILURE, MQTTREASONCODE_QUOTA_EXCEEDED, 20'000},
      {"refused as too large", MQTTASYNC_FAILURE, MQTTREASONCODE_PACKET_TOO_LARGE, 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    sender_->connection().answered(sender_->connection().asked(MQTTVERSION_5), MQTTVERSION_5,
                                   20'000);
    mock_async_client::refuse(*send(), row.return_code, row.reason);
    EXPECT_EQ(sender_->connection().room().fields_bytes_max, row.for_fields);
  }
}

TEST_F(deliveries, are_told_once_and_the_token_works_on_after_the_sender) {
  const ::mqtt::delivery_token_ptr waiting = send();
  const ::mqtt::delivery_token_ptr answered = send();
  mock_async_client::acknowledge(*answered, MQTTREASONCODE_SUCCESS);
  mock_async_client::acknowledge(*answered, MQTTREASONCODE_SUCCESS);
  EXPECT_EQ(told_.size(), 1U);
  sender_.reset();
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1].outcome, outcome_state::unanswered);
  mock_async_client::acknowledge(*waiting, MQTTREASONCODE_SUCCESS);
  EXPECT_TRUE(waiting->is_complete());
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(deliveries, tell_the_span_context_that_the_message_has) {
  const waybill::context sent = make_context(traceparent_a);
  ::mqtt::properties event;
  for (const char* name : {"specversion", "id", "source", "type"}) {
    event.add({::mqtt::property::USER_PROPERTY, name, "1.0"});
  }
  const auto told_trace = [&] {
    mock_async_client::acknowledge(
        *send(::mqtt::message::create("topic", "payload", 1, false, event), {.context = &sent}),
        MQTTREASONCODE_SUCCESS);
    return told_.back().sent;
  };
  EXPECT_EQ(told_trace(), sent.span_context());
  event.add({::mqtt::property::USER_PROPERTY, "traceparent", std::string(traceparent_b)});
  EXPECT_EQ(told_trace(), make_context(traceparent_b).span_context()) << "an event keeps its own";
}

TEST_F(deliveries, tell_no_span_context_where_no_properties_travel) {
  const waybill::context sent = make_context(traceparent_a);
  sender_->connection().asked(MQTTVERSION_3_1_1);
  const auto message = ::mqtt::message::create("topic", "payload", 1, false);
  mock_async_client::acknowledge(*send(message, {.context = &sent}), MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_FALSE(told_[0].sent.is_valid());
}

// Each thread sends its own messages and answers for those of its neighbour.
TEST_F(deliveries, are_told_once_each_with_many_threads_that_send_and_answer) {
  constexpr std::size_t thread_count = 4;
  constexpr std::size_t message_count = 200;
  std::mutex mutex;
  std::map<const ::mqtt::token*, int> times;
  waybill::mqtt::publisher_options counting;
  counting.on_delivery_report = [&](const delivery_report& told) {
    const std::scoped_lock lock(mutex);
    ++times[told.token];
  };
  sender_ = std::make_unique<sender>(waybill::propagation(), counting);
  std::array<std::vector<::mqtt::delivery_token_ptr>, thread_count> sent;
  std::vector<std::jthread> threads;
  for (std::size_t own = 0; own < thread_count; ++own) {
    threads.emplace_back([&, own] {
      std::size_t answered = 0;
      while (answered < message_count) {
        if (sent[own].size() < message_count) {
          ::mqtt::delivery_token_ptr token = send();
          const std::scoped_lock lock(mutex);
          sent[own].push_back(std::move(token));
        }
        ::mqtt::token* next = nullptr;
        {
          const std::scoped_lock lock(mutex);
          const auto& neighbour = sent[(own + 1) % thread_count];
          if (answered < neighbour.size()) next = neighbour[answered].get();
        }
        if (next == nullptr) {
          std::this_thread::yield();
          continue;
        }
        mock_async_client::acknowledge(*next, MQTTREASONCODE_SUCCESS);
        ++answered;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(times.size(), thread_count * message_count);
  for (const auto& [token, count] : times) EXPECT_EQ(count, 1);
  EXPECT_EQ(sender_->in_flight(), 0U);
  sender_.reset();  // which tells of what is left to what is here
}

// Paho calls one listener of a token.
TEST_F(deliveries, of_a_token_with_another_listener_are_unknown_once_it_is_gone) {
  class : public ::mqtt::iaction_listener {
    void on_success(const ::mqtt::token& /*token*/) override {}
    void on_failure(const ::mqtt::token& /*token*/) override {}
  } other;
  ::mqtt::delivery_token_ptr first = send();
  first->set_action_callback(other);
  mock_async_client::acknowledge(*first, MQTTREASONCODE_SUCCESS);
  EXPECT_EQ(sender_->in_flight(), 1U);
  first.reset();
  EXPECT_TRUE(told_.empty()) << "Paho may hold a lock then";
  static_cast<void>(send());
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].outcome, outcome_state::unknown);
}

// A client library that forgets messages without a word.
TEST_F(deliveries, that_are_never_answered_are_given_up_and_new_ones_heard_of) {
  waybill::mqtt::publisher_options bounded = options();
  bounded.in_flight_max = 3;
  const waybill::propagation settings(waybill::propagation_options{});
  sender_ = std::make_unique<sender>(settings, bounded);
  std::vector<::mqtt::delivery_token_ptr> forgotten;
  std::array<int, 5> cookies{};
  for (int& each : cookies) {
    forgotten.push_back(
        send(::mqtt::message::create("topic", "payload", 1, false), {.user_data = &each}));
  }
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[0].user_data, cookies.data()) << "the oldest first";
  EXPECT_EQ(told_[1].user_data, &cookies[1]);
  EXPECT_EQ(told_[1].outcome, outcome_state::unknown);
  EXPECT_EQ(told_[1].token, nullptr);
  EXPECT_EQ(sender_->in_flight(), 3U);
  EXPECT_EQ(settings.diagnostics()->count(waybill::direction::outbound, waybill::errc::given_up),
            2U);
  mock_async_client::acknowledge(*forgotten[0], MQTTREASONCODE_SUCCESS);
  EXPECT_EQ(told_.size(), 2U) << "told already";
  mock_async_client::acknowledge(*forgotten[4], MQTTREASONCODE_SUCCESS);
  ASSERT_EQ(told_.size(), 3U);
  EXPECT_EQ(told_[2].user_data, &cookies[4]);
  EXPECT_EQ(told_[2].outcome, outcome_state::succeeded);
}

TEST_F(deliveries, refused_as_too_large_turn_fields_off) {
  mock_async_client::refuse(*send(), MQTTASYNC_FAILURE, MQTTREASONCODE_PACKET_TOO_LARGE);
  EXPECT_EQ(sender_->connection().room().fields_bytes_max, 0U);
}

class refused_deliveries : public deliveries {
 protected:
  refused_deliveries() {
    const waybill::propagation settings(waybill::propagation_options{.tracer = tracer_});
    sender_ = std::make_unique<sender>(settings, options());
  }
  // How the span of a message ended that was thrown for.
  template <class Exception, class... Arguments>
  waybill_test::recording_tracer::span send_throwing(Arguments... arguments) {
    EXPECT_THROW(sender_->send(message(), nullptr, nullptr, {},
                               [&](auto&&...) -> ::mqtt::delivery_token_ptr {
                                 throw Exception(arguments...);
                               }),
                 Exception);
    return last_span();
  }
  template <class Exception, class... Arguments>
  waybill_test::recording_tracer::span wait_throwing(Arguments... arguments) {
    EXPECT_THROW(
        sender_->send_and_wait(message(), {}, [&](auto&&) { throw Exception(arguments...); }),
        Exception);
    return last_span();
  }
  static ::mqtt::const_message_ptr message() {
    return ::mqtt::message::create("topic", "payload", 1, false);
  }
  [[nodiscard]] waybill_test::recording_tracer::span last_span() const {
    return tracer_->span_at(tracer_->span_count() - 1);
  }
  static void expect_failed(const waybill_test::recording_tracer::span& span,
                            std::string_view error) {
    EXPECT_EQ(span.ends, 1);
    EXPECT_EQ(span.ended_as, outcome_state::failed);
    EXPECT_EQ(span.error, error);
  }

  const std::shared_ptr<waybill_test::recording_tracer> tracer_ =
      std::make_shared<waybill_test::recording_tracer>();
};

TEST_F(refused_deliveries, end_the_span_and_are_not_told) {
  const std::string_view error = MQTTAsync_strerror(MQTTASYNC_DISCONNECTED);
  expect_failed(send_throwing<::mqtt::exception>(MQTTASYNC_DISCONNECTED), error);
  expect_failed(wait_throwing<::mqtt::exception>(MQTTASYNC_DISCONNECTED), error);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(sender_->in_flight(), 0U);
}

TEST_F(refused_deliveries, by_any_exception_are_forgotten_at_once) {
  expect_failed(send_throwing<std::bad_alloc>(), "exception");
  EXPECT_EQ(sender_->in_flight(), 0U);
  expect_failed(wait_throwing<std::bad_alloc>(), "exception");
  sender_.reset();
  EXPECT_TRUE(told_.empty());
}

TEST_F(refused_deliveries, by_an_answer_to_a_client_that_waits_are_told) {
  const auto wait_for = [&](int code, int reason) {
    wait_throwing<::mqtt::exception>(code, static_cast<::mqtt::ReasonCode>(reason));
    return told_.back().outcome;
  };
  EXPECT_EQ(wait_for(MQTTASYNC_FAILURE, MQTTREASONCODE_NOT_AUTHORIZED), outcome_state::failed);
  EXPECT_EQ(told_.back().reason_code, MQTTREASONCODE_NOT_AUTHORIZED);
  EXPECT_EQ(wait_for(MQTTASYNC_SUCCESS, MQTTREASONCODE_QUOTA_EXCEEDED), outcome_state::failed);
  EXPECT_EQ(wait_for(MQTTASYNC_FAILURE, 0), outcome_state::failed) << "Paho's of a message it had";
  EXPECT_EQ(wait_for(MQTTASYNC_OPERATION_INCOMPLETE, 0), outcome_state::unanswered);
  EXPECT_EQ(told_.size(), 4U);
}

TEST_F(deliveries, a_listener_that_throws_is_counted) {
  waybill::mqtt::publisher_options throwing;
  throwing.on_delivery_report = [](const delivery_report&) { throw 1; };
  const waybill::propagation settings(waybill::propagation_options{});
  sender_ = std::make_unique<sender>(settings, throwing);
  EXPECT_NO_THROW(mock_async_client::acknowledge(*send(), MQTTREASONCODE_SUCCESS));
  EXPECT_EQ(sender_->settings().diagnostics()->count(waybill::direction::outbound,
                                                     waybill::errc::listener_failed),
            1U);
}

}  // namespace
