#include "waybill/messaging/operation.hpp"

#include <array>
#include <charconv>

#include "waybill/messaging/tracer.hpp"

namespace waybill::inline v0 {

namespace {

std::string_view type_of(operation_kind kind) noexcept {
  switch (kind) {
    case operation_kind::create:
      return "create";
    case operation_kind::send:
      return "send";
    case operation_kind::receive:
      return "receive";
    case operation_kind::process:
      return "process";
    case operation_kind::settle:
      break;
  }
  return "settle";
}

}  // namespace

tracer::~tracer() = default;

void operation::for_each_attribute(attribute_visitor visit, void* state) const {
  const operation_details& known = details();
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) visit(state, name, attribute_value(value));
  };
  const auto number = [&](std::string_view name, const auto& value) {
    if (value.has_value()) visit(state, name, attribute_value(static_cast<std::int64_t>(*value)));
  };
  text("messaging.system", known.system);
  text("messaging.operation.name", known.name);
  text("messaging.operation.type", type_of(kind_));
  text("messaging.destination.name", destination_.name);
  text("messaging.destination.template", known.destination_template);
  if (known.partition.has_value()) {
    std::array<char, 12> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *known.partition);
    text("messaging.destination.partition.id",
         {digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
  }
  text("messaging.consumer.group.name", known.consumer_group);
  text("messaging.client.id", known.client_id);
  text("messaging.message.id", known.message_id);
  text("messaging.message.conversation_id", known.conversation_id);
  number("messaging.batch.message_count", known.batch_messages);
  number("messaging.message.body.size", known.body_bytes);
  if (known.system == "kafka") {
    text("messaging.kafka.message.key", known.message_key);
    number("messaging.kafka.offset", known.offset);
    if (known.tombstone) visit(state, "messaging.kafka.message.tombstone", attribute_value(true));
  }
  if (known.system == "rabbitmq") {
    text("messaging.rabbitmq.destination.routing_key", destination_.routing_key);
    number("messaging.rabbitmq.message.delivery_tag", known.delivery_tag);
  }
}

}  // namespace waybill::inline v0
