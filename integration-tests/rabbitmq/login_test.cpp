// Connections by URL and over TLS.

#include <gtest/gtest.h>

#include <string>

#include "support/private_broker.hpp"
#include "support/rabbitmq_test.hpp"
#include "support/rabbitmqctl.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::connection;
using waybill::rabbitmq::connection_parameters;

std::string plain_url(const std::string& rest = {}) {
  return "amqp://guest:guest@127.0.0.1:" + std::to_string(own_broker().broker().address().port) +
         rest;
}

std::string tls_url(const std::string& host) {
  return "amqps://guest:guest@" + host + ":" + own_broker().tls_port();
}

/// Trusts whoever signed the broker's certificate, and has one that the broker trusts.
connection_parameters trusting(const std::string& host = "localhost") {
  auto where = connection_parameters::from_url(tls_url(host));
  where.value().tls.value().ca_file = own_broker().tls().authority();
  where->tls->certificate_file = own_broker().tls().certificate();
  where->tls->key_file = own_broker().tls().key();
  return *where;
}

/// Sends a message with a context and gets it back.
void expect_to_work(connection& on) {
  ASSERT_TRUE(on.is_open()) << on.reason().reply_text;
  const std::string queue = unique_queue("login");
  waybill::rabbitmq::publisher publisher(on, {});
  amqp_channel_open(on.raw(), 1);
  amqp_queue_declare(on.raw(), 1, waybill::rabbitmq::bytes_of(queue), 0, 0, 1, 1, amqp_empty_table);
  require(amqp_get_rpc_reply(on.raw()), "declaring a queue");
  const waybill::context context = context_of(1);
  // More than a record of TLS, and than a frame.
  const std::string payload(500'000, 'p');
  ASSERT_EQ(publisher.publish({.routing_key = queue, .payload = payload}, {.context = &context}),
            AMQP_STATUS_OK);
  ASSERT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  waybill::rabbitmq::consumer consumer(on, queue, {});
  ASSERT_EQ(consumer.start(), AMQP_STATUS_OK);
  waybill::rabbitmq::message received = consumer.receive(patience);
  EXPECT_EQ(received.payload(), payload);
  EXPECT_EQ(received.context(), context);
  EXPECT_EQ(consumer.ack(received), AMQP_STATUS_OK);
}

TEST(url, opens_a_connection) {
  for (const std::string rest : {"", "/%2f"}) {
    SCOPED_TRACE(rest);
    connection opened = connection::open_url(plain_url(rest));
    expect_to_work(opened);
  }
}

TEST(url, names_a_virtual_host_with_encoded_characters) {
  const std::string name = "way/bill %";
  rabbitmqctl(own_broker().broker(), {"add_vhost", name});
  rabbitmqctl(own_broker().broker(), {"set_permissions", "-p", name, "guest", ".*", ".*", ".*"});
  connection opened = connection::open_url(plain_url("/way%2Fbill%20%25"));
  expect_to_work(opened);
}

TEST(url, of_what_the_broker_refuses_says_why) {
  const connection no_host = connection::open_url(plain_url("/no-such-host"));
  EXPECT_FALSE(no_host.is_open());
  EXPECT_EQ(no_host.reason().reply_code, AMQP_NOT_ALLOWED);
  // A slash and nothing behind it is the virtual host with the empty name, which is not "/".
  const connection empty_host = connection::open_url(plain_url("/"));
  EXPECT_FALSE(empty_host.is_open());
  const connection no_url = connection::open_url("http://127.0.0.1");
  EXPECT_EQ(no_url.reason().status, AMQP_STATUS_BAD_URL);
  EXPECT_NE(no_url.reason().reply_text, "");
}

TEST(tls, connects_to_a_broker_whose_authority_is_trusted) {
  connection opened = connection::open(trusting());
  expect_to_work(opened);
}

TEST(tls, without_a_certificate_is_refused_by_a_broker_that_wants_one) {
  connection_parameters where = trusting();
  where.tls->certificate_file.clear();
  const connection opened = connection::open(where);
  EXPECT_EQ(opened.reason().status, AMQP_STATUS_SSL_CONNECTION_FAILED)
      << opened.reason().reply_text;
  EXPECT_FALSE(opened.is_open());
  // A URL names no certificate, and speaks TLS all the same.
  const connection by_url = connection::open_url(tls_url("localhost"));
  EXPECT_EQ(by_url.reason().status, AMQP_STATUS_SSL_CONNECTION_FAILED)
      << by_url.reason().reply_text;
}

TEST(tls, refuses_a_broker_whose_authority_is_not_trusted) {
  connection_parameters where = trusting();
  where.tls->ca_file = waybill::rabbitmq::tls_parameters().ca_file;
  const connection opened = connection::open(where);
  EXPECT_FALSE(opened.is_open());
  // Which of the two it is depends on rabbitmq-c's version.
  const int status = opened.reason().status;
  EXPECT_TRUE(status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED ||
              status == AMQP_STATUS_SSL_CONNECTION_FAILED)
      << opened.reason().reply_text;
}

TEST(tls, refuses_a_certificate_of_another_host) {
  const connection opened = connection::open(trusting("127.0.0.1"));
  EXPECT_FALSE(opened.is_open());
  EXPECT_EQ(opened.reason().status, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED)
      << opened.reason().reply_text;
}

TEST(tls, takes_any_certificate_where_that_is_asked_for) {
  connection_parameters where = trusting("127.0.0.1");
  where.tls->verifies_server = false;
  connection opened = connection::open(where);
  expect_to_work(opened);
}

TEST(tls, without_its_files_is_not_open_and_says_why) {
  connection_parameters where = trusting();
  where.tls->ca_file = "no-such-file.pem";
  const connection opened = connection::open(where);
  EXPECT_FALSE(opened.is_open());
  EXPECT_EQ(opened.reason().status, AMQP_STATUS_SSL_ERROR);
  EXPECT_NE(opened.reason().reply_text, "");
}

TEST(tls, wakes_as_without) {
  connection opened = connection::open(trusting());
  ASSERT_TRUE(opened.is_open()) << opened.reason().reply_text;
  const auto began = std::chrono::steady_clock::now();
  opened.wake();
  EXPECT_EQ(opened.pump(patience), AMQP_STATUS_TIMEOUT);
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
}

}  // namespace
}  // namespace waybill_test
