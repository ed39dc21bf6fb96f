// rabbitmq-c alone, to see what really is on the wire: nothing here puts a context anywhere or
// takes one off.
//   rabbitmq-wire make HOST:PORT NAME                    an exchange and a queue of this name
//   rabbitmq-wire remove HOST:PORT NAME                  takes both away again
//   rabbitmq-wire read HOST:PORT NAME MESSAGES LOG       says "ready", then writes a copy of every
//                                                        message of the exchange to a log

#include <sys/time.h>

#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

#include "support/kafka_client.hpp"
#include "support/rabbitmq_client.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own
using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

void make(amqp_connection_state_t connection, const std::string& name) {
  const amqp_channel_t channel = open_channel(connection);
  amqp_exchange_declare(connection, channel, bytes_of(name), bytes_of("fanout"), 0, 0, 0, 0,
                        amqp_empty_table);
  check_amqp(connection, "making the exchange " + name);
  bind_queue(connection, channel, name, name);
}

void remove(amqp_connection_state_t connection, const std::string& name) {
  const amqp_channel_t channel = open_channel(connection);
  amqp_queue_delete(connection, channel, bytes_of(name), 0, 0);
  check_amqp(connection, "removing the queue " + name);
  amqp_exchange_delete(connection, channel, bytes_of(name), 0);
  check_amqp(connection, "removing the exchange " + name);
}

void read(amqp_connection_state_t connection, const std::string& name, int messages,
          const std::string& log_path) {
  log_file log(log_path);
  const amqp_channel_t channel = open_channel(connection);
  const std::string queue = bind_queue(connection, channel, name, "");
  constexpr amqp_boolean_t no_ack = 1;
  amqp_basic_consume(connection, channel, bytes_of(queue), amqp_empty_bytes, 0, no_ack, 0,
                     amqp_empty_table);
  check_amqp(connection, "reading the queue " + queue);
  std::cout << "ready" << std::endl;

  const timeval wait{patience.count(), 0};
  for (int seen = 0; seen < messages; ++seen) {
    amqp_envelope_t envelope{};
    const amqp_rpc_reply_t reply = amqp_consume_message(connection, &envelope, &wait, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
      throw std::runtime_error("not all messages of " + name + " came");
    }
    log_entry entry("wire");
    entry.add("where", "RabbitMQ exchange " + name).add("by", "rabbitmq-c alone, without waybill");
    entry.add("order", text_of(envelope.message.properties.message_id));
    entry.add("body", text_of(envelope.message.body));
    for (const header& each : headers_of(envelope.message.properties)) entry.add(each);
    log.append(entry);
    amqp_destroy_envelope(&envelope);
  }
}

void run(std::span<char*> arguments) {
  const std::string_view command = arguments.empty() ? "" : arguments[0];
  const std::size_t count = arguments.size();
  if (!(command == "read" && count == 5) &&
      !((command == "make" || command == "remove") && count == 3)) {
    throw std::runtime_error(
        "usage: rabbitmq-wire make|remove HOST:PORT NAME, or read HOST:PORT NAME MESSAGES LOG");
  }
  const waybill::rabbitmq::connection connection = open_rabbitmq(arguments[1]);
  if (command == "read") {
    read(connection.raw(), arguments[2], std::stoi(arguments[3]), arguments[4]);
  } else if (command == "make") {
    make(connection.raw(), arguments[2]);
  } else {
    remove(connection.raw(), arguments[2]);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  run(std::span(argv + 1, static_cast<std::size_t>(argc - 1)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "rabbitmq-wire: " << error.what() << '\n';
  return 1;
}
