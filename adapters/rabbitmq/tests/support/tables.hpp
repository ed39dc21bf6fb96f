#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/rabbitmq/headers.hpp"

/// Tables as an application makes them, and what they hold as text that can be compared.
namespace waybill_test {

/// A value that refers to the bytes of `text`.
amqp_field_value_t long_string(std::string_view text);
amqp_field_value_t byte_array(std::string_view text);
amqp_field_value_t int64_value(std::int64_t number);
amqp_field_value_t void_value();
/// One value of this kind, for every kind of rabbitmq-c and any other byte; what is not a number is
/// empty.
amqp_field_value_t value_of_kind(std::uint8_t kind);
/// Every kind there is.
extern const std::string_view all_kinds;

/// A table that owns everything in it, at places that do not move.
class own_table {
 public:
  own_table() = default;
  own_table(std::initializer_list<std::pair<std::string_view, std::string_view>> long_strings);
  own_table(const own_table&) = delete;
  own_table& operator=(const own_table&) = delete;

  own_table& add(std::string_view name, std::string_view text);
  own_table& add(std::string_view name, const amqp_field_value_t& value);
  own_table& add(std::string_view name, own_table& nested);
  own_table& add_array(std::string_view name, std::vector<amqp_field_value_t> values);

  [[nodiscard]] amqp_table_t& get();
  /// With the flag of headers.
  [[nodiscard]] amqp_basic_properties_t& properties();
  /// A copy of a text that lives as long as this.
  [[nodiscard]] std::string_view keep(std::string_view text);

 private:
  std::deque<std::string> texts_;
  std::deque<std::vector<amqp_field_value_t>> arrays_;
  std::vector<amqp_table_entry_t> entries_;
  amqp_table_t table_{};
  amqp_basic_properties_t properties_{};
};

/// What a table encodes to by rabbitmq-c itself: names, kinds, values and their order.
std::string encoded(const amqp_table_t& table);
/// The same of properties, flags included.
std::string encoded(const amqp_basic_properties_t& properties);
/// Names and texts of the entries whose values are text, in order.
std::vector<std::pair<std::string, std::string>> texts_of(const amqp_table_t& table);

}  // namespace waybill_test
