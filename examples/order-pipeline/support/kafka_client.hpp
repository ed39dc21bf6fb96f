#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "log_file.hpp"

/// The little that the programs share of librdkafka itself. Nothing here knows of waybill.
/// @par Errors   all of these throw std::runtime_error with librdkafka's words.
namespace order_pipeline {

/// How long any program waits for anything: a broker, a message, an acknowledgement.
inline constexpr std::chrono::seconds patience{60};

struct kafka_deleter {
  void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
  void operator()(rd_kafka_conf_t* configuration) const noexcept {
    rd_kafka_conf_destroy(configuration);
  }
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
};
using client_ptr = std::unique_ptr<rd_kafka_t, kafka_deleter>;
using configuration_ptr = std::unique_ptr<rd_kafka_conf_t, kafka_deleter>;
using message_ptr = std::unique_ptr<rd_kafka_message_t, kafka_deleter>;

void set(rd_kafka_conf_t& configuration, const char* name, const std::string& value);
configuration_ptr make_configuration(const std::string& brokers);
client_ptr make_client(rd_kafka_type_t type, configuration_ptr configuration);

/// Waits until a client knows the topic: a first message would otherwise wait for it, up to a
/// second, within its span.
void know_topic(rd_kafka_t& client, const std::string& topic);

/// A consumer that reads the one partition of a topic from its beginning. It is assigned, not
/// subscribed: joining a group would take seconds and show nothing more.
client_ptr make_reader(const std::string& brokers, const std::string& topic,
                       const std::string& group);

/// Waits until everything that was produced is answered.
void flush(rd_kafka_t& producer);

/// The headers of a message as they are.
std::vector<header> headers_of(const rd_kafka_message_t& message);

/// The end of the program's patience.
class deadline {
 public:
  /// Throws "NOTHING_CAME within 10 s" when it has passed.
  void check(const std::string& nothing_came) const;

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now() + patience;
};

}  // namespace order_pipeline
