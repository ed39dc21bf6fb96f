#include "waybill/rabbitmq/attempts.hpp"

#include <algorithm>
#include <optional>

#include "waybill/rabbitmq/headers.hpp"

namespace waybill::inline v0::rabbitmq {

namespace {

/// A number of any type; a negative one is 0.
template <class T>
std::uint64_t count_of(T number) noexcept {
  return static_cast<std::uint64_t>(std::max<T>(number, 0));
}

std::optional<std::uint64_t> as_count(const amqp_field_value_t& value) noexcept {
  // Brokers write this one.
  if (value.kind == AMQP_FIELD_KIND_I64) return count_of(value.value.i64);
  if (value.kind == AMQP_FIELD_KIND_I8) return count_of(value.value.i8);
  if (value.kind == AMQP_FIELD_KIND_U8) return count_of(value.value.u8);
  if (value.kind == AMQP_FIELD_KIND_I16) return count_of(value.value.i16);
  if (value.kind == AMQP_FIELD_KIND_U16) return count_of(value.value.u16);
  if (value.kind == AMQP_FIELD_KIND_I32) return count_of(value.value.i32);
  if (value.kind == AMQP_FIELD_KIND_U32) return count_of(value.value.u32);
  if (value.kind == AMQP_FIELD_KIND_U64) return count_of(value.value.u64);
  return std::nullopt;
}

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) noexcept {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// What the headers say of earlier deliveries.
struct history {
  delivery_counts& counts;
  std::uint64_t rejected_here = 0;  ///< The part of died_here that no delivery limit ended.
  bool may_be_carried = false;      ///< Written by RabbitMQ 3.13 or later.
};

void add_death(history& told, const amqp_table_t& death, std::string_view queue) noexcept {
  std::uint64_t count = 1;
  bool is_here = false;
  std::string_view reason;
  for (const amqp_table_entry_t& each : entries_of(death)) {
    const std::string_view name = text_of(each.key);
    if (name == "count") {
      count = as_count(each.value).value_or(1);
    } else if (name == "queue") {
      const field_value text = as_field_value(each.value);
      is_here = text.kind == value_kind::text && text.text == queue;
    } else if (name == "reason") {
      reason = as_field_value(each.value).text;
    }
  }
  const bool is_rejected = reason == "rejected";
  if (!is_rejected && reason != "delivery_limit") return;
  auto& where = is_here ? told.counts.died_here : told.counts.died_elsewhere;
  where = saturating_sum(where.value_or(0), count);
  if (is_here && is_rejected) told.rejected_here = saturating_sum(told.rejected_here, count);
}

/// How many deliveries from this queue there were before, at the least; nothing where nobody
/// counts.
std::optional<std::uint64_t> earlier_deliveries(const history& told) noexcept {
  const delivery_counts& counts = told.counts;
  // Headers are copied from message to message, so counts may be another delivery's. When this one
  // is not the queue's first, the queue has written its own over them.
  if (!counts.redelivered || !(counts.returned || counts.acquired)) return counts.died_here;
  const std::uint64_t counted = std::max(counts.returned.value_or(0), counts.acquired.value_or(0));
  const std::uint64_t died_here = counts.died_here.value_or(0);
  // A dead letter of a quorum queue of RabbitMQ 4 brings along how often it was rejected or lost
  // with its consumer, in any quorum queue; the first return replaces that number by the returns
  // since. So less than the rejections here is such a new count. What is not less may be either,
  // the bytes are the same: counted is what both have in common.
  const bool is_new_count = !counts.acquired.has_value() && counted < told.rejected_here;
  if (!told.may_be_carried || is_new_count) return saturating_sum(counted, died_here);
  return std::max(died_here, counted - std::min(counted, counts.died_elsewhere.value_or(0)));
}

}  // namespace

delivery_counts count_deliveries(const amqp_basic_properties_t& properties, std::string_view queue,
                                 bool redelivered) noexcept {
  delivery_counts counts{.redelivered = redelivered};
  history told{counts};
  for (const amqp_table_entry_t& each : entries_of(properties)) {
    const std::string_view name = text_of(each.key);
    if (name == "x-delivery-count") {
      counts.returned = as_count(each.value);
    } else if (name == "x-acquired-count") {
      counts.acquired = as_count(each.value);
    } else if (name == "x-death" && each.value.kind == AMQP_FIELD_KIND_ARRAY) {
      counts.died_here = counts.died_elsewhere = told.rejected_here = 0;
      for (const amqp_field_value_t& death : values_of(each.value.value.array)) {
        if (death.kind == AMQP_FIELD_KIND_TABLE) add_death(told, death.value.table, queue);
      }
    } else if (name == "x-last-death-queue") {
      told.may_be_carried = true;
    }
  }
  counts.attempt = saturating_sum(1, earlier_deliveries(told).value_or(redelivered ? 1 : 0));
  return counts;
}

}  // namespace waybill::inline v0::rabbitmq
