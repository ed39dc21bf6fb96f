#include "tables.hpp"

#include <stdexcept>

namespace waybill_test {

namespace {

amqp_field_value_t of_kind(amqp_field_value_kind_t kind) {
  amqp_field_value_t value{};
  value.kind = static_cast<std::uint8_t>(kind);
  return value;
}

}  // namespace

amqp_bytes_t header_table::keep(std::string_view text) {
  texts_.emplace_back(text);
  return {texts_.back().size(), texts_.back().data()};
}

void header_table::add(std::string_view name, std::string_view text) {
  amqp_field_value_t value = of_kind(AMQP_FIELD_KIND_UTF8);
  value.value.bytes = keep(text);
  add(name, value);
}

void header_table::add(std::string_view name, const amqp_field_value_t& value) {
  entries_.push_back({keep(name), value});
}

void header_table::add_every_type() {
  using namespace std::string_view_literals;
  amqp_field_value_t value = of_kind(AMQP_FIELD_KIND_BOOLEAN);
  value.value.boolean = 1;
  add("boolean", value);
  value = of_kind(AMQP_FIELD_KIND_I8);
  value.value.i8 = -7;
  add("i8", value);
  value = of_kind(AMQP_FIELD_KIND_U8);
  value.value.u8 = 200;
  add("u8", value);
  value = of_kind(AMQP_FIELD_KIND_I16);
  value.value.i16 = -300;
  add("i16", value);
  value = of_kind(AMQP_FIELD_KIND_U16);
  value.value.u16 = 60'000;
  add("u16", value);
  value = of_kind(AMQP_FIELD_KIND_I32);
  value.value.i32 = -70'000;
  add("i32", value);
  value = of_kind(AMQP_FIELD_KIND_U32);
  value.value.u32 = 4'000'000'000U;
  add("u32", value);
  value = of_kind(AMQP_FIELD_KIND_I64);
  value.value.i64 = -5'000'000'000;
  add("i64", value);
  value = of_kind(AMQP_FIELD_KIND_F32);
  value.value.f32 = 1.5F;
  add("f32", value);
  value = of_kind(AMQP_FIELD_KIND_F64);
  value.value.f64 = -2.25;
  add("f64", value);
  value = of_kind(AMQP_FIELD_KIND_DECIMAL);
  value.value.decimal = {2, 12345};
  add("decimal", value);
  value = of_kind(AMQP_FIELD_KIND_TIMESTAMP);
  value.value.u64 = 1'700'000'000;
  add("timestamp", value);
  add("void", of_kind(AMQP_FIELD_KIND_VOID));
  value = of_kind(AMQP_FIELD_KIND_BYTES);
  value.value.bytes = keep("\0\xff\x80"sv);
  add("bytes", value);
  add("text", "zo\xc3\xab");
  add("empty", "");
  add("text", "again");

  amqp_field_value_t number = of_kind(AMQP_FIELD_KIND_I32);
  number.value.i32 = 42;
  amqp_field_value_t inner = of_kind(AMQP_FIELD_KIND_TABLE);
  tables_.push_back({{keep("traceparent"), number}, {keep("deep"), value}});
  inner.value.table = {static_cast<int>(tables_.back().size()), tables_.back().data()};
  amqp_field_value_t list = of_kind(AMQP_FIELD_KIND_ARRAY);
  arrays_.push_back({number, inner, of_kind(AMQP_FIELD_KIND_VOID)});
  list.value.array = {static_cast<int>(arrays_.back().size()), arrays_.back().data()};
  add("array", list);
  add("table", inner);
}

amqp_table_t header_table::table() { return {static_cast<int>(entries_.size()), entries_.data()}; }

amqp_basic_properties_t header_table::properties() {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = table();
  return properties;
}

std::string encoded(const amqp_table_t& table) {
  constexpr std::size_t room = 200'000;
  std::string bytes(room, '\0');
  amqp_table_t copy = table;
  std::size_t used = 0;
  if (amqp_encode_table({bytes.size(), bytes.data()}, &copy, &used) != AMQP_STATUS_OK) {
    throw std::runtime_error("a table that cannot be encoded");
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace waybill_test
