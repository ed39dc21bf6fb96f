// The smallest use of waybill on Paho MQTT C: a context into a property list and out of it again.
#include <MQTTAsync.h>

#include <iostream>
#include <waybill/mqtt/carrier.hpp>

int main() {
  const waybill::propagation propagation;
  const waybill::context sent(waybill::span_context::new_root(true));
  MQTTAsync_message message = MQTTAsync_message_initializer;
  waybill::mqtt::inject(sent, message.properties, propagation, "orders");
  const waybill::extraction taken = waybill::mqtt::take(message, propagation, "orders");

  const int left = message.properties.count;
  std::cout << left << " application properties\n";
  MQTTProperties_free(&message.properties);
  return taken.context().span_context() == sent.span_context() && left == 0 ? 0 : 1;
}
