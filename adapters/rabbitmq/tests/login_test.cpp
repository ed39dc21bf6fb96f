// Connections that the adapter opens itself, to a server on a port of the test's own.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/listening_server.hpp"
#include "support/scripted_test.hpp"
#include "support/tables.hpp"

namespace waybill_test {
namespace {

using std::chrono::milliseconds;
using waybill::rabbitmq::connection;
using waybill::rabbitmq::connection_parameters;
using waybill::rabbitmq::text_of;

connection_parameters parameters_of(int port) {
  return {.port = port,
          .heartbeat = std::chrono::seconds(0),
          .connect_timeout = scripted_server::patience,
          .answer_timeout = scripted_server::patience};
}

/// The texts and booleans of a table, nested ones too, as "name=value".
void list(const amqp_table_t& table, std::vector<std::string>& all) {  // NOLINT(misc-no-recursion)
  for (const auto& each : waybill::rabbitmq::entries_of(table)) {
    if (each.value.kind == AMQP_FIELD_KIND_TABLE) {
      list(each.value.value.table, all);
    } else if (each.value.kind == AMQP_FIELD_KIND_BOOLEAN) {
      all.push_back(std::string(text_of(each.key)) + (each.value.value.boolean ? "=yes" : "=no"));
    }
  }
}

TEST(opening, logs_in_and_closes_in_order) {
  std::string response;
  std::string virtual_host;
  std::vector<std::string> capabilities;
  amqp_connection_tune_ok_t tuned{};
  listening_server server([&](scripted_server& with) {
    with.send_login({.channel_max = 5, .frame_bytes_max = 4'096});
    const auto start_ok = with.wait_for(AMQP_CONNECTION_START_OK_METHOD);
    response = text_of(start_ok.as<amqp_connection_start_ok_t>().response);
    list(start_ok.as<amqp_connection_start_ok_t>().client_properties, capabilities);
    tuned = with.wait_for(AMQP_CONNECTION_TUNE_OK_METHOD).as<amqp_connection_tune_ok_t>();
    const auto open = with.wait_for(AMQP_CONNECTION_OPEN_METHOD);
    virtual_host = text_of(open.as<amqp_connection_open_t>().virtual_host);
    with.wait_for(AMQP_CONNECTION_CLOSE_METHOD);
    with.send(close_ok_bytes(0));
  });
  {
    connection_parameters where = parameters_of(server.port());
    where.virtual_host = "sales";
    where.user = "alice";
    where.password = "secret";
    const connection opened = connection::open(where);
    ASSERT_TRUE(opened.is_open()) << opened.reason().reply_text;
    EXPECT_EQ(opened.reason().status, AMQP_STATUS_OK);
    EXPECT_EQ(opened.reason().reply_text, "");
    EXPECT_EQ(amqp_get_frame_max(opened.raw()), 4'096);
  }
  EXPECT_EQ(server.wait(), "");
  EXPECT_EQ(response, std::string_view("\0alice\0secret", 13));
  EXPECT_EQ(virtual_host, "sales");
  EXPECT_EQ(tuned.channel_max, 5);
  const auto has = [&](const char* wanted) {
    return std::find(capabilities.begin(), capabilities.end(), wanted) != capabilities.end();
  };
  EXPECT_TRUE(has("consumer_cancel_notify=yes"));
  EXPECT_TRUE(has("connection.blocked=yes"));
}

TEST(opening, by_a_url_is_the_same) {
  listening_server server([](scripted_server& with) {
    with.send_login();
    const auto open = with.wait_for(AMQP_CONNECTION_OPEN_METHOD);
    if (text_of(open.as<amqp_connection_open_t>().virtual_host) != "a/b") {
      throw std::runtime_error("another virtual host");
    }
    with.send(blocked_bytes("low on disk"));
    // What blocks a connection reads no close.
    if (!with.wait_for_end().empty()) throw std::runtime_error("the client asks for something");
  });
  {
    std::string heard;
    connection opened = connection::open_url(
        "amqp://user:password@127.0.0.1:" + std::to_string(server.port()) + "/a%2Fb",
        {.on_blocked = [&](std::string_view reason) { heard = reason; }});
    ASSERT_TRUE(opened.is_open()) << opened.reason().reply_text;
    EXPECT_EQ(opened.pump(scripted_server::patience), AMQP_STATUS_OK);
    EXPECT_EQ(heard, "low on disk");
    EXPECT_TRUE(opened.is_blocked());
  }
  EXPECT_EQ(server.wait(), "");
}

/// Opens a connection to the server, and closes it when `is_ready`.
std::string blocked_reason_of(listening_server& server, const std::atomic<bool>& is_ready) {
  std::string heard;
  const stopwatch watch;
  {
    const connection opened = connection::open(
        parameters_of(server.port()), {.on_blocked = [&](auto reason) { heard = reason; }});
    EXPECT_TRUE(opened.is_open()) << opened.reason().reply_text;
    is_ready.wait(false);
  }
  EXPECT_LT(watch.elapsed(), scripted_server::patience);
  EXPECT_EQ(server.wait(), "");
  return heard;
}

TEST(closing, does_not_wait_for_a_broker_that_has_blocked_the_connection) {
  std::atomic<bool> is_blocked{false};
  std::vector<amqp_method_number_t> sent_last;
  listening_server server([&](scripted_server& with) {
    with.send_login();
    with.wait_for(AMQP_CONNECTION_OPEN_METHOD);
    with.send(blocked_bytes("low on disk"));
    is_blocked = true;
    is_blocked.notify_all();
    sent_last = with.wait_for_end();
  });
  EXPECT_EQ(blocked_reason_of(server, is_blocked), "low on disk") << "no pump has read it before";
  EXPECT_TRUE(sent_last.empty()) << "it reads no close";
}

TEST(closing, closes_in_order_when_the_broker_has_unblocked_the_connection_since) {
  std::atomic<bool> is_unblocked{false};
  listening_server server([&](scripted_server& with) {
    with.send_login();
    with.wait_for(AMQP_CONNECTION_OPEN_METHOD);
    with.send(blocked_bytes("low on disk") + unblocked_bytes());
    is_unblocked = true;
    is_unblocked.notify_all();
    with.wait_for(AMQP_CONNECTION_CLOSE_METHOD);
    with.send(close_ok_bytes(0));
  });
  {
    connection opened = connection::open(parameters_of(server.port()));
    ASSERT_TRUE(opened.is_open()) << opened.reason().reply_text;
    is_unblocked.wait(false);
    bool was_blocked = false;
    while (!was_blocked) was_blocked = opened.pump(scripted_server::patience) == AMQP_STATUS_OK;
  }
  EXPECT_EQ(server.wait(), "");
}

TEST(closing, ends_its_waiting_when_the_broker_blocks_the_connection) {
  listening_server server([](scripted_server& with) {
    with.send_login();
    with.wait_for(AMQP_CONNECTION_CLOSE_METHOD);
    with.send(blocked_bytes("low on disk"));
    static_cast<void>(with.wait_for_end());
  });
  EXPECT_EQ(blocked_reason_of(server, std::atomic<bool>(true)), "low on disk");
}

TEST(closing, leaves_messages_unanswered_whatever_comes_before_the_answer) {
  listening_server server([](scripted_server& with) {
    with.send_login();
    with.send_channel(2'047, true);
    with.wait_for(AMQP_BASIC_PUBLISH_METHOD);
    with.wait_for(AMQP_CONNECTION_CLOSE_METHOD);
    with.send(ack_bytes(2'047, 1) + ack_bytes(9, 1) + close_ok_bytes(0));
    static_cast<void>(with.wait_for_end());
  });
  std::vector<waybill::outcome_state> outcomes;
  int other_frames = 0;
  auto opened = std::make_unique<connection>(connection::open(
      parameters_of(server.port()), {.on_other_frame = [&](const auto&) { ++other_frames; }}));
  waybill::rabbitmq::publisher publisher(
      *opened, {}, [&](const auto& report) { outcomes.push_back(report.outcome); });
  ASSERT_EQ(publisher.publish({.routing_key = "queue"}), AMQP_STATUS_OK);
  opened.reset();
  EXPECT_EQ(server.wait(), "");
  EXPECT_EQ(outcomes, std::vector{waybill::outcome_state::unanswered});
  EXPECT_EQ(publisher.reason().status, AMQP_STATUS_CONNECTION_CLOSED);
  EXPECT_EQ(other_frames, 0);
}

TEST(closing, waits_no_longer_than_for_any_answer) {
  listening_server server([](scripted_server& with) {
    with.send_login();
    with.wait_for(AMQP_CONNECTION_CLOSE_METHOD);
    static_cast<void>(with.wait_for_end());
  });
  connection_parameters where = parameters_of(server.port());
  where.answer_timeout = milliseconds(50);
  const stopwatch watch;
  EXPECT_TRUE(connection::open(where).is_open());
  EXPECT_LT(watch.elapsed(), scripted_server::patience);
  EXPECT_EQ(server.wait(), "");
}

TEST(opening, by_what_is_no_url_says_so) {
  const connection refused = connection::open_url("http://127.0.0.1");
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.raw(), nullptr);
  EXPECT_EQ(refused.reason().status, AMQP_STATUS_BAD_URL);
  EXPECT_EQ(refused.reason().reply_text, amqp_error_string2(AMQP_STATUS_BAD_URL));
}

struct refusal {
  const char* name;
  void (*script)(scripted_server&);
  std::uint16_t reply_code;
  const char* reply_text;  // null: rabbitmq-c's
};

TEST(opening, that_is_refused_says_why) {
  const std::vector<refusal> rows{
      {"end of file at once", [](scripted_server&) {}, 0, nullptr},
      {"end of file after the start",
       [](scripted_server& with) {
         with.send(start_bytes());
         with.wait_for(AMQP_CONNECTION_START_OK_METHOD);
       },
       0, nullptr},
      {"wrong password",
       [](scripted_server& with) {
         with.send(start_bytes());
         with.wait_for(AMQP_CONNECTION_START_OK_METHOD);
         with.send(close_bytes(0, 403, "ACCESS_REFUSED"));
       },
       403, "ACCESS_REFUSED"},
      {"unknown virtual host",
       [](scripted_server& with) {
         amqp_connection_tune_t tune{};
         with.send(start_bytes() + method_bytes(0, AMQP_CONNECTION_TUNE_METHOD, tune) +
                   close_bytes(0, 530, "NOT_ALLOWED - vhost nowhere not found"));
         with.wait_for(AMQP_CONNECTION_OPEN_METHOD);
       },
       530, "NOT_ALLOWED - vhost nowhere not found"},
      {"another method", [](scripted_server& with) { with.send(blocked_bytes("x")); }, 0, nullptr},
      {"another protocol",
       [](scripted_server& with) { with.send("HTTP/1.1 400 Bad Request\r\n\r\n"); }, 0, nullptr},
      {"another version",
       [](scripted_server& with) { with.send(std::string_view("AMQP\0\1\0\0", 8)); }, 0, nullptr},
  };
  for (const refusal& each : rows) {
    SCOPED_TRACE(each.name);
    listening_server server(each.script);
    const connection refused = connection::open(parameters_of(server.port()));
    EXPECT_FALSE(refused.is_open());
    EXPECT_NE(refused.reason().status, AMQP_STATUS_OK);
    EXPECT_EQ(refused.reason().reply_code, each.reply_code);
    EXPECT_EQ(refused.reason().reply_text, each.reply_text != nullptr
                                               ? each.reply_text
                                               : amqp_error_string2(refused.reason().status));
    EXPECT_EQ(server.wait(), "");
  }
}

TEST(opening, waits_no_longer_than_it_was_told_to) {
  const silent_port nobody;
  connection_parameters where = parameters_of(nobody.port());
  where.connect_timeout = milliseconds(50);
  const stopwatch watch;
  const connection refused = connection::open(where);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.reason().status, AMQP_STATUS_TIMEOUT);
  EXPECT_LT(watch.elapsed(), scripted_server::patience);
}

TEST(opening, sets_how_long_calls_wait_for_their_answer) {
  listening_server server([](scripted_server& with) {
    with.send_login();
    with.wait_for(AMQP_CHANNEL_OPEN_METHOD);
    static_cast<void>(with.wait_for_end());
  });
  connection_parameters where = parameters_of(server.port());
  where.answer_timeout = milliseconds(1'500);
  connection opened = connection::open(where);
  const timeval* limit = amqp_get_rpc_timeout(opened.raw());
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(limit->tv_sec, 1);
  EXPECT_EQ(limit->tv_usec, 500'000);
  const waybill::rabbitmq::publisher refused(opened, {});
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(opened.reason().status, AMQP_STATUS_TIMEOUT);
}

TEST(opening, over_tls_to_a_server_without_it_says_so) {
  listening_server server([](scripted_server& with) { with.send_login(); });
  connection_parameters where = parameters_of(server.port());
  where.tls.emplace();
  where.tls->verifies_server = false;
  const connection refused = connection::open(where);
  EXPECT_FALSE(refused.is_open());
  EXPECT_NE(refused.reason().status, AMQP_STATUS_OK);
  EXPECT_EQ(refused.reason().reply_text, amqp_error_string2(refused.reason().status));
}

TEST(opening, over_tls_with_files_that_are_not_there_says_so) {
  connection_parameters where = parameters_of(1);
  where.tls.emplace();
  where.tls->ca_file = "/nowhere/authorities.pem";
  EXPECT_EQ(connection::open(where).reason().status, AMQP_STATUS_SSL_ERROR);
  where.tls.emplace();
  where.tls->verifies_server = false;
  where.tls->certificate_file = "/nowhere/certificate.pem";
  where.tls->key_file = "/nowhere/key.pem";
  EXPECT_EQ(connection::open(where).reason().status, AMQP_STATUS_SSL_ERROR);
}

struct url_row {
  const char* url;
  connection_parameters where;
};

TEST(urls, have_the_parts_of_a_connection) {
  const auto tls = [](connection_parameters where) {
    where.tls.emplace();
    return where;
  };
  const std::vector<url_row> rows{
      {"amqp://", {.host = "localhost"}},
      {"amqp://broker", {.host = "broker"}},
      {"amqp://broker:1234", {.host = "broker", .port = 1234}},
      {"amqp://broker/", {.host = "broker", .virtual_host = ""}},
      {"amqp://broker/sales", {.host = "broker", .virtual_host = "sales"}},
      {"amqp://broker/%2f", {.host = "broker", .virtual_host = "/"}},
      {"amqp://alice:secret@broker", {.host = "broker", .user = "alice", .password = "secret"}},
      {"amqp://al%69ce:s%40c%3Aret@broker:1/a%2Fb",
       {.host = "broker",
        .port = 1,
        .virtual_host = "a/b",
        .user = "alice",
        .password = "s@c:ret"}},
      {"amqp://[::1]:5673/v", {.host = "::1", .port = 5673, .virtual_host = "v"}},
      {"amqps://broker", tls({.host = "broker", .port = 5671})},
      {"amqps://broker:1/v", tls({.host = "broker", .port = 1, .virtual_host = "v"})},
  };
  for (const url_row& each : rows) {
    SCOPED_TRACE(each.url);
    const auto where = connection_parameters::from_url(each.url);
    ASSERT_TRUE(where.has_value());
    EXPECT_EQ(where->host, each.where.host);
    EXPECT_EQ(where->port, each.where.port);
    EXPECT_EQ(where->virtual_host, each.where.virtual_host);
    EXPECT_EQ(where->user, each.where.user);
    EXPECT_EQ(where->password, each.where.password);
    EXPECT_EQ(where->tls.has_value(), each.where.tls.has_value());
  }
  EXPECT_TRUE(connection_parameters::from_url("amqps://broker")->tls->verifies_server);
}

TEST(urls, that_are_none_give_nothing) {
  for (const std::string_view url :
       {"", "broker", "http://broker", "amqp:/broker", "amqp://broker:port", "amqp://broker:65536",
        "amqp://broker:-1", "amqp://broker/a/b", "amqp://%zz@broker", "amqp://broker%2",
        "amqp://[::1", "AMQP://broker"}) {
    EXPECT_FALSE(connection_parameters::from_url(url).has_value()) << url;
  }
}

TEST(urls, are_read_to_their_end_and_not_beyond) {
  const std::string text = "amqp://broker:1234/v and more";
  const auto where = connection_parameters::from_url(std::string_view(text).substr(0, 18));
  ASSERT_TRUE(where.has_value());
  EXPECT_EQ(where->port, 1234);
  EXPECT_FALSE(connection_parameters::from_url(std::string_view("amqp://a\0b", 10)).has_value())
      << "a text with a zero byte is no URL";
}

}  // namespace
}  // namespace waybill_test
