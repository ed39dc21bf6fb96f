#include "waybill/rabbitmq/attempts.hpp"

#include <optional>
#include <span>

#include "waybill/rabbitmq/headers.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

std::uint64_t not_negative(std::int64_t number) noexcept {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

std::optional<std::uint64_t> as_count(const amqp_field_value_t& value) noexcept {
  switch (value.kind) {
    case AMQP_FIELD_KIND_I8:
      return not_negative(value.value.i8);
    case AMQP_FIELD_KIND_U8:
      return value.value.u8;
    case AMQP_FIELD_KIND_I16:
      return not_negative(value.value.i16);
    case AMQP_FIELD_KIND_U16:
      return value.value.u16;
    case AMQP_FIELD_KIND_I32:
      return not_negative(value.value.i32);
    case AMQP_FIELD_KIND_U32:
      return value.value.u32;
    case AMQP_FIELD_KIND_I64:
      return not_negative(value.value.i64);
    case AMQP_FIELD_KIND_U64:
      return value.value.u64;
    default:
      return std::nullopt;
  }
}

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) noexcept {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// How often the message died in this queue because somebody gave it up; `death` is one entry.
std::uint64_t failures_in(const amqp_table_t& death, std::string_view queue) noexcept {
  std::uint64_t count = 1;
  bool is_this_queue = false;
  bool is_failure = false;
  for (const amqp_table_entry_t& each : entries_of(death)) {
    const std::string_view name = text_of(each.key);
    if (name == "count") {
      count = as_count(each.value).value_or(1);
    } else if (name == "queue") {
      is_this_queue = as_field_value(each.value).kind == value_kind::text &&
                      as_field_value(each.value).text == queue;
    } else if (name == "reason") {
      const std::string_view reason = as_field_value(each.value).text;
      is_failure = reason == "rejected" || reason == "delivery_limit";
    }
  }
  return is_this_queue && is_failure ? count : 0;
}

std::uint64_t failures_in(const amqp_array_t& deaths, std::string_view queue) noexcept {
  std::uint64_t sum = 0;
  if (deaths.entries == nullptr) return sum;
  for (int i = 0; i < deaths.num_entries; ++i) {
    const amqp_field_value_t& death = deaths.entries[i];
    if (death.kind != AMQP_FIELD_KIND_TABLE) continue;
    sum = saturating_sum(sum, failures_in(death.value.table, queue));
  }
  return sum;
}

}  // namespace

std::uint64_t delivery_attempt(const amqp_basic_properties_t& properties, std::string_view queue,
                               bool redelivered) noexcept {
  std::optional<std::uint64_t> returned;
  std::optional<std::uint64_t> failed;
  for (const amqp_table_entry_t& each : entries_of(properties)) {
    const std::string_view name = text_of(each.key);
    if (name == "x-delivery-count") {
      returned = as_count(each.value);
    } else if (name == "x-death" && each.value.kind == AMQP_FIELD_KIND_ARRAY) {
      failed = failures_in(each.value.value.array, queue);
    }
  }
  if (!returned.has_value() && !failed.has_value()) return redelivered ? 2 : 1;
  return saturating_sum(1, saturating_sum(returned.value_or(0), failed.value_or(0)));
}

}  // namespace waybill::inline v0::rabbitmq
