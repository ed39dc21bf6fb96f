// What arrives is shown without context in its properties, and handled under that context.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "run.hpp"
#include "support/mqtt_test.hpp"
#include "support/recording_tracer.hpp"
#include "waybill/current.hpp"
#include "waybill/mqtt/cpp/async_client.hpp"
#include "waybill/mqtt/cpp/client.hpp"

namespace waybill_test {
namespace {

using waybill::mqtt::context_of;

// What a handler saw.
struct seen_message {
  std::string payload;
  property_pairs properties;
  std::string attached;
  std::string current;
};

seen_message look_at(const ::mqtt::const_message_ptr& message) {
  return {message->get_payload_str(), properties_of(*message), traceparent_of(context_of(message)),
          traceparent_of(waybill::current())};
}

class mqtt_receive : public testing::Test {
 protected:
  // By a program that is not ours.
  void send(const std::string& payload, const waybill::context& context) {
    std::vector<std::string> command{"mosquitto_pub",
                                     "-h",
                                     server_.host,
                                     "-p",
                                     std::to_string(server_.port),
                                     "-V",
                                     "5",
                                     "-q",
                                     "1",
                                     "-t",
                                     topic_,
                                     "-m",
                                     payload};
    for (const auto& [name, value] : on_wire({{"own", "1"}, {"own", "2"}}, context)) {
      command.insert(command.end(), {"-D", "publish", "user-property", name, value});
    }
    const run_result result = run(command);
    EXPECT_TRUE(result.succeeded()) << result;
  }
  void send_numbered(int first, int count) {
    for (int i = first; i < first + count; ++i) {
      send(std::to_string(i), make_context(static_cast<std::uint64_t>(i), "v=1", "k=v"));
    }
  }
  static void expect_numbered(const std::vector<seen_message>& seen, int count, bool has_current) {
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      const seen_message& each = seen[static_cast<std::size_t>(i)];
      const waybill::context sent = make_context(static_cast<std::uint64_t>(i), "v=1", "k=v");
      EXPECT_EQ(each.payload, std::to_string(i));
      EXPECT_EQ(each.properties, (property_pairs{{"own", "1"}, {"own", "2"}}));
      EXPECT_EQ(each.attached, traceparent_of(sent));
      EXPECT_EQ(each.current, traceparent_of(has_current ? sent : waybill::context()));
    }
  }

  const mqtt_address server_ = shared_mosquitto();
  const std::string topic_ = unique_name("receive");
};

class looking_callback final : public ::mqtt::callback {
 public:
  void connected(const std::string& /*cause*/) override { connections.add(1); }
  void message_arrived(::mqtt::const_message_ptr message) override { seen.add(look_at(message)); }
  void delivery_complete(::mqtt::delivery_token_ptr token) override { deliveries.add(token); }

  collected<seen_message> seen;
  collected<int> connections;
  collected<::mqtt::delivery_token_ptr> deliveries;
};

class drop_in_receive : public mqtt_receive {
 protected:
  void connect() {
    client_.connect(connecting())->wait();
    client_.subscribe(topic_, 1)->wait();
  }

