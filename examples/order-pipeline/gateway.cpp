// The first service: requests with HTTP headers come in, orders go to Kafka.
// Shows: a context read from HTTP headers, baggage added to it, and a producer that sends the
// current context with every message.

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>
#include <waybill/header_list.hpp>
#include <waybill/kafka/producer.hpp>

#include "kafka_client.hpp"
#include "span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

struct request {
  std::string line;  // "POST /orders HTTP/1.1"
  waybill::header_list headers;
  std::string body;
};

request read_request(const std::string& path) {
  std::ifstream in(path);
  request read;
  if (!std::getline(in, read.line)) throw std::runtime_error("cannot read a request from " + path);
  for (std::string line; std::getline(in, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error(path + " has a line without a colon");
    const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    read.headers.add(line.substr(0, colon), line.substr(value));
  }
  read.body.assign(std::istreambuf_iterator<char>(in), {});
  return read;
}

std::vector<header> to_log(const waybill::header_list& headers) {
  std::vector<header> logged;
  for (const auto& [name, value] : headers) logged.push_back({name, value});
  return logged;
}

void accept(request& incoming, const std::string& topic, waybill::kafka::producer& orders,
            span_log& spans) {
  const std::string order(incoming.headers.get("order-id").value_or("unnamed"));
  spans.arrived(order, to_log(incoming.headers));

  // Reads the context and takes its fields off: the headers go on below, and must not be stale.
  const waybill::extraction taken = waybill::take(incoming.headers, orders.propagating());
  waybill::context started;
  const waybill::span_handle span = spans.start("POST /orders", "SERVER", taken.context(), started);
  waybill::baggage items(started);
  items.set("order.source", "web shop");
  const waybill::scope active(started.with_baggage(items));
  spans.saw(order, incoming.body, to_log(incoming.headers));

  waybill::kafka::headers list;
  for (const auto& [name, value] : incoming.headers) list.add(name, value);
  const rd_kafka_resp_err_t error =
      orders.produce({.topic = topic.c_str(), .value = incoming.body, .key = order}, list);
  spans.end(span, {.state = error == RD_KAFKA_RESP_ERR_NO_ERROR ? waybill::outcome_state::succeeded
                                                                : waybill::outcome_state::failed});
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  spans.did(order, "accepted the order");
}

void run(const std::string& brokers, const std::string& topic, const std::string& log_path,
         std::span<char*> requests) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("gateway", log);
  configuration_ptr configuration = make_configuration(brokers);
  set(*configuration, "client.id", "gateway");
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(configuration.get());
  const client_ptr client = make_client(RD_KAFKA_PRODUCER, std::move(configuration));
  know_topic(*client, topic);
  waybill::kafka::producer orders(client.get(), {.tracer = spans}, observed);
  for (const char* path : requests) {
    request incoming = read_request(path);
    accept(incoming, topic, orders, *spans);
  }
  flush(*client);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) throw std::runtime_error("usage: gateway BROKERS ORDERS_TOPIC LOG REQUEST...");
  run(argv[1], argv[2], argv[3], std::span(argv + 4, static_cast<std::size_t>(argc - 4)));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "gateway: " << error.what() << '\n';
  return 1;
}
