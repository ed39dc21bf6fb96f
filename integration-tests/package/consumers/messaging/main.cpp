// An adapter's use of waybill::messaging: sends a message of a broker of its own.

#include <iostream>
#include <waybill/header_list.hpp>
#include <waybill/messaging/in_flight.hpp>
#include <waybill/messaging/sending.hpp>

int main() {
  const waybill::propagation propagation;
  const waybill::context sent = waybill::context::new_root(true);
  waybill::header_list message(waybill::broker_rules);
  const waybill::messaging::sending decided(message, {.context = &sent},
                                            waybill::inject_mode::automatic, propagation, "orders");
  decided.write(message);
  waybill::messaging::in_flight_table table(10);
  const bool is_full = table.add(1, {decided.sent(), {}, nullptr}).has_value();
  std::cout << message.get("traceparent").value_or("nothing") << '\n';
  return !is_full && table.take(1).has_value() && message.size() == 1 ? 0 : 1;
}
