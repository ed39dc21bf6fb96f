#include "waybill/rabbitmq/carrier.hpp"

#include <algorithm>
#include <cstddef>

namespace waybill::inline v0::rabbitmq {

namespace {

/// Takes the fields out of a table by moving what is left together; answers how many they were.
std::size_t remove_fields(amqp_table_t& table, const propagator& formats) noexcept {
  const auto entries = entries_of(table);
  const std::size_t none = formats.fields().size();
  const field_name_filter names = formats.field_names();
  amqp_table_entry_t* const end = table.entries + entries.size();
  const auto* const kept_end = std::remove_if(table.entries, end, [&](const auto& each) {
    const std::string_view name = text_of(each.key);
    return names.may_be(name) && formats.field_index(name) != none;
  });
  if (kept_end == end) return 0;
  table.num_entries = static_cast<int>(kept_end - table.entries);
  return static_cast<std::size_t>(end - kept_end);
}

}  // namespace

extraction extract(const amqp_table_t& headers, const propagation& settings,
                   const destination& destination) noexcept {
  const header_reader reader(headers);
  return waybill::extract(reader, settings, destination);
}

extraction extract(const amqp_basic_properties_t& properties, const propagation& settings,
                   const destination& destination) noexcept {
  const header_reader reader(properties);
  return waybill::extract(reader, settings, destination);
}

result<context_view> peek(const amqp_table_t& headers, const propagation& settings,
                          const destination& destination) noexcept {
  return waybill::peek(header_reader(headers), settings, destination);
}

result<context_view> peek(const amqp_basic_properties_t& properties, const propagation& settings,
                          const destination& destination) noexcept {
  return waybill::peek(header_reader(properties), settings, destination);
}

errc strip(amqp_table_t& headers, const propagation& settings) noexcept {
  remove_fields(headers, settings.propagator());
  return errc::ok;
}

errc strip(amqp_basic_properties_t& properties, const propagation& settings) noexcept {
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return errc::ok;
  const std::size_t removed = remove_fields(properties.headers, settings.propagator());
  if (removed > 0 && properties.headers.num_entries == 0) {
    properties._flags &= ~static_cast<amqp_flags_t>(AMQP_BASIC_HEADERS_FLAG);
  }
  return errc::ok;
}

extraction take(amqp_table_t& headers, const propagation& settings,
                const destination& destination) noexcept {
  extraction taken = extract(headers, settings, destination);
  static_cast<void>(strip(headers, settings));
  return taken;
}

extraction take(amqp_basic_properties_t& properties, const propagation& settings,
                const destination& destination) noexcept {
  extraction taken = extract(properties, settings, destination);
  static_cast<void>(strip(properties, settings));
  return taken;
}

}  // namespace waybill::inline v0::rabbitmq
