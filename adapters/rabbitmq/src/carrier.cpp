#include "waybill/rabbitmq/carrier.hpp"

#include <cstddef>

#include "field_names.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

/// Takes the fields out of a table by moving what is left together; answers how many they were.
std::size_t remove_fields(amqp_table_t& table, const propagator& formats) noexcept {
  const std::size_t count = entries_of(table).size();
  const detail::field_names names(formats);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (names.index_of(text_of(table.entries[i].key)) != names.none()) continue;
    if (kept != i) table.entries[kept] = table.entries[i];
    ++kept;
  }
  if (kept == count) return 0;
  table.num_entries = static_cast<int>(kept);
  return count - kept;
}

}  // namespace

extraction extract(const amqp_table_t& headers, const propagation& with,
                   const destination& from) noexcept {
  const header_reader reader(headers);
  return waybill::extract(reader, with, from);
}

extraction extract(const amqp_basic_properties_t& properties, const propagation& with,
                   const destination& from) noexcept {
  const header_reader reader(properties);
  return waybill::extract(reader, with, from);
}

extraction extract(const amqp_message_t& message, const propagation& with,
                   const destination& from) noexcept {
  return extract(message.properties, with, from);
}

extraction extract(const amqp_envelope_t& envelope, const propagation& with,
                   const destination& from) noexcept {
  return extract(envelope.message.properties, with, from);
}

result<context_view> peek(const amqp_table_t& headers, const propagation& with,
                          const destination& from) noexcept {
  return waybill::peek(header_reader(headers), with, from);
}

result<context_view> peek(const amqp_basic_properties_t& properties, const propagation& with,
                          const destination& from) noexcept {
  return waybill::peek(header_reader(properties), with, from);
}

result<context_view> peek(const amqp_message_t& message, const propagation& with,
                          const destination& from) noexcept {
  return peek(message.properties, with, from);
}

result<context_view> peek(const amqp_envelope_t& envelope, const propagation& with,
                          const destination& from) noexcept {
  return peek(envelope.message.properties, with, from);
}

void strip(amqp_table_t& headers, const propagation& with) noexcept {
  remove_fields(headers, with.formats);
}

void strip(amqp_basic_properties_t& properties, const propagation& with) noexcept {
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return;
  const std::size_t removed = remove_fields(properties.headers, with.formats);
  if (removed > 0 && properties.headers.num_entries == 0) {
    properties._flags &= ~static_cast<amqp_flags_t>(AMQP_BASIC_HEADERS_FLAG);
  }
}

void strip(amqp_message_t& message, const propagation& with) noexcept {
  strip(message.properties, with);
}

void strip(amqp_envelope_t& envelope, const propagation& with) noexcept {
  strip(envelope.message.properties, with);
}

extraction take(amqp_table_t& headers, const propagation& with, const destination& from) noexcept {
  extraction taken = extract(headers, with, from);
  strip(headers, with);
  return taken;
}

extraction take(amqp_basic_properties_t& properties, const propagation& with,
                const destination& from) noexcept {
  extraction taken = extract(properties, with, from);
  strip(properties, with);
  return taken;
}

extraction take(amqp_message_t& message, const propagation& with,
                const destination& from) noexcept {
  return take(message.properties, with, from);
}

extraction take(amqp_envelope_t& envelope, const propagation& with,
                const destination& from) noexcept {
  return take(envelope.message.properties, with, from);
}

}  // namespace waybill::inline v0::rabbitmq
