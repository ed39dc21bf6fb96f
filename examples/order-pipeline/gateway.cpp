// The first service: HTTP requests come in, orders go to Kafka.
// Shows: a context read from HTTP headers, baggage added to it, and a producer that sends the
// current context with every message.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>
#include <waybill/kafka/producer.hpp>

#include "support/http.hpp"
#include "support/http_headers.hpp"
#include "support/kafka_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

void accept(http_request& request, const std::string& topic, waybill::kafka::producer& orders,
            span_log& spans) {
  const std::string order(request["order-id"]);
  http_headers headers(request);
  spans.arrived(order, headers.copy());

  // Reads the context and takes its fields off: the headers go on below, and must not be stale.
  const waybill::extraction taken =
      waybill::take(headers, orders.propagation(), waybill::any_destination);
  waybill::context started;
  const waybill::span_handle span = spans.start("POST /orders", "SERVER", taken.context(), started);
  waybill::baggage items(started);
  items.set("order.source", "web shop");
  const waybill::scope active(started.with_baggage(items));
  spans.saw(order, request.body(), headers.copy());

  headers.erase("host");  // like the length, the request's own
  headers.erase("content-length");
  waybill::kafka::headers list;
  for (const header& each : headers.copy()) list.add(each.name, each.value.value_or(""));
  const rd_kafka_resp_err_t error =
      orders.produce({.topic = topic.c_str(), .payload = request.body(), .key = order}, list);
  spans.end(span,
            waybill::outcome(error == RD_KAFKA_RESP_ERR_NO_ERROR ? waybill::outcome_state::succeeded
                                                                 : waybill::outcome_state::failed));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  spans.did(order, "accepted the order");
}

void run(const std::string& brokers, const std::string& topic, const std::string& log_path,
         int requests) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("gateway", log);
  configuration_ptr configuration = make_configuration(brokers);
  set(*configuration, "client.id", "gateway");
  const waybill::kafka::instrumentation observed = waybill::kafka::instrument(configuration.get());
  const client_ptr client = make_client(RD_KAFKA_PRODUCER, std::move(configuration));
  know_topic(*client, topic);
  const waybill::propagation propagation(waybill::propagation_options{.tracer = spans});
  // Every order has a report; an order that is lost is not lost in silence.
  waybill::kafka::producer orders(
      client.get(), propagation, observed, [](const waybill::kafka::delivery_report& told) {
        if (told.outcome == waybill::outcome_state::succeeded) return;
        std::cerr << "gateway: an order is lost: " << rd_kafka_err2str(told.error) << '\n';
      });
  serve_http(
      requests, [](std::uint16_t port) { std::cout << port << std::endl; },
      [&](http_request& request) { accept(request, topic, orders, *spans); });
  flush(*client);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: gateway BROKERS ORDERS_TOPIC LOG REQUESTS");
  run(argv[1], argv[2], argv[3], std::stoi(argv[4]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "gateway: " << error.what() << '\n';
  return 1;
}
