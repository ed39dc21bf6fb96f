// Publishing and its outcomes, on a server that says what the test wants.

#include <array>
#include <deque>
#include <stdexcept>

#include "support/contexts.hpp"
#include "support/scripted_test.hpp"
#include "support/tables.hpp"

namespace waybill_test {
namespace {

using waybill::direction;
using waybill::errc;
using waybill::outcome_state;
using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::publication;
using waybill::rabbitmq::publisher;
using waybill::rabbitmq::text_of;

constexpr publication usual{.exchange = "exchange", .routing_key = "key", .payload = "payload"};

class publishing : public scripted_test {
 protected:
  /// Publishes this many messages, whose numbers are their user data.
  void publish(publisher& on, std::size_t messages) {
    for (std::size_t i = 0; i < messages; ++i) {
      ASSERT_EQ(on.publish(usual, {.user_data = &numbers_.at(published_++)}), AMQP_STATUS_OK);
    }
  }

  /// The numbers of the messages that have this outcome, in the order of the reports.
  [[nodiscard]] std::vector<std::uint64_t> numbers(outcome_state outcome) const {
    std::vector<std::uint64_t> found;
    for (const told_report& each : reports_) {
      if (each.outcome != outcome) continue;
      const auto number =
          static_cast<std::uint64_t>(static_cast<const int*>(each.user_data) - numbers_.data()) + 1;
      EXPECT_EQ(number, each.delivery_tag);
      found.push_back(number);
    }
    return found;
  }

  /// A return of what the client has sent last, headers included.
  std::string returned(std::string_view exchange, std::string_view routing_key) {
    std::string bytes = return_bytes(first_channel, exchange, routing_key);
    for (const client_frame& each : server_.frames()) {
      if (each.type != AMQP_FRAME_METHOD)
        bytes += frame_bytes(each.type, first_channel, each.payload);
    }
    return bytes;
  }

