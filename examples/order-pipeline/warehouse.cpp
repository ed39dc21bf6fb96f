// The second service: takes orders from a Kafka topic and sends shipments to RabbitMQ.
// Shows: a consumer that takes the context off each message, a handler under which everything that
// is sent carries it on, whatever broker it goes to, and a publisher that learns by confirms what
// became of its messages.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/kafka/consumer.hpp>
#include <waybill/rabbitmq/publisher.hpp>

#include "support/kafka_client.hpp"
#include "support/rabbitmq_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void pack(const waybill::kafka::message& order, const std::string& exchange,
          waybill::rabbitmq::publisher& shipments) {
  const std::string body = "1 parcel with " + std::string(order.payload().value_or("nothing"));
  const std::string key(order.key().value_or(""));
  // The order's own headers go on with the shipment, and one more.
  std::vector<header> headers = headers_of(*order.raw());
  headers.push_back({"packed-by", "warehouse 3"});
  const text_properties properties(headers, key);
  check_amqp(
      shipments.publish({.exchange = exchange, .payload = body, .properties = &properties.get()}),
      "sending a shipment");
}

void run(const std::string& kafka, const std::string& topic, const std::string& rabbitmq,
         const std::string& exchange, const std::string& log_path, int orders_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("warehouse", log);
  const waybill::propagation propagation(waybill::propagation_options{.tracer = spans});

  waybill::rabbitmq::connection connection = open_rabbitmq(rabbitmq);
  waybill::rabbitmq::publisher shipments(connection, propagation);
  const client_ptr client = make_reader(kafka, topic, "waybill-demo-warehouse");
  waybill::kafka::consumer orders(client.get(), propagation);

  const deadline patience_ends;
  for (int handled = 0; handled < orders_expected;) {
    waybill::kafka::message received = orders.poll(std::chrono::milliseconds(100));
    patience_ends.check("not all orders came");
    if (!received.is_message()) continue;
    orders.handle(received, [&](const waybill::kafka::message& order) {
      const std::string_view key = order.key().value_or("");
      spans->saw(key, order.payload().value_or(""), headers_of(*order.raw()),
                 repeated_fields(order.extraction(), propagation));
      pack(order, exchange, shipments);
      spans->did(key, "packed 1 parcel");
    });
    check_amqp(shipments.wait_for_confirms(patience), "waiting for RabbitMQ's confirms");
    ++handled;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 7) {
    throw std::runtime_error("usage: warehouse KAFKA TOPIC RABBITMQ EXCHANGE LOG ORDERS");
  }
  run(argv[1], argv[2], argv[3], argv[4], argv[5], std::stoi(argv[6]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "warehouse: " << error.what() << '\n';
  return 1;
}
