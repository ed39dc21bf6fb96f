// The third service: takes shipments from a RabbitMQ queue and tells the vans by MQTT 5.
// Shows: a RabbitMQ worker whose messages are acknowledged when their handler has returned, and the
// drop-in for Paho's client, which puts the current context into user properties.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/mqtt/cpp/async_client.hpp>
#include <waybill/rabbitmq/consumer.hpp>

#include "support/kafka_client.hpp"
#include "support/mqtt_client.hpp"
#include "support/rabbitmq_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void run(const std::string& rabbitmq, const std::string& queue, const std::string& mqtt_uri,
         const std::string& vans_topic, const std::string& log_path, int shipments_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("dispatch", log);
  waybill::propagation_options settings{.tracer = spans};
  // Orders make bad span names.
  settings.boundary.set_filter(vans_topic + "/+", {.destination_template = vans_topic + "/+"});
  const waybill::propagation propagation(std::move(settings));

  const waybill::mqtt::client_options options{.settings = propagation};
  waybill::mqtt::async_client vans(options, mqtt_uri, vans_topic + "-dispatch",
                                   mqtt::create_options(MQTTVERSION_5));
  connect(vans, MQTTVERSION_5);
  waybill::rabbitmq::connection connection = open_rabbitmq(rabbitmq);
  waybill::rabbitmq::consumer shipments(connection, queue, propagation);
  check_amqp(shipments.start(), "reading the queue " + queue);

  const deadline patience_ends;
  for (int handled = 0; handled < shipments_expected;) {
    waybill::rabbitmq::message received = shipments.receive(std::chrono::milliseconds(100));
    patience_ends.check("not all shipments came");
    if (!received) continue;
    const int settled = shipments.handle(received, [&](const waybill::rabbitmq::message& shipment) {
      const std::string order(waybill::rabbitmq::text_of(shipment.properties().message_id));
      spans->saw(order, shipment.payload(), headers_of(shipment.properties()),
                 repeated_fields(shipment.extraction(), propagation));
      const std::string body = "van 7: " + std::string(shipment.payload());
      vans.publish(make_message(vans_topic, order, body, headers_of(shipment.properties())))
          ->wait();
      spans->did(order, "loaded it on van 7");
    });
    check_amqp(settled, "acknowledging a shipment");
    ++handled;
  }
  vans.disconnect()->wait();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 7) {
    throw std::runtime_error("usage: dispatch RABBITMQ QUEUE MQTT VANS_TOPIC LOG SHIPMENTS");
  }
  run(argv[1], argv[2], argv[3], argv[4], argv[5], std::stoi(argv[6]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "dispatch: " << error.what() << '\n';
  return 1;
}
