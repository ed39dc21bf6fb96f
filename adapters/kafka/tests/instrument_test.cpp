// instrument(): what it puts into a configuration, for how many clients, and for how long.
#include "waybill/kafka/instrument.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "support/sending.hpp"

namespace {

using waybill::errc;
using waybill::outcome_state;
using waybill::kafka::instrument;
using waybill::kafka::instrumentation;
using waybill::kafka::producer;
using waybill_test::config;
using waybill_test::delivery_log;
using waybill_test::make_client;
using waybill_test::owned_client;
using waybill_test::purge;
using waybill_test::unreachable;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

/// Sends one message and throws it away: it is told to whoever observes the client.
void send_and_purge(producer& sender) {
  ASSERT_EQ(sender.produce({.topic = waybill_test::topic}), no_error);
  purge(sender.client());
}

struct kafka_instrument : testing::Test {
  waybill::propagation settings;
};

TEST_F(kafka_instrument, answers_whether_there_is_one) {
  EXPECT_EQ(instrumentation().status(), errc::absent);
  const config conf;
  const instrumentation made = instrument(conf.get());
  EXPECT_EQ(made.status(), errc::ok);
  const instrumentation copy = made;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.status(), errc::ok);
}

TEST_F(kafka_instrument, of_a_configuration_that_is_never_used_leaves_nothing) {
  // The leak sanitizer sees what would be left.
  const config conf;
  static_cast<void>(instrument(conf.get()));
}

TEST_F(kafka_instrument, of_a_client_that_cannot_be_made_leaves_the_configuration_the_callers) {
  config conf = unreachable();
  conf.set("transactional.id", "test").set("enable.idempotence", "true");
  conf.set("max.in.flight.requests.per.connection", "1000");
  const instrumentation observed = instrument(conf.get());
  std::array<char, 256> text{};
  ASSERT_EQ(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()), nullptr);

  conf.set("max.in.flight.requests.per.connection", "5");
  const owned_client client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  EXPECT_TRUE(producer(client.get(), settings, observed, {}).knows_outcomes());
}

TEST_F(kafka_instrument, may_be_copied_moved_and_gone_before_the_client) {
  config conf = unreachable();
  delivery_log log;
  owned_client client;
  std::unique_ptr<producer> sender;
  {
    instrumentation made = instrument(conf.get());
    instrumentation moved(std::move(made));
    instrumentation copy;
    copy = moved;
    client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
    sender = std::make_unique<producer>(client.get(), settings, copy, log.listener());
  }
  EXPECT_TRUE(sender->knows_outcomes());
  send_and_purge(*sender);
  EXPECT_EQ(log.size(), 1U);
}

TEST_F(kafka_instrument, holds_for_copies_of_the_configuration_each_client_for_itself) {
  config conf = unreachable();
  const instrumentation observed = instrument(conf.get());
  config copy(rd_kafka_conf_dup(conf.get()));
  config copy_of_copy(rd_kafka_conf_dup(copy.get()));
  std::array<delivery_log, 3> logs;
  std::array<owned_client, 3> clients;
  std::array<std::unique_ptr<producer>, 3> senders;
  std::array<config, 3> confs{std::move(copy_of_copy), std::move(conf), std::move(copy)};
  for (std::size_t i = 0; i < 3; ++i) {
    clients[i] = make_client(RD_KAFKA_PRODUCER, std::move(confs[i]));
    senders[i] =
        std::make_unique<producer>(clients[i].get(), settings, observed, logs[i].listener());
    EXPECT_TRUE(senders[i]->knows_outcomes()) << i;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t n = 0; n <= i; ++n) send_and_purge(*senders[i]);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(logs[i].size(), i + 1) << i;

  clients[1].reset();
  send_and_purge(*senders[0]);
  send_and_purge(*senders[2]);
  EXPECT_EQ(logs[0].size(), 2U);
  EXPECT_EQ(logs[1].size(), 2U);
  EXPECT_EQ(logs[2].size(), 4U);
}

TEST_F(kafka_instrument, of_another_configuration_does_not_hold) {
  const config other;
  const instrumentation observed = instrument(other.get());
  const owned_client client = make_client(RD_KAFKA_PRODUCER, unreachable());
  EXPECT_THROW(producer(client.get(), settings, observed, {}), std::invalid_argument);
  EXPECT_THROW(producer(client.get(), settings, instrumentation(), {}), std::invalid_argument);
  EXPECT_FALSE(producer(client.get(), settings).knows_outcomes());
}

