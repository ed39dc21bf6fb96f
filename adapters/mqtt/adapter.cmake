# Registers the MQTT adapter with the build and the scripts. CONTRIBUTING.md, "Add an adapter",
# explains the keywords. Scripts read this file too, so a keyword and its values stay on one line.

# This is the version of Paho's C++ interface: its C headers have none.
set(WAYBILL_PAHO_CPP_VERSION_MIN 1.2)

waybill_register_adapter(
  mqtt
  TITLE MQTT
  CLIENT "Paho MQTT C"
  FIND_MODULE PahoMqttCpp
  VERSION_MIN ${WAYBILL_PAHO_CPP_VERSION_MIN}
  DEBIAN_DEPENDS libpaho-mqtt-dev "libpaho-mqttpp-dev (>= ${WAYBILL_PAHO_CPP_VERSION_MIN})"
  BUILD_PACKAGES libpaho-mqtt-dev libpaho-mqttpp-dev
  BROKER_PACKAGES mosquitto
  BROKER_SERVICES mosquitto:mosquitto.service
  TEST_PACKAGES mosquitto-clients python3-paho-mqtt)

waybill_register_component(
  mqtt
  TARGET PahoMqtt::c
  MISSING "Paho MQTT C with its headers was not found (Debian: libpaho-mqtt-dev)"
  INCLUDES <waybill/mqtt/)

waybill_register_component(
  mqtt_cpp
  TARGET PahoMqtt::cpp
  MISSING "Paho MQTT C++ ${WAYBILL_PAHO_CPP_VERSION_MIN} or newer with its headers was not found (Debian: libpaho-mqttpp-dev)"
  INCLUDES <mqtt/)
