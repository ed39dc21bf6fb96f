// A broker that is short of memory says so, to clients that want to know.

#include <gtest/gtest.h>

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include <string>

#include "support/private_broker.hpp"
#include "support/rabbitmq_test.hpp"
#include "support/rabbitmqctl.hpp"

namespace waybill_test {
namespace {

using waybill::rabbitmq::connection;
using waybill::rabbitmq::connection_options;

/// A connection of the application's own, whose login announces connection.blocked or not.
unique_amqp log_in(bool announces_blocked) {
  unique_amqp own(amqp_new_connection());
  amqp_socket_t* socket = amqp_tcp_socket_new(own.get());
  const amqp_address address = own_broker().broker().address();
  EXPECT_EQ(amqp_socket_open(socket, address.host.c_str(), address.port), AMQP_STATUS_OK);
  amqp_table_entry_t capability{};
  capability.key = amqp_cstring_bytes("connection.blocked");
  capability.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  capability.value.value.boolean = 1;
  amqp_table_entry_t capabilities{};
  capabilities.key = amqp_cstring_bytes("capabilities");
  capabilities.value.kind = AMQP_FIELD_KIND_TABLE;
  capabilities.value.value.table = {announces_blocked ? 1 : 0, &capability};
  const amqp_table_t properties{1, &capabilities};
  require(amqp_login_with_properties(own.get(), "/", 0, AMQP_DEFAULT_FRAME_SIZE, 0, &properties,
                                     AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
          "logging in");
  return own;
}

/// Makes the broker believe that it has no memory left, as long as it lives.
class memory_alarm {
 public:
  memory_alarm() { set("0"); }
  memory_alarm(const memory_alarm&) = delete;
  memory_alarm& operator=(const memory_alarm&) = delete;
  ~memory_alarm() {
    if (is_set_) end();
  }
  void end() {
    is_set_ = false;
    set("0.9");
  }

 private:
  static void set(const char* part_of_memory) {
    rabbitmqctl(own_broker().broker(), {"set_vm_memory_high_watermark", part_of_memory});
  }
  bool is_set_ = true;
};

/// What a connection's listeners heard.
struct heard {
  int blocked = 0;
  int unblocked = 0;
  int other_frames = 0;  // of channel 0
  std::string why;

  connection_options listen() {
    connection_options options;
    options.on_blocked = [this](std::string_view reason) {
      ++blocked;
      why = reason;
    };
    options.on_unblocked = [this] { ++unblocked; };
    options.on_other_frame = [this](const amqp_frame_t& frame) {
      other_frames += frame.channel == 0 ? 1 : 0;
    };
    return options;
  }
};

class blocked_connection : public testing::Test {
 protected:
  /// The broker blocks a connection at its first message, and reads no other one.
  static void publish(waybill::rabbitmq::publisher& publisher) {
    ASSERT_EQ(publisher.publish({.routing_key = unique_queue("nowhere")}), AMQP_STATUS_OK);
  }
  /// The alarm may reach the connection's reader only after a message.
  static void publish_until_blocked(connection& on, waybill::rabbitmq::publisher& publisher) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!on.is_blocked() && on.is_open() && std::chrono::steady_clock::now() < deadline) {
      publish(publisher);
      on.pump(std::chrono::milliseconds(200));
    }
  }
  /// Blocks and unblocks it, and expects it to hear of both.
  static void expect_events(connection& on, const heard& events) {
    ASSERT_TRUE(on.is_open()) << on.reason().reply_text;
    waybill::rabbitmq::publisher publisher(on, {});
    EXPECT_FALSE(on.is_blocked());
    memory_alarm alarm;
    publish_until_blocked(on, publisher);
    EXPECT_TRUE(on.is_blocked());
    EXPECT_EQ(events.blocked, 1);
    EXPECT_EQ(events.unblocked, 0);
    EXPECT_NE(events.why, "") << "the broker gives a reason";
    alarm.end();
    while (on.is_blocked() && on.pump(patience) == AMQP_STATUS_OK) {
    }
    EXPECT_FALSE(on.is_blocked());
    EXPECT_EQ(events.blocked, 1);
    EXPECT_EQ(events.unblocked, 1);
    EXPECT_EQ(events.other_frames, 2) << "every frame of channel 0 is shown as well";
    EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  }
};

TEST_F(blocked_connection, that_open_made_hears_of_it) {
  heard events;
  connection on = connection::open(parameters_of(own_broker().broker().address()), events.listen());
  expect_events(on, events);
}

TEST_F(blocked_connection, that_was_borrowed_hears_of_it_when_its_login_asked) {
  heard events;
  const unique_amqp own = log_in(true);
  {
    connection on(own.get(), events.listen());
    expect_events(on, events);
  }
  require(amqp_connection_close(own.get(), AMQP_REPLY_SUCCESS), "closing");
}

TEST_F(blocked_connection, that_was_borrowed_hears_nothing_when_its_login_did_not) {
  heard events;
  const unique_amqp own = log_in(false);
  connection on(own.get(), events.listen());
  waybill::rabbitmq::publisher publisher(on, {});
  {
    const memory_alarm alarm;
    publish(publisher);
  }
  // The confirm comes after all that the broker had to say before.
  EXPECT_EQ(publisher.wait_for_confirms(patience), AMQP_STATUS_OK);
  EXPECT_EQ(events.blocked + events.unblocked + events.other_frames, 0);
  EXPECT_FALSE(on.is_blocked());
}

TEST_F(blocked_connection, is_not_blocked_any_more_when_it_is_lost) {
  heard events;
  connection on = connection::open(parameters_of(own_broker().broker().address()), events.listen());
  waybill::rabbitmq::publisher publisher(on, {});
  const memory_alarm alarm;
  publish_until_blocked(on, publisher);
  ASSERT_TRUE(on.is_blocked());
  rabbitmqctl(own_broker().broker(), {"close_all_connections", "test"});
  while (on.is_open()) on.pump(patience);
  EXPECT_FALSE(on.is_blocked());
  EXPECT_EQ(events.unblocked, 0);
  EXPECT_EQ(publisher.in_flight(), 0U);
}

}  // namespace
}  // namespace waybill_test
