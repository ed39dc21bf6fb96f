#include "tables.hpp"

#include <stdexcept>

namespace waybill_test {

using waybill::rabbitmq::bytes_of;
using waybill::rabbitmq::text_of;

const std::string_view all_kinds = "tbBsuIilLfdDSATFVx";

namespace {

/// Made once: most of the time would go into clearing it.
std::string_view encoding_buffer() {
  static std::vector<char> buffer(1U << 20U);
  return {buffer.data(), buffer.size()};
}

}  // namespace

amqp_field_value_t long_string(std::string_view text) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_UTF8;
  value.value.bytes = bytes_of(text);
  return value;
}

amqp_field_value_t byte_array(std::string_view text) {
  amqp_field_value_t value = long_string(text);
  value.kind = AMQP_FIELD_KIND_BYTES;
  return value;
}

amqp_field_value_t int64_value(std::int64_t number) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_I64;
  value.value.i64 = number;
  return value;
}

amqp_field_value_t void_value() { return value_of_kind(AMQP_FIELD_KIND_VOID); }

amqp_field_value_t value_of_kind(std::uint8_t kind) {
  amqp_field_value_t value{};
  value.kind = kind;
  return value;
}

own_table::own_table(
    std::initializer_list<std::pair<std::string_view, std::string_view>> long_strings) {
  for (const auto& [name, text] : long_strings) add(name, text);
}

own_table& own_table::add(std::string_view name, std::string_view text) {
  return add(name, long_string(keep(text)));
}

own_table& own_table::add(std::string_view name, const amqp_field_value_t& value) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(keep(name));
  entry.value = value;
  entries_.push_back(entry);
  return *this;
}

own_table& own_table::add(std::string_view name, own_table& nested) {
  amqp_field_value_t value = value_of_kind(AMQP_FIELD_KIND_TABLE);
  value.value.table = nested.get();
  return add(name, value);
}

own_table& own_table::add_array(std::string_view name, std::vector<amqp_field_value_t> values) {
  auto& kept = arrays_.emplace_back(std::move(values));
  amqp_field_value_t value = value_of_kind(AMQP_FIELD_KIND_ARRAY);
  value.value.array.num_entries = static_cast<int>(kept.size());
  value.value.array.entries = kept.data();
  return add(name, value);
}

amqp_table_t& own_table::get() {
  table_.num_entries = static_cast<int>(entries_.size());
  table_.entries = entries_.data();
  return table_;
}

amqp_basic_properties_t& own_table::properties() {
  properties_._flags |= AMQP_BASIC_HEADERS_FLAG;
  properties_.headers = get();
  return properties_;
}

std::string_view own_table::keep(std::string_view text) { return texts_.emplace_back(text); }

std::string encoded(const amqp_table_t& table) {
  std::size_t bytes = 0;
  amqp_table_t copy = table;
  if (amqp_encode_table(bytes_of(encoding_buffer()), &copy, &bytes) != AMQP_STATUS_OK) {
    throw std::runtime_error("rabbitmq-c does not encode this table");
  }
  return std::string(encoding_buffer().substr(0, bytes));
}

std::string encoded(const amqp_basic_properties_t& properties) {
  amqp_basic_properties_t copy = properties;
  const int bytes = amqp_encode_properties(AMQP_BASIC_CLASS, &copy, bytes_of(encoding_buffer()));
  if (bytes < 0) throw std::runtime_error("rabbitmq-c does not encode these properties");
  return std::string(encoding_buffer().substr(0, static_cast<std::size_t>(bytes)));
}

std::vector<std::pair<std::string, std::string>> texts_of(const amqp_table_t& table) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const amqp_table_entry_t& each : waybill::rabbitmq::entries_of(table)) {
    const waybill::field_value value = waybill::rabbitmq::as_field_value(each.value);
    if (value.kind != waybill::value_kind::text) continue;
    texts.emplace_back(text_of(each.key), value.text);
  }
  return texts;
}

}  // namespace waybill_test
