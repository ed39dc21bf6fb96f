// The last service of the embedded pipeline: takes shipments and writes invoices.
// Shows: what came in at the other end of the pipeline is here as the current context, and its
// baggage says what no message body does.

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <waybill/baggage.hpp>
#include <waybill/current.hpp>
#include <waybill/kafka/consumer.hpp>

#include "support/kafka_client.hpp"
#include "support/span_log.hpp"

namespace {

using namespace order_pipeline;  // NOLINT(google-build-using-namespace): this program's own

std::string invoice(std::string_view goods) {
  const waybill::baggage_view baggage(waybill::current());
  std::string text = "billed " + std::string(goods);
  if (const auto city = baggage.get("customer.city")) text += ", to " + *city;
  if (baggage.get("customer.tier") == "gold") text += ", 10 % off for gold";
  return text;
}

void run(const std::string& brokers, const std::string& topic, const std::string& log_path,
         int shipments_expected) {
  log_file log(log_path);
  const auto spans = std::make_shared<span_log>("billing", log);
  const waybill::propagation propagation(waybill::propagation_options{.tracer = spans});
  const client_ptr client = make_reader(brokers, topic, "waybill-demo-billing");
  waybill::kafka::consumer shipments(client.get(), propagation);

  const deadline patience_ends;
  for (int handled = 0; handled < shipments_expected;) {
    waybill::kafka::message received = shipments.poll(std::chrono::milliseconds(100));
    patience_ends.check("not all shipments came");
    if (!received.is_message()) continue;
    shipments.handle(received, [&](const waybill::kafka::message& shipment) {
      const std::string_view key = shipment.key().value_or("");
      const std::string_view goods = shipment.payload().value_or("");
      spans->saw(key, goods, headers_of(*shipment.raw()),
                 repeated_fields(shipment.extraction(), propagation));
      spans->did(key, invoice(goods));
    });
    ++handled;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5)
    throw std::runtime_error("usage: embedded-billing BROKERS SHIPMENTS_TOPIC LOG SHIPMENTS");
  run(argv[1], argv[2], argv[3], std::stoi(argv[4]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "billing: " << error.what() << '\n';
  return 1;
}
