#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "support/tables.hpp"

namespace waybill_test {

/// Properties with any flags and headers of any kind, nested ones too, the same for the same seed.
class random_tables {
 public:
  explicit random_tables(std::uint32_t seed) : random_(seed) {}

  /// Lives until the next call.
  const amqp_basic_properties_t& next_properties() {
    tables_.clear();
    own_table& table = next_table(0);
    properties_ = table.properties();
    for (const int flag :
         {AMQP_BASIC_CONTENT_TYPE_FLAG, AMQP_BASIC_CONTENT_ENCODING_FLAG,
          AMQP_BASIC_DELIVERY_MODE_FLAG, AMQP_BASIC_PRIORITY_FLAG, AMQP_BASIC_CORRELATION_ID_FLAG,
          AMQP_BASIC_REPLY_TO_FLAG, AMQP_BASIC_EXPIRATION_FLAG, AMQP_BASIC_MESSAGE_ID_FLAG,
          AMQP_BASIC_TIMESTAMP_FLAG, AMQP_BASIC_TYPE_FLAG, AMQP_BASIC_USER_ID_FLAG,
          AMQP_BASIC_APP_ID_FLAG, AMQP_BASIC_CLUSTER_ID_FLAG}) {
      if (below(2) == 0) properties_._flags |= static_cast<amqp_flags_t>(flag);
    }
    for (amqp_bytes_t* each :
         {&properties_.content_type, &properties_.content_encoding, &properties_.correlation_id,
          &properties_.reply_to, &properties_.expiration, &properties_.message_id,
          &properties_.type, &properties_.user_id, &properties_.app_id, &properties_.cluster_id}) {
      *each = waybill::rabbitmq::bytes_of(text(table, below(20) == 0 ? 255 : 20));
    }
    return properties_;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::string_view text(own_table& owner, std::size_t bytes_max) {
    return owner.keep(std::string(below(bytes_max + 1), static_cast<char>('a' + below(26))));
  }
  amqp_field_value_t next_value(own_table& owner) {
    const char kind = all_kinds[below(all_kinds.size())];
    amqp_field_value_t value = value_of_kind(static_cast<std::uint8_t>(kind));
    if (kind == 'S' || kind == 'x') {
      value.value.bytes = waybill::rabbitmq::bytes_of(text(owner, below(10) == 0 ? 3'000 : 40));
    } else if (kind != 'F' && kind != 'A') {
      value.value.u64 = random_();
    }
    return value;
  }
  own_table& next_table(std::size_t depth) {  // NOLINT(misc-no-recursion): five deep
    own_table& table = tables_.emplace_back();
    const std::size_t count = below(depth == 0 ? 30 : 5);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view name = text(table, 30);
      const std::size_t choice = depth < 4 ? below(10) : 9;
      if (choice == 0) {
        table.add(name, next_table(depth + 1));
      } else if (choice == 1) {
        std::vector<amqp_field_value_t> values;
        for (std::size_t left = below(6); left > 0; --left) values.push_back(next_value(table));
        amqp_field_value_t nested = value_of_kind(AMQP_FIELD_KIND_TABLE);
        nested.value.table = next_table(depth + 1).get();
        values.push_back(nested);
        table.add_array(name, std::move(values));
      } else {
        table.add(name, next_value(table));
      }
    }
    return table;
  }

  std::mt19937 random_;
  std::deque<own_table> tables_;
  amqp_basic_properties_t properties_{};
};

}  // namespace waybill_test
