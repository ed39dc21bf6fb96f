// The limits at their edge and one beyond, and input that is much too large.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/running.hpp"

namespace waybill_test {
namespace {

const std::string good = "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct verdict {
  int code;
  std::string field;
  std::size_t members;
  friend bool operator==(const verdict&, const verdict&) = default;
};
std::ostream& operator<<(std::ostream& out, const verdict& one) {
  return out << one.code << ' ' << one.field << ' ' << one.members;
}

verdict tracestate_verdict(const std::vector<std::string>& values) {
  std::vector<std::string> headers{good};
  for (const std::string& value : values) headers.push_back("tracestate=" + value);
  const ran done = inspect_as_json(headers);
  const auto object = nlohmann::json::parse(done.out);
  EXPECT_FALSE(object["trace"].is_null());
  return {done.code, object["fields"]["tracestate"], object["tracestate"].size()};
}

verdict baggage_verdict(const std::vector<std::string>& values) {
  std::vector<std::string> headers;
  for (const std::string& value : values) headers.push_back("baggage=" + value);
  const ran done = inspect_as_json(headers);
  const auto object = nlohmann::json::parse(done.out);
  return {done.code, object["fields"]["baggage"], object["baggage"].size()};
}

std::string place_in(const std::vector<std::string>& headers) {
  const std::string text = inspect(headers).out;
  const std::size_t at = text.find("^ ");
  return at == std::string::npos ? "" : text.substr(at + 2, text.find('\n', at) - at - 2);
}

TEST(inspect_limits, tracestate_has_32_members_and_33_refuse_it) {
  EXPECT_EQ(tracestate_verdict({numbered_members(32)}), (verdict{0, "ok", 32}));
  EXPECT_EQ(tracestate_verdict({numbered_members(32) + ", ,"}), (verdict{0, "ok", 32}));
  EXPECT_EQ(tracestate_verdict({numbered_members(33)}), (verdict{1, "too_many_members", 0}));
  EXPECT_EQ(tracestate_verdict({numbered_members(32), "a=1"}), (verdict{1, "too_many_members", 0}));
  EXPECT_EQ(tracestate_verdict({repeated("a=1,", 33)}), (verdict{1, "too_many_members", 0}));
  EXPECT_EQ(place_in({good, "tracestate=" + numbered_members(33)}), "byte 184 of 188");
  EXPECT_EQ(place_in({good, "tracestate=" + numbered_members(32), "tracestate=,, a=1"}),
            "byte 4 of 6");
}

TEST(inspect_limits, tracestate_keys_and_values_have_256_bytes) {
  const std::string bytes_256(256, 'v');
  EXPECT_EQ(tracestate_verdict({bytes_256 + "=1"}), (verdict{0, "ok", 1}));
  EXPECT_EQ(tracestate_verdict({bytes_256 + "v=1"}), (verdict{1, "malformed", 0}));
  EXPECT_EQ(tracestate_verdict({"a=" + bytes_256 + "  "}), (verdict{0, "ok", 1}));
  EXPECT_EQ(tracestate_verdict({"a=" + bytes_256 + "v"}), (verdict{1, "malformed", 0}));
  EXPECT_EQ(place_in({good, "tracestate=" + bytes_256 + "v=1"}), "byte 257 of 259");
  EXPECT_EQ(place_in({good, "tracestate=a=" + bytes_256 + "v"}), "byte 259 of 259");
}

TEST(inspect_limits, tracestate_of_more_than_65536_bytes_is_refused) {
  EXPECT_EQ(tracestate_verdict({"a=1" + std::string(65'533, ',')}), (verdict{0, "ok", 1}));
  EXPECT_EQ(tracestate_verdict({"a=1" + std::string(65'534, ',')}), (verdict{1, "too_large", 0}));
  EXPECT_EQ(tracestate_verdict({"a=1" + std::string(65'531, ','), ""}), (verdict{0, "ok", 1}));
  EXPECT_EQ(tracestate_verdict({"a=1" + std::string(65'531, ','), ",,"}),
            (verdict{1, "too_large", 0}));
}

TEST(inspect_limits, a_traceparent_of_more_than_65536_bytes_is_refused) {
  const std::string tail = "cc" + good.substr(14) + "-";
  const auto code_of = [&](std::size_t bytes) {
    const ran done = inspect_as_json({"traceparent=" + tail + std::string(bytes - 56, 'x')});
    return nlohmann::json::parse(done.out)["fields"]["traceparent"].get<std::string>();
  };
  EXPECT_EQ(code_of(65'536), "ok");
  EXPECT_EQ(code_of(65'537), "too_large");
}

TEST(inspect_limits, baggage_has_64_members_and_those_behind_are_dropped) {
  EXPECT_EQ(baggage_verdict({numbered_members(64)}), (verdict{0, "ok", 64}));
  EXPECT_EQ(baggage_verdict({numbered_members(65)}), (verdict{1, "too_many_members", 64}));
  EXPECT_EQ(baggage_verdict({numbered_members(64), ", ", "z=1"}),
            (verdict{1, "too_many_members", 64}));
  EXPECT_EQ(place_in({"baggage=" + numbered_members(64), "baggage=, z=1"}), "byte 3 of 5");
}

TEST(inspect_limits, baggage_has_8192_bytes_and_no_member_is_cut) {
  EXPECT_EQ(baggage_verdict({"a=" + std::string(8'190, 'v')}), (verdict{0, "ok", 1}));
  EXPECT_EQ(baggage_verdict({"a=" + std::string(8'191, 'v')}), (verdict{1, "too_large", 0}));
  EXPECT_EQ(baggage_verdict({"a=" + std::string(8'186, 'v') + " , b="}), (verdict{0, "ok", 2}));
  EXPECT_EQ(baggage_verdict({"a=" + std::string(8'187, 'v') + ",b=1", "c="}),
            (verdict{1, "too_large", 1}));
}

TEST(inspect_limits, bad_members_are_not_counted_by_limits_but_each_is_dropped) {
  const std::string headers = repeated("bad,", 100) + numbered_members(64);
  EXPECT_EQ(baggage_verdict({headers}), (verdict{1, "malformed", 64}));
  const std::string text = inspect({"baggage=" + headers}).out;
  EXPECT_NE(text.find("95 more bad members of baggage dropped"), std::string::npos) << text;
}

TEST(inspect_limits, what_stands_behind_a_limit_is_not_blamed) {
  const std::string text =
      inspect({"baggage=bad1," + numbered_members(65) + ",bad2", "baggage=bad3"}).out;
  EXPECT_NE(text.find("baggage: malformed"), std::string::npos) << text;
  EXPECT_NE(text.find("beyond the limit of 64 members"), std::string::npos) << text;
  EXPECT_EQ(text.find("malformed", text.find("the member has no '='")), std::string::npos) << text;
}

TEST(inspect_limits, baggage_is_looked_at_for_65536_bytes) {
  EXPECT_EQ(baggage_verdict({"a=1" + std::string(65'533, ',')}), (verdict{0, "ok", 1}));
  EXPECT_EQ(baggage_verdict({"a=1" + std::string(65'534, ',')}), (verdict{1, "too_large", 1}));
  EXPECT_EQ(baggage_verdict({std::string(70'000, 'x')}), (verdict{1, "too_large", 0}));
  EXPECT_EQ(place_in({"baggage=" + std::string(70'000, 'x')}), "byte 65537 of 70000");
}

TEST(inspect_limits, a_hundred_thousand_headers_and_commas_are_read) {
  const ran many = inspect_as_json({"-"}, repeated("tracestate: ,\nbaggage: a,=\n", 100'000));
  EXPECT_EQ(many.code, 1);
  const ran commas = inspect({"-"}, "baggage: " + repeated(",=", 1'000'000) + "\n");
  EXPECT_EQ(commas.code, 1);
  EXPECT_LT(commas.out.size(), 5'000U);
}

}  // namespace
}  // namespace waybill_test
