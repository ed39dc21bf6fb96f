#include "bare_headers.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

namespace waybill_test {

namespace {

bool is_field_name(std::string_view name) {
  static constexpr std::array<std::string_view, 3> fields{"traceparent", "tracestate", "baggage"};
  return std::any_of(fields.begin(), fields.end(), [&](std::string_view field) {
    return std::equal(name.begin(), name.end(), field.begin(), field.end(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  });
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const bare_header& header) {
  stream << header.name << ": ";
  if (!header.value.has_value()) return stream << "(null)";
  return stream << '"' << *header.value << '"';
}

owned_list make_list(const bare_headers& headers) {
  owned_list list(rd_kafka_headers_new(headers.size()));
  for (const bare_header& header : headers) {
    const rd_kafka_resp_err_t error = rd_kafka_header_add(
        list.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
        header.value.has_value() ? header.value->data() : nullptr,
        header.value.has_value() ? static_cast<ssize_t>(header.value->size()) : 0);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }
  return list;
}

bare_headers headers_of(const rd_kafka_headers_t* list) {
  bare_headers headers;
  if (list == nullptr) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    bare_header header{name, std::nullopt};
    if (value != nullptr) header.value.emplace(static_cast<const char*>(value), bytes);
    headers.push_back(std::move(header));
  }
  return headers;
}

bare_headers headers_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* list = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_message_headers(&message, &list);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? headers_of(list) : bare_headers{};
}

std::size_t count_of(const bare_headers& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const bare_header& header) { return header.name == name; }));
}

std::optional<std::string> only(const bare_headers& headers, std::string_view name) {
  if (count_of(headers, name) != 1) return std::nullopt;
  return std::find_if(headers.begin(), headers.end(),
                      [&](const bare_header& header) { return header.name == name; })
      ->value;
}

bare_headers without_fields(const bare_headers& headers) {
  bare_headers rest;
  std::copy_if(headers.begin(), headers.end(), std::back_inserter(rest),
               [](const bare_header& header) { return !is_field_name(header.name); });
  return rest;
}

bare_headers operator+(bare_headers left, const bare_headers& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const bare_headers& application_headers() {
  static const bare_headers headers{
      {"content-type", "application/json"},
      {"retry", "1"},
      {"retry", "2"},
      {"Retry", "3"},
      {"null", std::nullopt},
      {"empty", ""},
      {"binary", std::string("\x00\xff\x01\x00\x80", 5)},
      {"", "a name of no bytes"},
      {"traceparent2", "not-ours"},
      {"x-traceparent", "not-ours"},
      {"traceparen", "not-ours"},
      {"tracestate ", "not-ours"},
      {"baggage_", "not-ours"},
      {"baggage-key", std::nullopt},
      {"b3", "not-ours-either"},
      {"retry", ""},
      {"retry", std::nullopt},
  };
  return headers;
}

}  // namespace waybill_test
