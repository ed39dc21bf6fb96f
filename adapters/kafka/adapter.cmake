# Registers the Kafka adapter with the build and the scripts. CONTRIBUTING.md, "Add an adapter",
# explains the keywords. Scripts read this file too, so a keyword and its values stay on one line.
set(WAYBILL_RDKAFKA_VERSION_MIN 2.0)

waybill_register_adapter(
  kafka
  TITLE Kafka
  CLIENT librdkafka
  FIND_MODULE RdKafka
  VERSION_MIN ${WAYBILL_RDKAFKA_VERSION_MIN}
  DEBIAN_DEPENDS "librdkafka-dev (>= ${WAYBILL_RDKAFKA_VERSION_MIN})"
  BUILD_PACKAGES librdkafka-dev
  BROKER_PACKAGES default-jre-headless
  TEST_PACKAGES kcat
  BROKER_FETCH WAYBILL_KAFKA_LIBS testing/brokers/kafka/fetch-kafka.sh
  BROKER_FETCH_PACKAGES maven)

waybill_register_component(
  kafka
  TARGET RdKafka::rdkafka
  MISSING "librdkafka ${WAYBILL_RDKAFKA_VERSION_MIN} or newer with its headers was not found (Debian: librdkafka-dev)"
  INCLUDES <waybill/kafka/ <librdkafka/)

waybill_register_component(
  kafka_cpp
  TARGET RdKafka::rdkafka++
  MISSING "librdkafka++ with its headers was not found (Debian: librdkafka-dev)"
  INCLUDES rdkafkacpp.h)
