// The fourth service: a van's device hears by MQTT 5 what it carries, and tells the doors of the
// customers, which speak MQTT 3.1.1. That has no place for metadata, so the context travels in a
// frame in front of the payload, to those topics alone where both ends agreed on it.
// Shows: message callbacks that run under the context of their message, and the envelope.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/mqtt/cpp/async_client.hpp>

#include "support/kafka_client.hpp"
#include "support/mqtt_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void run(const std::string& uri, const std::string& vans_topic, const std::string& doors_topic,
         const std::string& log_path, int parcels_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("courier", log);
  waybill::propagation_options settings{.tracer = spans};
  settings.boundary
      .set_filter(doors_topic + "/+", {.envelope = waybill::envelope_form::frame,
                                       .destination_template = doors_topic + "/+"})
      .set_filter(vans_topic + "/+", {.destination_template = vans_topic + "/+"});
  const waybill::mqtt::client_options options{.settings =
                                                  waybill::propagation(std::move(settings))};

  waybill::mqtt::async_client doors(options, uri, doors_topic + "-courier");
  connect(doors, MQTTVERSION_3_1_1);

  waybill::mqtt::async_client vans(options, uri, vans_topic + "-courier",
                                   mqtt::create_options(MQTTVERSION_5));
  vans.start_consuming();
  connect(vans, MQTTVERSION_5);
  subscribe(vans, vans_topic + "/+");
  std::cout << "ready" << std::endl;

  const deadline patience_ends;
  for (int handled = 0; handled < parcels_expected;) {
    mqtt::const_message_ptr parcel;
    const bool came = vans.try_consume_message_for(&parcel, std::chrono::milliseconds(100));
    patience_ends.check("not all parcels came");
    if (!came || parcel == nullptr) continue;
    vans.handle(parcel, [&](const mqtt::const_message_ptr& message) {
      const std::string order = order_of(*message);
      spans->saw(order, message->get_payload_str(), headers_of(*message));
      const std::string body = "at the door: " + message->get_payload_str();
      doors.publish(make_message(doors_topic, order, body, {}))->wait();
      spans->did(order, "rang the bell");
    });
    ++handled;
  }
  vans.stop_consuming();
  vans.disconnect()->wait();
  doors.disconnect()->wait();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) {
    throw std::runtime_error("usage: courier MQTT VANS_TOPIC DOORS_TOPIC LOG PARCELS");
  }
  run(argv[1], argv[2], argv[3], argv[4], std::stoi(argv[5]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "courier: " << error.what() << '\n';
  return 1;
}
