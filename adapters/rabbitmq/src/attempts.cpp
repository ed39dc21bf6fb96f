#include "waybill/rabbitmq/attempts.hpp"

#include <algorithm>
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

/// How often the message died because somebody gave it up, by the entries of x-death.
struct failures {
  std::uint64_t rejected_here = 0;  ///< rejected in the queue that it was taken from
  std::uint64_t here = 0;           ///< these, and those that the delivery limit ended there
  std::uint64_t elsewhere = 0;      ///< in all other queues
};

void add_death(failures& sum, const amqp_table_t& death, std::string_view queue) noexcept {
  std::uint64_t count = 1;
  bool is_here = false;
  std::string_view reason;
  for (const amqp_table_entry_t& each : entries_of(death)) {
    const std::string_view name = text_of(each.key);
    if (name == "count") {
      count = as_count(each.value).value_or(1);
    } else if (name == "queue") {
      is_here = as_field_value(each.value).kind == value_kind::text &&
                as_field_value(each.value).text == queue;
    } else if (name == "reason") {
      reason = as_field_value(each.value).text;
    }
  }
  const bool is_rejected = reason == "rejected";
  if (!is_rejected && reason != "delivery_limit") return;
  std::uint64_t& where = is_here ? sum.here : sum.elsewhere;
  where = saturating_sum(where, count);
  if (is_here && is_rejected) sum.rejected_here = saturating_sum(sum.rejected_here, count);
}

failures failures_in(const amqp_array_t& deaths, std::string_view queue) noexcept {
  failures sum;
  for (const amqp_field_value_t& death : values_of(deaths)) {
    if (death.kind == AMQP_FIELD_KIND_TABLE) add_death(sum, death.value.table, queue);
  }
  return sum;
}

/// What the headers say of earlier deliveries.
struct history {
  delivery_counts counts;
  std::optional<failures> failed;  ///< x-death
  bool may_be_carried = false;     ///< written by RabbitMQ 3.13 or later
};

history history_of(const amqp_basic_properties_t& properties, std::string_view queue) noexcept {
  history told;
  for (const amqp_table_entry_t& each : entries_of(properties)) {
    const std::string_view name = text_of(each.key);
    if (name == "x-delivery-count") {
      told.counts.returned = as_count(each.value);
    } else if (name == "x-acquired-count") {
      told.counts.acquired = as_count(each.value);
    } else if (name == "x-death" && each.value.kind == AMQP_FIELD_KIND_ARRAY) {
      told.failed = failures_in(each.value.value.array, queue);
    } else if (name == "x-last-death-queue") {
      told.may_be_carried = true;
    }
  }
  return told;
}

/// How many deliveries from this queue there were before, at the least, where the broker counts.
std::optional<std::uint64_t> earlier_deliveries(const history& told) noexcept {
  const delivery_counts& counts = told.counts;
  const failures failed = told.failed.value_or(failures{});
  const bool is_counted = counts.returned.has_value() || counts.acquired.has_value();
  // Headers are copied from message to message, so counts may be another delivery's. When this one
  // is not the queue's first, the queue has written its own over them.
  if (!counts.redelivered || !is_counted) {
    if (!told.failed.has_value()) return std::nullopt;
    return failed.here;
  }
  const std::uint64_t counted = std::max(counts.returned.value_or(0), counts.acquired.value_or(0));
  if (!told.may_be_carried) return saturating_sum(counted, failed.here);
  // A dead letter of a quorum queue of RabbitMQ 4 brings along how often it was rejected or lost
  // with its consumer, in any quorum queue; the first return replaces that number by the returns
  // since. So less than the rejections here is such a new count. What is not less may be either,
  // the bytes are the same: counted is what both have in common.
  if (!counts.acquired.has_value() && counted < failed.rejected_here) {
    return saturating_sum(counted, failed.here);
  }
  return std::max(failed.here, counted - std::min(counted, failed.elsewhere));
}

}  // namespace

delivery_counts count_deliveries(const amqp_basic_properties_t& properties, std::string_view queue,
                                 bool redelivered) noexcept {
  history told = history_of(properties, queue);
  delivery_counts& counts = told.counts;
  counts.redelivered = redelivered;
  if (told.failed.has_value()) {
    counts.died_here = told.failed->here;
    counts.died_elsewhere = told.failed->elsewhere;
  }
  counts.attempt = saturating_sum(1, earlier_deliveries(told).value_or(redelivered ? 1 : 0));
  return counts;
}

}  // namespace waybill::inline v0::rabbitmq