  waybill::mqtt::async_client client_{server_.uri(), unique_name("receiver"), creation()};
};

TEST_F(drop_in_receive, by_a_message_callback_runs_it_under_the_context) {
  collected<seen_message> seen;
  client_.set_message_callback(
      [&](const ::mqtt::const_message_ptr& message) { seen.add(look_at(message)); });
  connect();
  send_numbered(0, 3);
  expect_numbered(seen.wait_for(3), 3, true);
}

TEST_F(drop_in_receive, by_the_callback_interface_forwards_everything_to_the_applications_own) {
  looking_callback callback;
  ::mqtt::iasync_client& base = client_;
  base.set_callback(callback);
  connect();
  EXPECT_EQ(callback.connections.wait_for(1).size(), 1U);
  send_numbered(0, 3);
  expect_numbered(callback.seen.wait_for(3), 3, true);

  const auto token = client_.publish(unique_name("elsewhere"), "x", 1, 1, false);
  EXPECT_EQ(callback.deliveries.wait_for(1), std::vector<::mqtt::delivery_token_ptr>{token});
}

TEST_F(drop_in_receive, by_every_call_that_fetches_messages_strips_them) {
  client_.start_consuming();
  connect();
  send_numbered(0, 6);
  std::vector<seen_message> seen;
  seen.push_back(look_at(client_.consume_message()));
  ::mqtt::const_message_ptr message;
  ASSERT_TRUE(client_.try_consume_message_for(&message, patience));
  seen.push_back(look_at(message));
  seen.push_back(look_at(client_.try_consume_message_for(patience)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  ASSERT_TRUE(client_.try_consume_message_until(&message, deadline));
  seen.push_back(look_at(message));
  seen.push_back(look_at(client_.try_consume_message_until(deadline)));
  while (!client_.try_consume_message(&message) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  seen.push_back(look_at(message));
  expect_numbered(seen, 6, true);
  EXPECT_FALSE(client_.try_consume_message(&message));
  EXPECT_FALSE(waybill::current().has_trace()) << "each receive call empties the received slot";
}

// From Paho 1.5 on the queue of messages has news of the connection, too.
TEST_F(mqtt_receive, by_every_call_that_fetches_messages_passes_over_a_connection_that_came_up) {
  const auto deadline = [] { return std::chrono::steady_clock::now() + patience; };
  const auto fetched_by = [this](auto&& client, const auto& fetch) {
    client.start_consuming();
    if constexpr (std::is_base_of_v<::mqtt::client, std::remove_reference_t<decltype(client)>>) {
      client.connect(connecting());
      client.subscribe(topic_, 1);
    } else {
      client.connect(connecting())->wait();
      client.subscribe(topic_, 1)->wait();
    }
    send_numbered(0, 1);
    const ::mqtt::const_message_ptr first = fetch(client);
    ASSERT_NE(first, nullptr);
    expect_numbered({look_at(first)}, 1, true);
  };
  const auto fetched_by_each = [&](const auto& make) {
    fetched_by(make(), [](auto& client) { return client.consume_message(); });
    fetched_by(make(), [&](auto& client) {
      const auto until = deadline();
      ::mqtt::const_message_ptr message;
      while (!client.try_consume_message(&message) && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
      }
      return message;
    });
    fetched_by(make(), [](auto& client) {
      ::mqtt::const_message_ptr message;
      EXPECT_TRUE(client.try_consume_message_for(&message, patience));
      return message;
    });
    fetched_by(make(), [&](auto& client) {
      ::mqtt::const_message_ptr message;
      EXPECT_TRUE(client.try_consume_message_until(&message, deadline()));
      return message;
    });
  };
  const auto asynchronous = [this] {
    return waybill::mqtt::async_client(server_.uri(), unique_name("first"), creation());
  };
  fetched_by_each(asynchronous);
  fetched_by(asynchronous(), [](auto& client) { return client.try_consume_message_for(patience); });
  fetched_by(asynchronous(),
             [&](auto& client) { return client.try_consume_message_until(deadline()); });
  fetched_by_each(
      [this] { return waybill::mqtt::client(server_.uri(), unique_name("first"), creation()); });
}

TEST_F(drop_in_receive, handles_a_fetched_message_under_its_context_and_lets_exceptions_through) {
  client_.start_consuming();
  connect();
  send_numbered(0, 2);
  std::vector<seen_message> seen;
  client_.handle(client_.consume_message(), [&](const ::mqtt::const_message_ptr& message) {
    seen.push_back(look_at(message));
  });
  EXPECT_THROW(client_.handle(client_.consume_message(),
                              [&](const ::mqtt::const_message_ptr& message) {
                                seen.push_back(look_at(message));
                                throw std::runtime_error("the handler's own");
                              }),
               std::runtime_error);
  EXPECT_EQ(traceparent_of(waybill::current()), seen.at(1).current) << "the received one";
  expect_numbered(seen, 2, true);
}

TEST_F(mqtt_receive, of_the_waiting_drop_in_strips_by_callback_and_by_calls) {
  waybill::mqtt::client calling(server_.uri(), unique_name("waiting"), creation());
  looking_callback callback;
  calling.set_callback(callback);
  calling.connect(connecting());
  calling.subscribe(topic_, 1);

  waybill::mqtt::client fetching(server_.uri(), unique_name("waiting"), creation());
  fetching.start_consuming();
  fetching.connect(connecting());
  fetching.subscribe(topic_, 1);

  send_numbered(0, 4);
  expect_numbered(callback.seen.wait_for(4), 4, true);
  std::vector<seen_message> seen;
  ::mqtt::const_message_ptr message;
  seen.push_back(look_at(fetching.consume_message()));
  ASSERT_TRUE(fetching.try_consume_message_for(&message, patience));
  seen.push_back(look_at(message));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  ASSERT_TRUE(fetching.try_consume_message_until(&message, deadline));
  seen.push_back(look_at(message));
  while (!fetching.try_consume_message(&message) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  seen.push_back(look_at(message));
  expect_numbered(seen, 4, true);
  calling.disconnect();
  fetching.disconnect();
}

TEST_F(mqtt_receive, by_a_consumer_next_to_pahos_own_client) {
  waybill::mqtt::consumer consumer{waybill::propagation()};
  collected<seen_message> seen;
  ::mqtt::async_client client(server_.uri(), unique_name("own"), creation());
  client.set_message_callback(consumer.handling(
      [&](const ::mqtt::const_message_ptr& message) { seen.add(look_at(message)); }));
  client.connect(connecting())->wait();
  client.subscribe(topic_, 1)->wait();
  send_numbered(0, 2);
  expect_numbered(seen.wait_for(2), 2, true);
}

TEST_F(mqtt_receive, without_stripping_leaves_the_fields_where_they_are) {
  waybill::mqtt::consumer consumer({}, {.strip = false});
  bare_client client(server_);
  client.subscribe(topic_);
  send("x", make_context(1));
  const ::mqtt::const_message_ptr came = client.next();
  const ::mqtt::const_message_ptr received = consumer.adopt(came);
  EXPECT_EQ(received.get(), came.get());
  EXPECT_EQ(properties_of(*received), on_wire({{"own", "1"}, {"own", "2"}}, make_context(1)));
  EXPECT_EQ(traceparent_of(context_of(received)), traceparent_of(make_context(1)));
  std::string current;
  consumer.handle(came, [&](const ::mqtt::const_message_ptr& message) {
    EXPECT_EQ(message, came);
    current = traceparent_of(waybill::current());
  });
  EXPECT_EQ(current, traceparent_of(make_context(1))) << "read, though take() has not seen it";
}

TEST_F(mqtt_receive, makes_spans_that_continue_and_link_what_came) {
  const auto tracer = std::make_shared<recording_tracer>();
  waybill::mqtt::client_options options;
  waybill::propagation_options settings{.tracer = tracer};
  settings.boundary.set_filter("+", {.destination_template = "receive-{id}"});
  options.settings = waybill::propagation(std::move(settings));
  waybill::mqtt::async_client client(options, server_.uri(), unique_name("traced"), creation());
  client.start_consuming();
  client.connect(connecting())->wait();
  client.subscribe(topic_, 1)->wait();
  const waybill::context sent = make_context(1, {}, "k=v");
  send("x", sent);
  waybill::context under;
  client.handle(client.consume_message(),
                [&](const ::mqtt::const_message_ptr&) { under = waybill::current(); });

  ASSERT_EQ(tracer->spans().size(), 2U);
  const recording_tracer::span received = tracer->spans().at(0);
  EXPECT_EQ(received.kind, waybill::operation_kind::receive);
  EXPECT_EQ(received.destination, topic_);
  EXPECT_EQ(received.links, std::vector<waybill::span_context>{sent.span_context()});
  EXPECT_FALSE(received.parent.span_context().is_valid());
  EXPECT_EQ(received.ends, 1);
  const recording_tracer::span processed = tracer->spans().at(1);
  EXPECT_EQ(processed.kind, waybill::operation_kind::process);
  EXPECT_EQ(processed.parent.span_context(), sent.span_context());
  EXPECT_EQ(processed.links, std::vector<waybill::span_context>{sent.span_context()});
  EXPECT_EQ(processed.ends, 1);
  EXPECT_EQ(processed.ended_as, waybill::outcome_state::succeeded);
  EXPECT_EQ(under.span_context(), processed.started.span_context());
  EXPECT_EQ(under.baggage_text(), "k=v");
}

}  // namespace
}  // namespace waybill_test
