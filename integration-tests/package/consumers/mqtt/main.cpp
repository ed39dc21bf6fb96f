// The smallest use of waybill on Paho MQTT C: a context into a property list and out of it again.
#include <MQTTAsync.h>

#include <iostream>
#include <waybill/mqtt/properties.hpp>
#include <waybill/propagation.hpp>

int main() {
  const waybill::propagation propagation;
  const waybill::context sent(waybill::span_context::new_root(true));
  MQTTAsync_message message = MQTTAsync_message_initializer;
  waybill::mqtt::property_writer writer(message.properties);
  waybill::inject(sent, writer, propagation, "orders");
  const waybill::mqtt::property_reader reader(message.properties);
  const waybill::extraction taken = waybill::extract(reader, propagation, "orders");
  waybill::strip(writer, propagation, "orders");

  const int left = message.properties.count;
  std::cout << left << " application properties\n";
  MQTTProperties_free(&message.properties);
  return taken.context().span_context() == sent.span_context() && left == 0 ? 0 : 1;
}
