// The second service of the embedded pipeline: takes orders from one topic and sends shipments to
// another.
// Shows: a consumer that takes the context off each message, and a handler under which everything
// that is sent carries it on, without a word about contexts in the handler.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/kafka/consumer.hpp>
#include <waybill/kafka/producer.hpp>

#include "support/kafka_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void pack(const waybill::kafka::message& order, const std::string& topic,
          waybill::kafka::producer& shipments) {
  const std::string body = "1 parcel with " + std::string(order.payload().value_or("nothing"));
  // The order's own headers go on with the shipment, and one more.
  waybill::kafka::headers list = waybill::kafka::headers::copy_of(order.headers());
  list.add("packed-by", "warehouse 3");
  const rd_kafka_resp_err_t error =
      shipments.produce({.topic = topic.c_str(), .payload = body, .key = order.key()}, list);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
}

void run(const std::string& brokers, const std::string& orders_topic,
         const std::string& shipments_topic, const std::string& log_path, int orders_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("warehouse", log);
  const waybill::propagation propagation(waybill::propagation_options{.tracer = spans});

  configuration_ptr configuration = make_configuration(brokers);
  set(*configuration, "client.id", "warehouse");
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(configuration.get());
  const client_ptr sender = make_client(RD_KAFKA_PRODUCER, std::move(configuration));
  know_topic(*sender, shipments_topic);
  waybill::kafka::producer shipments(sender.get(), propagation, observed, {});

  const client_ptr receiver = make_reader(brokers, orders_topic, "waybill-demo-warehouse");
  waybill::kafka::consumer orders(receiver.get(), propagation);

  const deadline patience_ends;
  for (int handled = 0; handled < orders_expected;) {
    waybill::kafka::message received = orders.poll(std::chrono::milliseconds(100));
    patience_ends.check("not all orders came");
    if (!received.is_message()) continue;
    orders.handle(received, [&](const waybill::kafka::message& order) {
      const std::string_view key = order.key().value_or("");
      spans->saw(key, order.payload().value_or(""), headers_of(*order.raw()),
                 repeated_fields(order.extraction(), propagation));
      pack(order, shipments_topic, shipments);
      spans->did(key, "packed 1 parcel");
    });
    ++handled;
  }
  flush(*sender);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) {
    throw std::runtime_error(
        "usage: embedded-warehouse BROKERS ORDERS_TOPIC SHIPMENTS_TOPIC LOG ORDERS");
  }
  run(argv[1], argv[2], argv[3], argv[4], std::stoi(argv[5]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "warehouse: " << error.what() << '\n';
  return 1;
}
