// A sensor on MQTT 3.1.1, which has no place for metadata: on topics where both ends agreed, the
// context goes in an envelope around the payload (docs/envelope.md). What is new or changed for
// that stands behind "waybill:"; all the rest was there before.
//   mqtt3_sensor HOST:PORT
// Has a dashboard that agreed; ends with 0 if each reading came as it was sent, and in the context
// it was sent with.

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

constexpr std::chrono::seconds patience{30};

mqtt::connect_options connecting() {
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_3_1_1);
  options.set_clean_session(true);
  return options;
}

// waybill: the agreement. Both ends have it, for the same topics; who reads such a topic without it
// sees the envelope. Everywhere else payloads are as they were, and context stays behind.
waybill::mqtt::client_options with_envelopes(const std::string& topic_filter) {
  waybill::propagation_options options;
  options.boundary.set_filter(topic_filter, {.envelope = waybill::envelope_form::frame});
  return {.settings = waybill::propagation(std::move(options))};
}

/// Code far away from the client: it only knows the current context.
void show(const std::string& reading) {
  std::cout << reading << " in trace " << waybill::current().span_context().trace_id().hex()
            << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string server = std::string("tcp://") + (argc > 1 ? argv[1] : "127.0.0.1:1883");
  const std::string name = "mqtt3-sensor-" + std::to_string(getpid());
  const std::string topic = "sensors/" + name + "/temperature";
  const auto agreed = with_envelopes("sensors/+/temperature");

  // waybill: was mqtt::async_client, without the options.
  waybill::mqtt::async_client dashboard(agreed, server, name + "-dashboard",
                                        mqtt::create_options(MQTTVERSION_3_1_1));
  dashboard.start_consuming();
  dashboard.connect(connecting())->wait();
  dashboard.subscribe(topic, 1)->wait();

  // waybill: was mqtt::async_client, without the options.
  waybill::mqtt::async_client sensor(agreed, server, name, mqtt::create_options(MQTTVERSION_3_1_1));
  sensor.connect(connecting())->wait();

  std::map<std::string, waybill::context> sent;
  for (const char* reading : {"21.5", "21.6", "21.4"}) {
    // waybill: a sensor is where a trace begins. A service has a current context already.
    const waybill::scope active(waybill::context::new_root(true));

    sensor.publish(mqtt::make_message(topic, reading, 1, false))->wait_for(patience);
    sent.emplace(reading, waybill::current());
  }

  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool is_right = true;
  while (!sent.empty()) {
    const mqtt::const_message_ptr came = dashboard.try_consume_message_until(deadline);
    if (came == nullptr) break;  // too late, or the connection is lost

    // waybill: was show(...). With a message callback the context is the current one anyway.
    dashboard.handle(came, [&](const mqtt::const_message_ptr& message) {
      show(message->to_string());
      const auto expected = sent.find(message->to_string());
      is_right = is_right && expected != sent.end() && expected->second == waybill::current();
      if (expected != sent.end()) sent.erase(expected);
    });
  }
  sensor.disconnect()->wait();
  dashboard.disconnect()->wait();
  if (!is_right) std::cerr << "mqtt3_sensor: a reading came changed, or in another context\n";
  if (!sent.empty()) std::cerr << "mqtt3_sensor: " << sent.size() << " readings did not come\n";
  return is_right && sent.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "mqtt3_sensor: " << error.what() << '\n';
  return 1;
}
