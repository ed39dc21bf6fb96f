// The last service: hears by MQTT 3.1.1 what was delivered, and writes invoices.
// Shows: an envelope that is taken off before the application sees the payload; and what came in at
// the other end of the pipeline is here as the current context, whose baggage says what no message
// body does.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>
#include <waybill/mqtt/cpp/async_client.hpp>

#include "support/kafka_client.hpp"
#include "support/mqtt_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

std::string invoice() {
  const waybill::baggage_view baggage(waybill::current());
  std::string text = "billed 1 parcel";
  if (const auto city = baggage.get("customer.city")) text += ", to " + *city;
  if (baggage.get("customer.tier") == "gold") text += ", 10 % off for gold";
  return text;
}

void run(const std::string& uri, const std::string& topic, const std::string& log_path,
         int deliveries_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("billing", log);
  waybill::propagation_options settings{.tracer = spans};
  settings.boundary.set_filter(topic + "/+", {.envelope = waybill::envelope_form::frame,
                                              .destination_template = topic + "/+"});
  const waybill::mqtt::client_options options{.settings =
                                                  waybill::propagation(std::move(settings))};
  waybill::mqtt::async_client doors(options, uri, topic + "-billing");
  doors.start_consuming();
  connect(doors, MQTTVERSION_3_1_1);
  subscribe(doors, topic + "/+");
  std::cout << "ready" << std::endl;

  const deadline patience_ends;
  for (int handled = 0; handled < deliveries_expected;) {
    mqtt::const_message_ptr delivered;
    const bool came = doors.try_consume_message_for(&delivered, std::chrono::milliseconds(100));
    patience_ends.check("not all deliveries came");
    if (!came || delivered == nullptr) continue;
    doors.handle(delivered, [&](const mqtt::const_message_ptr& message) {
      const std::string order = order_of(*message);
      spans->saw(order, message->get_payload_str(), headers_of(*message));
      spans->did(order, invoice());
    });
    ++handled;
  }
  doors.stop_consuming();
  doors.disconnect()->wait();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: billing MQTT DOORS_TOPIC LOG DELIVERIES");
  run(argv[1], argv[2], argv[3], std::stoi(argv[4]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "billing: " << error.what() << '\n';
  return 1;
}
