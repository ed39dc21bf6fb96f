// What the command makes of headers, with --json.

#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "support/running.hpp"

namespace waybill_test {
namespace {

struct json_case {
  std::string name;
  std::vector<std::string> headers;
  int code = -1;
  std::string expected;
};
std::ostream& operator<<(std::ostream& out, const json_case& one) { return out << one.name; }

std::vector<json_case> read_cases() {
  std::vector<json_case> cases;
  std::ifstream file(WAYBILL_JSON_CASES);
  std::string name;
  std::string headers;
  std::string expected;
  while (std::getline(file, name)) {
    if (name.empty() || name.front() == '#') continue;
    std::getline(file, headers);
    std::getline(file, expected);
    json_case& added = cases.emplace_back();
    added.name = name;
    added.headers = nlohmann::json::parse(headers).get<std::vector<std::string>>();
    added.code = expected.front() - '0';
    added.expected = expected.substr(2);
  }
  return cases;
}

class json_cases : public testing::TestWithParam<json_case> {};

TEST_P(json_cases, the_object_and_the_code_are_those_of_the_specifications) {
  const ran done = inspect_as_json(GetParam().headers);
  EXPECT_EQ(in_one_line(done.out), GetParam().expected);
  EXPECT_EQ(done.code, GetParam().code);
  EXPECT_EQ(done.err, "");
}

TEST_P(json_cases, headers_from_standard_input_are_the_same_headers) {
  std::string lines;
  for (const std::string& header : GetParam().headers) {
    const std::size_t equals = header.find('=');
    lines += header.substr(0, equals) + ": \t" + header.substr(equals + 1) + " \r\n\n";
  }
  const ran done = inspect_as_json({"-"}, lines);
  EXPECT_EQ(in_one_line(done.out), GetParam().expected);
  EXPECT_EQ(done.code, GetParam().code);
}

TEST_P(json_cases, text_for_people_ends_with_the_same_code_and_a_caret_where_something_is_wrong) {
  const ran done = inspect(GetParam().headers);
  EXPECT_EQ(done.code, GetParam().code);
  const bool has_caret = done.out.find("^ byte ") != std::string::npos ||
                         done.out.find("^ at the end ") != std::string::npos;
  EXPECT_EQ(has_caret, GetParam().code == 1) << done.out;
  EXPECT_EQ(done.out.find("https://www.") != std::string::npos, GetParam().code == 1) << done.out;
}

TEST_P(json_cases, what_is_sent_on_is_good_and_understood_as_the_same) {
  const auto before = nlohmann::json::parse(inspect_as_json(GetParam().headers).out);
  std::vector<std::string> sent_on;
  for (const auto& [name, value] : before["inject"].items()) {
    sent_on.push_back(name + "=" + value.get<std::string>());
  }
  const ran again = inspect_as_json(sent_on);
  const auto after = nlohmann::json::parse(again.out);
  EXPECT_EQ(again.code, 0);
  for (const char* part : {"trace", "tracestate", "baggage", "inject"}) {
    EXPECT_EQ(after[part], before[part]) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(inspect, json_cases, testing::ValuesIn(read_cases()),
                         [](const auto& one) { return one.param.name; });

TEST(inspect_json, there_are_cases) { EXPECT_GE(read_cases().size(), 80U); }

TEST(inspect_json, is_one_object_with_these_keys_in_this_order) {
  const auto object = nlohmann::ordered_json::parse(inspect_as_json({}).out);
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"trace", "tracestate", "baggage", "fields", "inject"}));
}

TEST(inspect_json, is_utf8_whatever_the_bytes_of_the_headers_are) {
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '\n') continue;
    const std::string raw(1, static_cast<char>(byte));
    constexpr std::string_view digits = "0123456789abcdef";
    const std::string escape{'%', digits[static_cast<std::size_t>(byte) >> 4],
                             digits[static_cast<std::size_t>(byte) & 15]};
    const ran done =
        inspect_as_json({"traceparent=" + raw, "tracestate=" + raw,
                         "baggage=" + raw + "=" + raw + ",k=" + escape, "x" + raw + "=x"});
    EXPECT_NE(done.out, "") << byte;
    // The parser refuses bytes that are no UTF-8.
    EXPECT_FALSE(nlohmann::json::parse(done.out, nullptr, false).is_discarded()) << byte;
  }
}

TEST(inspect_json, a_nul_in_a_value_is_a_byte_like_any_other) {
  const std::string lines("baggage: a=1,b=\0,c=3\n", 21);
  const ran done = inspect_as_json({"-"}, lines);
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(nlohmann::json::parse(done.out)["inject"]["baggage"], "a=1,c=3");
}

TEST(inspect_json, has_the_fields_of_the_chosen_formats_alone) {
  const std::vector<std::string> headers{
      "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate=BAD",
      "baggage=a=1"};
  const auto with_formats = [&](const std::string& list) {
    std::vector<std::string> arguments{"--formats", list};
    arguments.insert(arguments.end(), headers.begin(), headers.end());
    const ran done = inspect_as_json(arguments);
    return std::to_string(done.code) + in_one_line(done.out);
  };
  EXPECT_EQ(with_formats("baggage"),
            R"(0{"trace":null,"tracestate":[],"baggage":[{"key":"a","value":"1","properties":[]}],)"
            R"("fields":{"baggage":"ok"},"inject":{"baggage":"a=1"}})");
  EXPECT_EQ(
      with_formats(" TraceContext "),
      R"(1{"trace":{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
      R"("span_id":"00f067aa0ba902b7","flags":"01","sampled":true,"random":false},)"
      R"("tracestate":[],"baggage":[],"fields":{"traceparent":"ok","tracestate":"malformed"},)"
      R"("inject":{"traceparent":)"
      R"("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}})");
  EXPECT_EQ(with_formats("none"),
            R"(0{"trace":null,"tracestate":[],"baggage":[],"fields":{},"inject":{}})");
}

}  // namespace
}  // namespace waybill_test