  std::array<int, 64> numbers_{};
  std::size_t published_ = 0;
};

TEST_F(publishing, sends_what_it_was_given) {
  const auto publisher = make_publisher();
  own_table table{{"own", "header"}, {"", "of an empty name"}};
  amqp_basic_properties_t properties = table.properties();
  properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.content_type = bytes_of("text/plain");
  publication message = usual;
  message.properties = &properties;
  message.mandatory = true;
  ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  EXPECT_EQ(publisher->delivery_tag(), 1U);
  EXPECT_EQ(publisher->in_flight(), 1U);
  EXPECT_EQ(publisher->propagation().diagnostics(), settings_.diagnostics());
  const auto frames = server_.frames();
  ASSERT_EQ(frames.size(), 3U);
  const auto& sent = frames[0].as<amqp_basic_publish_t>();
  EXPECT_EQ(frames[0].method.id, AMQP_BASIC_PUBLISH_METHOD);
  EXPECT_EQ(frames[0].channel, first_channel);
  EXPECT_EQ(text_of(sent.exchange), "exchange");
  EXPECT_EQ(text_of(sent.routing_key), "key");
  EXPECT_EQ(sent.mandatory, 1);
  EXPECT_EQ(frames[1].payload.substr(12), encoded(properties));
  EXPECT_EQ(frames[2].payload, "payload");
}

TEST_F(publishing, asks_for_confirms_only_where_they_are_wanted) {
  server_.send_channel(first_channel, true);
  const publisher with(connection_, settings_);
  EXPECT_EQ(server_.methods(), (std::vector{AMQP_CHANNEL_OPEN_METHOD, AMQP_CONFIRM_SELECT_METHOD}));
  server_.send_channel(second_channel);
  const publisher without(connection_, settings_, {}, {.confirms = false});
  EXPECT_EQ(server_.methods(), std::vector{AMQP_CHANNEL_OPEN_METHOD});
}

struct confirm_row {
  const char* name;
  std::string (*bytes)();
  std::vector<std::uint64_t> succeeded;
  std::vector<std::uint64_t> failed;
};

TEST_F(publishing, confirms_are_outcomes_of_the_messages_that_they_name) {
  constexpr amqp_channel_t on = first_channel;
  const std::vector<confirm_row> rows{
      {"one", [] { return ack_bytes(on, 1); }, {1}, {}},
      {"one in the middle", [] { return ack_bytes(on, 3); }, {3}, {}},
      {"in any order",
       [] { return ack_bytes(on, 3) + ack_bytes(on, 1) + ack_bytes(on, 2); },
       {3, 1, 2},
       {}},
      {"all up to one", [] { return ack_bytes(on, 3, true); }, {1, 2, 3}, {}},
      {"all up to one, but for the answered",
       [] { return ack_bytes(on, 2) + ack_bytes(on, 3, true); },
       {2, 1, 3},
       {}},
      {"all", [] { return ack_bytes(on, 0, true); }, {1, 2, 3, 4, 5}, {}},
      {"all, some of them refused",
       [] { return nack_bytes(on, 2, true) + ack_bytes(on, 0, true); },
       {3, 4, 5},
       {1, 2}},
      {"one refused", [] { return nack_bytes(on, 2); }, {}, {2}},
      {"all refused", [] { return nack_bytes(on, 0, true); }, {}, {1, 2, 3, 4, 5}},
      {"once",
       [] { return ack_bytes(on, 1) + nack_bytes(on, 1) + ack_bytes(on, 1, true); },
       {1},
       {}},
      {"tags that were never used",
       [] {
         return ack_bytes(on, 6) + nack_bytes(on, UINT64_MAX) + ack_bytes(on, 0) +
                nack_bytes(on, 1'000'000);
       },
       {},
       {}},
      {"all up to a tag that was never used",
       [] { return ack_bytes(on, UINT64_MAX, true); },
       {1, 2, 3, 4, 5},
       {}},
  };
  for (const confirm_row& each : rows) {
    SCOPED_TRACE(each.name);
    next_channel_ = first_channel;
    reports_.clear();
    published_ = 0;
    auto publisher = make_publisher();
    publish(*publisher, 5);
    EXPECT_EQ(pump(each.bytes()), AMQP_STATUS_OK);
    EXPECT_EQ(numbers(outcome_state::succeeded), each.succeeded);
    EXPECT_EQ(numbers(outcome_state::failed), each.failed);
    const std::size_t told = each.succeeded.size() + each.failed.size();
    EXPECT_EQ(reports_.size(), told);
    EXPECT_EQ(publisher->in_flight(), 5 - told);
    publisher.reset();
    EXPECT_EQ(reports_.size(), 5U) << "each has an outcome";
    EXPECT_EQ(numbers(outcome_state::unanswered).size(), 5 - told);
    EXPECT_EQ(pump(close_ok_bytes(first_channel)), AMQP_STATUS_OK);
  }
}

TEST_F(publishing, an_early_confirm_says_nothing_of_a_later_message) {
  const auto publisher = make_publisher();
  EXPECT_EQ(pump(ack_bytes(first_channel, 1) + ack_bytes(first_channel, 2) +
                 ack_bytes(first_channel, UINT64_MAX, true)),
            AMQP_STATUS_OK);
  publish(*publisher, 3);
  EXPECT_TRUE(reports_.empty());
  EXPECT_EQ(pump(ack_bytes(first_channel, 3, true)), AMQP_STATUS_OK);
  EXPECT_EQ(numbers(outcome_state::succeeded), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(publishing, waits_for_every_confirm) {
  const auto publisher = make_publisher();
  EXPECT_EQ(publisher->wait_for_confirms(no_end), AMQP_STATUS_OK) << "there is nothing to wait for";
  publish(*publisher, 3);
  server_.send(ack_bytes(first_channel, 2, true));
  EXPECT_EQ(publisher->wait_for_confirms(milliseconds(20)), AMQP_STATUS_TIMEOUT);
  EXPECT_EQ(publisher->in_flight(), 1U);
  server_.send(nack_bytes(first_channel, 3));
  EXPECT_EQ(publisher->wait_for_confirms(no_end), AMQP_STATUS_OK) << "whatever the outcomes are";
  EXPECT_EQ(publisher->in_flight(), 0U);
}

TEST_F(publishing, does_not_wait_on_a_channel_that_the_broker_closes) {
  const auto publisher = make_publisher();
  publish(*publisher, 2);
  server_.send(close_bytes(first_channel, 404, "NOT_FOUND - no exchange"));
  EXPECT_EQ(publisher->wait_for_confirms(no_end), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(outcomes(), (std::vector{outcome_state::unanswered, outcome_state::unanswered}));
  EXPECT_EQ(reports_[0].reply_code, 404);
  EXPECT_EQ(reports_[0].reply_text, "NOT_FOUND - no exchange");
  EXPECT_EQ(publisher->publish(usual), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_TRUE(connection_.is_open());
}

TEST_F(publishing, a_returned_message_failed_once_although_it_is_confirmed_too) {
  const auto publisher = make_publisher();
  const waybill::context mine = make_context(traceparent_a);
  publication message = usual;
  message.mandatory = true;
  ASSERT_EQ(publisher->publish(message, {.context = &mine, .user_data = numbers_.data()}),
            AMQP_STATUS_OK);
  EXPECT_EQ(pump(returned("exchange", "key")), AMQP_STATUS_OK);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].outcome, outcome_state::failed);
  EXPECT_EQ(reports_[0].reply_code, AMQP_NO_ROUTE);
  EXPECT_EQ(reports_[0].reply_text, "NO_ROUTE");
  EXPECT_EQ(reports_[0].delivery_tag, 1U);
  EXPECT_EQ(reports_[0].user_data, numbers_.data());
  EXPECT_EQ(reports_[0].sent, mine.span_context());
  EXPECT_TRUE(reports_[0].was_returned);
  EXPECT_EQ(reports_[0].returned_payload, "payload");
  EXPECT_EQ(publisher->in_flight(), 0U);
  EXPECT_EQ(pump(ack_bytes(first_channel, 1)), AMQP_STATUS_OK);
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_F(publishing, a_returned_message_is_the_oldest_of_those_like_it) {
  const auto publisher = make_publisher();
  publication message = usual;
  message.mandatory = true;
  message.routing_key = "routed";
  ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  static_cast<void>(server_.frames());
  message.routing_key = "key";
  ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  const std::string one = returned("exchange", "key");
  ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  EXPECT_EQ(pump(one + ack_bytes(first_channel, 3, true)), AMQP_STATUS_OK);
  ASSERT_EQ(reports_.size(), 3U);
  EXPECT_EQ(outcomes(), (std::vector{outcome_state::failed, outcome_state::succeeded,
                                     outcome_state::succeeded}));
  EXPECT_EQ(reports_[0].delivery_tag, 2U);
}

TEST_F(publishing, a_returned_message_is_none_that_has_its_outcome) {
  const auto publisher = make_publisher();
  publication message = usual;
  message.mandatory = true;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  // Confirms come in any order: that of a message which waits for a disk is a late one.
  EXPECT_EQ(
      pump(ack_bytes(first_channel, 2) + ack_bytes(first_channel, 1) + ack_bytes(first_channel, 3)),
      AMQP_STATUS_OK);
  static_cast<void>(server_.frames());
  ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  EXPECT_EQ(pump(returned("exchange", "key") + ack_bytes(first_channel, 4)), AMQP_STATUS_OK);
  ASSERT_EQ(reports_.size(), 4U);
  EXPECT_EQ(reports_[3].outcome, outcome_state::failed);
  EXPECT_EQ(reports_[3].delivery_tag, 4U);
}

TEST_F(publishing, without_confirms_only_returned_messages_are_reported) {
  const auto publisher = make_publisher({.confirms = false});
  const waybill::context mine = make_context(traceparent_a);
  publication message = usual;
  message.mandatory = true;
  ASSERT_EQ(publisher->publish(message, {.context = &mine}), AMQP_STATUS_OK);
  EXPECT_EQ(publisher->in_flight(), 0U);
  EXPECT_EQ(pump(returned("exchange", "key")), AMQP_STATUS_OK);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].outcome, outcome_state::failed);
  EXPECT_EQ(reports_[0].sent, mine.span_context());
  EXPECT_EQ(reports_[0].delivery_tag, 0U) << "a return does not say it";
  EXPECT_EQ(pump(ack_bytes(first_channel, 1)), AMQP_STATUS_OK);
  EXPECT_EQ(pump(close_bytes(first_channel, 406, "x")), AMQP_STATUS_OK);
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_F(publishing, beyond_its_bound_the_oldest_is_given_up_and_counted) {
  auto publisher = make_publisher({.in_flight_max = 2});
  publish(*publisher, 5);
  EXPECT_EQ(numbers(outcome_state::unknown), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(counted(direction::outbound, errc::given_up), 3U);
  EXPECT_EQ(publisher->in_flight(), 2U);
  EXPECT_EQ(pump(ack_bytes(first_channel, 5, true)), AMQP_STATUS_OK);
  EXPECT_EQ(numbers(outcome_state::succeeded), (std::vector<std::uint64_t>{4, 5}));
  publisher.reset();
  EXPECT_EQ(reports_.size(), 5U);
}

TEST_F(publishing, a_listener_that_throws_is_counted_and_costs_nothing) {
  server_.send_channel(first_channel, true);
  publisher publisher(connection_, settings_,
                      [](const auto&) { throw std::runtime_error("listener"); });
  ASSERT_EQ(publisher.publish(usual), AMQP_STATUS_OK);
  ASSERT_EQ(publisher.publish(usual), AMQP_STATUS_OK);
  EXPECT_EQ(pump(ack_bytes(first_channel, 0, true)), AMQP_STATUS_OK);
  EXPECT_EQ(counted(direction::outbound, errc::listener_failed), 2U);
  EXPECT_TRUE(publisher.is_open());
}

TEST_F(publishing, a_listener_may_publish) {
  server_.send_channel(first_channel, true);
  publisher* again = nullptr;
  int outcomes = 0;
  publisher publisher(connection_, settings_, [&](const auto&) {
    if (++outcomes == 1) {
      EXPECT_EQ(again->publish(usual), AMQP_STATUS_OK);
    }
  });
  again = &publisher;
  ASSERT_EQ(publisher.publish(usual), AMQP_STATUS_OK);
  EXPECT_EQ(pump(ack_bytes(first_channel, 1)), AMQP_STATUS_OK);
  EXPECT_EQ(publisher.in_flight(), 1U);
  EXPECT_EQ(pump(ack_bytes(first_channel, 2)), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes, 2);
}

/// What a listener gets that pumps.
class pumping_listeners : public publishing {
 protected:
  pumping_listeners() {
    then_ = [this] { statuses_.push_back(connection_.pump(no_end)); };
  }
  /// Each of so many reports came while nobody could pump.
  void expect_refused(std::size_t reports) const {
    EXPECT_EQ(reports_.size(), reports);
    EXPECT_EQ(statuses_, std::vector<int>(reports, AMQP_STATUS_UNEXPECTED_STATE));
  }

  std::vector<int> statuses_;
};

TEST_F(pumping_listeners, are_given_no_frame_within_a_failed_call) {
  const auto publisher = make_publisher();
  const auto consumer = make_consumer();
  publish(*publisher, 3);
  server_.send(ack_bytes(first_channel, 1) + ack_bytes(first_channel, 2) +
               close_bytes(second_channel, 540, "NOT_IMPLEMENTED") + ack_bytes(first_channel, 3));
  EXPECT_EQ(consumer->start(), AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(consumer->reason().reply_text, "NOT_IMPLEMENTED");
  expect_refused(2);
  EXPECT_EQ(connection_.pump(no_end), AMQP_STATUS_OK);
  expect_refused(3);
}

TEST_F(pumping_listeners, are_given_no_frame_within_a_publish) {
  const auto publisher = make_publisher({.in_flight_max = 1});
  publish(*publisher, 2);
  expect_refused(1);
  server_.hang_up();
  EXPECT_NE(publisher->publish(usual), AMQP_STATUS_OK);
  expect_refused(2);
}

TEST_F(pumping_listeners, are_given_no_frame_when_the_publisher_or_the_connection_goes) {
  auto publisher = make_publisher();
  publish(*publisher, 1);
  publisher.reset();
  expect_refused(1);
  publisher = make_publisher();
  ASSERT_EQ(publisher->publish(usual), AMQP_STATUS_OK);
  scripted_connection other;
  waybill::rabbitmq::connection moved = std::move(connection_);
  connection_ = waybill::rabbitmq::connection(other.raw());
  then_ = [&] { statuses_.push_back(moved.pump(no_end)); };
  moved = waybill::rabbitmq::connection(other.raw());
  expect_refused(2);
}

TEST_F(publishing, a_publisher_that_goes_accepts_nothing_from_its_listener) {
  auto publisher = make_publisher();
  publish(*publisher, 2);
  int status = AMQP_STATUS_OK;
  then_ = [&, raw = publisher.get()] { status = raw->publish(usual); };
  static_cast<void>(server_.frames());
  publisher.reset();
  EXPECT_EQ(status, AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(outcomes(), (std::vector{outcome_state::unanswered, outcome_state::unanswered}));
  EXPECT_EQ(server_.methods(), std::vector{AMQP_CHANNEL_CLOSE_METHOD});
}

TEST_F(publishing, what_rabbitmq_c_cannot_send_is_refused_and_nothing_goes_out) {
  const auto publisher = make_publisher();
  const std::string long_text(256, 'x');
  const std::string large(200'000, 'x');
  own_table long_name;
  long_name.add(long_text, "value");
  // Deeper than waybill measures by itself.
  std::deque<own_table> deep(100);
  deep.back().add(long_text, "value");
  for (std::size_t i = deep.size() - 1; i > 0; --i) deep[i - 1].add("table", deep[i]);
  own_table large_value{{"name", large}};
  own_table unknown_kind;
  unknown_kind.add("name", value_of_kind('?'));
  // As a size it looks like something else.
  amqp_field_value_t lie = waybill_test::long_string("x");
  lie.value.bytes.len = SIZE_MAX - 1;
  own_table lying{};
  lying.add("name", lie);
  own_table lying_within{};
  lying_within.add("table", lying);
  amqp_basic_properties_t long_property{};
  long_property._flags = AMQP_BASIC_REPLY_TO_FLAG;
  long_property.reply_to = bytes_of(long_text);
  struct row {
    const char* name;
    publication message;
    int status;
  };
  const std::vector<row> rows{
      {"exchange", {.exchange = long_text}, AMQP_STATUS_INVALID_PARAMETER},
      {"routing key", {.routing_key = long_text}, AMQP_STATUS_INVALID_PARAMETER},
      {"name", {.properties = &long_name.properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"name far within", {.properties = &deep.front().properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"value", {.properties = &large_value.properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"kind", {.properties = &unknown_kind.properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"length", {.properties = &lying.properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"length within", {.properties = &lying_within.properties()}, AMQP_STATUS_TABLE_TOO_BIG},
      {"property", {.properties = &long_property}, AMQP_STATUS_BAD_AMQP_DATA},
  };
  const waybill::context mine = make_context(traceparent_a, "a=1", "b=2");
  for (const row& each : rows) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(publisher->publish(each.message, {.context = &mine}), each.status);
    EXPECT_TRUE(server_.frames().empty());
  }
  EXPECT_TRUE(reports_.empty());
  EXPECT_EQ(publisher->delivery_tag(), 0U);
  ASSERT_EQ(publisher->publish(usual), AMQP_STATUS_OK);
  EXPECT_EQ(pump(ack_bytes(first_channel, 1)), AMQP_STATUS_OK);
  EXPECT_EQ(outcomes(), std::vector{outcome_state::succeeded});
}

TEST_F(publishing, fields_that_do_not_fit_into_a_frame_are_left_out) {
  scripted_connection link({.frame_bytes_max = 4'096});
  waybill::rabbitmq::connection connection(link.raw());
  link.server().send_channel(first_channel, true);
  publisher publisher(connection, settings_);
  static_cast<void>(link.server().frames());
  own_table nearly_full{{"name", std::string(4'000, 'x')}};
  publication message = usual;
  message.properties = &nearly_full.properties();
  const waybill::context mine = make_context(traceparent_a, "a=1", "b=2");
  ASSERT_EQ(publisher.publish(message, {.context = &mine}), AMQP_STATUS_OK);
  const auto frames = link.server().frames();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_TRUE(frames[1].payload.substr(12) == encoded(nearly_full.properties()));
}

TEST_F(publishing, a_message_that_did_not_go_out_has_no_outcome) {
  const auto publisher = make_publisher();
  publish(*publisher, 1);
  server_.hang_up();
  const int status = publisher->publish(usual);
  EXPECT_NE(status, AMQP_STATUS_OK);
  EXPECT_EQ(connection_.reason().status, status);
  EXPECT_EQ(connection_.reason().reply_text, amqp_error_string2(status));
  EXPECT_EQ(numbers(outcome_state::unanswered), std::vector<std::uint64_t>{1});
  EXPECT_EQ(reports_.size(), 1U) << "the second was not accepted";
}

TEST_F(publishing, spans_end_with_the_outcome) {
  settings_ = waybill::propagation(waybill::propagation_options{.tracer = tracer_});
  const auto publisher = make_publisher();
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
  properties.message_id = bytes_of("id");
  properties.correlation_id = bytes_of("conversation");
  publication message = usual;
  message.properties = &properties;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(publisher->publish(message), AMQP_STATUS_OK);
  EXPECT_EQ(pump(ack_bytes(first_channel, 1) + nack_bytes(first_channel, 2) +
                 close_bytes(first_channel, 406, "x")),
            AMQP_STATUS_OK);
  const auto spans = tracer_->spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(tracer_->badly_ended(), 0U);
  EXPECT_EQ(spans[0].system, "rabbitmq");
  EXPECT_EQ(spans[0].destination, "exchange");
  EXPECT_EQ(spans[0].routing_key, "key");
  EXPECT_EQ(spans[0].body_bytes, std::size_t{7});
  EXPECT_EQ(spans[0].ended_as, outcome_state::succeeded);
  EXPECT_EQ(spans[1].ended_as, outcome_state::failed);
  EXPECT_EQ(spans[1].error, "nack");
  EXPECT_EQ(spans[2].ended_as, outcome_state::unanswered);
  EXPECT_EQ(spans[2].error, "406");
}

TEST_F(publishing, spans_of_messages_without_an_outcome_end_too) {
  settings_ = waybill::propagation(waybill::propagation_options{.tracer = tracer_});
  auto publisher = make_publisher();
  ASSERT_EQ(publisher->publish(usual), AMQP_STATUS_OK);
  publisher.reset();
  server_.send(close_ok_bytes(first_channel));
  const auto without = make_publisher({.confirms = false});
  ASSERT_EQ(without->publish(usual), AMQP_STATUS_OK);
  EXPECT_EQ(without->publish({.exchange = std::string(256, 'x')}), AMQP_STATUS_INVALID_PARAMETER);
  own_table unknown_kind;
  unknown_kind.add("name", value_of_kind('?'));
  EXPECT_EQ(without->publish({.properties = &unknown_kind.properties()}),
            AMQP_STATUS_TABLE_TOO_BIG);
  EXPECT_EQ(tracer_->badly_ended(), 0U);
  const auto spans = tracer_->spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].error, "connection_closed");
  EXPECT_EQ(spans[1].ended_as, outcome_state::unknown);
  EXPECT_EQ(spans[2].ended_as, outcome_state::failed);
}

}  // namespace
}  // namespace waybill_test
