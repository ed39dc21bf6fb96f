// The smallest use of waybill on rabbitmq-c: the context out of the headers of a message.

#include <array>
#include <iostream>
#include <waybill/propagation.hpp>
#include <waybill/rabbitmq/carrier.hpp>

namespace {

amqp_table_entry_t text_entry(std::string_view name, std::string_view text) {
  amqp_table_entry_t entry{};
  entry.key = waybill::rabbitmq::bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = waybill::rabbitmq::bytes_of(text);
  return entry;
}

}  // namespace

int main() {
  std::array<amqp_table_entry_t, 2> entries{
      text_entry("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
      text_entry("application", "stays")};
  amqp_table_t headers{static_cast<int>(entries.size()), entries.data()};

  const waybill::propagation propagation;
  const waybill::extraction taken = waybill::rabbitmq::take(headers, propagation, "orders");
  std::cout << "rabbitmq-c " << amqp_version() << ", " << headers.num_entries
            << " application header\n";
  return taken.context().has_trace() && headers.num_entries == 1 ? 0 : 1;
}
