#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string>

namespace waybill::inline v0::kafka::detail {

/// A property of a client's configuration, or nothing.
[[nodiscard]] inline std::string configured(rd_kafka_t* client, const char* property) {
  const rd_kafka_conf_t* conf = rd_kafka_conf(client);
  std::size_t bytes = 0;
  if (rd_kafka_conf_get(conf, property, nullptr, &bytes) != RD_KAFKA_CONF_OK || bytes == 0) {
    return {};
  }
  std::string value(bytes, '\0');  // with the NUL at the end
  rd_kafka_conf_get(conf, property, value.data(), &bytes);
  value.resize(bytes - 1);
  return value;
}

}  // namespace waybill::inline v0::kafka::detail
