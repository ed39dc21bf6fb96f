// The rules TS-13 to TS-15 of docs/formats.md: how much of a tracestate is kept.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <waybill/tracestate.hpp>

#include "support/reading.hpp"
#include "support/texts.hpp"

namespace waybill_test {
namespace {

using waybill::errc;
using waybill::limits;
using waybill::tracestate;

reading read_fields(const std::vector<std::string>& values, const limits& limits = {}) {
  waybill::header_list list;
  list.add("traceparent", sample_traceparent);
  for (const std::string& value : values) list.add("tracestate", value);
  return read(list, limits);
}

/// The canonical text that one field gives; both ways to read it must agree.
std::string cleaned(const std::string& value) {
  const reading got = read_fields({value});
  const auto parsed = tracestate::parse(value);
  EXPECT_EQ(got.of("tracestate"), errc::ok) << value;
  EXPECT_TRUE(parsed.has_value()) << value;
  EXPECT_EQ(parsed->text(), got.context.tracestate_text()) << value;
  return got.tracestate();
}

/// Why a field is refused; both ways to read it must agree, and the trace must stay.
errc refused(const std::string& value) {
  const reading got = read_fields({value});
  EXPECT_EQ(tracestate::parse(value).error(), got.of("tracestate")) << value;
  EXPECT_EQ(got.of("traceparent"), errc::ok);
  EXPECT_EQ(traceparent_of(got.context.span_context()), sample_traceparent);
  EXPECT_EQ(got.tracestate(), "") << value;
  return got.of("tracestate");
}

std::string longest_tracestate() {
  std::string text;
  for (int i = 0; i < 32; ++i) {
    std::string key = "k" + std::to_string(i);
    key.resize(256, 'k');
    text += (i == 0 ? "" : ",") + key + "=" + std::string(256, 'v');
  }
  return text;
}

TEST(TracestateLimits, TS13_the_longest_valid_one_is_kept_whole) {
  const std::string text = longest_tracestate();
  ASSERT_EQ(text.size(), 16'447U);
  EXPECT_EQ(cleaned(text), text);
  const reading got = read_fields({text});
  EXPECT_EQ(written(got.context, "tracestate"), std::vector<std::string>{text});
  EXPECT_EQ(got.report.members_dropped, 0U);
}

TEST(TracestateLimits, TS13_512_bytes_and_more_are_kept_whole) {
  for (const std::size_t bytes : {512U, 513U, 4'096U}) {
    const std::string text = tracestate_of_bytes(bytes);
    ASSERT_EQ(text.size(), bytes);
    EXPECT_EQ(cleaned(text), text);
  }
}

struct truncation_case {
  const char* what;
  std::vector<std::string> members;
  std::uint32_t bytes_max;
  std::vector<std::string> kept;
};

std::string joined(const std::vector<std::string>& members) {
  std::string text;
  for (const std::string& member : members) text += (text.empty() ? "" : ",") + member;
  return text;
}

std::string member_of(char key, std::size_t bytes) {
  return key + std::string("=") + std::string(bytes - 2, 'v');
}

std::vector<truncation_case> truncation_cases() {
  const std::string a128 = member_of('a', 128);
  const std::string b128 = member_of('b', 128);
  const std::string c128 = member_of('c', 128);
  const std::string p129 = member_of('p', 129);
  const std::string q129 = member_of('q', 129);
  const std::string r200 = member_of('r', 200);
  return {
      {"at the limit", {a128, b128}, 257, {a128, b128}},
      {"one byte over, from the right", {a128, b128}, 256, {a128}},
      {"members up to 128 from the right", {a128, b128, c128}, 128, {a128}},
      {"the one over 128 first, though it is left-most", {p129, b128, c128}, 257, {b128, c128}},
      {"of those over 128 the right-most", {p129, a128, q129}, 260, {p129, a128}},
      {"all over 128 before any other", {p129, a128, q129, r200}, 128, {a128}},
      {"all over 128, then from the right", {a128, p129, b128, q129}, 255, {a128}},
      {"all over 128, then the right-most, short as it is", {a128, p129, "s=1"}, 130, {a128}},
      {"nothing fits", {a128}, 127, {}},
      {"nothing at all", {"a=1"}, 0, {}},
      {"from the right until the rest fits", {"a=1", b128, "c=1"}, 131, {"a=1"}},
  };
}

TEST(TracestateLimits, TS14_a_lower_limit_truncates_whole_members) {
  for (const truncation_case& each : truncation_cases()) {
    limits lower;
    lower.tracestate_bytes_max = each.bytes_max;
    const reading got = read_fields({joined(each.members)}, lower);
    EXPECT_EQ(got.tracestate(), joined(each.kept)) << each.what;
    const bool cut = each.kept.size() != each.members.size();
    EXPECT_EQ(got.of("tracestate"), cut ? errc::too_large : errc::ok) << each.what;
    EXPECT_EQ(got.report.members_dropped, each.members.size() - each.kept.size()) << each.what;
    EXPECT_TRUE(got.context.has_trace());
  }
}

TEST(TracestateLimits, TS14_a_lower_limit_truncates_alike_on_inject) {
  for (const truncation_case& each : truncation_cases()) {
    limits lower;
    lower.tracestate_bytes_max = each.bytes_max;
    const waybill::context whole = read_fields({joined(each.members)}).context;
    waybill::header_list list;
    const auto report = waybill::propagator().inject(whole, list, lower);
    const std::vector<std::string> expected =
        each.kept.empty() ? std::vector<std::string>{} : std::vector{joined(each.kept)};
    EXPECT_EQ(values_of(list, "tracestate"), expected) << each.what;
    EXPECT_EQ(values_of(list, "traceparent").size(), 1U) << each.what;
    const bool cut = each.kept.size() != each.members.size();
    EXPECT_EQ(report.code, cut ? errc::too_large : errc::ok) << each.what;
    EXPECT_EQ(report.tracestate, !each.kept.empty()) << each.what;
  }
}

TEST(TracestateLimits, TS14_the_limit_counts_what_would_be_written) {
  limits lower;
  lower.tracestate_bytes_max = 7;
  EXPECT_EQ(read_fields({" a=1 ,\t,, b=2\t"}, lower).tracestate(), "a=1,b=2");
  EXPECT_EQ(read_fields({"a=1", "", "b=2"}, lower).of("tracestate"), errc::ok);
  EXPECT_EQ(read_fields({"a=1", "b=2 ", "c=3"}, lower).tracestate(), "a=1,b=2");
}

TEST(TracestateLimits, TS14_a_bad_member_refuses_also_what_would_be_truncated) {
  limits lower;
  lower.tracestate_bytes_max = 3;
  EXPECT_EQ(read_fields({"a=1,b=2,C=3"}, lower).of("tracestate"), errc::malformed);
  EXPECT_EQ(read_fields({list_of_members(33)}, lower).of("tracestate"), errc::too_many_members);
}

TEST(TracestateLimits, TS15_65536_raw_bytes_are_read_and_more_refuse_the_whole) {
  const std::string at = "a=1," + std::string(65'536 - 8, ' ') + ",b=2";
  ASSERT_EQ(at.size(), 65'536U);
  EXPECT_EQ(cleaned(at), "a=1,b=2");
  EXPECT_EQ(refused("a=1, " + at.substr(4)), errc::too_large);
  EXPECT_EQ(refused("a=1,b=2" + std::string(200'000, ',')), errc::too_large);
  const std::string half = "a=1," + std::string(40'000, ' ') + ",b=2";
  EXPECT_EQ(read_fields({half}).of("tracestate"), errc::ok);
  const reading over = read_fields({half, half});
  EXPECT_EQ(over.of("tracestate"), errc::too_large);
  EXPECT_EQ(over.tracestate(), "");
  EXPECT_TRUE(over.context.has_trace());
}

TEST(TracestateLimits, TS15_the_raw_limit_can_be_lowered_and_counts_joining_commas) {
  limits lower;
  lower.field_scan_bytes_max = 60;
  const std::string first = "a=" + std::string(28, 'v');
  const std::string second = "b=" + std::string(27, 'v');
  const std::string whole = first + "," + second;
  ASSERT_EQ(whole.size(), 60U);
  EXPECT_EQ(read_fields({whole}, lower).tracestate(), whole);
  EXPECT_EQ(read_fields({first, second}, lower).tracestate(), whole);
  EXPECT_EQ(read_fields({whole + "v"}, lower).of("tracestate"), errc::too_large);
  EXPECT_EQ(read_fields({first, second + "v"}, lower).of("tracestate"), errc::too_large);
  const std::string head = "a=" + std::string(27, 'v');
  EXPECT_EQ(read_fields({head, "b=2", second.substr(0, 26)}, lower).of("tracestate"), errc::ok);
  EXPECT_EQ(read_fields({head, "b=2", second.substr(0, 27)}, lower).of("tracestate"),
            errc::too_large)
      << "29, 3 and 27 bytes and two commas";
  EXPECT_EQ(tracestate::parse(whole, lower)->text(), whole);
  EXPECT_EQ(tracestate::parse(whole + "v", lower).error(), errc::too_large);
}

}  // namespace
}  // namespace waybill_test