TEST_F(kafka_instrument, tells_one_producer_of_a_client_and_refuses_the_second) {
  config conf = unreachable();
  const instrumentation observed = instrument(conf.get());
  const owned_client client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  const auto tracer = std::make_shared<waybill_test::recording_tracer>();
  const waybill::propagation traced(waybill::propagation_options{.tracer = tracer});
  delivery_log first_log;
  delivery_log second_log;
  producer first(client.get(), traced, observed, first_log.listener());
  EXPECT_THROW(producer(client.get(), traced, observed, second_log.listener()),
               std::invalid_argument);
  EXPECT_THROW(producer(client.get(), traced, observed, {}), std::invalid_argument);
  {
    // One that learns no outcomes is welcome: its spans end when a message is handed over.
    producer second(client.get(), traced);
    EXPECT_TRUE(first.knows_outcomes());
    EXPECT_FALSE(second.knows_outcomes());
    send_and_purge(second);
    EXPECT_EQ(tracer->spans().back().ended_as, outcome_state::unknown);
    send_and_purge(first);
  }
  EXPECT_TRUE(first.knows_outcomes());
  send_and_purge(first);
  EXPECT_EQ(first_log.size(), 2U);
  EXPECT_EQ(second_log.size(), 0U);
  EXPECT_EQ(tracer->badly_ended(), 0U);
}

TEST_F(kafka_instrument, holds_for_the_next_producer_when_one_has_gone) {
  config conf = unreachable();
  const instrumentation observed = instrument(conf.get());
  const owned_client client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  delivery_log log;
  for (std::size_t i = 1; i <= 3; ++i) {
    producer each(client.get(), settings, observed, log.listener());
    EXPECT_TRUE(each.knows_outcomes());
    send_and_purge(each);
    EXPECT_EQ(log.size(), i);
  }
}

TEST_F(kafka_instrument, holds_for_no_client_that_is_made_later_at_the_same_address) {
  config conf = unreachable();
  const instrumentation observed = instrument(conf.get());
  make_client(RD_KAFKA_PRODUCER, std::move(conf)).reset();
  for (int i = 0; i < 10; ++i) {
    const owned_client client = make_client(RD_KAFKA_PRODUCER, unreachable());
    EXPECT_THROW(producer(client.get(), settings, observed, {}), std::invalid_argument);
  }
}

TEST_F(kafka_instrument, twice_of_one_configuration_is_the_same_instrumentation) {
  config conf = unreachable();
  const instrumentation first = instrument(conf.get());
  const instrumentation second = instrument(conf.get());
  const owned_client client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  for (const instrumentation& each : {first, second}) {
    EXPECT_EQ(each.status(), errc::ok);
    delivery_log log;
    producer sender(client.get(), settings, each, log.listener());
    EXPECT_TRUE(sender.knows_outcomes());
    send_and_purge(sender);
    EXPECT_EQ(log.size(), 1U);
  }
}

TEST_F(kafka_instrument, of_an_instrumented_configuration_serves_clients_made_before_and_after) {
  const config conf = unreachable();
  const instrumentation first = instrument(conf.get());
  const owned_client early = make_client(RD_KAFKA_PRODUCER, config(rd_kafka_conf_dup(conf.get())));
  const instrumentation second = instrument(conf.get());
  const owned_client late = make_client(RD_KAFKA_PRODUCER, config(rd_kafka_conf_dup(conf.get())));
  for (const instrumentation& each : {first, second}) {
    EXPECT_TRUE(producer(early.get(), settings, each, {}).knows_outcomes());
    EXPECT_TRUE(producer(late.get(), settings, each, {}).knows_outcomes());
  }
}

TEST_F(kafka_instrument, of_a_consumers_configuration_does_no_harm) {
  config conf;
  conf.set("bootstrap.servers", "127.0.0.1:1").set("group.id", "readers");
  const instrumentation observed = instrument(conf.get());
  const owned_client client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  EXPECT_EQ(observed.status(), errc::ok);
}

}  // namespace
