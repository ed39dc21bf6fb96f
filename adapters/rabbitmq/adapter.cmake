# Registers the RabbitMQ adapter with the build and the scripts. CONTRIBUTING.md, "Add an adapter",
# explains the keywords. Scripts read this file too, so a keyword and its values stay on one line.
set(WAYBILL_RABBITMQ_C_VERSION_MIN 0.11)

waybill_register_adapter(
  rabbitmq
  TITLE RabbitMQ
  CLIENT rabbitmq-c
  FIND_MODULE RabbitmqC
  VERSION_MIN ${WAYBILL_RABBITMQ_C_VERSION_MIN}
  DEBIAN_DEPENDS "librabbitmq-dev (>= ${WAYBILL_RABBITMQ_C_VERSION_MIN})"
  BUILD_PACKAGES librabbitmq-dev
  BROKER_PACKAGES rabbitmq-server
  BROKER_SERVICES rabbitmq-server:rabbitmq-server.service erlang-base:epmd.service erlang-base:epmd.socket
  TEST_PACKAGES python3-pika openssl)

waybill_register_component(
  rabbitmq
  TARGET rabbitmq::rabbitmq
  MISSING "rabbitmq-c ${WAYBILL_RABBITMQ_C_VERSION_MIN} or newer with its headers was not found (Debian: librabbitmq-dev)"
  INCLUDES <waybill/rabbitmq/)
