#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bare_amqp.hpp"

namespace waybill_test {

/// Headers that own their names and texts.
class header_table {
 public:
  header_table() = default;
  header_table(const header_table&) = delete;
  header_table& operator=(const header_table&) = delete;

  void add(std::string_view name, std::string_view text);
  void add(std::string_view name, const amqp_field_value_t& value);
  /// A header of every type that RabbitMQ takes, nested ones too, and a name that is there twice.
  void add_every_type();

  /// Valid until the next add().
  [[nodiscard]] amqp_table_t table();
  /// No other properties than these headers.
  [[nodiscard]] amqp_basic_properties_t properties();

 private:
  amqp_bytes_t keep(std::string_view text);

  std::deque<std::string> texts_;
  std::deque<std::vector<amqp_table_entry_t>> tables_;
  std::deque<std::vector<amqp_field_value_t>> arrays_;
  std::vector<amqp_table_entry_t> entries_;
};

/// As rabbitmq-c writes it to the wire.
std::string encoded(const amqp_table_t& table);

}  // namespace waybill_test
