// What the instrumentations of other languages put on the wire of a real RabbitMQ (wire/) is
// decoded by rabbitmq-c, read as they meant it, and stripped to what the application sent.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/contexts.hpp"
#include "support/tables.hpp"
#include "waybill/baggage.hpp"
#include "waybill/rabbitmq/carrier.hpp"
#include "waybill/rabbitmq/outgoing_properties.hpp"

namespace waybill_test {
namespace {

using json = nlohmann::json;

struct capture {
  std::string name;
  json messages;
};

std::ostream& operator<<(std::ostream& stream, const capture& each) { return stream << each.name; }

std::vector<capture> read_captures() {
  std::vector<capture> captures;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_WIRE_FOLDER)) {
    std::ifstream file(entry.path());
    captures.push_back({entry.path().stem(), json::parse(file).at("messages")});
  }
  std::ranges::sort(captures, {}, &capture::name);
  return captures;
}

std::string from_hex(const std::string& digits) {
  constexpr int base = 16;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, base));
  }
  return bytes;
}

std::string length_of(std::size_t bytes) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>((bytes >> shift) & 0xff);
  return text;
}

/// The header table as it stood on the wire; `wanted` chooses headers by their names.
template <class Wanted>
std::string wire_table(const json& message, Wanted&& wanted) {
  std::string entries;
  for (const json& header : message.at("headers")) {
    const std::string name = header.at(0);
    const std::string kind = header.at(1);
    const std::string value = from_hex(header.at(2));
    if (!wanted(name)) continue;
    entries += static_cast<char>(name.size());
    entries += name + kind;
    const bool has_length = std::string_view("SxAF").find(kind) != std::string_view::npos;
    entries += has_length ? length_of(value.size()) + value : value;
  }
  return length_of(entries.size()) + entries;
}

/// A table in a pool of rabbitmq-c's own, as in a message that was received.
class received_table {
 public:
  explicit received_table(std::string wire) : wire_(std::move(wire)) {
    constexpr std::size_t page_bytes = 4'096;
    init_amqp_pool(&pool_, page_bytes);
    std::size_t offset = 0;
    amqp_table_t headers{};
    if (amqp_decode_table(waybill::rabbitmq::bytes_of(wire_), &pool_, &headers, &offset) !=
            AMQP_STATUS_OK ||
        offset != wire_.size()) {
      throw std::runtime_error("rabbitmq-c does not decode this table");
    }
    properties_._flags = AMQP_BASIC_HEADERS_FLAG;
    properties_.headers = headers;
  }
  received_table(const received_table&) = delete;
  received_table& operator=(const received_table&) = delete;
  ~received_table() { empty_amqp_pool(&pool_); }

  amqp_basic_properties_t& properties() { return properties_; }

 private:
  std::string wire_;
  amqp_pool_t pool_{};
  amqp_basic_properties_t properties_{};
};

std::optional<std::string> header_of(const json& message, std::string_view name) {
  for (const json& header : message.at("headers")) {
    if (header.at(0) == name) return from_hex(header.at(2));
  }
  return std::nullopt;
}

std::map<std::string, std::string> baggage_of(const waybill::context& context) {
  std::map<std::string, std::string> values;
  for (const waybill::baggage_member& member : waybill::baggage_view(context)) {
    values[std::string(member.key)] = member.value();
  }
  return values;
}

/// Python writes a space as "+" and Go writes a plus bare: a reader that keeps to W3C Baggage takes
/// both for a plus.
std::map<std::string, std::string> expected_baggage(const capture& from, const json& sent) {
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : sent.at("baggage").items()) values[key] = value;
  if (from.name.starts_with("python-")) {
    for (auto& [key, value] : values) std::ranges::replace(value, ' ', '+');
  }
  return values;
}

bool is_any(std::string_view /*name*/) { return true; }
bool is_the_applications(std::string_view name) {
  return name != "traceparent" && name != "tracestate" && name != "baggage";
}

class rabbitmq_neighbour : public testing::TestWithParam<capture> {};

TEST_P(rabbitmq_neighbour, context_is_read_as_it_was_sent_and_nothing_is_counted) {
  for (const json& message : GetParam().messages) {
    received_table received(wire_table(message, is_any));
    const waybill::propagation settings(waybill::propagation_options{});
    const waybill::context read =
        waybill::rabbitmq::extract(received.properties(), settings, "queue").context();
    EXPECT_EQ(settings.diagnostics()->total(), 0U);
    const json& sent = message.at("sent");
    const std::optional<std::string> traceparent = header_of(message, "traceparent");
    ASSERT_EQ(read.has_trace(), traceparent.has_value());
    if (!traceparent.has_value()) {
      EXPECT_TRUE(read.is_empty());
      continue;
    }
    EXPECT_EQ(traceparent_text(read), traceparent);
    EXPECT_EQ(read.span_context().trace_id().hex(), sent.at("trace_id").get<std::string>());
    if (!sent.at("span_id").is_null()) {
      EXPECT_EQ(read.span_context().span_id().hex(), sent.at("span_id").get<std::string>());
    }
    EXPECT_EQ(traceparent_text(read).substr(53), sent.value("flags", "01"));
    EXPECT_EQ(read.tracestate_text(), sent.at("tracestate").get<std::string>());
    EXPECT_EQ(baggage_of(read), expected_baggage(GetParam(), sent));
  }
}

TEST_P(rabbitmq_neighbour, strip_leaves_what_the_application_sent_byte_for_byte) {
  for (const json& message : GetParam().messages) {
    received_table received(wire_table(message, is_any));
    ASSERT_EQ(encoded(received.properties().headers), wire_table(message, is_any));
    waybill::rabbitmq::strip(received.properties(), {});
    EXPECT_EQ(encoded(received.properties().headers), wire_table(message, is_the_applications));
  }
}

TEST_P(rabbitmq_neighbour, sending_it_on_replaces_the_fields_and_keeps_the_applications_bytes) {
  const waybill::context mine = make_context(traceparent_a);
  for (const json& message : GetParam().messages) {
    received_table received(wire_table(message, is_any));
    const auto sent =
        waybill::rabbitmq::inject(mine, received.properties(), {}, {"exchange", "key"});
    EXPECT_EQ(encoded(received.properties().headers), wire_table(message, is_any));
    amqp_basic_properties_t stripped = *sent.get();
    EXPECT_EQ(waybill::rabbitmq::take(stripped, {}, waybill::any_destination).context(), mine);
    EXPECT_EQ(encoded(stripped.headers), wire_table(message, is_the_applications));
  }
}

INSTANTIATE_TEST_SUITE_P(wire, rabbitmq_neighbour, testing::ValuesIn(read_captures()),
                         [](const testing::TestParamInfo<capture>& each) {
                           std::string name = each.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace waybill_test
