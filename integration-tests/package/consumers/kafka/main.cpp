// The smallest use of waybill on librdkafka: a context into a header list and out of it again.

#include <iostream>
#include <waybill/kafka/carrier.hpp>
#include <waybill/propagation.hpp>

int main() {
  const waybill::propagation propagation;
  const waybill::context sent(waybill::span_context::new_root(true));

  waybill::kafka::headers headers;
  headers.add("application", "stays");
  waybill::kafka::inject(sent, *headers.get(), propagation, "orders");
  const waybill::extraction taken = waybill::kafka::take(headers.get(), propagation, "orders");

  std::cout << rd_kafka_header_cnt(headers.get()) << " application header\n";
  return taken.context().span_context() == sent.span_context() &&
                 rd_kafka_header_cnt(headers.get()) == 1
             ? 0
             : 1;
}
