// The application's own opaques and delivery callbacks are what they are without waybill.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/sending.hpp"

namespace {

using waybill_test::config;
using waybill_test::make_client;
using waybill_test::owned_client;
using waybill_test::purge;
using waybill_test::unreachable;

constexpr auto no_error = RD_KAFKA_RESP_ERR_NO_ERROR;

/// What the application's callbacks saw: it is the client's opaque.
struct application {
  struct report {
    std::string payload;
    rd_kafka_resp_err_t error;
    void* opaque;
    waybill_test::bare_headers headers;
  };
  std::vector<report> reports;
};

struct kafka_application : waybill_test::kafka_sending {
  application own;
  int message_opaques[3] = {};

  /// Three messages with opaques of their own, purged.
  void send_three() {
    const auto producer = make_producer();
    for (int& opaque : message_opaques) {
      ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = "value"},
                                  {.context = &full, .user_data = &opaque}),
                no_error);
    }
    purge(client.get());
  }
  void expect_reports() {
    ASSERT_EQ(own.reports.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(own.reports[i].payload, "value");
      EXPECT_EQ(own.reports[i].error, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
      EXPECT_EQ(own.reports[i].opaque, &message_opaques[i]);
    }
    EXPECT_EQ(log.size(), 3U);
  }
};

TEST_F(kafka_application, keeps_its_opaque_and_its_message_callback) {
  config conf = unreachable();
  rd_kafka_conf_set_opaque(conf.get(), &own);
  rd_kafka_conf_set_dr_msg_cb(
      conf.get(), [](rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) {
        EXPECT_EQ(rd_kafka_opaque(rk), opaque);
        static_cast<application*>(opaque)->reports.push_back(
            {std::string(static_cast<const char*>(message->payload), message->len), message->err,
             message->_private, waybill_test::headers_of(*message)});
      });
  connect(std::move(conf));
  send_three();
  expect_reports();
  EXPECT_EQ(rd_kafka_opaque(client.get()), &own);
  for (const auto& report : own.reports) {
    EXPECT_EQ(waybill_test::only(report.headers, "traceparent"), waybill_test::traceparent_a);
  }
}

TEST_F(kafka_application, keeps_its_callbacks_when_they_are_set_after_instrument) {
  config conf = unreachable();
  observed = waybill::kafka::instrument(conf.get());
  rd_kafka_conf_set_opaque(conf.get(), &own);
  rd_kafka_conf_set_dr_msg_cb(
      conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        static_cast<application*>(opaque)->reports.push_back(
            {std::string(static_cast<const char*>(message->payload), message->len),
             message->err,
             message->_private,
             {}});
      });
  client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  send_three();
  expect_reports();
}

TEST_F(kafka_application, keeps_its_callback_of_the_older_kind) {
  config conf = unreachable();
  rd_kafka_conf_set_opaque(conf.get(), &own);
  rd_kafka_conf_set_dr_cb(conf.get(), [](rd_kafka_t*, void* payload, size_t bytes,
                                         rd_kafka_resp_err_t error, void* opaque, void* message) {
    static_cast<application*>(opaque)->reports.push_back(
        {std::string(static_cast<const char*>(payload), bytes), error, message, {}});
  });
  connect(std::move(conf));
  send_three();
  expect_reports();
}

TEST_F(kafka_application, gets_its_delivery_reports_as_events) {
  config conf = unreachable();
  rd_kafka_conf_set_opaque(conf.get(), &own);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR);
  connect(std::move(conf));
  const auto producer = make_producer();
  for (int& opaque : message_opaques) {
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .payload = "value"},
                                {.context = &full, .user_data = &opaque}),
              no_error);
  }
  ASSERT_EQ(rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE), no_error);
  const waybill_test::owned_queue queue(rd_kafka_queue_get_main(client.get()));
  while (own.reports.size() < 3) {
    const waybill_test::owned_event event(rd_kafka_queue_poll(queue.get(), 10'000));
    ASSERT_NE(event, nullptr);
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      own.reports.push_back({std::string(static_cast<const char*>(message->payload), message->len),
                             message->err,
                             message->_private,
                             {}});
    }
  }
  expect_reports();
}

TEST_F(kafka_application, learns_of_failures_alone_when_it_asks_for_no_more) {
  const waybill_test::mock_cluster cluster;
  config conf = waybill_test::unreachable();
  conf.set("delivery.report.only.error", "true");
  rd_kafka_conf_set_opaque(conf.get(), &own);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message,
                                             void* opaque) {
    static_cast<application*>(opaque)->reports.push_back({{}, message->err, message->_private, {}});
  });
  connect(std::move(conf));
  const auto producer = make_producer();
  for (const std::int32_t partition : {0, 99}) {
    ASSERT_EQ(producer->produce({.topic = waybill_test::topic, .partition = partition},
                                {.context = &full}),
              no_error);
  }
  cluster.admit(client.get());
  ASSERT_TRUE(waybill_test::flush(client.get()));
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(own.reports.size(), 1U);
}

TEST_F(kafka_application, keeps_its_own_interceptors) {
  static int acknowledged = 0;
  acknowledged = 0;
  config conf = unreachable();
  ASSERT_EQ(rd_kafka_conf_interceptor_add_on_new(
                conf.get(), "application",
                [](rd_kafka_t* rk, const rd_kafka_conf_t*, void* opaque, char*, size_t) {
                  return rd_kafka_interceptor_add_on_acknowledgement(
                      rk, "application",
                      [](rd_kafka_t*, rd_kafka_message_t*, void* count) {
                        ++*static_cast<int*>(count);
                        return RD_KAFKA_RESP_ERR_NO_ERROR;
                      },
                      opaque);
                },
                &acknowledged),
            no_error);
  connect(std::move(conf));
  send_three();
  EXPECT_EQ(acknowledged, 3);
  EXPECT_EQ(log.size(), 3U);
}

}  // namespace
