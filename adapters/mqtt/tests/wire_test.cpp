// What neighbours put on the wire of a real Mosquitto is read as they meant it. Each file of wire/
// is one client: its user properties in hexadecimal, and what the sender had in mind.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/property_lists.hpp"
#include "waybill/baggage.hpp"
#include "waybill/mqtt/carrier.hpp"

namespace {

using json = nlohmann::json;
using waybill_test::described;
using waybill_test::owned_properties;
namespace mqtt = waybill::mqtt;

std::string from_hex(const std::string& digits) {
  constexpr int base = 16;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, base));
  }
  return bytes;
}

std::vector<std::filesystem::path> captures() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_WIRE_FOLDER)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

std::map<std::string, std::string> decoded(const waybill::context& context) {
  std::map<std::string, std::string> values;
  for (const waybill::baggage_member& member : waybill::baggage_view(context)) {
    values[std::string(member.key)] = member.value();
  }
  return values;
}

class mqtt_neighbour : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(mqtt_neighbour, is_read_as_it_meant) {
  std::ifstream file(GetParam());
  const json capture = json::parse(file);
  const bool is_python = GetParam().stem().string().starts_with("python-");
  ASSERT_EQ(capture.at("messages").size(), 3U);
  for (const json& message : capture.at("messages")) {
    owned_properties list;
    for (const json& header : message.at("headers")) {
      list.add(header.at(0).get<std::string>(), from_hex(header.at(2)));
    }
    const waybill::propagation settings(waybill::propagation_options{});
    const waybill::context read =
        mqtt::take(list.list(), settings, waybill::any_destination).context();
    const json& sent = message.at("sent");
    EXPECT_EQ(read.span_context().trace_id().hex(), sent.at("trace_id").get<std::string>());
    EXPECT_EQ(read.span_context().span_id().hex(), sent.at("span_id").get<std::string>());
    EXPECT_TRUE(read.span_context().is_sampled());
    EXPECT_EQ(read.tracestate_text(), sent.at("tracestate").get<std::string>());
    auto expected = sent.at("baggage").get<std::map<std::string, std::string>>();
    // Python writes a space as "+", which a reader that keeps to W3C Baggage takes for a plus.
    if (is_python) std::ranges::replace(expected.at("user"), ' ', '+');
    EXPECT_EQ(decoded(read), expected);
    EXPECT_EQ(settings.diagnostics()->total(), 0U);
    ASSERT_EQ(list.list().count, 1);
    EXPECT_TRUE(described(list.list())[0].starts_with("38 app=")) << described(list.list())[0];
  }
}

INSTANTIATE_TEST_SUITE_P(captures, mqtt_neighbour, testing::ValuesIn(captures()),
                         [](const auto& chosen) {
                           std::string name = chosen.param.stem().string();
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(mqtt_captures, are_all_there) {
  std::set<std::string> names;
  for (const auto& path : captures()) names.insert(path.stem().string());
  EXPECT_EQ(names, (std::set<std::string>{"go-paho", "java-hivemq-mqtt5", "javascript-mqtt",
                                          "python-paho-mqtt5"}));
}

}  // namespace
