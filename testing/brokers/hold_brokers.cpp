// Starts brokers side by side, says of each where it is, and holds them until standard input ends:
//   waybill_hold_brokers kafka|rabbitmq|mosquitto...
// prints "NAME PROCESS_ID HOST:PORT" for each, when all are ready. A test kills this program to see
// that its brokers die with it; the demo takes its brokers from it.

#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Those of the adapters that are built.
#if __has_include("kafka_broker.hpp")
#include "kafka_broker.hpp"
#define WAYBILL_HOLDS_KAFKA
#endif
#if __has_include("mosquitto_broker.hpp")
#include "mosquitto_broker.hpp"
#define WAYBILL_HOLDS_MOSQUITTO
#endif
#if __has_include("rabbitmq_broker.hpp")
#include "rabbitmq_broker.hpp"
#define WAYBILL_HOLDS_RABBITMQ
#endif

namespace {

using namespace waybill_test;  // NOLINT(google-build-using-namespace): this program's own

struct held {
  std::shared_ptr<void> broker;
  std::string line;
};

template <class Broker, class Address>
held start(std::string_view name, const Address& address_of) {
  auto broker = std::make_shared<Broker>();
  std::string line =
      std::string(name) + ' ' + std::to_string(broker->process_id()) + ' ' + address_of(*broker);
  return {std::move(broker), std::move(line)};
}

template <class Address>
std::string text_of(const Address& address) {
  return address.host + ':' + std::to_string(address.port);
}

held start_named(std::string_view name) {
#ifdef WAYBILL_HOLDS_KAFKA
  if (name == "kafka") {
    return start<kafka_broker>(name, [](const auto& broker) { return broker.bootstrap(); });
  }
#endif
#ifdef WAYBILL_HOLDS_RABBITMQ
  if (name == "rabbitmq") {
    return start<rabbitmq_broker>(name,
                                  [](const auto& broker) { return text_of(broker.address()); });
  }
#endif
#ifdef WAYBILL_HOLDS_MOSQUITTO
  if (name == "mosquitto") {
    return start<mosquitto_broker>(name,
                                   [](const auto& broker) { return text_of(broker.address()); });
  }
#endif
  throw std::runtime_error("there is no broker " + std::string(name));
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::future<held>> starting;
  for (const char* name : std::span(argv + 1, static_cast<std::size_t>(argc - 1))) {
    starting.push_back(std::async(std::launch::async, start_named, std::string_view(name)));
  }
  std::vector<held> brokers;
  for (auto& each : starting) brokers.push_back(each.get());
  for (const held& each : brokers) std::cout << each.line << '\n';
  std::cout << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
