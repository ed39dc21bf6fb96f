// Messaging as a program without exceptions and run-time types uses it: compiled and linked with
// both switched off, so every public header is included here.

#include <cstdio>

#include "waybill/header_list.hpp"
#include "waybill/messaging/in_flight.hpp"
#include "waybill/messaging/operation.hpp"
#include "waybill/messaging/outcome.hpp"
#include "waybill/messaging/receiving.hpp"
#include "waybill/messaging/sending.hpp"
#include "waybill/messaging/tracer.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this program shows nothing when exceptions or run-time types are on"
#endif

int main() {
  namespace messaging = waybill::messaging;
  constexpr std::string_view traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto describe = [] { return waybill::operation_details{.system = "none"}; };
  const waybill::propagation settings(waybill::propagation_options{});
  waybill::header_list received;
  received.add("traceparent", traceparent);
  const messaging::receiving receiver(settings, true);
  static_cast<void>(receiver.begin());
  const waybill::extraction taken = waybill::take(received, settings, "orders");
  receiver.gave(taken);

  waybill::header_list sent;
  messaging::processing work(taken, "orders", describe, settings);
  messaging::run(work, settings, [&] {
    const messaging::sending message(sent, {}, waybill::inject_mode::automatic, settings, "orders",
                                     describe);
    message.write(sent);
  });
  messaging::in_flight_table table(1);
  const bool is_known = !table.add(1, {}).has_value() && table.take(1).has_value();

  const bool is_same = received.is_empty() && sent.get("traceparent") == traceparent && is_known;
  if (!is_same) std::fputs("what was sent is not what was received\n", stderr);
  return is_same ? 0 : 1;
}
