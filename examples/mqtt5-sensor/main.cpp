// A sensor on MQTT 5: readings go out by the drop-in for Paho's mqtt::async_client, each with the
// current context in its user properties. What is new or changed for that stands behind "waybill:";
// all the rest was there before.
//   mqtt5_sensor HOST:PORT
// Has a dashboard that reads along; ends with 0 if each reading came as it was sent, and in the
// context it was sent with.

#include <mqtt/async_client.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <waybill/current.hpp>
#include <waybill/mqtt/cpp/async_client.hpp>  // waybill: instead of Paho's, or beside it

namespace {

mqtt::connect_options connecting() {
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  return options;
}

/// Code far away from the client: it only knows the current context.
void show(const std::string& reading) {
  std::cout << reading << " in trace " << waybill::current().span_context().trace_id().hex()
            << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string server = std::string("tcp://") + (argc > 1 ? argv[1] : "127.0.0.1:1883");
  const std::string name = "mqtt5-sensor-" + std::to_string(getpid());
  const std::string topic = "sensors/" + name + "/temperature";
  constexpr std::chrono::seconds patience{30};

  // waybill: was mqtt::async_client, with the same arguments.
  waybill::mqtt::async_client dashboard(server, name + "-dashboard",
                                        mqtt::create_options(MQTTVERSION_5));
  dashboard.start_consuming();
  dashboard.connect(connecting())->wait();
  dashboard.subscribe(topic, 1)->wait();

  // waybill: was mqtt::async_client. What becomes of the readings may be asked for, too.
  waybill::mqtt::client_options options;
  options.publish.on_delivery_report = [](const waybill::mqtt::delivery_report& report) {
    if (report.outcome != waybill::outcome_state::succeeded) std::cerr << "a reading was lost\n";
  };
  waybill::mqtt::async_client sensor(options, server, name, mqtt::create_options(MQTTVERSION_5));
  sensor.connect(connecting())->wait();

  std::map<std::string, waybill::context> sent;
  for (const char* reading : {"21.5", "21.6", "21.4"}) {
    // waybill: a sensor is where a trace begins. A service has a current context already.
    const waybill::scope active(waybill::context::new_root(true));

    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::USER_PROPERTY, "unit", "celsius"));
    sensor.publish(mqtt::message::create(topic, reading, 1, false, properties))->wait_for(patience);

    sent.emplace(reading, waybill::current());
  }

  bool is_right = true;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!sent.empty()) {
    const mqtt::const_message_ptr came = dashboard.try_consume_message_until(deadline);
    if (came == nullptr) break;  // too late, or the connection is lost

    // waybill: was show(...). With a message callback the context is the current one anyway.
    dashboard.handle(came, [&](const mqtt::const_message_ptr& message) {
      show(message->to_string());
      const auto expected = sent.find(message->to_string());
      is_right = is_right && expected != sent.end() && expected->second == waybill::current() &&
                 message->get_properties().size() == 1;  // the application's own
      if (expected != sent.end()) sent.erase(expected);
    });
  }
  sensor.disconnect()->wait();
  dashboard.disconnect()->wait();
  if (!is_right) std::cerr << "mqtt5_sensor: a reading came changed, or in another context\n";
  if (!sent.empty()) std::cerr << "mqtt5_sensor: " << sent.size() << " readings did not come\n";
  return is_right && sent.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "mqtt5_sensor: " << error.what() << '\n';
  return 1;
}
