// Requests and replies on RabbitMQ by direct reply-to: the replies come without a queue of their
// own, to the channel that the request was sent on. The server works, and replies, in the trace of
// the request, and the reply brings it back.
//   rabbitmq_rpc HOST:PORT        as guest, on the virtual host /
// Client and server in one program; ends with 0 if each reply was right and in its trace.

#include <unistd.h>

#include <chrono>
#include <exception>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/current.hpp>
#include <waybill/rabbitmq/consumer.hpp>
#include <waybill/rabbitmq/publisher.hpp>

namespace {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;
constexpr std::chrono::seconds patience{30};
constexpr int requests = 3;
// RabbitMQ's name for "the channel that the request was sent on".
constexpr std::string_view reply_queue = "amq.rabbitmq.reply-to";

waybill::rabbitmq::connection connect(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  waybill::rabbitmq::connection_parameters where;
  where.host = address.substr(0, colon);
  where.port = std::stoi(address.substr(colon + 1));
  auto opened = waybill::rabbitmq::connection::open(where);
  if (!opened.is_open()) throw std::runtime_error(opened.reason().reply_text);
  return opened;
}

void print(std::string_view what, const waybill::context& context) {
  const auto trace = waybill::to_traceparent(context.span_context());
  std::cout << what << " in " << std::string_view(trace.data(), trace.size()) << '\n';
}

/// Code far away from the queue: it only knows the current context.
std::string square(std::string_view number) {
  print("  server", waybill::current());
  const int n = std::stoi(std::string(number));
  return std::to_string(n * n);
}

/// Replies to the requests that come. A connection belongs to one thread, so it has its own.
class server {
 public:
  explicit server(const std::string& address)
      : connection_(connect(address)),
        publisher_(connection_, waybill::propagation()),
        consumer_(connection_, "rabbitmq-rpc." + std::to_string(getpid()), waybill::propagation()) {
    // Goes with the connection; a queue of yours is durable. Its declaration is rabbitmq-c's own.
    amqp_channel_open(connection_.raw(), 1);
    amqp_queue_declare(connection_.raw(), 1, bytes_of(queue()), 0, 0, 0, 1, amqp_empty_table);
    if (amqp_get_rpc_reply(connection_.raw()).reply_type != AMQP_RESPONSE_NORMAL ||
        consumer_.start() != AMQP_STATUS_OK) {
      throw std::runtime_error("no queue for requests");
    }
  }

  [[nodiscard]] std::string_view queue() const { return consumer_.queue(); }

  /// Whether all requests were replied to.
  bool serve() {
    bool is_right = true;
    for (int i = 0; i < requests; ++i) {
      const int status = consumer_.handle(
          consumer_.receive(patience), [&](const waybill::rabbitmq::message& request) {
            is_right = reply(request, square(request.payload())) && is_right;
          });  // it returned, so that the request is acknowledged
      is_right = is_right && status == AMQP_STATUS_OK;
    }
    return publisher_.wait_for_confirms(patience) == AMQP_STATUS_OK && is_right;
  }

 private:
  /// Sends the current context, which is the request's.
  bool reply(const waybill::rabbitmq::message& request, const std::string& result) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.correlation_id = request.properties().correlation_id;
    return publisher_.publish({.routing_key = text_of(request.properties().reply_to),
                               .payload = result,
                               .properties = &properties}) == AMQP_STATUS_OK;
  }

  waybill::rabbitmq::connection connection_;
  waybill::rabbitmq::publisher publisher_;
  waybill::rabbitmq::consumer consumer_;
};

class client {
 public:
  explicit client(const std::string& address)
      : connection_(connect(address)),
        publisher_(connection_, waybill::propagation()),
        // On the publisher's channel: RabbitMQ sends replies there and nowhere else.
        replies_(publisher_, std::string(reply_queue), waybill::propagation(), {.no_ack = true}) {
    // Before the first request: RabbitMQ refuses a request that names a consumer that is not there.
    if (replies_.start() != AMQP_STATUS_OK) throw std::runtime_error("no replies to be had");
  }

  /// Sends the current context with a request, and waits for the reply to it.
  waybill::rabbitmq::message ask(std::string_view queue, const std::string& id,
                                 const std::string& payload) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.reply_to = bytes_of(reply_queue);
    properties.correlation_id = bytes_of(id);
    if (publisher_.publish({.routing_key = queue, .payload = payload, .properties = &properties}) !=
        AMQP_STATUS_OK) {
      return {};
    }
    while (waybill::rabbitmq::message reply = replies_.receive(patience)) {
      // Another one may be the late reply to a request that was given up.
      if (text_of(reply.properties().correlation_id) == id) return reply;
    }
    return {};
  }

 private:
  waybill::rabbitmq::connection connection_;
  waybill::rabbitmq::publisher publisher_;
  waybill::rabbitmq::consumer replies_;
};

}  // namespace

int main(int argc, char** argv) try {
  const std::string address = argc > 1 ? argv[1] : "127.0.0.1:5672";
  server serving(address);
  auto served = std::async(std::launch::async, [&] { return serving.serve(); });
  client asking(address);
  bool is_right = true;
  for (int number = 1; number <= requests; ++number) {
    const waybill::scope active(waybill::context::new_root(true));
    print("request", waybill::current());
    const waybill::rabbitmq::message reply =
        asking.ask(serving.queue(), "request-" + std::to_string(number), std::to_string(number));
    print("  reply", reply.context());
    is_right = is_right && reply.payload() == std::to_string(number * number) &&
               reply.context() == waybill::current();
  }
  return served.get() && is_right ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "rabbitmq_rpc: " << error.what() << '\n';
  return 1;
}
