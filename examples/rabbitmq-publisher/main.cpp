// A publisher on rabbitmq-c, as many programs have one, with waybill around it: context in every
// message, confirms, and messages that no queue takes. What is new or changed for that stands
// behind "waybill:"; all the rest was there before.
//   rabbitmq_publisher HOST:PORT     as guest, on the virtual host /
// Reads its orders back; ends with 0 if each has the context that it was sent with.

#include <array>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <waybill/current.hpp>
#include <waybill/rabbitmq/consumer.hpp>
#include <waybill/rabbitmq/publisher.hpp>
#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>  // from rabbitmq-c 0.12 on
#else
#include <amqp_tcp_socket.h>
#endif

namespace {

struct connection_deleter {
  void operator()(amqp_connection_state_t state) const { amqp_destroy_connection(state); }
};
using client_ptr = std::unique_ptr<amqp_connection_state_t_, connection_deleter>;

void check(const amqp_rpc_reply_t& reply, const char* what) {
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error(what);
}

client_ptr log_in(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  client_ptr client(amqp_new_connection());
  amqp_socket_t* socket = amqp_tcp_socket_new(client.get());
  if (amqp_socket_open(socket, address.substr(0, colon).c_str(),
                       std::stoi(address.substr(colon + 1))) != AMQP_STATUS_OK) {
    throw std::runtime_error("nobody listens at " + address);
  }
  check(amqp_login(client.get(), "/", 0, 131'072, 60, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
        "not logged in");
  amqp_channel_open(client.get(), 1);
  check(amqp_get_rpc_reply(client.get()), "no channel");
  return client;
}

/// A queue of this connection's own; yours has a name.
std::string declare_queue(amqp_connection_state_t client) {
  const amqp_queue_declare_ok_t* queue =
      amqp_queue_declare(client, 1, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
  check(amqp_get_rpc_reply(client), "no queue");
  return std::string(waybill::rabbitmq::text_of(queue->queue));
}

}  // namespace

int main(int argc, char** argv) try {
  const client_ptr client = log_in(argc > 1 ? argv[1] : "127.0.0.1:5672");
  const std::string queue = declare_queue(client.get());

  // waybill: once, behind the login. The listener may be left out. Publishers have a channel of
  // their own, and the connection is read by waybill from here on.
  waybill::rabbitmq::connection connection(client.get());
  int confirmed = 0;
  int came_back = 0;
  const auto on_delivery_report = [&](const waybill::rabbitmq::delivery_report& told) {
    if (told.outcome == waybill::outcome_state::succeeded) ++confirmed;
    if (told.returned != nullptr) {
      ++came_back;
      std::cout << "came back: " << waybill::rabbitmq::text_of(told.returned->body) << ", "
                << told.reply_text << '\n';
    }
  };
  waybill::rabbitmq::publisher publisher(connection, waybill::propagation(), on_delivery_report);

  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.content_type = amqp_cstring_bytes("text/plain");
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;

  std::map<std::string, waybill::context, std::less<>> sent;
  const std::array<const char*, 3> orders = {"3 Darjeeling", "1 Assam", "for nobody"};
  for (const char* order : orders) {
    // waybill: a service has a current context while it handles what it was sent. Here it begins.
    const waybill::scope active(waybill::context::new_root(true));
    const bool is_for_nobody = order == orders.back();
    const std::string key = is_for_nobody ? queue + ".none" : queue;

    // waybill: was amqp_basic_publish(client, 1, amqp_empty_bytes, amqp_cstring_bytes(key.c_str()),
    // 1, 0, &properties, amqp_cstring_bytes(order)).
    const int answer = publisher.publish(
        {.routing_key = key, .payload = order, .properties = &properties, .mandatory = true});
    if (answer != AMQP_STATUS_OK) throw std::runtime_error(amqp_error_string2(answer));
    if (!is_for_nobody) sent.emplace(order, waybill::current());
  }
  // waybill: or connection.pump() now and then, where messages go out all the time.
  publisher.wait_for_confirms(std::chrono::seconds(30));
  bool is_right = confirmed == 2 && came_back == 1;

  waybill::rabbitmq::consumer reader(connection, queue, waybill::propagation());
  for (std::size_t left = sent.size(); left > 0; --left) {
    waybill::rabbitmq::message read = reader.get(std::chrono::seconds(30));
    const auto expected = sent.find(read.payload());
    is_right = is_right && expected != sent.end() && expected->second == read.context();
    const auto trace = waybill::to_traceparent(read.context().span_context());
    std::cout << read.payload() << ": " << std::string_view(trace.data(), trace.size()) << '\n';
    reader.ack(read);
  }
  return is_right ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "rabbitmq_publisher: " << error.what() << '\n';
  return 1;
}
