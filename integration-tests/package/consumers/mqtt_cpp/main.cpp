// The smallest use of waybill on Paho MQTT C++: a context into a copy of a message.
#include <mqtt/async_client.h>

#include <iostream>
#include <waybill/mqtt/cpp/message.hpp>
#include <waybill/propagation.hpp>

int main() {
  const waybill::propagation propagation;
  const waybill::context sent(waybill::span_context::new_root(true));
  const auto message = mqtt::make_message("orders", "payload", 1, false);
  waybill::mqtt::edited_properties edited(message->get_properties().c_struct());
  waybill::inject(sent, edited, propagation, message->get_topic());
  const auto copy = waybill::mqtt::with_properties(*message, edited.c_struct());

  std::cout << copy->get_properties().size() << " property\n";
  return copy->get_properties().size() == 1 && message->get_properties().empty() ? 0 : 1;
}
